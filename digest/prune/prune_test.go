package prune_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"parley/digest"
	"parley/digest/inprocess"
	"parley/digest/prune"
	"parley/rooms"
	"parley/store"
	"parley/store/exports"
	"parley/store/jobs"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/storetest/forms"
	"parley/store/webhooks"
)

func TestMain(m *testing.M) { forms.Main(m) }

const (
	patience = 60 * time.Second
	day      = 24 * time.Hour
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, e *forms.Env, do func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, do(ctx, tx)
	})
	must(t, err)
}

// finish has all that is due of a kind end in a state.
func finish(t *testing.T, e *forms.Env, kind string, state jobs.State) {
	t.Helper()
	for {
		b, err := jobs.Claim(t.Context(), e.Store, kind, 500, time.Minute)
		must(t, err)
		if len(b.Jobs) == 0 {
			return
		}
		results := make([]jobs.Result, len(b.Jobs))
		for i, j := range b.Jobs {
			results[i] = jobs.Result{ID: j.ID, Failed: state == jobs.Failed, Outcome: string(state)}
		}
		write(t, e, func(ctx context.Context, tx *store.Tx) error {
			_, err := jobs.Finish(ctx, tx, b.Token, results...)
			return err
		})
	}
}

// count counts the rows of a table.
func count(t *testing.T, e *forms.Env, table, where string) (n int) {
	t.Helper()
	must(t, e.Reads().NewRaw("SELECT COUNT(*) FROM "+table+" WHERE "+where).Scan(t.Context(), &n))
	return n
}

// pruned has the day's job done by an engine, and tells what was removed.
func pruned(t *testing.T, e *forms.Env) map[string]int64 {
	t.Helper()
	removed := make(map[string]int64)
	kind, err := prune.Kind(prune.Config{
		Store: e.Store, Clock: e.Clock.Now, Keep: prune.DefaultKeep, Observe: func(what string, n int64) { removed[what] += n },
	})
	must(t, err)
	today := jobs.Job{Kind: jobs.Prune, Period: e.Clock.Now().Format(time.DateOnly)}
	write(t, e, func(ctx context.Context, tx *store.Tx) error { return jobs.Add(ctx, tx, today) })
	ticks := make(chan time.Time)
	en, err := digest.New(digest.Config{
		Store: e.Store, Runner: inprocess.New(1), Kinds: []digest.Kind{kind}, Ticks: ticks, Clock: e.Clock.Now,
	})
	must(t, err)
	must(t, en.Start())
	end := time.After(patience)
	for over := false; !over; {
		j, err := jobs.Get(t.Context(), e.Store, jobs.Prune, "", today.Period)
		must(t, err)
		switch over = j.State == jobs.Done; {
		case over:
		case j.Outcome != "":
			t.Fatalf("it is %s: %s", j.State, j.Outcome)
		default:
			select {
			case ticks <- time.Time{}:
			case <-end:
				t.Fatal("it did not come to an end")
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	must(t, en.Close(ctx))
	return removed
}

// world puts one record of each sort into the store, and more jobs than one batch holds.
func world(t *testing.T, e *forms.Env, name string) {
	t.Helper()
	u := e.User(t, rooms.Sponsor)
	mail := func(key string) outbox.Mail {
		return outbox.Mail{Key: name + key, Kind: "k", User: u.ID, To: u.Email, Subject: "s", Text: "t", Attachments: []outbox.Attachment{
			{Name: "deal.pdf", MediaType: "application/pdf", Data: []byte("%PDF")},
		}}
	}
	write(t, e, func(ctx context.Context, tx *store.Tx) error {
		if err := outbox.Put(ctx, tx, mail("sent")); err != nil {
			return err
		}
		return notices.Add(ctx, tx, notices.Notice{User: u.ID, Kind: "k"})
	})
	write(t, e, func(ctx context.Context, tx *store.Tx) error {
		var ids []string
		if err := tx.DB.NewRaw("SELECT id FROM outbox WHERE state = 'queued'").Scan(ctx, &ids); err != nil {
			return err
		}
		return outbox.Note(ctx, tx, outbox.Sent, ids...)
	})
	finish(t, e, jobs.Mail, jobs.Done)
	for state, end := range map[outbox.State]jobs.State{outbox.GaveUp: jobs.Failed, outbox.Withdrawn: jobs.Cancelled} {
		write(t, e, func(ctx context.Context, tx *store.Tx) error { return outbox.Put(ctx, tx, mail(string(state))) })
		list, _, err := outbox.List(t.Context(), e.Store, outbox.Filter{State: outbox.Queued})
		must(t, err)
		write(t, e, func(ctx context.Context, tx *store.Tx) error { return outbox.Note(ctx, tx, state, list[0].ID) })
		if end == jobs.Failed {
			finish(t, e, jobs.Mail, end)
			continue
		}
		write(t, e, func(ctx context.Context, tx *store.Tx) error {
			return jobs.CancelNamed(ctx, tx, jobs.Mail, u.ID, []string{list[0].ID})
		})
	}
	write(t, e, func(ctx context.Context, tx *store.Tx) error {
		to, err := webhooks.Add(ctx, tx, webhooks.Webhook{User: u.ID, Form: webhooks.Signed, Name: "w", Host: "h", Target: []byte{0}})
		if err != nil {
			return err
		}
		return webhooks.Put(ctx, tx, webhooks.Message{To: to, Kind: "k", Title: "t", Text: "t"})
	})
	finish(t, e, jobs.Webhook, jobs.Failed)
	_, err := exports.Ask(t.Context(), e.Store, u.ID, "campaigns", false)
	must(t, err)
	finish(t, e, jobs.Export, jobs.Failed)
	must(t, e.CreateSession(t.Context(), store.Session{
		TokenHash: sha256.Sum256([]byte(name)), UserID: u.ID, Kind: store.SessionCookie, ExpiresAt: rooms.At(e.Clock.Now()).Add(day),
	}))
	write(t, e, func(ctx context.Context, tx *store.Tx) error {
		many := make([]jobs.Job, 2100)
		for i := range many {
			many[i] = jobs.Job{Kind: jobs.Tell, User: u.ID, Period: fmt.Sprint(name, i)}
		}
		return jobs.Add(ctx, tx, many...)
	})
	finish(t, e, jobs.Tell, jobs.Done)
}

// TestWhatIsOldGoes: each sort of record goes at its age, in as many batches as it takes,
// and what is not over stays however old it is.
func TestWhatIsOldGoes(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		world(t, e, "first")
		if removed := pruned(t, e); len(removed) != 0 {
			t.Errorf("at once %v", removed)
		}
		e.Clock.Advance(prune.DefaultKeep + time.Hour)
		world(t, e, "second")
		write(t, e, func(ctx context.Context, tx *store.Tx) error {
			return outbox.Put(ctx, tx, outbox.Mail{Key: "waits", Kind: "k", To: "waits@example.test", Subject: "s", Text: "t"})
		})
		for _, step := range []struct {
			later time.Duration
			want  map[string]int64
		}{
			// Of the first world; the job of the day before last is done too.
			{0, map[string]int64{"exports": 1, "mails": 2, "jobs": 1 + 1 + 2100 + 1, "sessions": 1}},
			{time.Hour, map[string]int64{}},
			{61 * day, map[string]int64{"exports": 1, "mails": 2 + 1, "jobs": 1 + 1 + 2100 + 1 + 3, "webhook_messages": 1, "sessions": 1}},
			{91 * day, map[string]int64{"mails": 1, "jobs": 3 + 1, "webhook_messages": 1, "notices": 1}},
		} {
			e.Clock.Advance(step.later)
			if got := pruned(t, e); fmt.Sprint(got) != fmt.Sprint(step.want) {
				t.Errorf("after %s more: %v went, want %v", step.later, got, step.want)
			}
		}
		for table, want := range map[string]int{
			"outbox": 1, "outbox_attachments": 0, "exports": 0, "export_parts": 0, "webhook_messages": 0, "notices": 1, "sessions": 0,
		} {
			if n := count(t, e, table, "1 = 1"); n != want {
				t.Errorf("%d of %s are left, want %d", n, table, want)
			}
		}
		if n := count(t, e, "jobs", "state = 'due'"); n != 1 {
			t.Errorf("%d jobs wait still", n)
		}
	})
}

// TestNothingIsLookedForInAllRows: what is old is found by an index, however many records
// are young.
func TestNothingIsLookedForInAllRows(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		now := rooms.At(e.Clock.Now())
		e.NoScan(t, func(ctx context.Context) error {
			for _, sweep := range []func() (int64, error){
				func() (int64, error) { return jobs.Sweep(ctx, e.Store, jobs.Done, now, 10) },
				func() (int64, error) { return outbox.Sweep(ctx, e.Store, outbox.Sent, now, 10) },
				func() (int64, error) { return exports.Sweep(ctx, e.Store, now, 10) },
				func() (int64, error) { return webhooks.Sweep(ctx, e.Store, now, 10) },
				func() (int64, error) { return notices.Sweep(ctx, e.Store, now, 10) },
				func() (int64, error) { return e.PruneSessions(ctx, now, 10) },
			} {
				if _, err := sweep(); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func TestRecordsAreKeptForLongEnough(t *testing.T) {
	if _, err := prune.Kind(prune.Config{Keep: prune.LeastKeep - 1}); err == nil {
		t.Error("records may go while a month's report is due")
	}
}
