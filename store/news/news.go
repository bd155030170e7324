package news

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
)

const (
	// soon is how long after the first event somebody is told: what follows at once joins
	// it, and who is there reads it meanwhile.
	soon = time.Minute
	// offersWait is that for offers, of which a negotiation makes many in a row.
	offersWait = 5 * time.Minute
	// gap is the least time between two times that somebody is told.
	gap = 5 * time.Minute
	// lost is how long after its time a job is taken for lost, as one that was given up
	// or cancelled: it must not keep somebody from being told for ever.
	lost = time.Hour
)

// What says what happened.
type What string

// What people are told of.
const (
	Request   What = "request" // an invitation or an application
	Offer     What = "offer"
	Deal      What = "deal"
	Amended   What = "amended" // a deal has other terms
	Delivered What = "delivered"
	Returned  What = "returned"
	Confirmed What = "confirmed"
	Completed What = "completed"
)

// wait is how long after the first of its sort somebody is told.
func (w What) wait() time.Duration {
	if w == Offer {
		return offersWait
	}
	return soon
}

// Key is somebody's news of a sort in a room.
type Key struct {
	User, Room string
	What       What
}

// Happened is the last event of a Key, and how many there were.
type Happened struct {
	Seq int64
	N   int
}

type newsModel struct {
	bun.BaseModel `bun:"table:news,alias:n"`

	UserID string `bun:",pk"`
	RoomID string `bun:",pk"`
	What   string `bun:",pk"`
	Seq    int64
	N      int
}

type toldModel struct {
	bun.BaseModel `bun:"table:news_told,alias:d"`

	UserID string `bun:",pk"`
	ToldAt int64
	DueAt  *int64
}

// chunk keeps the parameters of one statement far below what databases take.
const chunk = 500

// Add adds what happened, and a job for each person who has none. period makes the
// names of these jobs unique: whoever adds what a stretch of the log holds gives its end.
func Add(ctx context.Context, t *store.Tx, happened map[Key]Happened, period int64) error {
	rows := make([]newsModel, 0, len(happened))
	waits := make(map[string]time.Duration)
	for k, h := range happened {
		rows = append(rows, newsModel{UserID: k.User, RoomID: k.Room, What: string(k.What), Seq: h.Seq, N: h.N})
		waitFor(waits, k.User, k.What)
	}
	// In the same order everywhere, so that two processes do not wait for each other.
	slices.SortFunc(rows, func(a, b newsModel) int {
		return strings.Compare(a.UserID+a.RoomID+a.What, b.UserID+b.RoomID+b.What)
	})
	for part := range slices.Chunk(rows, chunk) {
		_, err := t.DB.NewInsert().Model(&part).On("CONFLICT (user_id, room_id, what) DO UPDATE").
			Set("seq = EXCLUDED.seq").Set("n = n.n + EXCLUDED.n").Exec(ctx)
		if err != nil {
			return fmt.Errorf("news: add: %w", err)
		}
	}
	return arrange(ctx, t, waits, period)
}

// waitFor has somebody wait for no longer than a sort of news does.
func waitFor(waits map[string]time.Duration, user string, what What) {
	if wait, ok := waits[user]; !ok || what.wait() < wait {
		waits[user] = what.wait()
	}
}

// arrange adds a job for each of some people who have none, after as long as each is to
// wait; a job that is later than that comes earlier.
func arrange(ctx context.Context, t *store.Tx, waits map[string]time.Duration, period int64) error {
	for part := range slices.Chunk(slices.Sorted(maps.Keys(waits)), chunk) {
		var known []toldModel
		if err := t.DB.NewSelect().Model(&known).Where("user_id IN (?)", bun.List(part)).Scan(ctx); err != nil {
			return fmt.Errorf("news: when they were told: %w", err)
		}
		of := make(map[string]*toldModel, len(known))
		for i := range known {
			of[known[i].UserID] = &known[i]
		}
		var rows []toldModel
		var todo []jobs.Job
		for _, user := range part {
			row := toldModel{UserID: user}
			if k := of[user]; k != nil {
				row = *k
			}
			at := t.Now.Add(waits[user])
			if row.ToldAt > 0 {
				if next := store.TimeOf(row.ToldAt).Add(gap); at.Before(next) {
					at = next
				}
			}
			due := store.Micros(at)
			if row.DueAt != nil && t.Now.Before(store.TimeOf(*row.DueAt).Add(lost)) {
				if *row.DueAt <= due {
					continue
				}
				if err := jobs.Hasten(ctx, t, jobs.Tell, user, at); err != nil {
					return err
				}
			} else {
				todo = append(todo, jobs.Job{Kind: jobs.Tell, User: user, Period: strconv.FormatInt(period, 10), RunAt: &at})
			}
			row.DueAt = &due
			rows = append(rows, row)
		}
		if len(rows) == 0 {
			continue
		}
		_, err := t.DB.NewInsert().Model(&rows).On("CONFLICT (user_id) DO UPDATE").Set("due_at = EXCLUDED.due_at").Exec(ctx)
		if err != nil {
			return fmt.Errorf("news: arrange: %w", err)
		}
		if err := jobs.Add(ctx, t, todo...); err != nil {
			return err
		}
	}
	return nil
}

// Item is something that somebody is to be told, with how the room is now.
type Item struct {
	Key
	Happened
	// Read is up to where they have read the room's log.
	Read int64
	// Side is theirs, Other the name of the other party.
	Side     rooms.Side
	Other    string
	Campaign string
	Status   rooms.Status
	Currency rooms.Currency
	// Stands says that there is an offer to be answered, by Author, over Fee until
	// ExpiresAt.
	Stands    bool
	Author    rooms.Side
	Fee       int64
	ExpiresAt rooms.Time
	// DealFee is what the deal is over, DealPos where its offer is in the log; 0 without
	// a deal.
	DealFee, DealPos int64
}

type itemRow struct {
	UserID, RoomID, What   string
	Seq                    int64
	N                      int
	SponsorID              string
	ReadSponsor            int64
	ReadInfluencer         int64
	Sponsor, Influencer    string
	Campaign, Status       string
	Currency, LastAuthor   string
	Stands                 bool
	LastFee, LastExpiresAt int64
	DealFee, DealPos       int64
}

// Of lists what some people are to be told, by person, the rooms in order of what
// happened last.
func Of(ctx context.Context, s *store.Store, users []string) (map[string][]Item, error) {
	of := make(map[string][]Item)
	if len(users) == 0 {
		return of, nil
	}
	var rows []itemRow
	err := s.Reads().NewSelect().TableExpr("news AS n").ColumnExpr("n.user_id, n.room_id, n.what, n.seq, n.n").
		ColumnExpr("r.sponsor_id, r.read_sponsor, r.read_influencer, r.status, r.currency, r.last_author, r.stands = 1 AS stands").
		ColumnExpr("r.last_fee, r.last_expires_at, r.deal_fee, r.deal_pos").
		ColumnExpr("c.name AS campaign, s.name AS sponsor, i.name AS influencer").
		Join("JOIN ad_requests AS r ON r.id = n.room_id").Join("JOIN campaigns AS c ON c.id = r.campaign_id").
		Join("JOIN users AS s ON s.id = r.sponsor_id").Join("JOIN users AS i ON i.id = r.influencer_id").
		Where("n.user_id IN (?)", bun.List(users)).OrderExpr("n.user_id, r.last_pos, n.seq").Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("read news", err)
	}
	for i := range rows {
		r := &rows[i]
		item := Item{
			Key: Key{User: r.UserID, Room: r.RoomID, What: What(r.What)}, Happened: Happened{Seq: r.Seq, N: r.N},
			Read: r.ReadInfluencer, Side: rooms.Influencer, Other: r.Sponsor, Campaign: r.Campaign, Status: rooms.Status(r.Status),
			Currency: rooms.Currency(r.Currency), Stands: r.Stands, Author: rooms.Side(r.LastAuthor), Fee: r.LastFee,
			ExpiresAt: store.TimeOf(r.LastExpiresAt), DealFee: r.DealFee, DealPos: r.DealPos,
		}
		if r.UserID == r.SponsorID {
			item.Read, item.Side, item.Other = r.ReadSponsor, rooms.Sponsor, r.Influencer
		}
		of[r.UserID] = append(of[r.UserID], item)
	}
	return of, nil
}

// Done removes what people were told, or need not be, in the transaction that finishes
// their jobs. told are those who get a mail. What happened since it was read stays, and
// gets a job of its own under period.
func Done(ctx context.Context, t *store.Tx, users []string, items []Item, told map[string]bool, period int64) error {
	for part := range slices.Chunk(items, chunk) {
		keys := make([]string, len(part))
		args := make([]any, 0, 4*len(part))
		for i := range part {
			keys[i] = "(?, ?, ?, ?)"
			args = append(args, part[i].User, part[i].Room, string(part[i].What), part[i].Seq)
		}
		_, err := t.DB.NewRaw("DELETE FROM news WHERE (user_id, room_id, what, seq) IN (VALUES "+strings.Join(keys, ", ")+")", args...).Exec(ctx)
		if err != nil {
			return fmt.Errorf("news: done: %w", err)
		}
	}
	for part := range slices.Chunk(users, chunk) {
		if _, err := t.DB.NewUpdate().Model((*toldModel)(nil)).Set("due_at = NULL").Where("user_id IN (?)", bun.List(part)).Exec(ctx); err != nil {
			return fmt.Errorf("news: done: %w", err)
		}
		var mailed []string
		for _, user := range part {
			if told[user] {
				mailed = append(mailed, user)
			}
		}
		if len(mailed) > 0 {
			_, err := t.DB.NewUpdate().Model((*toldModel)(nil)).Set("told_at = ?", store.Micros(t.Now)).Where("user_id IN (?)", bun.List(mailed)).Exec(ctx)
			if err != nil {
				return fmt.Errorf("news: note who was told: %w", err)
			}
		}
		var left []newsModel
		err := t.DB.NewSelect().Model(&left).ColumnExpr("DISTINCT user_id, what").Where("user_id IN (?)", bun.List(part)).Scan(ctx)
		if err != nil {
			return fmt.Errorf("news: what is left: %w", err)
		}
		waits := make(map[string]time.Duration)
		for i := range left {
			waitFor(waits, left[i].UserID, What(left[i].What))
		}
		if err := arrange(ctx, t, waits, period); err != nil {
			return err
		}
	}
	return nil
}

// Erase removes what a user was to be told.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*newsModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("news: erase: %w", err)
	}
	if _, err := t.DB.NewDelete().Model((*toldModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("news: erase: %w", err)
	}
	return nil
}
