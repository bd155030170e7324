package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley/rooms"
)

func TestWhatEndsAccessIsCounted(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		u, flagged := e.user(rooms.Sponsor), e.user(rooms.Influencer)
		now := rooms.At(e.clk.now())
		login := func(user User, name string, ttl time.Duration) [32]byte {
			hash := sha256Sum(name)
			must(t, e.CreateSession(t.Context(), Session{
				TokenHash: hash, UserID: user.ID, Kind: SessionCookie, ExpiresAt: now.Add(ttl),
			}))
			return hash
		}
		one, two, three := login(u, "one", time.Hour), login(u, "two", time.Hour), login(u, "three", time.Hour)
		old, under := login(u, "old", time.Nanosecond), login(flagged, "flagged", time.Hour)
		last := int64(-1)
		moved := func() bool {
			n, err := e.AccessEnded(t.Context())
			must(t, err)
			defer func() { last = n }()
			return n > last
		}
		live := func(at rooms.Time) string {
			got, err := e.LiveSessions(t.Context(), [][32]byte{one, two, three, two, old, under, sha256Sum("none")}, at)
			must(t, err)
			var names []string
			for _, s := range []struct {
				name string
				hash [32]byte
			}{{"one", one}, {"two", two}, {"three", three}, {"old", old}, {"under", under}} {
				if flagged, ok := got[s.hash]; ok && flagged {
					names = append(names, "-"+s.name)
				} else if ok {
					names = append(names, s.name)
				}
			}
			return strings.Join(names, " ")
		}
		at := now.Add(time.Second)
		moved()
		if got := live(at); moved() || got != "one two three under" {
			t.Errorf("at first: %s", got)
		}
		must(t, e.RevokeSession(t.Context(), one))
		if got := live(at); !moved() || got != "two three under" {
			t.Errorf("after a logout: %s", got)
		}
		_, err := Write(t.Context(), e.Store, func(ctx context.Context, tx *Tx) ([]Session, error) {
			return tx.RevokeSessions(ctx, u.ID, SessionFilter{But: &three})
		})
		must(t, err)
		if got := live(at); !moved() || got != "three under" {
			t.Errorf("after a logout elsewhere: %s", got)
		}
		// As each log-in asks for, which finds hardly ever one too many.
		_, err = Write(t.Context(), e.Store, func(ctx context.Context, tx *Tx) ([]Session, error) {
			return tx.RevokeSessions(ctx, u.ID, SessionFilter{Newest: 50})
		})
		must(t, err)
		if got := live(at); moved() || got != "three under" {
			t.Errorf("after nothing was ended: %s", got)
		}
		f := Flag{Kind: FlagUser, ID: flagged.ID, Reason: "r", Admin: "a"}
		must(t, e.Flag(t.Context(), f))
		if got := live(at); !moved() || got != "three -under" {
			t.Errorf("after a flag: %s", got)
		}
		must(t, e.Unflag(t.Context(), f))
		must(t, e.Leave(t.Context(), u.ID, anyway))
		if got := live(at); !moved() || got != "under" {
			t.Errorf("after an account's deletion: %s", got)
		}
		if got := live(now.Add(2 * time.Hour)); moved() || got != "" {
			t.Errorf("when their time has come: %s", got)
		}
		if got, err := e.LiveSessions(t.Context(), nil, at); err != nil || len(got) != 0 {
			t.Errorf("of none: %v, %v", got, err)
		}
	})
}

func TestUsersAndSessions(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		u, err := e.CreateUser(t.Context(), User{
			Email: " Ada@Example.Test ", Name: "Ada", Role: rooms.Influencer, PasswordHash: "h",
			Category: "food", Niche: "100%_vegan", Reach: 500,
		})
		must(t, err)
		if u.ID == "" || u.Email != "ada@example.test" || u.CreatedAt.IsZero() {
			t.Errorf("created %+v", u)
		}
		_, err = e.CreateUser(t.Context(), User{Email: "ADA@example.test", Role: rooms.Sponsor})
		if r := refusalOf(t, err, rooms.CodeAlreadyExists); r.Field != "email" {
			t.Errorf("field %s", r.Field)
		}
		for _, find := range []func() (User, error){
			func() (User, error) { return e.UserByEmail(t.Context(), "ada@EXAMPLE.test ") },
			func() (User, error) { return e.UserByID(t.Context(), u.ID) },
		} {
			got, err := find()
			must(t, err)
			if got != u {
				t.Errorf("found %+v, want %+v", got, u)
			}
		}
		_, err = e.UserByID(t.Context(), "none")
		notFoundErr(t, err)
		_, err = e.UserByEmail(t.Context(), "none")
		notFoundErr(t, err)
		yes, name := true, "Ada L."
		got, err := e.UpdateUser(t.Context(), u.ID, UserPatch{Approved: &yes, Name: &name})
		must(t, err)
		if !got.Approved || got.Name != name || got.Reach != 500 {
			t.Errorf("updated %+v", got)
		}
		_, err = e.UpdateUser(t.Context(), "none", UserPatch{Name: &name})
		notFoundErr(t, err)

		now := rooms.At(e.clk.now())
		for i, kind := range []string{SessionCookie, SessionBearer} {
			must(t, e.CreateSession(t.Context(), Session{
				TokenHash: [32]byte{byte(i + 1)}, UserID: u.ID, Kind: kind, Name: "phone", ExpiresAt: now.Add(time.Duration(i+1) * time.Hour),
			}))
		}
		ses, user, err := e.SessionUser(t.Context(), [32]byte{1}, now)
		must(t, err)
		if user != got || ses.Kind != SessionCookie || ses.UserID != u.ID || ses.TokenHash != ([32]byte{1}) {
			t.Errorf("session %+v of %+v", ses, user)
		}
		_, _, err = e.SessionUser(t.Context(), [32]byte{1}, now.Add(time.Hour))
		notFoundErr(t, err)
		_, _, err = e.SessionUser(t.Context(), [32]byte{9}, now)
		notFoundErr(t, err)
		notFoundErr(t, e.CreateSession(t.Context(), Session{TokenHash: [32]byte{7}, UserID: "none", ExpiresAt: now}))
		if list, err := e.ListSessions(t.Context(), u.ID, now); err != nil || len(list) != 2 {
			t.Errorf("sessions %v, %v", list, err)
		}
		if n, err := e.PruneSessions(t.Context(), now.Add(time.Hour), 10); err != nil || n != 1 {
			t.Errorf("pruned %d, %v", n, err)
		}
		must(t, e.RevokeSession(t.Context(), [32]byte{2}))
		_, _, err = e.SessionUser(t.Context(), [32]byte{2}, now)
		notFoundErr(t, err)
		must(t, e.CreateSession(t.Context(), Session{TokenHash: [32]byte{3}, UserID: u.ID, ExpiresAt: now.Add(time.Hour)}))
		must(t, e.RevokeUserSessions(t.Context(), u.ID))
		_, _, err = e.SessionUser(t.Context(), [32]byte{3}, now)
		notFoundErr(t, err)
	})
}

func TestUserLists(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		for i, name := range []string{"Ada", "Bob 100%", "Cyd", "Dee_x", "Eve"} {
			_, err := e.CreateUser(t.Context(), User{
				Email: name + "@example.test", Name: name, Role: rooms.Influencer, Approved: name != "Eve",
				Category: []string{"Food", "music"}[i%2], Niche: "niche", Reach: int64(i * 100),
			})
			must(t, err)
		}
		pending, _, err := e.ListUsers(t.Context(), UserFilter{Pending: true})
		must(t, err)
		if len(pending) != 1 || pending[0].Name != "Eve" {
			t.Errorf("pending %+v", pending)
		}
		must(t, e.Flag(t.Context(), Flag{Kind: FlagUser, ID: pending[0].ID, Reason: "r", Admin: "a"}))
		flagged, _, err := e.ListUsers(t.Context(), UserFilter{Flagged: true, Role: rooms.Influencer, Query: "eve@"})
		must(t, err)
		if len(flagged) != 1 {
			t.Errorf("flagged %+v", flagged)
		}
		total, cursor := 0, ""
		for {
			list, next, err := e.ListUsers(t.Context(), UserFilter{Limit: 2, Cursor: cursor})
			must(t, err)
			total += len(list)
			if cursor = next; next == "" {
				break
			}
		}
		if total != 5 {
			t.Errorf("%d users in pages", total)
		}
	})
}
