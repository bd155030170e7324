package api_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"parley/api"
	"parley/rooms"
	"parley/store"
)

// routeParam is a part of a route that varies.
var routeParam = regexp.MustCompile(`:\w+`)

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.PublicURL = "https://parley.example" }})
	paths := []string{"/", "/deals", "/no/such/page", "/api", "/api/nothing"}
	for _, route := range w.server.Routes() {
		if path, ok := strings.CutPrefix(route, "GET "); ok {
			paths = append(paths, routeParam.ReplaceAllString(path, "x"))
		}
	}
	for _, path := range paths {
		r := w.send("GET", path, nil, http.Header{"Origin": {"https://evil.example"}})
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "strict-origin-when-cross-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Strict-Transport-Security":   "max-age=63072000; includeSubDomains",
			"Access-Control-Allow-Origin": "", "Access-Control-Allow-Credentials": "",
		} {
			if got := r.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := r.header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'",
			"form-action 'self'", "frame-ancestors 'none'", "worker-src 'self'", "connect-src 'self' wss://parley.example",
		} {
			if !strings.Contains(policy, want+";") && !strings.HasSuffix(policy, want) {
				t.Errorf("%s: the policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy %q allows too much", path, policy)
		}
		if private := strings.HasPrefix(path, "/api") || path == "/metrics" || path == "/ws"; private && r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %q", path, r.header.Get("Cache-Control"))
		}
		if len(r.raw) > 0 && r.header.Get("Content-Type") == "" {
			t.Errorf("%s has a body of no type", path)
		}
	}
	plain := start(t, options{}).send("GET", "/", nil, nil)
	if sts := plain.header.Get("Strict-Transport-Security"); sts != "" {
		t.Errorf("without https a browser is told %q", sts)
	}
}

func TestOnlyOwnPicturesAreForOtherSites(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Assets = fstest.MapFS{"index.html": {Data: []byte("<title>x</title>")}} }})
	for _, path := range []string{"/", "/api/me", "/api/openapi.json"} {
		if got := w.send("GET", path, nil, nil).header.Get("Cross-Origin-Resource-Policy"); got != "same-origin" {
			t.Errorf("%s may be embedded by %q", path, got)
		}
	}
}

func TestFurtherOriginsMayConnectButNotWrite(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Origins = []string{"https://partner.example"} }})
	p := w.join(rooms.Sponsor)
	header := http.Header{"Origin": {"https://partner.example"}, "Cookie": {"parley_session=" + p.cookie}}
	c, _, err := w.dialRaw(header)
	must(t, err)
	_ = c.CloseNow()
	w.send("POST", "/api/auth/tokens", object{"name": "x"}, header).refused(403, "forbidden", "")
	if got := w.send("OPTIONS", "/api/auth/tokens", nil, header).header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a preflight is told %q", got)
	}
}

// Browsers leave the scheme's own port out of an Origin; settings and proxies may not.
func TestTheOwnPortOfASchemeMakesNoOtherOrigin(t *testing.T) {
	for public, good := range map[string]string{
		"https://parley.example:443": "https://parley.example",
		"http://parley.example:80/":  "http://parley.example",
	} {
		w := start(t, options{config: func(c *api.Config) { c.PublicURL = public }})
		body := object{"email": w.known(store.User{Name: "A", Role: rooms.Sponsor, Approved: true}).email, "password": password}
		w.send("POST", "/api/auth/login", body, http.Header{"Origin": {good}}).want(200)
		for _, bad := range []string{good + ":8443", "https://parley.example.evil", strings.Replace(good, "://", "://x.", 1)} {
			w.send("POST", "/api/auth/login", body, http.Header{"Origin": {bad}}).refused(403, "forbidden", "")
		}
	}
}

func TestAnotherSitesFormCannotLogIn(t *testing.T) {
	w := start(t, options{})
	body := object{"email": w.join(rooms.Sponsor).email, "password": password}
	w.send("POST", "/api/auth/login", body, http.Header{"Origin": {"https://evil.example"}}).refused(403, "forbidden", "")
	w.send("POST", "/api/auth/login", body, http.Header{"Sec-Fetch-Site": {"cross-site"}}).refused(403, "forbidden", "")
	w.send("POST", "/api/auth/login", body, http.Header{"Sec-Fetch-Site": {"none"}}).want(200)
}

func TestTheCookieOfHTTPSIsBoundToItsHost(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.PublicURL = "https://parley.example" }})
	own := http.Header{"Origin": {"https://parley.example"}}
	r := w.send("POST", "/api/auth/register", object{
		"email": "a@example.com", "password": password, "name": "A", "role": "sponsor",
	}, own).want(201)
	cookies := (&http.Response{Header: r.header}).Cookies()
	values := make(map[string]string)
	for _, c := range cookies {
		values[c.Name] = c.Value
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie: %v", c)
		}
	}
	session := values["__Host-parley_session"]
	if len(values) != 2 || session == "" || values["__Host-parley_device"] == "" {
		t.Fatalf("cookies: %v", r.header["Set-Cookie"])
	}
	w.send("GET", "/api/me", nil, http.Header{"Cookie": {"__Host-parley_session=" + session}}).want(200)
	// A name without the prefix may come from anywhere.
	w.send("GET", "/api/me", nil, http.Header{"Cookie": {"parley_session=" + session}}).want(401)
}

// Whoever does not get on with a request loses the connection, and holds up nobody.
func TestSlowRequestsAreCut(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) {
		c.ReadTimeout, c.IdleTimeout = time.Second, time.Second
	}})
	for name, c := range map[string]struct{ first, then string }{
		"nothing":        {"", ""},
		"half a header":  {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", ""},
		"byte by byte":   {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: ", "a"},
		"half a body":    {"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", ""},
		"a dripped body": {"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", " "},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", w.addr)
			must(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, c.first)
			must(t, err)
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, conn)
				ended <- err
			}()
			drip := time.NewTicker(50 * time.Millisecond)
			defer drip.Stop()
			must(t, conn.SetReadDeadline(time.Now().Add(patience)))
			for {
				select {
				case err := <-ended:
					if errors.Is(err, os.ErrDeadlineExceeded) {
						t.Error("the connection was never cut")
					}
					return
				case <-drip.C:
					_, _ = io.WriteString(conn, c.then) // it fails once it is cut
				}
			}
		})
	}
	w.send("GET", "/healthz", nil, nil).want(200)
}

func TestTraceIsNotAnswered(t *testing.T) {
	w := start(t, options{})
	conn, err := net.Dial("tcp", w.addr)
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "TRACE / HTTP/1.1\r\nHost: x\r\nX-Secret: mine\r\nConnection: close\r\n\r\n")
	must(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode < 400 || strings.Contains(string(raw), "mine") {
		t.Errorf("%s: %s", resp.Status, raw)
	}
}

// Many addresses that guess one account's password are stopped together, and an
// account that does not exist is treated as one that does.
func TestGuessesAtOneAccountAreLimited(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) {
		c.Limits.LoginsOfStrangers = api.Rate{PerSecond: 0.001, Burst: 3}
		c.TrustedProxies = loopback
	}})
	known := w.join(rooms.Sponsor).email
	for _, email := range []string{known, "nobody@example.com"} {
		var got []int
		for _, addr := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} {
			r := w.send("POST", "/api/auth/login", object{"email": email, "password": "a wrong guess"},
				http.Header{"X-Forwarded-For": {addr}})
			got = append(got, r.status)
		}
		if want := []int{401, 401, 401, 429}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", email, got, want)
		}
	}
	// While it lasts, the right password is no way to find out either.
	w.send("POST", "/api/auth/login", object{"email": known, "password": password},
		http.Header{"X-Forwarded-For": {"192.0.2.5"}}).refused(429, "rate_limited", "")
}

// A user has so many tokens and no more; who revokes one may make another.
func TestTokensAreLimited(t *testing.T) {
	w := start(t, options{})
	p, other := w.join(rooms.Sponsor), w.join(rooms.Sponsor)
	for range 50 {
		p.token()
	}
	p.call("POST", "/api/auth/tokens", object{"name": "test"}).refused(409, "not_allowed", "")
	other.token()
	list := p.call("GET", "/api/account/sessions", nil).want(200).items()
	i := slices.IndexFunc(list, func(v any) bool { return at(v, "kind") == "bearer" })
	p.call("DELETE", "/api/account/sessions/"+at(list[i], "id").(string), nil).want(204)
	p.token()
}

// What is open to everybody has a limit for each address, whatever comes of it.
func TestWhatIsOpenIsLimitedByAddress(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) {
		c.Limits.Visits = api.Rate{PerSecond: 0.001, Burst: 2}
		c.TrustedProxies = loopback
	}})
	for i, what := range []string{
		"GET /i/nobody", "GET /pictures/0123456789abcdef0123456789abcdef-96", "GET /api/profiles/nobody",
		"GET /api/session", "GET /api/unsubscribe/x", "POST /api/unsubscribe/x",
	} {
		method, path, _ := strings.Cut(what, " ")
		from := http.Header{"X-Forwarded-For": {fmt.Sprintf("192.0.2.%d", i+1)}}
		for range 2 {
			if got := w.send(method, path, nil, from); got.status == http.StatusTooManyRequests {
				t.Errorf("%s is refused at once", what)
			}
		}
		w.send(method, path, nil, from).refused(429, "rate_limited", "")
	}
}

// A limiter that can remember no more addresses lets no new one log in.
func TestLoginLimitFailsClosed(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) {
		c.Limits.Keys = 2
		c.Limits.Logins = api.Rate{PerSecond: 0.001, Burst: 5}
		c.TrustedProxies = loopback
	}})
	login := object{"email": "a@example.com", "password": "x"}
	for addr, want := range map[string]int{"192.0.2.1": 401, "192.0.2.2": 401} {
		w.send("POST", "/api/auth/login", login, http.Header{"X-Forwarded-For": {addr}}).want(want)
	}
	w.send("POST", "/api/auth/login", login, http.Header{"X-Forwarded-For": {"192.0.2.3"}}).want(429)
}

func TestBrokenRoomsAreCounted(t *testing.T) {
	w := start(t, options{})
	if raw := string(w.send("GET", "/metrics", nil, nil).want(200).raw); !strings.Contains(raw, "\nparley_broken_rooms 0\n") {
		t.Errorf("no count of them: %s", raw)
	}
}
