package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"parley/api"
	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/outbox"
)

func TestAdminLists(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	list := admin.call("GET", "/api/admin/users?limit=2", nil).want(200)
	if len(list.items()) != 2 || at(list.items()[0], "id") != admin.id || list.text("next_cursor") == "" {
		t.Errorf("users: %s", list.raw)
	}
	if found := admin.call("GET", "/api/admin/users?q="+n.sponsor.email[:20], nil).want(200).items(); len(found) != 1 || at(found[0], "email") != n.sponsor.email {
		t.Errorf("by e-mail: %v", found)
	}
	user := admin.call("GET", "/api/admin/users/"+n.sponsor.id, nil).want(200)
	if user.text("user.state") != "active" || user.number("sessions") != 1 || user.number("campaigns") != 1 || user.number("rooms") != 1 {
		t.Errorf("user: %s", user.raw)
	}
	admin.call("GET", "/api/admin/users/"+newID(), nil).refused(404, "not_found", "")
	if list := admin.call("GET", "/api/admin/campaigns?state=running&sponsor="+n.sponsor.id, nil).want(200).items(); len(list) != 1 ||
		at(list[0], "sponsor.id") != n.sponsor.id || at(list[0], "held") != 1000.0 {
		t.Errorf("campaigns: %v", list)
	}
	for query, want := range map[string]int{
		"visibility=public": 1, "visibility=private": 0, "currency=EUR": 1, "currency=JPY": 0, "visibility=public&currency=EUR&flagged=true": 0,
	} {
		if list := admin.call("GET", "/api/admin/campaigns?"+query, nil).want(200).items(); len(list) != want {
			t.Errorf("campaigns by %s: %v", query, list)
		}
	}
	admin.call("GET", "/api/admin/campaigns?visibility=secret", nil).refused(422, "invalid", "visibility")
	admin.call("GET", "/api/admin/campaigns?currency=euro", nil).refused(422, "invalid", "currency")
	campaign := admin.call("GET", "/api/admin/campaigns/"+n.campaign, nil).want(200)
	if counts, _ := campaign.body["rooms"].([]any); len(counts) != 1 || at(counts[0], "count") != 1.0 {
		t.Errorf("campaign: %s", campaign.raw)
	}
	for _, query := range []string{"q=" + n.room, "campaign=" + n.campaign, "user=" + n.influencer.id, "frozen=false"} {
		if list := admin.call("GET", "/api/admin/rooms?"+query, nil).want(200).items(); len(list) != 1 || at(list[0], "id") != n.room {
			t.Errorf("rooms by %s: %v", query, list)
		}
	}
	if list := admin.call("GET", "/api/admin/rooms?frozen=true", nil).want(200).items(); len(list) != 0 {
		t.Errorf("frozen rooms: %v", list)
	}
	for _, path := range []string{
		"users", "users/" + n.sponsor.id, "campaigns", "campaigns/" + n.campaign, "rooms", "feed/rooms?ids=" + n.room, "flags",
		"audit", "audit/verification", "mail", "mail/x", "users.csv", "campaigns.csv", "rooms.csv", "flags.csv", "audit.csv", "mail.csv",
	} {
		n.sponsor.call("GET", "/api/admin/"+path, nil).refused(403, "forbidden", "")
	}
}

func TestTheFeedIsFilteredAndNamed(t *testing.T) {
	w := start(t, options{})
	n, other, admin := w.negotiate(), w.negotiate(), w.admin()
	n.sponsor.call("POST", "/api/rooms/"+n.room+"/commands", object{"id": newID(), "type": "message", "text": "hello"}).want(200)
	types := func(query string) string {
		page := admin.call("GET", "/api/admin/feed?"+query, nil).want(200)
		if page.number("searched") != 1 || page.number("head") != 5 {
			t.Errorf("%s: %s", query, page.raw)
		}
		var got []string
		for _, item := range page.items() {
			got = append(got, at(item, "data.type").(string))
		}
		return strings.Join(got, " ")
	}
	for query, want := range map[string]string{
		"":                                     "opened offer opened offer message",
		"type=offer":                           "offer offer",
		"campaign=" + n.campaign:               "opened offer message",
		"user=" + other.influencer.id:          "opened offer",
		"user=" + n.sponsor.id + "&type=offer": "offer",
		"user=" + newID():                      "",
		"type=message&before=5":                "",
	} {
		if got := types(query); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	page := admin.call("GET", "/api/admin/feed?limit=1", nil).want(200)
	if known, _ := page.body["rooms"].([]any); len(known) != 1 || at(known[0], "id") != n.room || at(known[0], "campaign.name") != "Summer" ||
		at(page.items()[0], "context.influencer") != n.influencer.id || page.number("searched") != 5 {
		t.Errorf("page: %s", page.raw)
	}
	if known := admin.call("GET", "/api/admin/feed/rooms?ids="+n.room+","+newID(), nil).want(200).items(); len(known) != 1 || at(known[0], "sponsor.name") != "A sponsor" {
		t.Errorf("rooms: %v", known)
	}
	s := admin.dial()
	s.done(object{"type": "join", "topic": "feed"})
	other.influencer.call("POST", "/api/rooms/"+other.room+"/commands", object{"id": newID(), "type": "message", "text": "hi"}).want(200)
	live := s.next("the message", func(f object) bool { return at(f, "data.type") == "message" && at(f, "data.data.text") == "hi" })
	if at(live, "context.sponsor") != other.sponsor.id || at(live, "context.campaign") != other.campaign {
		t.Errorf("live: %v", live)
	}
}

func TestTheAuditLogIsShown(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": n.sponsor.id, "reason": "look"}).want(204)
	list := admin.call("GET", "/api/admin/audit?action=flag.set", nil).want(200).items()
	if len(list) != 1 || at(list[0], "actor.name") != "An admin" || at(list[0], "subject_name") != "A sponsor" || at(list[0], "details.flag") == nil {
		t.Fatalf("entries: %v", list)
	}
	for query, want := range map[string]int{
		"action=flag.": 1, "actor=" + n.sponsor.id + "&action=flag.": 0, "kind=user&subject=" + n.sponsor.id + "&action=flag.": 1,
		"until=2001-01-01T00:00:00Z": 0, "from=2999-01-01T00:00:00Z": 0,
	} {
		if list := admin.call("GET", "/api/admin/audit?"+query, nil).want(200).items(); len(list) != want {
			t.Errorf("%s: %d entries, want %d", query, len(list), want)
		}
	}
	admin.call("GET", "/api/admin/audit?cursor=x", nil).refused(422, "invalid", "cursor")
	v := admin.call("GET", "/api/admin/audit/verification", nil).want(200)
	if v.number("count") != 0 || v.number("entries") < 1 || v.number("pos") != v.number("entries") || len(v.text("hash")) != 64 {
		t.Errorf("verification: %s", v.raw)
	}
}

func TestAdminsReadMail(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": n.sponsor.id, "reason": "look <b>here</b>"}).want(204)
	list := admin.call("GET", "/api/admin/mail?q="+n.sponsor.email, nil).want(200).items()
	if len(list) == 0 || at(list[0], "kind") != "flagged" || at(list[0], "state") != "queued" {
		t.Fatalf("mail: %v", list)
	}
	mail := admin.call("GET", "/api/admin/mail/"+at(list[0], "id").(string), nil).want(200)
	if !strings.Contains(mail.text("text"), "look <b>here</b>") || !strings.Contains(mail.text("html"), "look &lt;b&gt;here") {
		t.Errorf("mail: %s", mail.raw)
	}
	admin.call("GET", "/api/admin/mail/"+newID(), nil).refused(404, "not_found", "")
}

// The pictures of a mail are in its text, and its files are saved, never shown.
func TestAdminsReadWhatIsAttachedToMail(t *testing.T) {
	w := start(t, options{})
	n, admin := w.negotiate(), w.admin()
	page := []byte("%PDF-1.7 <script>alert(1)</script>")
	_, err := store.Write(t.Context(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, outbox.Put(ctx, tx, outbox.Mail{
			Key: "attached", Kind: "monthly", User: n.sponsor.id, To: "files@example.com", Subject: "Files", Text: "Files",
			HTML: `<img src="cid:chart"><img src="cid:vector"> cid:chart`,
			Attachments: []outbox.Attachment{
				{Name: "chart.png", MediaType: "image/png", ContentID: "chart", Data: []byte("PNG")},
				{Name: "vector.svg", MediaType: "image/svg+xml", ContentID: "vector", Data: []byte("<svg>")},
				{Name: "Größe \"1\".pdf", MediaType: "application/pdf", Data: page},
				{Name: "page.html", MediaType: "text/html", Data: page},
			},
		})
	})
	must(t, err)
	path := "/api/admin/mail/" + at(admin.call("GET", "/api/admin/mail?q=files@", nil).want(200).items()[0], "id").(string)
	mail := admin.call("GET", path, nil).want(200)
	shown := admin.call("GET", path+"/page", nil).want(200)
	if want := `<img src="data:image/png;base64,UE5H"><img src="cid:vector"> cid:chart`; string(shown.raw) != want {
		t.Errorf("page: %s", shown.raw)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
			"base-uri 'none'; form-action 'none'; sandbox; frame-ancestors 'self'",
	} {
		if got := shown.header.Values(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s of the page: %q", name, got)
		}
	}
	want := []any{
		object{"number": 2.0, "name": "Größe \"1\".pdf", "bytes": float64(len(page))},
		object{"number": 3.0, "name": "page.html", "bytes": float64(len(page))},
	}
	if got := at(mail.body, "files"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("files: %v, want %v", got, want)
	}
	for number, c := range map[int]struct{ media, name string }{
		2: {"application/pdf", "Größe \"1\".pdf"}, 3: {"application/octet-stream", "page.html"}, 1: {"application/octet-stream", "vector.svg"},
	} {
		file := admin.call("GET", fmt.Sprintf("%s/files/%d", path, number), nil).want(200)
		how, params, err := mime.ParseMediaType(file.header.Get("Content-Disposition"))
		must(t, err)
		if how != "attachment" || params["filename"] != c.name || file.header.Get("Content-Type") != c.media ||
			file.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(file.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("file %d: %v", number, file.header)
		}
		if number != 1 && !bytes.Equal(file.raw, page) {
			t.Errorf("file %d: %s", number, file.raw)
		}
	}
	admin.call("GET", path+"/files/4", nil).refused(404, "not_found", "")
	// The mail, its page and three files.
	if list := admin.call("GET", "/api/admin/audit?action=mail.read", nil).want(200).items(); len(list) != 5 {
		t.Errorf("in the audit log: %v", list)
	}
}

// An admin who reads the mail of others leaves a trace, and where mails are sent no link
// in them is of use to an admin: with it they could take over the account.
func TestReadingMailIsAuditedAndGivesNoLinkToUse(t *testing.T) {
	for _, sent := range []bool{true, false} {
		t.Run(fmt.Sprintf("mails are sent: %v", sent), func(t *testing.T) {
			w := start(t, options{config: func(c *api.Config) { c.SendsMail, c.LinkURL = sent, "https://parley.example" }})
			p, admin := w.join(rooms.Sponsor), w.admin()
			w.send("POST", "/api/auth/forgot", object{"email": p.email}, nil).want(202)
			p.call("POST", "/api/account/email", object{"email": "new." + p.email, "password": password}).want(202)
			want := map[string]string{"verify": "/verify#", "reset": "/reset#", "email_change": "/verify#"}
			ids := make(map[string]string)
			until(t, "the mails", func() bool {
				for _, m := range admin.call("GET", "/api/admin/mail?q="+p.email, nil).want(200).items() {
					ids[at(m, "kind").(string)] = at(m, "id").(string)
				}
				return ids["verify"] != "" && ids["reset"] != "" && ids["email_change"] != ""
			})
			for kind, page := range want {
				mail := admin.call("GET", "/api/admin/mail/"+ids[kind], nil).want(200)
				shown := admin.call("GET", "/api/admin/mail/"+ids[kind]+"/page", nil).want(200)
				token := regexp.MustCompile("https://parley.example" + page + `([\w-]+)`)
				for _, text := range []string{mail.text("text"), mail.text("html"), string(shown.raw)} {
					if !strings.Contains(text, page) || token.MatchString(text) == sent {
						t.Errorf("%s: %s", kind, text)
					}
				}
				entries := admin.call("GET", "/api/admin/audit?action=mail.read&subject="+ids[kind], nil).want(200).items()
				if len(entries) != 2 || at(entries[0], "actor.id") != admin.id || at(entries[0], "subject_kind") != "mail" {
					t.Errorf("%s: in the audit log: %v", kind, entries)
				}
			}
		})
	}
}

// table downloads a table and reads it back.
func (p *person) table(path string) (rows [][]string, header http.Header, raw string) {
	p.w.t.Helper()
	r := p.call("GET", path, nil).want(200)
	raw = string(r.raw)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(raw, "\uFEFF"))).ReadAll()
	must(p.w.t, err)
	return rows, r.header, raw
}

func TestTablesAreDownloaded(t *testing.T) {
	w := start(t, options{})
	admin := w.admin()
	const many = 450 // more than two pages
	for i := range many {
		name := fmt.Sprintf("Person %d, \"the\n%dth\"", i, i)
		if i == 7 {
			name = "=HYPERLINK(\"http://evil.example\")"
		}
		_, err := w.store.CreateUser(t.Context(), store.User{Email: fmt.Sprintf("p%d@example.com", i), Name: name, Role: rooms.Influencer, Approved: true})
		must(t, err)
	}
	rows, header, raw := admin.table("/api/admin/users.csv?role=influencer&bom=true&limit=3")
	if len(rows) != many+1 || rows[0][1] != "name" || !strings.HasPrefix(raw, "\uFEFFid,name,") || !strings.Contains(raw, "\r\n") {
		t.Errorf("%d rows, begins %q", len(rows), raw[:40])
	}
	if got := header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	if got := header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="users-`) {
		t.Errorf("disposition %q", got)
	}
	if got := rows[many-7][1]; got != "'=HYPERLINK(\"http://evil.example\")" {
		t.Errorf("a formula is %q", got)
	}
	if got := rows[many][1]; got != "Person 0, \"the\n0th\"" {
		t.Errorf("the first person is %q", got)
	}
	if rows, _, raw := admin.table("/api/admin/users.csv?role=admin"); len(rows) != 2 || strings.HasPrefix(raw, "\uFEFF") {
		t.Errorf("admins: %q", raw)
	}
	n := w.negotiate()
	admin.call("POST", "/api/admin/flags", object{"kind": "user", "id": n.sponsor.id, "reason": "look"}).want(204)
	for path, want := range map[string]int{
		"campaigns.csv?state=running": 1, "campaigns.csv?visibility=private": 0, "rooms.csv?status=agreed": 0, "rooms.csv?frozen=true": 1, "flags.csv?state=open": 1,
		"audit.csv?action=flag.": 1, "mail.csv?q=" + n.sponsor.email: 2, // how to confirm the address, and the flag
	} {
		if rows, _, raw := admin.table("/api/admin/" + path); len(rows)-1 != want {
			t.Errorf("%s: %d rows, want %d: %s", path, len(rows)-1, want, raw)
		}
	}
	admin.call("GET", "/api/admin/users.csv?role=boss", nil).refused(422, "invalid", "role")
	entries, _, err := audit.List(context.Background(), w.store, audit.Filter{Action: audit.ActionExport})
	must(t, err)
	if len(entries) != 9 || entries[8].Subject.ID != "users" || entries[7].Actor != admin.id {
		t.Errorf("audit log: %d entries, %+v", len(entries), entries)
	}
}
