package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"parley/rooms"
	"parley/store/audit"
)

// TestADeletedPersonIsNowhere: whatever somebody said of themselves stands in no table
// once they are gone, but their id does, and what they agreed to.
func TestADeletedPersonIsNowhere(t *testing.T) {
	w := start(t, options{})
	const mark = "zebrafinch"
	admin, n := w.admin(), w.negotiate()
	p := n.influencer
	p.call("PATCH", "/api/profile", object{
		"name": "Z " + mark, "slug": "z-" + mark, "bio": mark, "category": mark, "niches": []string{mark},
		"platforms": []object{{"platform": "instagram", "handle": mark, "followers": 10, "engagement_bp": 1}},
	}).want(200)
	picture := p.upload(jpegBytes(t, photo(200, 200)), "image/jpeg").want(200).text("small")
	p.call("POST", "/api/saved-searches", object{"name": mark, "query": "q=" + mark}).want(201)
	token := p.call("POST", "/api/auth/tokens", object{"name": mark}).want(201).text("token")
	p.call("POST", "/api/account/email", object{"email": mark + "@example.com", "password": password}).want(202)
	admin.call("POST", "/api/admin/flags", object{"kind": "room", "id": n.room, "reason": "A look"}).want(204)
	flag := p.call("GET", "/api/me/flags", nil).want(200).items()[0]
	p.call("POST", "/api/me/flags/"+at(flag, "id").(string)+"/appeal", object{"text": mark}).want(204)
	admin.call("POST", "/api/admin/flags/room/"+n.room+"/lift", object{"note": "Fine"}).want(204)
	if len(w.tablesWith(t, mark)) < 8 {
		t.Fatalf("the mark stands only in %v", w.tablesWith(t, mark))
	}

	p.call("POST", "/api/account/delete", object{"password": password}).want(204)
	for _, of := range []string{mark, p.email} {
		if left := w.tablesWith(t, of); len(left) > 0 {
			t.Errorf("%s is left in %v", of, left)
		}
	}
	if found := n.sponsor.call("GET", "/api/influencers?q="+mark, nil).want(200).items(); len(found) > 0 {
		t.Errorf("still found: %v", found)
	}
	w.send("GET", picture, nil, nil).want(404)
	w.send("GET", "/api/profiles/z-"+mark, nil, nil).want(404)
	w.send("GET", "/api/me", nil, http.Header{"Authorization": {"Bearer " + token}}).want(401)
	if events := n.sponsor.call("GET", "/api/rooms/"+n.room+"/events", nil).want(200).items(); len(events) < 3 {
		t.Errorf("the room's log has %d events", len(events))
	}
	entries, _, err := audit.List(context.Background(), w.store, audit.Filter{Actor: p.id})
	must(t, err)
	if len(entries) == 0 || entries[0].Action != audit.ActionUserDeleted {
		t.Errorf("the newest entry is %+v", entries)
	}
}

// tablesWith names the columns that hold a text. What the search keeps for itself is
// asked by searching; the words that it corrects to stand in search_terms, each alone and
// of nobody.
func (w *world) tablesWith(t *testing.T, text string) (found []string) {
	t.Helper()
	var columns []struct{ Tab, Col string }
	db := w.store.Reads()
	must(t, db.NewRaw("SELECT m.name AS tab, c.name AS col FROM sqlite_master AS m, pragma_table_info(m.name) AS c"+
		" WHERE m.type = 'table' AND m.name <> 'search_terms' AND m.sql NOT LIKE 'CREATE VIRTUAL%' AND m.name NOT LIKE '%\\_index\\_%' ESCAPE '\\'").
		Scan(t.Context(), &columns))
	for _, c := range columns {
		var n int
		must(t, db.NewRaw(fmt.Sprintf("SELECT count(*) FROM %q WHERE instr(lower(CAST(%q AS TEXT)), ?)", c.Tab, c.Col),
			strings.ToLower(text)).Scan(t.Context(), &n))
		if n > 0 {
			found = append(found, c.Tab+"."+c.Col)
		}
	}
	return found
}

// TestWhatTouchesSecurityIsAudited: each deed leaves its entry, by whom it was done.
func TestWhatTouchesSecurityIsAudited(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Influencer)
	login := object{"email": p.email, "password": password}
	w.send("POST", "/api/auth/login", object{"email": p.email, "password": "wrong password"}, nil).want(401)
	w.waitForEntry(t, audit.ActionLoginFailed)
	p.call("POST", "/api/account/password", object{"current": "wrong password", "password": "another horse"}).want(422)
	w.waitForEntry(t, audit.ActionConfirmFailed)
	p.call("POST", "/api/account/email", object{"email": strings.ToLower(newID()) + "@example.com", "password": password}).want(202)
	p.token()
	p.call("POST", "/api/auth/login", login).want(200)
	p.call("DELETE", "/api/account/sessions", nil).want(204)
	p.call("POST", "/api/account/password", object{"current": password, "password": "another horse"}).want(204)
	p.call("POST", "/api/auth/logout", nil).want(204)

	entries, _, err := audit.List(context.Background(), w.store, audit.Filter{Actor: p.id})
	must(t, err)
	var got []string
	for i := range entries {
		got = append(got, string(entries[i].Action))
	}
	want := []audit.Action{
		audit.ActionLogout, audit.ActionPasswordChanged, audit.ActionSessionEnded, audit.ActionLogin,
		audit.ActionTokenCreated, audit.ActionEmailChange, audit.ActionLogin, audit.ActionRegistered,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("entries are %v, want %v", got, want)
	}
}

// waitForEntry waits for an entry that no answer waits for.
func (w *world) waitForEntry(t *testing.T, action audit.Action) {
	t.Helper()
	until(t, string(action), func() bool {
		entries, _, err := audit.List(t.Context(), w.store, audit.Filter{Action: action})
		must(t, err)
		return len(entries) > 0
	})
}
