package webhooks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/preferences"
	"parley/store/storetest/forms"
	"parley/store/webhooks"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, e *forms.Env, do func(ctx context.Context, tx *store.Tx) error) error {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, do(ctx, tx)
	})
	return err
}

func add(t *testing.T, e *forms.Env, user, name string) (made webhooks.Webhook) {
	t.Helper()
	must(t, write(t, e, func(ctx context.Context, tx *store.Tx) (err error) {
		made, err = webhooks.Add(ctx, tx, webhooks.Webhook{
			User: user, Form: webhooks.Signed, Name: name, Host: "hooks.example", Target: []byte{0, 1},
		})
		return err
	}))
	return made
}

func put(t *testing.T, e *forms.Env, to webhooks.Webhook, titles ...string) {
	t.Helper()
	must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error {
		for _, title := range titles {
			if err := webhooks.Put(ctx, tx, webhooks.Message{To: to, Kind: "k", Title: title, Text: title + "!"}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// claimed are the messages of the jobs that are due.
func claimed(t *testing.T, e *forms.Env) (jobs.Batch, []webhooks.Message) {
	t.Helper()
	b, err := jobs.Claim(t.Context(), e.Store, jobs.Webhook, 100, time.Minute)
	must(t, err)
	ids := make([]string, len(b.Jobs))
	for i, j := range b.Jobs {
		ids[i] = j.Period
	}
	found, err := webhooks.Load(t.Context(), e.Store, ids...)
	must(t, err)
	var list []webhooks.Message
	for _, id := range ids {
		if m, ok := found[id]; ok {
			list = append(list, m)
		}
	}
	return b, list
}

func one(t *testing.T, e *forms.Env, user string) webhooks.Webhook {
	t.Helper()
	list, err := webhooks.List(t.Context(), e.Store, user)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d webhooks", len(list))
	}
	return list[0]
}

func TestOwnersHaveAFewAndOnlyTheirs(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor), e.User(t, rooms.Influencer)
		w := add(t, e, a.ID, "first")
		if got := one(t, e, a.ID); got.ID != w.ID || got.Name != "first" || got.Host != "hooks.example" || len(got.Target) != 2 || !got.On() {
			t.Errorf("kept %+v", got)
		}
		for what, do := range map[string]func(ctx context.Context, tx *store.Tx) error{
			"found": func(ctx context.Context, tx *store.Tx) error { _, err := webhooks.Own(ctx, tx, b.ID, w.ID); return err },
			"switched on": func(ctx context.Context, tx *store.Tx) error {
				_, err := webhooks.SwitchOn(ctx, tx, b.ID, w.ID)
				return err
			},
			"deleted": func(ctx context.Context, tx *store.Tx) error { return webhooks.Delete(ctx, tx, b.ID, w.ID) },
		} {
			if err := write(t, e, do); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another's is %s: %v", what, err)
			}
		}
		for range webhooks.Max - 1 {
			add(t, e, a.ID, "more")
		}
		err := write(t, e, func(ctx context.Context, tx *store.Tx) error {
			_, err := webhooks.Add(ctx, tx, webhooks.Webhook{User: a.ID, Form: webhooks.Chat, Name: "too many", Host: "h", Target: []byte{0}})
			return err
		})
		var refusal *rooms.Refusal
		if !errors.As(err, &refusal) || refusal.Code != rooms.CodeNotAllowed {
			t.Errorf("one too many: %v", err)
		}
	})
}

func TestDeliveredMessagesGoAndFailuresForADaySwitchOff(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		w := add(t, e, u.ID, "w")
		put(t, e, w, "a", "b")
		_, list := claimed(t, e)
		if len(list) != 2 || list[0].Title != "a" || list[1].Text != "b!" || list[0].To.ID != w.ID || list[0].To.User != u.ID {
			t.Fatalf("due are %+v", list)
		}
		fail := func(n int) (off *webhooks.Off) {
			for range n {
				must(t, write(t, e, func(ctx context.Context, tx *store.Tx) (err error) {
					off, err = webhooks.Failed(ctx, tx, &list[1], "no answer")
					return err
				}))
			}
			return off
		}
		// However many fail at once, that is one blip.
		if off := fail(3 * webhooks.FailuresToOff); off != nil || one(t, e, u.ID).Failures != 3*webhooks.FailuresToOff {
			t.Fatalf("off after a moment: %+v", off)
		}
		e.Clock.Advance(webhooks.FailingToOff - time.Minute)
		if off := fail(1); off != nil {
			t.Fatalf("too early: %+v", off)
		}
		must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error { return webhooks.Delivered(ctx, tx, &list[0]) }))
		if got := one(t, e, u.ID); got.Failures != 0 || got.FailingSince != nil {
			t.Errorf("after a delivery %d failures since %v", got.Failures, got.FailingSince)
		}
		if left, err := webhooks.Load(t.Context(), e.Store, list[0].ID, list[1].ID); err != nil || len(left) != 1 {
			t.Errorf("left are %v %v", left, err)
		}
		// However long it fails, a few attempts are no proof.
		fail(1)
		began := one(t, e, u.ID).FailingSince
		e.Clock.Advance(2 * webhooks.FailingToOff)
		if off := fail(webhooks.FailuresToOff - 2); off != nil {
			t.Fatalf("off after %d attempts: %+v", webhooks.FailuresToOff-1, off)
		}
		off := fail(1)
		if off == nil || off.Dropped != 1 || off.OffReason != "no answer" || off.On() || off.Failures != webhooks.FailuresToOff ||
			!off.FailingSince.Equal(began.Time) {
			t.Fatalf("not off: %+v", off)
		}
		if again := fail(1); again != nil {
			t.Errorf("switched off twice: %+v", again)
		}
		j, err := jobs.Get(t.Context(), e.Store, jobs.Webhook, u.ID, list[1].ID)
		must(t, err)
		if j.State != jobs.Cancelled {
			t.Errorf("its message is %s", j.State)
		}
		if got := one(t, e, u.ID); got.On() || got.OffReason != "no answer" {
			t.Errorf("kept %+v", got)
		}
		must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error {
			_, err := webhooks.SwitchOn(ctx, tx, u.ID, w.ID)
			return err
		}))
		if got := one(t, e, u.ID); !got.On() || got.Failures != 0 || got.FailingSince != nil || got.OffReason != "" {
			t.Errorf("on again: %+v", got)
		}
	})
}

func TestWhoChoseAWebhookIsToldThereWhileItIsOn(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u, other := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		w := add(t, e, u.ID, "w")
		prefer := func(user string) {
			must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error {
				p := preferences.Default()
				p.Webhook = w.ID
				return preferences.Set(ctx, tx, user, p)
			}))
		}
		chosen := func() (n int) {
			must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error {
				found, err := webhooks.Chosen(ctx, tx, []string{u.ID, other.ID})
				n = len(found)
				if found[u.ID].ID != w.ID && n > 0 {
					t.Errorf("chosen %+v", found)
				}
				return err
			}))
			return n
		}
		if chosen() != 0 {
			t.Error("nobody chose")
		}
		prefer(u.ID)
		prefer(other.ID) // not theirs
		if chosen() != 1 {
			t.Error("not only the owner is told there")
		}
		put(t, e, w, "a", "b")
		must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error { return webhooks.Delete(ctx, tx, u.ID, w.ID) }))
		if chosen() != 0 {
			t.Error("deleted, and still chosen")
		}
		if p, err := preferences.Get(t.Context(), e.Store, u.ID); err != nil || p.Webhook != "" {
			t.Errorf("still prefers %+v %v", p, err)
		}
		if b, list := claimed(t, e); len(b.Jobs)+len(list) != 0 {
			t.Errorf("deleted, and still due: %v", list)
		}
	})
}

func TestErasingLeavesNothingOfOneUser(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		put(t, e, add(t, e, a.ID, "mine"), "mine")
		put(t, e, add(t, e, b.ID, "theirs"), "theirs")
		must(t, write(t, e, func(ctx context.Context, tx *store.Tx) error { return webhooks.Erase(ctx, tx, a.ID) }))
		if list, err := webhooks.List(t.Context(), e.Store, a.ID); err != nil || len(list) != 0 {
			t.Errorf("left %v %v", list, err)
		}
		if _, list := claimed(t, e); len(list) != 1 || list[0].Title != "theirs" {
			t.Errorf("messages %+v", list)
		}
	})
}

func TestAddresses(t *testing.T) {
	for raw, good := range map[string]bool{
		"https://chat.googleapis.com/v1/spaces/x/messages?key=k&token=t": true,
		"https://hooks.example:8443/in":                                  true,
		"http://hooks.example/in":                                        false,
		"https://me:secret@hooks.example/in":                             false,
		"https://hooks.example/in#part":                                  false,
		"https:///in":                                                    false,
		"https:hooks.example":                                            false,
		"hooks.example":                                                  false,
		"":                                                               false,
		"https://hooks.example/\n":                                       false,
		"https://hooks.example/" + strings.Repeat("x", webhooks.MaxURLChars-22): true,
		"https://hooks.example/" + strings.Repeat("x", webhooks.MaxURLChars-21): false,
	} {
		_, err := webhooks.CheckURL(raw)
		var refusal *rooms.Refusal
		if good && err != nil || !good && (!errors.As(err, &refusal) || refusal.Field != "url" || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%.60s: %v", raw, err)
		}
	}
}
