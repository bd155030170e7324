package preferences

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Group are those whose evening is at the same hour of the same zone.
type Group struct {
	Zone string
	Hour int
	// Silent are those who never chose; they have the default's zone and hour.
	Silent bool
}

// Groups are all groups that there are.
func Groups(ctx context.Context, s *store.Store) ([]Group, error) {
	var list []Group
	err := s.Reads().NewSelect().Model((*model)(nil)).ColumnExpr("DISTINCT zone, hour, FALSE AS silent").
		Order("zone", "hour").Scan(ctx, &list)
	if err != nil {
		return nil, store.ReadError("list zones and hours", err)
	}
	return append(list, Group{Zone: DefaultZone, Hour: DefaultHour, Silent: true}), nil
}

// Location is the group's zone. One that this machine does not know is UTC: a store may
// have been written by a newer one.
func (g Group) Location() *time.Location { return Location(g.Zone) }

// Location is a zone that was kept, or UTC where this machine no longer knows it.
func Location(name string) *time.Location {
	zone, err := LoadZone(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Audience are the users of some roles who want a topic: neither deleted nor flagged.
type Audience struct {
	Topic Topic
	Roles []rooms.Side
}

// Members selects the ids of a group's users of an audience, in order, with
// after < id and, where upTo is not empty, id <= upTo.
func Members(db bun.IDB, g Group, a Audience, after, upTo string) *bun.SelectQuery {
	id := bun.Safe("p.user_id")
	q := db.NewSelect()
	if g.Silent {
		id = "u.id"
		q = q.TableExpr("users AS u").Where("NOT EXISTS (SELECT 1 FROM preferences AS p WHERE p.user_id = u.id)")
	} else {
		q = q.TableExpr("preferences AS p").Join("JOIN users AS u ON u.id = p.user_id").
			Where("p.zone = ?", g.Zone).Where("p.hour = ?", g.Hour).Where("p.muted & ? = 0", a.Topic.bit())
	}
	if q = q.ColumnExpr("? AS id", id).Where("? > ?", id, after).OrderExpr("?", id); upTo != "" {
		q = q.Where("? <= ?", id, upTo)
	}
	return q.Where("u.role IN (?)", bun.List(a.Roles)).Where("u.deleted_at IS NULL").Where("u.flagged_at IS NULL")
}

// Stretch finds the end of the next limit members after one: the last id, empty when
// there are no more, and how many they are.
func Stretch(ctx context.Context, s *store.Store, g Group, a Audience, after string, limit int) (last string, n int, err error) {
	var row struct {
		Last string
		N    int
	}
	err = s.Reads().NewSelect().ColumnExpr("COALESCE(MAX(m.id), '') AS last, COUNT(*) AS n").
		TableExpr("(?) AS m", Members(s.Reads(), g, a, after, "").Limit(int64(limit))).Scan(ctx, &row)
	if err != nil {
		return "", 0, store.ReadError("find a stretch of users", err)
	}
	return row.Last, row.N, nil
}

// Changed is what a user wants since they last changed it.
type Changed struct {
	User string
	Role rooms.Side
	At   rooms.Time
	Preferences
}

// ChangedSince lists those who changed what they want at since or later, the earliest
// first; after is the last one of the page before, nil for the first page.
func ChangedSince(ctx context.Context, s *store.Store, since rooms.Time, after *Changed, limit int) ([]Changed, error) {
	var rows []struct {
		model `bun:",extend"`

		Role string
	}
	q := s.Reads().NewSelect().Model(&rows).Column("p.*").ColumnExpr("u.role").
		Join("JOIN users AS u ON u.id = p.user_id").
		Where("p.changed_at >= ?", store.Micros(since)).Where("u.deleted_at IS NULL").Where("u.flagged_at IS NULL").
		Order("p.changed_at", "p.user_id").Limit(int64(limit))
	if after != nil {
		q = q.Where("(p.changed_at, p.user_id) > (?, ?)", store.Micros(after.At), after.User)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, store.ReadError("list changed preferences", err)
	}
	list := make([]Changed, len(rows))
	for i := range rows {
		r := &rows[i]
		list[i] = Changed{User: r.UserID, Role: rooms.Side(r.Role), At: store.TimeOf(r.ChangedAt), Preferences: r.preferences()}
	}
	return list, nil
}
