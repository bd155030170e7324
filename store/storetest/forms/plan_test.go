package forms_test

import (
	"context"
	"slices"
	"testing"

	"parley/store"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

// TestPlans: the helper tells apart what an index finds and what is scanned or
// sorted, in queries that bun writes and in the store's own.
func TestPlans(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		raw := func(query string, args ...any) func(context.Context) error {
			return func(ctx context.Context) error {
				rows, err := e.Reads().QueryContext(ctx, query, args...)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
				}
				return rows.Err()
			}
		}
		for _, c := range []struct {
			name  string
			do    func(context.Context) error
			scans []string
			sorts bool
		}{
			{"by key", raw("SELECT * FROM users WHERE id = ?", "a"), nil, false},
			{"by an index", raw("SELECT * FROM ad_requests r WHERE r.sponsor_id = ?", "a"), nil, false},
			{"a condition without an index", raw("SELECT * FROM ad_requests AS r WHERE r.opened_by = ?", "a"), []string{"ad_requests"}, false},
			{"a condition on a view's table", raw("SELECT * FROM ad_requests WHERE opened_by = ?", "a"), []string{"ad_requests"}, false},
			{"all of a table", raw("SELECT sum(reach) FROM users"), []string{"users"}, false},
			{"the first row that fits", raw("SELECT 1 FROM users WHERE name = ? LIMIT 1", "a"), []string{"users"}, false},
			{"a page in a key's order", raw("SELECT * FROM events e WHERE e.pos > ? ORDER BY e.pos LIMIT 10", 3), nil, false},
			{"a page of a whole table in a key's order", raw("SELECT * FROM events ORDER BY pos DESC LIMIT 10"), nil, false},
			{"a page in no index's order", raw("SELECT * FROM users ORDER BY name LIMIT 10"), []string{"users"}, true},
			{"found, then sorted", raw("SELECT * FROM sessions WHERE user_id = ? ORDER BY created_at", "a"), nil, true},
			{"inside a join", raw("SELECT * FROM campaigns c JOIN ad_requests r ON r.campaign_id = c.id WHERE c.id = ? AND EXISTS (SELECT 1 FROM users u WHERE u.name = r.status)", "a"),
				[]string{"users"}, false},
			{"of the store, prepared", func(ctx context.Context) error { _, err := e.FeedHead(ctx); return err }, nil, false},
			{"of the store, with lists", func(ctx context.Context) error {
				_, err := e.RoomHeads(ctx, []string{"a", "b"})
				return err
			}, nil, false},
			{"of the store, by bun", func(ctx context.Context) error {
				_, _, err := e.ListCampaigns(ctx, "a", store.CampaignFilter{Limit: 10})
				return err
			}, nil, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				var scans []string
				sorts := false
				text := ""
				for _, p := range e.Plans(t, c.do) {
					scans = append(scans, p.Scans...)
					sorts = sorts || p.Sorts
					text += p.Text
				}
				if !slices.Equal(scans, c.scans) || sorts != c.sorts {
					t.Errorf("scans %v and sorts %v, want %v and %v:\n%s", scans, sorts, c.scans, c.sorts, text)
				}
			})
		}
	})
}
