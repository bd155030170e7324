package outbox_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, e *forms.Env, mails ...outbox.Mail) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		for _, m := range mails {
			if err := outbox.Put(ctx, tx, m); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	must(t, err)
}

func list(t *testing.T, e *forms.Env, f outbox.Filter) ([]outbox.Mail, string) {
	t.Helper()
	mails, next, err := outbox.List(t.Context(), e.Store, f)
	must(t, err)
	return mails, next
}

func welcome(u store.User, key string) outbox.Mail {
	return outbox.Mail{
		Key: key, Kind: "welcome", User: u.ID, To: u.Email, Subject: "Welcome " + key, Text: "Hello", HTML: "<p>Hello</p>",
	}
}

func TestTheSameCauseQueuesOneMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		put(t, e, welcome(u, "a"), welcome(u, "a"))
		put(t, e, welcome(u, "a"), welcome(u, "b"))
		mails, _ := list(t, e, outbox.Filter{})
		if len(mails) != 2 || mails[0].Key != "b" || mails[1].Key != "a" {
			t.Fatalf("queued %+v", mails)
		}
		if mails[0].MessageID == mails[1].MessageID || mails[0].Text != "" {
			t.Errorf("listed %+v", mails)
		}
		m, err := outbox.Get(t.Context(), e.Store, mails[1].ID)
		must(t, err)
		if m.Text != "Hello" || m.HTML != "<p>Hello</p>" || m.User != u.ID || m.To != u.Email || m.State != outbox.Queued {
			t.Errorf("read %+v", m)
		}
		if _, err := outbox.Get(t.Context(), e.Store, "nothing"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such mail: %v", err)
		}
	})
}

func TestAMailGoesWithItsCause(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		because := rooms.Invalid("name", rooms.Form("is wrong"))
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			must(t, outbox.Put(ctx, tx, welcome(u, "a")))
			return struct{}{}, because
		})
		if !errors.Is(err, because) {
			t.Fatalf("the write: %v", err)
		}
		if mails, _ := list(t, e, outbox.Filter{}); len(mails) != 0 {
			t.Errorf("queued %+v", mails)
		}
	})
}

func TestAMailThatIsNoneIsRefused(t *testing.T) {
	e := forms.SQLite(t)
	for name, m := range map[string]outbox.Mail{
		"no key":              {Kind: "k", To: "a@example.test"},
		"no kind":             {Key: "k", To: "a@example.test"},
		"no address":          {Key: "k", Kind: "k"},
		"a header of its own": {Key: "k", Kind: "k", To: "a@example.test", Subject: "x\r\nBcc: b@example.test"},
		"a header by its name": {Key: "k", Kind: "k", To: "a@example.test",
			Attachments: []outbox.Attachment{{Name: "a\r\nX: y", MediaType: "text/plain", Data: []byte("x")}}},
		"an empty attachment": {Key: "k", Kind: "k", To: "a@example.test",
			Attachments: []outbox.Attachment{{Name: "a", MediaType: "text/plain"}}},
		"a second address": {Key: "k", Kind: "k", To: "a@example.test\nTo: b@example.test"},
	} {
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, outbox.Put(ctx, tx, m)
		})
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestListsArePagedAndFiltered(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u, other := e.User(t, rooms.Sponsor), e.User(t, rooms.Influencer)
		put(t, e, welcome(u, "1"), welcome(u, "2"), welcome(other, "3"))
		first, next := list(t, e, outbox.Filter{Limit: 2})
		second, end := list(t, e, outbox.Filter{Limit: 2, Cursor: next})
		if len(first) != 2 || len(second) != 1 || first[0].Key != "3" || second[0].Key != "1" || end != "" {
			t.Errorf("pages %+v and %+v, then %q", first, second, end)
		}
		for name, c := range map[string]struct {
			f    outbox.Filter
			want int
		}{
			"user":    {outbox.Filter{User: u.ID}, 2},
			"kind":    {outbox.Filter{Kind: "other"}, 0},
			"state":   {outbox.Filter{State: outbox.Queued}, 3},
			"subject": {outbox.Filter{Query: "wElcome 3"}, 1},
			"pattern": {outbox.Filter{Query: "%"}, 0},
		} {
			if got, _ := list(t, e, c.f); len(got) != c.want {
				t.Errorf("by %s: %d mails, want %d", name, len(got), c.want)
			}
		}
	})
}

// note notes how far mails are.
func note(t *testing.T, e *forms.Env, state outbox.State, ids ...string) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, outbox.Note(ctx, tx, state, ids...)
	})
	must(t, err)
}

func TestAMailHasAJob(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		nobody := outbox.Mail{Key: "b", Kind: "k", To: "a@example.test", Subject: "s", Text: "t"}
		put(t, e, welcome(u, "a"), nobody, welcome(u, "a"))
		b, err := jobs.Claim(t.Context(), e.Store, jobs.Mail, 10, time.Minute)
		must(t, err)
		if len(b.Jobs) != 2 || b.Jobs[0].User != u.ID || b.Jobs[1].User != "" {
			t.Fatalf("jobs %+v", b.Jobs)
		}
		read, err := outbox.Load(t.Context(), e.Store, b.Jobs[0].Period, b.Jobs[1].Period, "nothing")
		must(t, err)
		if len(read) != 2 || read[0].Text == "" || read[0].Attempts != 1 || read[0].NextAttempt != nil {
			t.Fatalf("read %+v", read)
		}
		_, err = store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			_, err := jobs.Finish(ctx, tx, b.Token, jobs.Result{ID: b.Jobs[0].ID, Failed: true, Outcome: "greylisted", Retry: time.Hour})
			return struct{}{}, err
		})
		must(t, err)
		m, err := outbox.Get(t.Context(), e.Store, b.Jobs[0].Period)
		must(t, err)
		if m.LastError != "greylisted" || m.NextAttempt == nil || m.State != outbox.Queued {
			t.Errorf("after a failure: %+v", m)
		}
	})
}

func TestStates(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		put(t, e, welcome(u, "sent"), welcome(u, "kept"), welcome(u, "failed"))
		mails, _ := list(t, e, outbox.Filter{})
		failed, kept, sent := mails[0].ID, mails[1].ID, mails[2].ID
		note(t, e, outbox.Sent, sent)
		note(t, e, outbox.Kept, kept)
		note(t, e, outbox.GaveUp, failed, sent, kept)
		state := func(id string) outbox.State {
			m, err := outbox.Get(t.Context(), e.Store, id)
			must(t, err)
			if (m.SentAt != nil) != (m.State == outbox.Sent) {
				t.Errorf("%s at %v", m.State, m.SentAt)
			}
			return m.State
		}
		if state(sent) != outbox.Sent || state(kept) != outbox.Kept || state(failed) != outbox.GaveUp {
			t.Errorf("states %s, %s, %s", state(sent), state(kept), state(failed))
		}
		// An admin has it tried again.
		note(t, e, outbox.Sent, failed)
		if state(failed) != outbox.Sent {
			t.Errorf("sent after all: %s", state(failed))
		}
	})
}

func TestAttachments(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		m := welcome(e.User(t, rooms.Sponsor), "a")
		m.Unsubscribe = "https://parley.test/u/1"
		m.Attachments = []outbox.Attachment{
			{Name: "deal.pdf", MediaType: "application/pdf", Data: []byte("%PDF")},
			{Name: "chart.png", MediaType: "image/png", ContentID: "chart", Data: []byte{0, 1}},
		}
		put(t, e, m, m)
		mails, _ := list(t, e, outbox.Filter{})
		got, err := outbox.Get(t.Context(), e.Store, mails[0].ID)
		must(t, err)
		if !slices.EqualFunc(got.Attachments, m.Attachments, func(a, b outbox.Attachment) bool {
			return a.Name == b.Name && a.MediaType == b.MediaType && a.ContentID == b.ContentID && string(a.Data) == string(b.Data)
		}) || got.Unsubscribe != m.Unsubscribe {
			t.Errorf("read %+v", got)
		}
		if file, err := outbox.File(t.Context(), e.Store, got.ID, 1); err != nil || file.Name != "chart.png" || file.ContentID != "chart" {
			t.Errorf("one alone: %+v, %v", file, err)
		}
		if _, err := outbox.File(t.Context(), e.Store, got.ID, 2); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("one that there is not: %v", err)
		}
	})
}

func TestEraseLeavesThatThereWasAMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u, other := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		put(t, e, welcome(u, "1"), welcome(u, "2"), welcome(other, "3"))
		sent, _ := list(t, e, outbox.Filter{Query: "Welcome 1"})
		note(t, e, outbox.Sent, sent[0].ID)
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, outbox.Erase(ctx, tx, u.ID)
		})
		must(t, err)
		mails, _ := list(t, e, outbox.Filter{User: u.ID})
		if len(mails) != 2 || mails[0].State != outbox.Withdrawn || mails[1].State != outbox.Sent {
			t.Fatalf("left %+v", mails)
		}
		for _, m := range mails {
			if m.To != "" || m.Subject != "" {
				t.Errorf("left %+v", m)
			}
		}
		if mails, _ := list(t, e, outbox.Filter{User: other.ID}); len(mails) != 1 || mails[0].To != other.Email {
			t.Errorf("another's: %+v", mails)
		}
	})
}
