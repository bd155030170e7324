package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/exports"
	"parley/store/jobs"
)

// writeExport writes the parts of a user's export as a worker would; the last one makes it
// ready.
func (w *world) writeExport(user string, parts ...string) {
	w.t.Helper()
	ctx := context.Background()
	b, err := jobs.Claim(ctx, w.store, jobs.Export, 1, time.Minute)
	must(w.t, err)
	if len(b.Jobs) != 1 || b.Jobs[0].User != user {
		w.t.Fatalf("due is %+v", b.Jobs)
	}
	e, err := exports.Get(ctx, w.store, user, b.Jobs[0].Period, rooms.At(time.Now()))
	must(w.t, err)
	for i, part := range parts {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write([]byte(part))
		must(w.t, err)
		must(w.t, z.Close())
		p := exports.Progress{Data: packed.Bytes(), Rows: 1, Bytes: int64(len(part)), Total: int64(len(parts)), Next: "x", Last: i == len(parts)-1}
		_, err = store.Write(ctx, w.store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
			if err := e.Append(ctx, t, p); err != nil || !p.Last {
				return struct{}{}, err
			}
			_, err := jobs.Finish(ctx, t, b.Token, jobs.Result{ID: b.Jobs[0].ID, Outcome: "ready"})
			return struct{}{}, err
		})
		must(w.t, err)
		e.Parts++
	}
}

func TestExports(t *testing.T) {
	w := start(t, options{})
	p, other := w.join(rooms.Sponsor), w.join(rooms.Sponsor)
	s := p.dial()
	s.done(object{"type": "join", "topic": "inbox"})
	id := p.call("POST", "/api/exports", object{"table": "deals", "bom": true}).want(202).text("id")
	if list := p.call("GET", "/api/exports", nil).want(200); len(list.items()) != 1 || at(list.items()[0], "state") != "waiting" ||
		!bytes.Contains([]byte(list.raw), []byte(`"tables":["deals"]`)) {
		t.Errorf("listed: %s", list.raw)
	}
	p.call("GET", "/api/exports/"+id+"/file", nil).want(404)
	w.writeExport(p.id, "a,b\r\n", "1,2\r\n")
	s.next("word of the progress", func(f object) bool { return f["type"] == "notice" && at(f, "data.kind") == "export" })
	if list := p.call("GET", "/api/exports", nil).want(200); at(list.items()[0], "state") != "ready" {
		t.Errorf("listed: %s", list.raw)
	}
	if file := p.call("GET", "/api/exports/"+id+"/file", nil).want(200); string(file.raw) != "a,b\r\n1,2\r\n" {
		t.Errorf("the file is %q", file.raw)
	}
	// What is one's own is nobody else's.
	other.call("GET", "/api/exports/"+id+"/file", nil).want(404)
	other.call("DELETE", "/api/exports/"+id, nil).want(404)
	if list := other.call("GET", "/api/exports", nil).want(200); len(list.items()) != 0 {
		t.Errorf("another sees %s", list.raw)
	}
	p.call("DELETE", "/api/exports/"+id, nil).want(204)
	p.call("GET", "/api/exports/"+id+"/file", nil).want(404)
	if list := p.call("GET", "/api/exports", nil).want(200); at(list.items()[0], "state") != "expired" {
		t.Errorf("after its removal: %s", list.raw)
	}
}

func TestExportsHaveBounds(t *testing.T) {
	w := start(t, options{})
	p := w.join(rooms.Influencer)
	p.call("POST", "/api/exports", object{"table": "users"}).refused(422, "invalid", "table")
	for range exports.MaxOpen {
		p.call("POST", "/api/exports", object{"table": "deals"}).want(202)
	}
	p.call("POST", "/api/exports", object{"table": "deals"}).refused(422, "invalid", "table")
	first := p.call("GET", "/api/exports?limit=2", nil).want(200)
	if len(first.items()) != 2 || first.text("next_cursor") == "" {
		t.Errorf("listed: %s", first.raw)
	}
	p.call("DELETE", "/api/exports/"+at(first.items()[0], "id").(string), nil).want(204)
	p.call("POST", "/api/exports", object{"table": "deals"}).want(202)
}
