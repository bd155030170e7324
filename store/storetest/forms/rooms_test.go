package forms_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"parley/rooms"
	"parley/store"
	"parley/store/notices"
	"parley/store/profiles"
	"parley/store/storetest/forms"
)

// TestListOfRoomsFollowsAnIndex: a page of the inbox is read along the user's part of
// an index by day.
func TestListOfRoomsFollowsAnIndex(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		for side, u := range map[rooms.Side]store.User{
			rooms.Sponsor: e.User(t, rooms.Sponsor), rooms.Influencer: e.User(t, rooms.Influencer),
		} {
			for name, f := range map[string]store.RoomFilter{
				"all":     {},
				"further": {Cursor: "20600_17"},
				"filtered": {
					Statuses: []rooms.Status{rooms.Invited, rooms.Negotiating}, Mine: true, Unread: true, Query: "summer",
				},
			} {
				plans := e.Plans(t, func(ctx context.Context) error {
					_, _, _, err := e.ListRooms(ctx, u.ID, f)
					return err
				})
				walked := false
				for _, p := range plans {
					if len(p.Scans) > 0 {
						t.Errorf("%s, %s: all of %v is read:\n%s", side, name, p.Scans, p.Text)
					}
					if !strings.Contains(p.Query, "ORDER BY") {
						continue
					}
					walked = true
					// What the text narrows down may be found another way.
					if name != "filtered" && !strings.Contains(p.Text, "ad_requests_recent_by_"+string(side)) {
						t.Errorf("%s, %s:\n%s", side, name, p.Text)
					}
				}
				if !walked {
					t.Errorf("%s, %s: no list was read", side, name)
				}
			}
		}
	})
}

// TestHotReadsFollowIndexes: what joins, resumes, lists and log-ins read is found by an
// index, however large the market is.
func TestHotReadsFollowIndexes(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor, influencer := e.User(t, rooms.Sponsor), e.User(t, rooms.Influencer)
		c := e.RunningCampaign(t, sponsor)
		room := e.Room(t, c, influencer)
		ids, now := []string{sponsor.ID, influencer.ID}, rooms.At(e.Clock.Now())
		for name, read := range map[string]func(ctx context.Context) error{
			"snapshot": func(ctx context.Context) error { _, err := e.Snapshot(ctx, room); return err },
			"events":   func(ctx context.Context) error { _, err := e.Events(ctx, room, 0, 0, 50); return err },
			"earlier":  func(ctx context.Context) error { _, err := e.Events(ctx, room, 0, 2, 50); return err },
			"room":     func(ctx context.Context) error { _, err := e.Store.Room(ctx, room); return err },
			"heads of rooms": func(ctx context.Context) error {
				_, err := e.RoomHeads(ctx, []string{room})
				return err
			},
			"heads of inboxes": func(ctx context.Context) error { _, err := e.InboxHeads(ctx, ids); return err },
			"changed rooms": func(ctx context.Context) error {
				_, err := e.RoomsChangedSince(ctx, sponsor.ID, 1, 50)
				return err
			},
			"rooms of campaigns": func(ctx context.Context) error {
				_, err := e.RoomCounts(ctx, []string{c.ID})
				return err
			},
			"feed":   func(ctx context.Context) error { _, err := e.FeedEvents(ctx, 1, 0, 50); return err },
			"newest": func(ctx context.Context) error { _, err := e.FeedEvents(ctx, 0, 0, 50); return err },
			"feed of a campaign": func(ctx context.Context) error {
				_, _, err := e.SearchFeed(ctx, store.FeedFilter{Campaign: c.ID}, 0, 50)
				return err
			},
			"campaign": func(ctx context.Context) error { _, err := e.Campaign(ctx, c.ID); return err },
			"campaigns": func(ctx context.Context) error {
				_, _, err := e.ListCampaigns(ctx, sponsor.ID, store.CampaignFilter{Limit: 50})
				return err
			},
			"user": func(ctx context.Context) error { _, err := e.UserByEmail(ctx, sponsor.Email); return err },
			"session": func(ctx context.Context) error {
				_, _, err := e.SessionUser(ctx, [32]byte{1}, now)
				if errors.Is(err, store.ErrNotFound) {
					err = nil
				}
				return err
			},
			"sessions": func(ctx context.Context) error { _, err := e.ListSessions(ctx, sponsor.ID, now); return err },
			"notices": func(ctx context.Context) error {
				_, _, _, err := notices.List(ctx, e.Store, sponsor.ID, "", 50)
				return err
			},
			"profile": func(ctx context.Context) error {
				p, err := profiles.Of(ctx, e.Store, influencer.ID)
				if err == nil {
					_, err = profiles.BySlug(ctx, e.Store, p.Slug)
				}
				return err
			},
		} {
			t.Run(name, func(t *testing.T) { e.NoScan(t, read) })
		}
	})
}
