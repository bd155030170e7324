package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"
)

// stsMaxAge is how long a browser stays with https once it has seen it: two years,
// as the preload lists ask for.
const stsMaxAge = "63072000"

// securityHeaders are on every answer. A handler that means something else says so
// afterwards.
func (s *Server) securityHeaders(c *fiber.Ctx) {
	c.Set("Content-Security-Policy", s.csp)
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("X-Frame-Options", "DENY")
	c.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
	if s.origins.https() {
		c.Set("Strict-Transport-Security", "max-age="+stsMaxAge+"; includeSubDomains")
	}
	if !kept(c.Path()) {
		c.Set(fiber.HeaderCacheControl, "no-store")
	}
}

// kept tells whether caches may keep what is at a path: the app's files and what
// everybody may see. What depends on who asks, or on when, is never kept.
func kept(path string) bool {
	for _, prefix := range [...]string{"/api", "/ws", "/metrics", "/healthz", "/readyz"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') {
			return false
		}
	}
	return true
}
