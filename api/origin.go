package api

import (
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// origins decides which pages' requests are ours.
type origins struct {
	// public is where people reach the server, nil when that was not said.
	public *url.URL
	// further are origins, in the form scheme://host[:port], whose pages may open a
	// socket beside our own. The REST API is not for them: it sends no CORS headers,
	// and what they might write is refused.
	further map[string]bool
}

func newOrigins(publicURL string, more []string) (origins, error) {
	o := origins{further: make(map[string]bool)}
	if publicURL != "" {
		u, err := parseOrigin(publicURL)
		if err != nil {
			return o, fmt.Errorf("public URL: %w", err)
		}
		o.public = u
	}
	for _, origin := range more {
		u, err := parseOrigin(origin)
		if err != nil {
			return o, fmt.Errorf("allowed origin: %w", err)
		}
		o.further[u.Scheme+"://"+u.Host] = true
	}
	return o, nil
}

func parseOrigin(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("parse %q: %w", raw, err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is not an http or https address", raw)
	}
	u.Host = plainHost(u.Scheme, u.Host)
	return u, nil
}

// plainHost is a host as browsers name it: in lower case, without the scheme's own port.
func plainHost(scheme, host string) string {
	host = strings.ToLower(host)
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// own tells whether an Origin header names this server. Without a public URL
// the server is whatever host the request was sent to: browsers let no page
// choose that.
func (o *origins) own(origin, host string) bool {
	u, ok := originOf(origin)
	switch {
	case !ok:
		return false
	case o.public != nil:
		return u.Scheme == o.public.Scheme && u.Host == o.public.Host
	default:
		return u.Host == plainHost(u.Scheme, host)
	}
}

// mayConnect tells whether pages of an origin may open a socket.
func (o *origins) mayConnect(origin, host string) bool {
	if o.own(origin, host) {
		return true
	}
	u, ok := originOf(origin)
	return ok && o.further[u.Scheme+"://"+u.Host]
}

// originOf reads an Origin header.
func originOf(origin string) (u *url.URL, ok bool) {
	u, err := parseOrigin(origin)
	if err != nil || (u.Path != "" && u.Path != "/") {
		return nil, false
	}
	return u, true
}

// https tells whether people reach the server by https.
func (o *origins) https() bool { return o.public != nil && o.public.Scheme == "https" }

// crossSite tells whether a browser sent the request for another site's page.
// Requests of programs say nothing about that and carry no one's cookies.
func (s *Server) crossSite(c *fiber.Ctx) bool {
	if origin := c.Get(fiber.HeaderOrigin); origin != "" {
		return !s.origins.own(origin, host(c))
	}
	switch c.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	default:
		return true
	}
}

// host is the host that the request names. Fiber's own would believe
// X-Forwarded-Host from anyone.
func host(c *fiber.Ctx) string { return string(c.Context().Host()) }

// addrKey is what limits go by: an IPv4 address, or the network of an IPv6 one,
// as a single customer has all addresses of it.
func addrKey(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Is4() {
		return addr
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return addr
	}
	return network.String()
}

// clientAddr is the address that a request came from: the connection's, or,
// behind proxies that are trusted, the last one in X-Forwarded-For that is not
// a trusted proxy. What stands before it anyone may have written. Several lines of the
// header are one list: a proxy may append to the client's line or add one below it.
func clientAddr(c *fiber.Ctx, trusted []netip.Prefix) string {
	addr, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	if !ok {
		return "unknown"
	}
	addr = addr.Unmap()
	if !contains(trusted, addr) {
		return addr.String()
	}
	lines := c.Request().Header.PeekAll(fiber.HeaderXForwardedFor)
	hops := strings.Split(string(bytes.Join(lines, []byte(","))), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
		if !contains(trusted, addr) {
			break
		}
	}
	return addr.String()
}

// visit counts a request to what is open to everybody, outside the API.
func (s *Server) visit(c *fiber.Ctx) error {
	return s.limits.visits.check(addrKey(clientAddr(c, s.cfg.TrustedProxies)))
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
