package api_test

import (
	"context"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/reports"
)

func TestReports(t *testing.T) {
	w := start(t, options{})
	p, other := w.join(rooms.Sponsor), w.join(rooms.Sponsor)
	list := p.call("GET", "/api/reports", nil).want(200)
	month := list.text("last")
	if len(list.items()) != 0 || list.text("first") != month {
		t.Errorf("at first: %s", list.raw)
	}
	p.call("POST", "/api/reports", object{"month": "2020-01"}).refused(422, "invalid", "month")
	p.call("POST", "/api/reports", object{"month": "2999-01"}).refused(422, "invalid", "month")
	p.call("POST", "/api/reports", object{"month": "2026-13"}).refused(422, "invalid", "month")
	p.call("POST", "/api/reports", object{"month": month}).want(202)
	due, err := jobs.Claim(context.Background(), w.store, jobs.Report, 5, time.Minute)
	must(t, err)
	if len(due.Jobs) != 1 || due.Jobs[0].User != p.id {
		t.Fatalf("due is %+v", due.Jobs)
	}
	_, err = store.Write(context.Background(), w.store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, reports.Keep(ctx, tx, reports.Report{
			User: p.id, Month: month, MadeAt: tx.Now, Summary: reports.Summary{Made: 3}, PDF: []byte("%PDF-x"),
		}, true)
	})
	must(t, err)
	list = p.call("GET", "/api/reports", nil).want(200)
	if items := list.items(); len(items) != 1 || at(items[0], "month") != month || at(items[0], "made") != float64(3) {
		t.Errorf("listed: %s", list.raw)
	}
	if file := p.call("GET", "/api/reports/"+month+"/file", nil).want(200); string(file.raw) != "%PDF-x" {
		t.Errorf("the file is %q", file.raw)
	}
	other.call("GET", "/api/reports/"+month+"/file", nil).want(404)
	if notice := p.call("GET", "/api/notices", nil).want(200); at(notice.items()[0], "kind") != reports.NoticeReady {
		t.Errorf("told: %s", notice.raw)
	}
}
