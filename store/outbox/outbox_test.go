package outbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
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
		because := rooms.Invalid("name", "is wrong")
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
		"a second address":    {Key: "k", Kind: "k", To: "a@example.test\nTo: b@example.test"},
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

func TestOneSenderGetsAMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		put(t, e, welcome(u, "a"))
		due := func() []outbox.Mail {
			mails, err := outbox.Due(t.Context(), e.Store, rooms.At(e.Clock.Now()), 10)
			must(t, err)
			return mails
		}
		first := due()
		if len(first) != 1 || first[0].Text != "Hello" {
			t.Fatalf("due %+v", first)
		}
		until := rooms.At(e.Clock.Now()).Add(time.Minute)
		for i, want := range []bool{true, false} {
			got, err := outbox.Claim(t.Context(), e.Store, first[0], until)
			must(t, err)
			if got != want {
				t.Errorf("claim %d: %v", i, got)
			}
		}
		if again := due(); len(again) != 0 {
			t.Errorf("due while it is claimed: %+v", again)
		}
		// The sender died; another one fails, then a third one sends.
		e.Clock.Advance(time.Minute)
		again := due()
		if len(again) != 1 || again[0].Attempts != 1 || again[0].MessageID != first[0].MessageID {
			t.Fatalf("due after a minute: %+v", again)
		}
		must(t, outbox.MarkFailed(t.Context(), e.Store, first[0].ID, "greylisted", time.Hour))
		if mails := due(); len(mails) != 0 {
			t.Errorf("due at once after a failure: %+v", mails)
		}
		e.Clock.Advance(time.Hour)
		if mails := due(); len(mails) != 1 || mails[0].LastError != "greylisted" {
			t.Errorf("due after an hour: %+v", mails)
		}
		must(t, outbox.MarkSent(t.Context(), e.Store, first[0].ID))
		m, err := outbox.Get(t.Context(), e.Store, first[0].ID)
		must(t, err)
		if m.State != outbox.Sent || m.SentAt == nil || m.NextAttempt != nil || m.LastError != "" {
			t.Errorf("sent: %+v", m)
		}
		if err := outbox.MarkSent(t.Context(), e.Store, m.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("sent twice: %v", err)
		}
	})
}

func TestAMailIsGivenUp(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		put(t, e, welcome(e.User(t, rooms.Sponsor), "a"))
		mails, _ := list(t, e, outbox.Filter{})
		must(t, outbox.MarkFailed(t.Context(), e.Store, mails[0].ID, "no such user", 0))
		mails, _ = list(t, e, outbox.Filter{State: outbox.GaveUp})
		if len(mails) != 1 || mails[0].NextAttempt != nil {
			t.Errorf("given up: %+v", mails)
		}
	})
}

func TestEraseLeavesThatThereWasAMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u, other := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		put(t, e, welcome(u, "1"), welcome(u, "2"), welcome(other, "3"))
		sent, _ := list(t, e, outbox.Filter{Query: "Welcome 1"})
		must(t, outbox.MarkSent(t.Context(), e.Store, sent[0].ID))
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, outbox.Erase(ctx, tx, u.ID)
		})
		must(t, err)
		mails, _ := list(t, e, outbox.Filter{User: u.ID})
		if len(mails) != 2 || mails[0].State != outbox.Withdrawn || mails[1].State != outbox.Sent {
			t.Fatalf("left %+v", mails)
		}
		for _, m := range mails {
			if m.To != "" || m.Subject != "" || m.NextAttempt != nil {
				t.Errorf("left %+v", m)
			}
		}
		if mails, _ := list(t, e, outbox.Filter{User: other.ID}); len(mails) != 1 || mails[0].To != other.Email {
			t.Errorf("another's: %+v", mails)
		}
	})
}
