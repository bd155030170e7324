package forms_test

import (
	"context"
	"strings"
	"testing"

	"parley/rooms"
	"parley/store"
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
