package api

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/compress"
)

// hashedAssets is where the app's build puts files whose names change with
// their content.
const hashedAssets = "/assets/"

// unbuilt is shown by a binary that was built without the app.
const unbuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Parley</title>
<h1>Parley is running, without its app</h1>
<p>This binary was built before the app. In <code>frontend/</code> run
<code>npm ci &amp;&amp; npm run build</code>, then build the binary again.</p>
<p>The API is described at <a href="/api/openapi.json">/api/openapi.json</a>.</p></html>`

// assetRoutes serves the app: files by name, and its index for every other path,
// as the app itself knows its pages.
func (s *Server) assetRoutes() {
	s.app.Use(compress.New(), func(c *fiber.Ctx) error {
		if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
			return fiber.ErrNotFound
		}
		name := path.Clean("/" + c.Path())
		if s.cfg.Assets != nil && name != "/" && !strings.Contains(name, "/.") {
			err := s.sendAsset(c, name)
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if strings.HasPrefix(name, hashedAssets) {
				// A page of an older build asks for a file that is gone.
				return notFound("file")
			}
		}
		return s.sendIndex(c)
	})
}

func (s *Server) sendAsset(c *fiber.Ctx, name string) error {
	file := strings.TrimPrefix(name, "/")
	info, err := fs.Stat(s.cfg.Assets, file)
	if err != nil {
		return fmt.Errorf("stat asset: %w", err)
	}
	if info.IsDir() {
		return fs.ErrNotExist
	}
	if file == "index.html" {
		return s.sendIndex(c)
	}
	raw, err := fs.ReadFile(s.cfg.Assets, file)
	if err != nil {
		return fmt.Errorf("read asset: %w", err)
	}
	c.Set(fiber.HeaderContentType, contentType(file))
	if strings.HasPrefix(name, hashedAssets) {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	} else {
		c.Set(fiber.HeaderCacheControl, "no-cache")
	}
	return c.Send(raw)
}

func contentType(file string) string {
	switch ext := path.Ext(file); ext {
	case ".webmanifest":
		return "application/manifest+json"
	case ".woff2":
		return "font/woff2"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

func (s *Server) sendIndex(c *fiber.Ctx) error {
	raw, err := s.index()
	if err != nil {
		return err
	}
	return sendPage(c, http.StatusOK, raw)
}

func sendPage(c *fiber.Ctx, status int, page []byte) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	return c.Status(status).Send(page)
}

// index is the app's page.
func (s *Server) index() ([]byte, error) {
	if s.cfg.Assets != nil {
		raw, err := fs.ReadFile(s.cfg.Assets, "index.html")
		if err == nil {
			return raw, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read index: %w", err)
		}
	}
	return []byte(unbuilt), nil
}

// contentPolicy lets the app load what it was built with and talk to its own
// server. There are neither inline scripts nor inline styles: what components set at
// run time they set through the style's own interface, which the policy does not
// concern.
func contentPolicy(o *origins) string {
	connect := "'self'"
	if o.public != nil {
		// Not every browser takes 'self' for WebSocket.
		scheme := "ws"
		if o.https() {
			scheme = "wss"
		}
		connect += " " + scheme + "://" + o.public.Host
	}
	return "default-src 'self'; script-src 'self'; style-src 'self'; " +
		"img-src 'self' data:; font-src 'self'; connect-src " + connect + "; " +
		"worker-src 'self'; manifest-src 'self'; " +
		"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}
