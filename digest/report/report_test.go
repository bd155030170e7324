package report

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/digest/desk"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/outbox/letter/golden"
	"parley/store/reports"
	"parley/store/storetest/forms"
)

// full is a report with something of everything.
func full(t *testing.T) document {
	m := monthIn(t, "2026-10", "Europe/Vienna")
	f := Figures{
		Month:  m,
		Now:    Counts{Opened: 12, Offers: 69, Made: 9, Completed: 3, Rounds: 3.5, Took: 40 * time.Hour},
		Before: Counts{Opened: 9, Offers: 51, Made: 4, Completed: 5, Rounds: 4, Took: 90 * time.Hour},
		Budgets: []Budget{
			{Currency: "EUR", Total: 5_000_000, Used: 1_200_000, Held: 340_000, Campaigns: 3, Running: 2},
			{Currency: "JPY", Total: 900_000, Used: 120_000, Campaigns: 1},
		},
		Campaigns: []Campaign{
			{ID: "1", Name: "Autumn in the mountains, with a name that goes on", Open: 4, Counts: Counts{Made: 6},
				Budget: Budget{Currency: "EUR", Total: 2_000_000, Used: 900_000, Held: 100_000}},
			{ID: "2", Name: "Zoë & <friends>", Open: 1, Counts: Counts{Made: 2, Completed: 2},
				Budget: Budget{Currency: "EUR", Total: 1_000_000, Used: 100_000, Held: 240_000}},
			{ID: "3", Name: "Spring teas", Counts: Counts{Made: 1, Completed: 1}, Budget: Budget{Currency: "EUR", Total: 2_000_000, Used: 200_000}},
			{ID: "4", Name: "Kyoto", Budget: Budget{Currency: "JPY", Total: 900_000, Used: 120_000}},
		},
	}
	for i, n := range []int{12, 30, 8, 17, 2} {
		f.Weeks = append(f.Weeks, Week{From: m.From.AddDate(0, 0, 7*i), Offers: n, Deals: n / 8})
	}
	d, err := draft(f, "Alpine Teas", time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC))
	must(t, err)
	return d
}

func TestGolden(t *testing.T) {
	for name, d := range map[string]document{"full": full(t), "quiet": quiet(t)} {
		m, err := d.letter(func(path string) string { return "https://parley.example" + path }).Mail("key", "user", "a@example.com")
		must(t, err)
		golden.Check(t, name, m)
		pdf, err := d.sheet()
		must(t, err)
		again, err := d.sheet()
		must(t, err)
		if !bytes.Equal(pdf, again) {
			t.Errorf("%s: the same report is set in two ways", name)
		}
		path := filepath.Join("testdata", name+".pdf")
		if golden.Updating() {
			must(t, os.WriteFile(path, pdf, 0o644))
			continue
		}
		want, err := os.ReadFile(path)
		must(t, err)
		if !bytes.Equal(pdf, want) {
			t.Errorf("%s differs; run the test with -update and look at it", path)
		}
	}
}

// quiet is a month in which nothing happened, not yet over.
func quiet(t *testing.T) document {
	m := monthIn(t, "2026-10", "UTC")
	f := newFolder(m, []CampaignFacts{{
		ID: "1", Name: "Autumn", Currency: "EUR", Budget: 100_000, Created: m.Before, Starts: m.From, Ends: m.To.AddDate(0, 1, 0),
	}}).figures()
	d, err := draft(f, "Alpine Teas", m.From.Add(100*time.Hour))
	must(t, err)
	return d
}

func newDesk(e *forms.Env) *desk.Desk {
	return &desk.Desk{Store: e.Store, Clock: e.Clock.Now, URL: "https://parley.example"}
}

// run adds a job and has it done.
func run(t *testing.T, e *forms.Env, kind, user, period string) jobs.Job {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, jobs.Add(ctx, tx, jobs.Job{Kind: kind, User: user, Period: period})
	})
	must(t, err)
	for _, k := range Kinds(newDesk(e)) {
		if k.Name != kind {
			continue
		}
		b, err := jobs.Claim(t.Context(), e.Store, kind, k.Batch, k.Lease)
		must(t, err)
		must(t, k.Do(t.Context(), &b))
	}
	j, err := jobs.Get(t.Context(), e.Store, kind, user, period)
	must(t, err)
	return j
}

func TestAMonthlyReportGoesOutOnceAndIsKept(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor := story(t, e)
		if j := run(t, e, jobs.Monthly, sponsor.ID, "2026-12"); j.Outcome != desk.Told || j.State != jobs.Done {
			t.Fatalf("the job: %+v", j)
		}
		mails, _, err := outbox.List(t.Context(), e.Store, outbox.Filter{User: sponsor.ID})
		must(t, err)
		if len(mails) != 1 {
			t.Fatalf("mails %+v", mails)
		}
		mail, err := outbox.Get(t.Context(), e.Store, mails[0].ID)
		must(t, err)
		kept, err := reports.Get(t.Context(), e.Store, sponsor.ID, "2026-12")
		must(t, err)
		last := mail.Attachments[len(mail.Attachments)-1]
		if len(mail.Attachments) != 3 || !bytes.Equal(last.Data, kept.PDF) || !bytes.HasPrefix(kept.PDF, []byte("%PDF-")) || mail.Unsubscribe == "" {
			t.Errorf("%d attachments, the last %s; %d bytes kept", len(mail.Attachments), last.Name, len(kept.PDF))
		}
		if kept.Summary != (reports.Summary{Opened: 2, Offers: 4, Made: 1, Completed: 1}) || !kept.Complete {
			t.Errorf("kept %+v", kept)
		}
	})
}

func TestAReportThatWasAskedForIsNoMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor := story(t, e)
		must(t, reports.Ask(t.Context(), e.Store, sponsor.ID, "2027-01"))
		must(t, reports.Ask(t.Context(), e.Store, sponsor.ID, "2027-01"))
		open, _, err := jobs.List(t.Context(), e.Store, jobs.Filter{Kind: jobs.Report})
		must(t, err)
		if len(open) != 1 {
			t.Fatalf("asked twice, due %+v", open)
		}
		if j := run(t, e, jobs.Report, sponsor.ID, "2026-12 x"); j.Outcome != desk.Told {
			t.Fatalf("the job: %+v", j)
		}
		if mails, _, err := outbox.List(t.Context(), e.Store, outbox.Filter{}); err != nil || len(mails) != 0 {
			t.Errorf("mails %+v, %v", mails, err)
		}
		list, err := reports.List(t.Context(), e.Store, sponsor.ID)
		must(t, err)
		if len(list) != 2 || list[0].Month != "2027-01" || list[0].Complete || !list[1].Complete || list[0].PDF != nil {
			t.Errorf("kept %+v", list)
		}
		told, _, _, err := notices.List(t.Context(), e.Store, sponsor.ID, "", 5)
		must(t, err)
		if len(told) != 2 || told[0].Kind != reports.NoticeReady {
			t.Errorf("told %+v", told)
		}
	})
}

func TestAReportThatIsGivenUpIsTold(t *testing.T) {
	e := forms.SQLite(t)
	sponsor := e.User(t, rooms.Sponsor)
	for _, k := range Kinds(newDesk(e)) {
		if k.GaveUp == nil {
			continue
		}
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, k.GaveUp(ctx, tx, []jobs.Job{{Kind: k.Name, User: sponsor.ID, Period: "2026-12 x"}})
		})
		must(t, err)
	}
	told, _, _, err := notices.List(t.Context(), e.Store, sponsor.ID, "", 5)
	must(t, err)
	if len(told) != 1 || told[0].Kind != reports.NoticeFailed || string(told[0].Data) != `{"month":"2026-12"}` {
		t.Errorf("told %+v", told)
	}
}

func TestWhoHasNothingToReadGetsNothing(t *testing.T) {
	e := forms.SQLite(t)
	if j := run(t, e, jobs.Monthly, e.User(t, rooms.Sponsor).ID, "2026-12"); j.Outcome != desk.Nothing {
		t.Errorf("without a campaign: %+v", j)
	}
	if j := run(t, e, jobs.Monthly, e.User(t, rooms.Influencer).ID, "2026-12"); j.Outcome != desk.Unwanted {
		t.Errorf("to an influencer: %+v", j)
	}
	if mails, _, err := outbox.List(t.Context(), e.Store, outbox.Filter{}); err != nil || len(mails) != 0 {
		t.Errorf("mails %+v, %v", mails, err)
	}
}
