package tables

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/admin"
	"parley/store/audit"
	"parley/store/flags"
	"parley/store/outbox"
)

// PageRows is how many rows of a table are in memory at a time.
const PageRows = 200

// Table is a list as columns and rows.
type Table struct {
	// Name is the table's in addresses and file names.
	Name    string
	Columns []string
	// Page reads the rows after a cursor, from the beginning for none, and gives the next
	// cursor, empty at the end.
	Page func(ctx context.Context, cursor string) (rows [][]string, next string, err error)
	// Count is how many rows there are by now; nil where that is not known.
	Count func(ctx context.Context) (int64, error)
}

// pages reads a list a page at a time. cursor and limit are those of the filter that
// list works with.
func pages[T any](cursor *string, limit *int, list func(context.Context) ([]T, string, error), row func(*T) []string,
) func(context.Context, string) ([][]string, string, error) {
	return func(ctx context.Context, at string) ([][]string, string, error) {
		*cursor, *limit = at, PageRows
		items, next, err := list(ctx)
		rows := make([][]string, len(items))
		for i := range items {
			rows[i] = row(&items[i])
		}
		return rows, next, err
	}
}

// counter counts the rows of one of the store's tables.
func counter(s *store.Store, from string) func(context.Context) (int64, error) {
	return func(ctx context.Context) (n int64, err error) {
		if err := s.Reads().NewRaw("SELECT COUNT(*) FROM "+from).Scan(ctx, &n); err != nil {
			return 0, store.ReadError("count rows", err)
		}
		return n, nil
	}
}

// Users is all users, newest first.
func Users(s *store.Store, f admin.UserFilter) Table {
	return Table{Name: "users", Columns: []string{
		"id", "name", "email", "role", "state", "verified", "category", "niche", "reach", "kind", "industry", "created_at",
	}, Count: counter(s, "users"), Page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]admin.User, string, error) {
		return admin.Users(ctx, s, f)
	}, func(u *admin.User) []string {
		return []string{
			u.ID, u.Name, u.Email, string(u.Role), u.State, strconv.FormatBool(u.Verified), u.Category, u.Niche,
			digits(u.Reach), u.Kind, u.Industry, instant(&u.CreatedAt),
		}
	})}
}

// Campaigns is all campaigns, newest first, with their states at now.
func Campaigns(s *store.Store, now rooms.Time, f admin.CampaignFilter) Table {
	return Table{Name: "campaigns", Columns: []string{
		"id", "name", "sponsor_id", "sponsor", "category", "state", "public", "flagged", "currency",
		"budget_minor", "committed_minor", "held_minor", "starts_at", "ends_at", "created_at",
	}, Count: counter(s, "campaign_rows"), Page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]admin.Campaign, string, error) {
		return admin.Campaigns(ctx, s, now, f)
	}, func(c *admin.Campaign) []string {
		return []string{
			c.ID, c.Name, c.Sponsor, c.SponsorName, c.Category, c.State, strconv.FormatBool(c.Public),
			strconv.FormatBool(c.Flagged), string(c.Currency), digits(c.Budget), digits(c.Committed), digits(c.Held),
			instant(&c.StartsAt), instant(&c.EndsAt), instant(&c.CreatedAt),
		}
	})}
}

// Rooms is all ad requests, newest first.
func Rooms(s *store.Store, f admin.RoomFilter) Table {
	return Table{Name: "rooms", Columns: []string{
		"id", "campaign_id", "campaign", "sponsor_id", "sponsor", "influencer_id", "influencer", "status", "frozen",
		"currency", "fee_minor", "events", "updated_at",
	}, Count: counter(s, "ad_request_rows"), Page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]admin.Room, string, error) {
		return admin.Rooms(ctx, s, f)
	}, func(r *admin.Room) []string {
		return []string{
			r.ID, r.Campaign, r.CampaignName, r.Sponsor, r.SponsorName, r.Influencer, r.InfluencerName, string(r.Status),
			strconv.FormatBool(r.Frozen), string(r.Currency), digits(r.Fee), digits(r.Seq), instant(&r.UpdatedAt),
		}
	})}
}

// Flags is all flags, newest first.
func Flags(s *store.Store, f flags.Filter) Table {
	return Table{Name: "flags", Columns: []string{
		"id", "kind", "subject_id", "subject", "reason", "begun_at", "begun_by", "ended_at", "ended_by", "note", "appeals",
	}, Count: counter(s, "flags"), Page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]flags.Flag, string, error) {
		return flags.List(ctx, s, f)
	}, func(f *flags.Flag) []string {
		appeals := 0
		for _, p := range f.Parties {
			if p.AppealedAt != nil {
				appeals++
			}
		}
		return []string{
			f.ID, string(f.Kind), f.Subject, f.Name, f.Reason, instant(&f.BegunAt), f.BegunBy.Name, instant(f.EndedAt),
			f.EndedBy.Name, f.Note, strconv.Itoa(appeals),
		}
	})}
}

// entry is one of the audit log with the name of now.
type entry struct {
	audit.Entry
	actor, details string
}

// Audit is the audit log, newest first, with the actors' names of now.
func Audit(s *store.Store, f audit.Filter) Table {
	return Table{Name: "audit", Columns: []string{
		"pos", "at", "actor_id", "actor", "action", "subject_kind", "subject_id", "details", "network", "request_id", "hash",
	}, Count: counter(s, "audit_log"), Page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]entry, string, error) {
		list, next, err := audit.List(ctx, s, f)
		if err != nil {
			return nil, "", err
		}
		ids := make([]string, len(list))
		for i := range list {
			ids[i] = list[i].Actor
		}
		names, err := admin.Names(ctx, s, ids)
		if err != nil {
			return nil, "", err
		}
		entries := make([]entry, len(list))
		for i := range list {
			details, err := json.Marshal(list[i].Details)
			if err != nil {
				return nil, "", fmt.Errorf("tables: entry %d: %w", list[i].Pos, err)
			}
			entries[i] = entry{list[i], names[list[i].Actor], string(details)}
		}
		return entries, next, nil
	}, func(e *entry) []string {
		return []string{
			digits(e.Pos), instant(&e.At), e.Actor, e.actor, string(e.Action), e.Subject.Kind, e.Subject.ID,
			e.details, e.Addr, e.RequestID, e.Hash.String(),
		}
	})}
}

// Mail is all mail, newest first, without its texts.
func Mail(s *store.Store, f outbox.Filter) Table {
	return Table{Name: "mail", Columns: []string{
		"id", "kind", "user_id", "to", "subject", "state", "attempts", "last_error", "created_at", "sent_at",
	}, Count: counter(s, "outbox"), Page: pages(&f.Cursor, &f.Limit, func(ctx context.Context) ([]outbox.Mail, string, error) {
		return outbox.List(ctx, s, f)
	}, func(m *outbox.Mail) []string {
		return []string{
			m.ID, m.Kind, m.User, m.To, m.Subject, string(m.State), strconv.Itoa(m.Attempts), m.LastError,
			instant(&m.CreatedAt), instant(m.SentAt),
		}
	})}
}

// Events is the log of all rooms, oldest first, with the events' canonical bytes.
func Events(s *store.Store) Table {
	return Table{Name: "events", Columns: []string{
		"pos", "room_id", "seq", "type", "campaign_id", "sponsor_id", "influencer_id", "body",
	}, Count: s.FeedHead, Page: func(ctx context.Context, cursor string) ([][]string, string, error) {
		after := int64(0)
		if cursor != "" {
			var err error
			if after, err = strconv.ParseInt(cursor, 10, 64); err != nil {
				return nil, "", rooms.Invalid("cursor", rooms.Because("cursor", "is not one that a list gave"))
			}
		}
		list, err := s.FeedEvents(ctx, after, 0, PageRows)
		if err != nil {
			return nil, "", err
		}
		rows := make([][]string, len(list))
		for i := range list {
			e := &list[i]
			rows[i] = []string{
				digits(e.Pos), e.Room, digits(e.Seq), string(e.Type), e.Campaign, e.Sponsor, e.Influencer, string(e.Body),
			}
		}
		if len(list) < PageRows {
			return rows, "", nil
		}
		return rows, digits(list[len(list)-1].Pos), nil
	}}
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }

func instant(t *rooms.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
