package credentials_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/credentials"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func hash(s string) [32]byte { return sha256.Sum256([]byte(s)) }

func within(t *testing.T, e *forms.Env, do func(ctx context.Context, tx *store.Tx) error) error {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, do(ctx, tx)
	})
	return err
}

func issue(t *testing.T, e *forms.Env, user, secret string, purpose credentials.Purpose, ttl time.Duration) {
	t.Helper()
	must(t, within(t, e, func(ctx context.Context, tx *store.Tx) error {
		return credentials.Issue(ctx, tx, credentials.Ticket{
			Hash: hash(secret), User: user, Purpose: purpose, Email: secret + "@example.test", ExpiresAt: tx.Now.Add(ttl),
		})
	}))
}

func use(t *testing.T, e *forms.Env, secret string, purposes ...credentials.Purpose) (k credentials.Ticket, err error) {
	t.Helper()
	err = within(t, e, func(ctx context.Context, tx *store.Tx) (err error) {
		k, err = credentials.Use(ctx, tx, hash(secret), purposes...)
		return err
	})
	return k, err
}

func TestATicketWorksOnceAndInTime(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		issue(t, e, a.ID, "a", credentials.Reset, time.Hour)
		issue(t, e, b.ID, "b", credentials.Reset, time.Hour)
		if _, err := use(t, e, "a", credentials.Verify, credentials.ChangeEmail); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("used for another purpose: %v", err)
		}
		k, err := use(t, e, "a", credentials.Verify, credentials.Reset)
		must(t, err)
		if k.User != a.ID || k.Purpose != credentials.Reset || k.Email != "a@example.test" {
			t.Errorf("used %+v", k)
		}
		if _, err := use(t, e, "a", credentials.Reset); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("used twice: %v", err)
		}
		e.Clock.Advance(time.Hour)
		if _, err := use(t, e, "b", credentials.Reset); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("used too late: %v", err)
		}

		// A new one takes the place of those before it, for its purpose alone.
		issue(t, e, a.ID, "a1", credentials.Reset, time.Hour)
		issue(t, e, a.ID, "a2", credentials.Verify, time.Hour)
		issue(t, e, b.ID, "b1", credentials.Reset, time.Hour)
		issue(t, e, a.ID, "a3", credentials.Reset, time.Hour)
		if _, err := use(t, e, "a1", credentials.Reset); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("used the one before: %v", err)
		}
		for _, secret := range []string{"a2", "a3", "b1"} {
			_, err := use(t, e, secret, credentials.Reset, credentials.Verify)
			must(t, err)
		}
		issue(t, e, a.ID, "a4", credentials.Reset, time.Hour)
		issue(t, e, a.ID, "a5", credentials.Verify, time.Hour)
		must(t, within(t, e, func(ctx context.Context, tx *store.Tx) error {
			return credentials.Cancel(ctx, tx, a.ID, credentials.Reset)
		}))
		if _, err := use(t, e, "a4", credentials.Reset); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("used though it was cancelled: %v", err)
		}
		_, err = use(t, e, "a5", credentials.Verify)
		must(t, err)
	})
}

func TestOfManyAtOnceOneUsesATicket(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Sponsor)
		issue(t, e, u.ID, "a", credentials.Reset, time.Hour)
		var used atomic.Int32
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if _, err := use(t, e, "a", credentials.Reset); err == nil {
					used.Add(1)
				}
			})
		}
		all.Wait()
		if n := used.Load(); n != 1 {
			t.Errorf("used %d times", n)
		}
	})
}

func TestACodeCountsOnceAndTheFirstConfirms(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := e.User(t, rooms.Admin)
		propose := func(secret string) error {
			return within(t, e, func(ctx context.Context, tx *store.Tx) error {
				return credentials.Propose(ctx, tx, u.ID, []byte(secret))
			})
		}
		var f credentials.Factor
		take := func(step int64) error {
			return within(t, e, func(ctx context.Context, tx *store.Tx) error { return credentials.TakeStep(ctx, tx, &f, step) })
		}
		has := func() (on bool) {
			must(t, within(t, e, func(ctx context.Context, tx *store.Tx) (err error) {
				on, err = credentials.HasFactor(ctx, tx, u.ID)
				return err
			}))
			return on
		}
		if _, err := credentials.FactorOf(t.Context(), e.Store, u.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a factor of nobody: %v", err)
		}
		must(t, propose("one"))
		f, err := credentials.FactorOf(t.Context(), e.Store, u.ID)
		must(t, err)
		must(t, propose("two"))
		// What was checked against one secret says nothing of another.
		if err := take(10); !errors.Is(err, store.ErrNotFound) || has() {
			t.Errorf("a code of a secret that was replaced: %v", err)
		}
		f, err = credentials.FactorOf(t.Context(), e.Store, u.ID)
		must(t, err)
		if string(f.Secret) != "two" || f.Confirmed != nil {
			t.Errorf("proposed %+v", f)
		}
		must(t, take(10))
		if !has() {
			t.Error("the first code did not confirm it")
		}
		var refusal *rooms.Refusal
		for _, step := range []int64{10, 9} {
			if err := take(step); !errors.As(err, &refusal) || refusal.Field != "code" {
				t.Errorf("step %d again: %v", step, err)
			}
		}
		must(t, take(11))
		if err := propose("three"); !errors.As(err, &refusal) || refusal.Code != rooms.CodeNotAllowed {
			t.Errorf("another secret for a confirmed factor: %v", err)
		}
		f, err = credentials.FactorOf(t.Context(), e.Store, u.ID)
		must(t, err)
		if string(f.Secret) != "two" || f.Confirmed == nil || f.LastStep != 11 {
			t.Errorf("confirmed %+v", f)
		}
		must(t, within(t, e, func(ctx context.Context, tx *store.Tx) error {
			return credentials.RemoveFactor(ctx, tx, u.ID)
		}))
		if err := take(12); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a code of a factor that was removed: %v", err)
		}
		must(t, propose("three"))
	})
}

func TestRecoveryCodesAreOnesOwnAndWorkOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		set := func(user string, codes ...string) {
			hashes := make([][32]byte, len(codes))
			for i, c := range codes {
				hashes[i] = hash(c)
			}
			must(t, within(t, e, func(ctx context.Context, tx *store.Tx) error {
				return credentials.SetRecoveryCodes(ctx, tx, user, hashes)
			}))
		}
		take := func(user, code string) (left int, err error) {
			err = within(t, e, func(ctx context.Context, tx *store.Tx) (err error) {
				left, err = credentials.UseRecoveryCode(ctx, tx, user, hash(code))
				return err
			})
			return left, err
		}
		set(a.ID, "1", "2", "3")
		set(b.ID, "4")
		left, err := take(a.ID, "1")
		must(t, err)
		if left != 2 {
			t.Errorf("%d left", left)
		}
		for user, code := range map[string]string{a.ID: "1", b.ID: "2"} {
			if _, err := take(user, code); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("code %s: %v", code, err)
			}
		}
		set(a.ID, "5")
		if _, err := take(a.ID, "2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a code of an earlier set: %v", err)
		}
		if n, err := credentials.RecoveryCodesLeft(t.Context(), e.Store, a.ID); n != 1 || err != nil {
			t.Errorf("%d left: %v", n, err)
		}
	})
}

func TestDevicesAreKnownForATime(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		const year = 365 * 24 * time.Hour
		remember := func(secret string) {
			must(t, within(t, e, func(ctx context.Context, tx *store.Tx) error {
				return credentials.Remember(ctx, tx, a.ID, hash(secret), tx.Now.Add(-year))
			}))
		}
		knows := func(user, secret string) bool {
			known, err := credentials.Knows(t.Context(), e.Store, user, hash(secret), rooms.At(e.Clock.Now()).Add(-year))
			must(t, err)
			return known
		}
		remember("laptop")
		if !knows(a.ID, "laptop") || knows(a.ID, "phone") || knows(b.ID, "laptop") {
			t.Error("known are others than those that were remembered")
		}
		e.Clock.Advance(year / 2)
		remember("laptop")
		e.Clock.Advance(year / 2)
		if !knows(a.ID, "laptop") {
			t.Error("a device that was seen half a year ago is forgotten")
		}
		e.Clock.Advance(year)
		if knows(a.ID, "laptop") {
			t.Error("a device that was not seen for long is known")
		}
		remember("laptop")
		must(t, within(t, e, func(ctx context.Context, tx *store.Tx) error { return credentials.Erase(ctx, tx, a.ID) }))
		if knows(a.ID, "laptop") {
			t.Error("known after the end")
		}
	})
}
