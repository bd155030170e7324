package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

func TestLeavingRemovesThePersonAndKeepsTheLog(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 300)
		var obstacles *rooms.Refusal
		if err := e.Leave(t.Context(), w.sponsor.ID, anyway); !errors.As(err, &obstacles) || obstacles.Code != rooms.CodeNotAllowed {
			t.Fatalf("left a campaign that runs: %v", err)
		}
		if in := obstacles.Details.(Obstacles); len(in.Deals) != 0 || len(in.Campaigns) != 1 || in.Campaigns[0].ID != w.campaign.ID {
			t.Errorf("in the way: %+v", in)
		}

		hash := [32]byte{1}
		must(t, e.CreateSession(t.Context(), Session{TokenHash: hash, UserID: w.influencer.ID, Kind: SessionCookie,
			CreatedAt: rooms.At(e.clk.now()), ExpiresAt: rooms.At(e.clk.now()).Add(time.Hour)}))
		besides := 0
		must(t, e.Leave(t.Context(), w.influencer.ID, anyway, func(context.Context, *Tx) error { besides++; return nil }))
		if besides == 0 {
			t.Error("what goes with it did not")
		}
		u, err := e.UserByID(t.Context(), w.influencer.ID)
		must(t, err)
		if u.DeletedAt == nil || u.Name != DeletedName || u.Email == w.influencer.Email || u.PasswordHash != "" || u.Approved {
			t.Errorf("left %+v", u)
		}
		if _, _, err := e.SessionUser(t.Context(), hash, rooms.At(e.clk.now())); !errors.Is(err, ErrNotFound) {
			t.Errorf("the session: %v", err)
		}
		snapshot, err := e.Snapshot(t.Context(), room)
		must(t, err)
		if snapshot.State.Status != rooms.StatusClosed || snapshot.InfluencerName != DeletedName {
			t.Errorf("the room is %s with %q", snapshot.State.Status, snapshot.InfluencerName)
		}
		e.sound() // chains, rows and ledgers
		// The address may be used again.
		_, err = e.CreateUser(t.Context(), User{Email: w.influencer.Email, Name: "New", Role: rooms.Influencer, Approved: true})
		must(t, err)
		if err := e.Leave(t.Context(), w.influencer.ID, anyway); !errors.Is(err, ErrNotFound) {
			t.Errorf("left twice: %v", err)
		}
		yes := true
		if _, err := e.UpdateUser(t.Context(), w.influencer.ID, UserPatch{Approved: &yes}); !errors.Is(err, ErrNotFound) {
			t.Errorf("changed after the end: %v", err)
		}

		must(t, e.ArchiveCampaign(t.Context(), w.sponsor.ID, w.campaign.ID))
		must(t, e.Leave(t.Context(), w.sponsor.ID, anyway))
		e.sound()
	})
}

func TestADealInForceKeepsBothParties(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 300)
		e.ok(e.accept(w.influencer, room))
		for _, u := range []User{w.sponsor, w.influencer} {
			var r *rooms.Refusal
			if err := e.Leave(t.Context(), u.ID, anyway); !errors.As(err, &r) {
				t.Fatalf("%s left: %v", u.Role, err)
			}
			if in := r.Details.(Obstacles); len(in.Deals) != 1 || in.Deals[0].ID != room || in.Deals[0].Name != w.campaign.Name {
				t.Errorf("%s: in the way: %+v", u.Role, in)
			}
		}
		e.sound()
	})
}

func TestTheLastAdminStays(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		first, second := e.user(rooms.Admin), e.user(rooms.Admin)
		must(t, e.Leave(t.Context(), first.ID, anyway))
		if err := e.Leave(t.Context(), second.ID, anyway); err == nil || !strings.Contains(err.Error(), "only admin") {
			t.Errorf("the last admin left: %v", err)
		}
	})
}

// What was ended before one party left stays so: nobody negotiates with nobody, and no
// budget is held for them.
func TestNobodyNegotiatesWithWhoHasLeft(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 300)
		give := func(u User, body rooms.Command) Command {
			return Command{Room: room, CMID: ulid.Make().String(), Actor: actor(u), Body: body}
		}
		e.ok(give(w.sponsor, rooms.Cancel{}))
		e.ok(give(w.sponsor, rooms.Reopen{}))
		e.ok(give(w.sponsor, rooms.Cancel{}))
		// What they had sent before they left, and what is sent to them, comes after it.
		second := world{sponsor: w.sponsor, influencer: w.influencer, campaign: e.campaign(w.sponsor, 10_000)}
		applies := openCommand(second, 300)
		open := applies.Body.(rooms.Open)
		open.Terms = nil
		applies.Actor, applies.Body = actor(w.influencer), open
		invites := openCommand(second, 300)
		must(t, e.Leave(t.Context(), w.influencer.ID, anyway))
		results := e.together([]Command{give(w.sponsor, rooms.Reopen{}), invites, applies})
		refusalOf(t, results[0].Err, rooms.CodeRoomClosed)
		refusalOf(t, results[1].Err, rooms.CodeNotFound)
		refusalOf(t, results[2].Err, rooms.CodeNotFound)
		if _, held := e.ledger(second.campaign.ID); held != 0 {
			t.Errorf("%d are held for nobody", held)
		}
		snapshot, err := e.Snapshot(t.Context(), room)
		must(t, err)
		if snapshot.State.Status != rooms.StatusWithdrawn {
			t.Errorf("the room is %s", snapshot.State.Status)
		}
		e.sound()
	})
}

// anyway lets everybody leave.
func anyway(context.Context, *Tx) error { return nil }

// Who is not allowed to leave does not, and nothing of them is gone when they are asked.
func TestWhoMayNotLeaveStays(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 300)
		hash := [32]byte{1}
		must(t, e.CreateSession(t.Context(), Session{TokenHash: hash, UserID: w.influencer.ID, Kind: SessionCookie,
			CreatedAt: rooms.At(e.clk.now()), ExpiresAt: rooms.At(e.clk.now()).Add(time.Hour)}))
		err := e.Leave(t.Context(), w.influencer.ID, func(ctx context.Context, tx *Tx) error {
			if err := tx.NeedSession(ctx, hash); err != nil {
				return err
			}
			return rooms.NotAllowed("no", "No.")
		})
		refusalOf(t, err, rooms.CodeNotAllowed)
		u, err := e.UserByID(t.Context(), w.influencer.ID)
		must(t, err)
		snapshot, err := e.Snapshot(t.Context(), room)
		must(t, err)
		if u.DeletedAt != nil || snapshot.State.Status == rooms.StatusClosed {
			t.Errorf("left: %+v, the room is %s", u, snapshot.State.Status)
		}
		e.sound()
	})
}
