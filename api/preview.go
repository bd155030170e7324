package api

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"parley/store"
	"parley/store/profiles"
)

// What the app's index.html says of itself, which a page of its own replaces. The
// build may wrap the description's tag.
var (
	titleTag       = regexp.MustCompile(`<title>[^<]*</title>`)
	descriptionTag = regexp.MustCompile(`<meta\s+name="description"[^>]*>\s*`)
)

// previewText is how long a description is before previews cut it themselves.
const previewText = 200

// preview is what other programs show of a page's link.
type preview struct {
	title, description string
	// canonical and image are absolute.
	canonical, image string
	kind             string // of Open Graph
}

// into puts the preview into the head of the app's page. Everything that people
// wrote is escaped as an attribute's value; there is no script in it.
func (p *preview) into(index []byte) []byte {
	var head bytes.Buffer
	tag := func(attribute, name, content string) {
		if content != "" {
			fmt.Fprintf(&head, "\n    <meta %s=\"%s\" content=\"%s\" />", attribute, name, html.EscapeString(content))
		}
	}
	fmt.Fprintf(&head, "<title>%s</title>", html.EscapeString(p.title))
	tag("name", "description", p.description)
	tag("property", "og:site_name", "Parley")
	tag("property", "og:type", p.kind)
	tag("property", "og:title", p.title)
	tag("property", "og:description", p.description)
	tag("property", "og:url", p.canonical)
	tag("property", "og:image", p.image)
	if p.image != "" {
		tag("property", "og:image:width", "512")
		tag("property", "og:image:height", "512")
		tag("property", "og:image:alt", p.title)
	}
	tag("name", "twitter:card", "summary")
	tag("name", "twitter:title", p.title)
	tag("name", "twitter:description", p.description)
	tag("name", "twitter:image", p.image)
	if p.canonical != "" {
		fmt.Fprintf(&head, "\n    <link rel=\"canonical\" href=\"%s\" />", html.EscapeString(p.canonical))
	}
	at := titleTag.FindIndex(index)
	if at == nil {
		return index
	}
	page := append([]byte{}, descriptionTag.ReplaceAll(index[:at[0]], nil)...)
	page = append(page, head.Bytes()...)
	return append(page, descriptionTag.ReplaceAll(index[at[1]:], nil)...)
}

// profilePage is the app's page at an influencer's short address: with a preview of
// the profile, or with the status that there is none.
func (s *Server) profilePage(c *fiber.Ctx) error {
	if err := s.visit(c); err != nil {
		return err
	}
	index, err := s.index()
	if err != nil {
		return err
	}
	slug, err := url.PathUnescape(c.Params("slug"))
	if err != nil {
		return s.noPage(c, index)
	}
	p, err := s.profileAt(s.ctx, slug)
	if errors.Is(err, store.ErrNotFound) {
		return s.noPage(c, index)
	}
	if err != nil {
		return err
	}
	if slug != p.Slug {
		// One page, one address, whatever case was typed.
		return c.Redirect("/i/"+p.Slug, http.StatusMovedPermanently)
	}
	site := s.site(c)
	v := preview{
		title: p.Name + " · Parley", description: describeProfile(&p), kind: "profile", canonical: site + "/i/" + p.Slug,
	}
	if pic := viewPicture(p.Picture); pic != nil {
		v.image = site + pic.Large
	}
	return sendPage(c, http.StatusOK, v.into(index))
}

// noPage shows the app, which says that there is nothing here, and keeps the
// address out of search engines.
func (s *Server) noPage(c *fiber.Ctx, index []byte) error {
	c.Set("X-Robots-Tag", "noindex")
	return sendPage(c, http.StatusNotFound, index)
}

// site is where people reach the server, without a slash at the end.
func (s *Server) site(c *fiber.Ctx) string {
	if u := s.origins.public; u != nil {
		return u.Scheme + "://" + u.Host
	}
	return "http://" + host(c)
}

// describeProfile says in a line what a profile is about.
func describeProfile(p *profiles.Profile) string {
	var parts []string
	if p.Category != "" {
		parts = append(parts, p.Category)
	}
	if p.Reach > 0 {
		parts = append(parts, countShort(p.Reach)+" followers")
	}
	if p.Completed == 1 {
		parts = append(parts, "1 completed deal")
	} else if p.Completed > 1 {
		parts = append(parts, fmt.Sprintf("%d completed deals", p.Completed))
	}
	text := strings.Join(parts, " · ")
	if bio := strings.Join(strings.Fields(p.Bio), " "); bio != "" {
		text = strings.TrimPrefix(text+". "+bio, ". ")
	}
	if text == "" {
		text = p.Name + " works with sponsors on Parley."
	}
	return shorten(text, previewText)
}

// shorten cuts a text at a word.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	cut := string([]rune(text)[:most-1])
	if at := strings.LastIndexByte(cut, ' '); at > most/2 {
		cut = cut[:at]
	}
	return cut + "…"
}

// countShort writes a count as people say it: 1.2M.
func countShort(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1_000_000_000, "B"}, {1_000_000, "M"}, {1000, "K"}} {
		if n >= unit.size {
			tenths := n * 10 / unit.size
			if tenths >= 100 || tenths%10 == 0 {
				return fmt.Sprintf("%d%s", tenths/10, unit.name)
			}
			return fmt.Sprintf("%d.%d%s", tenths/10, tenths%10, unit.name)
		}
	}
	return fmt.Sprint(n)
}
