package api_test

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"html"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"parley/api"
	"parley/api/picture"
	"parley/rooms"
	"parley/store"
)

// named registers an influencer with a name.
func (w *world) named(name string) *person {
	w.t.Helper()
	p := &person{w: w, email: strings.ToLower(newID()) + "@example.com"}
	p.id = p.call("POST", "/api/auth/register", object{
		"email": p.email, "password": password, "name": name, "role": "influencer",
		"category": "Food", "niche": "vegan", "reach": 1200,
	}).want(201).text("user.id")
	return p
}

func TestProfileIsForEverybody(t *testing.T) {
	w := start(t, options{})
	ana := w.named("Ana María")
	edited := ana.call("PATCH", "/api/profile", object{
		"slug": "ana", "bio": "  Cooks.\nTravels. ", "niches": []string{"vegan", " street "}, "accepts_invites": false,
		"platforms": []object{
			{"platform": "tiktok", "handle": "@ana", "followers": 500, "engagement_bp": 325},
			{"platform": "instagram", "handle": "ana.cooks", "followers": 9000, "engagement_bp": 0},
		},
	}).want(200)
	seen := w.send("GET", "/api/profiles/ANA", nil, nil).want(200)
	if !bytes.Equal(edited.raw, seen.raw) {
		t.Errorf("the editor sees\n%s\nand everybody\n%s", edited.raw, seen.raw)
	}
	if seen.text("bio") != "Cooks.\nTravels." || seen.number("reach") != 9500 || at(seen.body, "accepts_invites") != false ||
		fmt.Sprint(at(seen.body, "niches")) != "[vegan street]" || seen.number("completed_deals") != 0 {
		t.Errorf("profile is %s", seen.raw)
	}
	if bytes.Contains(seen.raw, []byte(ana.email)) {
		t.Error("the profile shows the e-mail address")
	}
	if me := ana.call("GET", "/api/me", nil).want(200); me.number("user.reach") != 9500 || me.text("user.niche") != "vegan" {
		t.Errorf("the account says %s", me.raw)
	}
	w.send("GET", "/api/profiles/nobody", nil, nil).refused(404, "not_found", "")
	// Somebody who has edited nothing has an address made of the name.
	w.named("Béa Ruiz")
	w.send("GET", "/api/profiles/bea-ruiz", nil, nil).want(200)
}

func TestEditingAProfile(t *testing.T) {
	w := start(t, options{})
	ana, bea, sponsor := w.named("Ana"), w.named("Bea"), w.join(rooms.Sponsor)
	ana.call("PATCH", "/api/profile", object{"slug": "ana-1"}).want(200)
	for _, c := range []struct {
		body   object
		status int
		code   string
		field  string
	}{
		{object{"slug": "ana-1"}, 409, "already_exists", "slug"},
		{object{"slug": "Ana"}, 422, "invalid", "slug"},
		{object{"slug": strings.ToLower(ana.id)}, 422, "invalid", "slug"},
		{object{"bio": strings.Repeat("x", 1001)}, 422, "invalid", "bio"},
		{object{"name": "   "}, 422, "invalid", "name"},
		{object{"reach": -1}, 422, "invalid", "reach"},
		{object{"niches": []string{""}}, 422, "invalid", "niches[0]"},
		{object{"platforms": []object{{"platform": "fax", "handle": "a", "followers": 1, "engagement_bp": 1}}}, 422, "invalid", "platforms[0].platform"},
		{object{"platforms": []object{{"platform": "x", "handle": " ", "followers": 1, "engagement_bp": 1}}}, 422, "invalid", "platforms[0].handle"},
		{object{"role": "admin"}, 422, "invalid", "role"},
	} {
		bea.call("PATCH", "/api/profile", c.body).refused(c.status, c.code, c.field)
	}
	for slug, free := range map[string]bool{"ana-1": false, "bea-9": true, "Bea": false, "a": false} {
		r := bea.call("GET", "/api/profile/addresses/"+slug, nil).want(200)
		if at(r.body, "free") != free || (at(r.body, "problem") == nil) != free {
			t.Errorf("%s: %s", slug, r.raw)
		}
	}
	for _, path := range []string{"/api/profile", "/api/profile/addresses/x-y"} {
		sponsor.call("GET", path, nil).refused(403, "forbidden", "")
	}
	sponsor.call("PATCH", "/api/profile", object{"bio": "x"}).refused(403, "forbidden", "")
}

func TestSponsorsCard(t *testing.T) {
	w := start(t, options{})
	sponsor, other, ana, admin := w.join(rooms.Sponsor), w.join(rooms.Sponsor), w.named("Ana"), w.admin()
	sponsor.call("PATCH", "/api/card", object{"kind": "individual", "industry": " Drinks ", "about": "Water."}).want(200)
	for who, p := range map[string]*person{"itself": sponsor, "an influencer": ana, "an admin": admin} {
		card := p.call("GET", "/api/sponsors/"+sponsor.id, nil).want(200)
		if card.text("industry") != "Drinks" || card.text("kind") != "individual" {
			t.Errorf("%s sees %s", who, card.raw)
		}
	}
	other.call("GET", "/api/sponsors/"+sponsor.id, nil).refused(404, "not_found", "")
	ana.call("GET", "/api/sponsors/"+ana.id, nil).refused(404, "not_found", "")
	ana.call("GET", "/api/card", nil).refused(403, "forbidden", "")
	ana.call("PATCH", "/api/card", object{"about": "x"}).refused(403, "forbidden", "")
	sponsor.call("PATCH", "/api/card", object{"kind": "shop"}).refused(422, "invalid", "kind")
	w.flag(store.FlagUser, sponsor.id)
	ana.call("GET", "/api/sponsors/"+sponsor.id, nil).refused(404, "not_found", "")
	admin.call("GET", "/api/sponsors/"+sponsor.id, nil).want(200)
}

func (w *world) flag(kind store.FlagKind, id string) {
	w.t.Helper()
	w.admin().call("POST", "/api/admin/flags", object{"kind": kind, "id": id, "reason": "test"}).want(204)
}

func TestWhoTakesNoInvitationsGetsNone(t *testing.T) {
	w := start(t, options{})
	sponsor, ana := w.join(rooms.Sponsor), w.named("Ana")
	invite := func() *reply {
		return sponsor.call("POST", "/api/campaigns/"+sponsor.campaign()+"/invitations", object{
			"id": newID(), "influencer": ana.id, "terms": terms(100),
		})
	}
	ana.call("PATCH", "/api/profile", object{"accepts_invites": false}).want(200)
	invite().refused(422, "invalid", "influencer")
	ana.call("PATCH", "/api/profile", object{"accepts_invites": true}).want(200)
	invite().want(201)
}

// photo is a picture that compresses badly, as photos do.
func photo(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 7)
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

func jpegBytes(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func pngBytes(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	return b.Bytes()
}

func (p *person) upload(file []byte, mediaType string) *reply {
	p.w.t.Helper()
	return p.w.send("PUT", "/api/picture", file, http.Header{
		"Cookie": {"parley_session=" + p.cookie}, "Content-Type": {mediaType},
	})
}

func TestPicture(t *testing.T) {
	w := start(t, options{})
	ana := w.named("Ana")
	polyglot := append(jpegBytes(t, photo(900, 700)), "<script>alert(1)</script>"...)
	if len(polyglot) < 70<<10 {
		t.Fatalf("the upload has %d bytes: it does not show that more than 64 KiB are taken", len(polyglot))
	}
	made := ana.upload(polyglot, "image/jpeg").want(200)
	profile := w.send("GET", "/api/profiles/ana", nil, nil).want(200)
	if profile.text("picture.large") != made.text("large") {
		t.Errorf("uploaded %s, the profile shows %s", made.raw, profile.raw)
	}
	for size, path := range map[int]string{512: made.text("large"), 96: made.text("small")} {
		file := w.send("GET", path, nil, nil).want(200)
		img, err := jpeg.Decode(bytes.NewReader(file.raw))
		if err != nil || img.Bounds() != image.Rect(0, 0, size, size) {
			t.Errorf("%s is a picture of %v: %v", path, img, err)
		}
		if bytes.Contains(file.raw, []byte("script")) {
			t.Errorf("%s holds what stood behind the upload", path)
		}
		for name, want := range map[string]string{
			"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff",
			"Cache-Control": "public, max-age=31536000, immutable",
		} {
			if got := file.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		etag := file.header.Get("ETag")
		if etag == "" || strings.HasPrefix(etag, "W/") {
			t.Errorf("%s: ETag is %q", path, etag)
		}
		again := w.send("GET", path, nil, http.Header{"If-None-Match": {etag}}).want(304)
		if len(again.raw) != 0 {
			t.Errorf("%s: 304 with a body", path)
		}
	}
	for _, path := range []string{"/pictures/x", "/pictures/" + strings.Repeat("0", 32) + "-512", made.text("large") + "3"} {
		w.send("GET", path, nil, nil).want(404)
	}

	// A new picture has a new address; the one before is gone.
	second := ana.upload(pngBytes(t, photo(120, 120)), "image/png").want(200)
	w.send("GET", made.text("large"), nil, nil).want(404)
	ana.call("DELETE", "/api/picture", nil).want(204)
	w.send("GET", second.text("large"), nil, nil).want(404)
	if p := ana.call("GET", "/api/profile", nil).want(200); at(p.body, "picture") != nil {
		t.Errorf("a picture is left: %s", p.raw)
	}

	sponsor := w.join(rooms.Sponsor)
	logo := sponsor.upload(pngBytes(t, photo(120, 120)), "image/png").want(200)
	w.send("GET", logo.text("small"), nil, nil).want(200)
	w.admin().upload(polyglot, "image/jpeg").refused(403, "forbidden", "")
	w.send("PUT", "/api/picture", polyglot, http.Header{"Content-Type": {"image/jpeg"}}).want(401)
	w.flag(store.FlagUser, sponsor.id)
	w.send("GET", logo.text("small"), nil, nil).want(404)
}

func TestPictureAbuse(t *testing.T) {
	w := start(t, options{})
	ana := w.named("Ana")
	good := pngBytes(t, photo(120, 120))
	huge := bytes.Clone(good)
	copy(huge[16:], "\x00\x01\x86\xa0\x00\x01\x86\xa0") // 100,000 on both sides
	sum := crc32.ChecksumIEEE(huge[12:29])
	copy(huge[29:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	tiny := pngBytes(t, photo(10, 10))
	for name, file := range map[string][]byte{
		"empty": {}, "svg": []byte("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "truncated": good[:len(good)/2],
		"page before a picture": append([]byte("<!doctype html>"), good...), "huge dimensions": huge, "tiny": tiny,
	} {
		// Whatever the request says it is.
		r := ana.upload(file, "image/png")
		if name == "empty" {
			r.want(400)
			continue
		}
		t.Log(name, r.text("error.message"))
		r.refused(422, "invalid", "picture")
	}
	ana.upload(append(good, make([]byte, picture.MaxBytes)...), "image/png").want(413)
	if p := ana.call("GET", "/api/profile", nil).want(200); at(p.body, "picture") != nil {
		t.Errorf("something was stored: %s", p.raw)
	}
	// The other routes take no more than before.
	ana.call("PATCH", "/api/profile", object{"bio": strings.Repeat("x", 70<<10)}).want(413)
}

func TestPicturesAreLimited(t *testing.T) {
	w := start(t, options{config: func(c *api.Config) { c.Limits.Pictures = api.Rate{PerSecond: 1e-6, Burst: 2} }})
	ana, file := w.named("Ana"), pngBytes(t, photo(100, 100))
	ana.upload(file, "image/png").want(200)
	ana.upload(file[:50], "image/png").refused(422, "invalid", "picture")
	if r := ana.upload(file, "image/png").refused(429, "rate_limited", ""); r.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.named("Bea").upload(file, "image/png").want(200)
}

const testIndex = `<!doctype html>
<html lang="en"><head><meta charset="utf-8" />
<meta name="description" content="Of the app." />
<title>Parley</title><script type="module" src="/assets/a.js"></script></head><body><div id="app"></div></body></html>`

func TestLinkPreview(t *testing.T) {
	assets := fstest.MapFS{"index.html": {Data: []byte(testIndex)}}
	w := start(t, options{config: func(c *api.Config) { c.Assets, c.PublicURL = assets, "http://parley.example" }})
	ana := w.named(`Ana "<b>" & Co`)
	ana.call("PATCH", "/api/profile", object{"slug": "ana", "bio": "Line one\n</title><script>alert(1)</script> " + strings.Repeat("word ", 90)}).want(200)
	pic := ana.upload(pngBytes(t, photo(100, 100)), "image/png").want(200)

	page := w.send("GET", "/i/ana", nil, nil).want(200)
	body := string(page.raw)
	if strings.Count(body, "<script") != 1 || strings.Count(body, "<title>") != 1 || strings.Count(body, `name="description"`) != 1 {
		t.Fatalf("page is %s", body)
	}
	if title := html.UnescapeString(between(body, "<title>", "</title>")); title != `Ana "<b>" & Co · Parley` {
		t.Errorf("title is %q", title)
	}
	for name, want := range map[string]string{
		"og:title": `Ana "<b>" & Co · Parley`, "og:type": "profile", "og:url": "http://parley.example/i/ana",
		"og:image": "http://parley.example" + pic.text("large"), "twitter:card": "summary",
		"twitter:image": "http://parley.example" + pic.text("large"),
	} {
		if got := metaOf(body, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	about := metaOf(body, "description")
	if !strings.HasPrefix(about, "Food · 1.2K followers. Line one </title><script>") || len([]rune(about)) > 200 || !strings.HasSuffix(about, "word…") {
		t.Errorf("description is %q", about)
	}
	if !strings.Contains(body, `<link rel="canonical" href="http://parley.example/i/ana" />`) {
		t.Error("no canonical address")
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self';") {
		t.Errorf("policy is %q", csp)
	}

	for _, c := range []struct{ path, location string }{{"/i/ANA", "/i/ana"}, {"/i/An%61", "/i/ana"}} {
		got := w.noFollow(c.path)
		if got.status != 301 || got.header.Get("Location") != c.location {
			t.Errorf("%s: %d to %q", c.path, got.status, got.header.Get("Location"))
		}
	}
	missing := func(path string) {
		t.Helper()
		r := w.send("GET", path, nil, nil).want(404)
		if !strings.Contains(string(r.raw), `<div id="app">`) || strings.Contains(string(r.raw), "og:title") {
			t.Errorf("%s answers %s", path, r.raw)
		}
	}
	missing("/i/nobody")
	missing("/i/%00")
	missing("/i/%ff'--")
	w.flag(store.FlagUser, ana.id)
	missing("/i/ana")
}

// noFollow sends a request and does not go where it is sent.
func (w *world) noFollow(path string) *reply {
	w.t.Helper()
	plain := http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := plain.Get("http://" + w.addr + path)
	must(w.t, err)
	defer resp.Body.Close()
	return &reply{t: w.t, what: path, status: resp.StatusCode, header: resp.Header}
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	inner, _, _ := strings.Cut(rest, to)
	return inner
}

func metaOf(body, name string) string {
	m := regexp.MustCompile(`<meta (?:name|property)="` + regexp.QuoteMeta(name) + `" content="([^"]*)" />`).FindStringSubmatch(body)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}
