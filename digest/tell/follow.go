package tell

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/news"
)

const (
	mark = "tell"
	// every is how often new events are looked for.
	every = 2 * time.Second
	// page is how many events are read at a time.
	page = 2000
	// old is when it is too late to tell of an event, after a long stop or in a store that
	// was filled with a history.
	old = 24 * time.Hour
)

// Follower keeps what happens for those who are to be told. Every instance may run one:
// a mark in the store says how far the log was read, and each stretch counts once.
type Follower struct {
	Store *store.Store
	Clock func() time.Time
}

// Run follows the log until ctx ends.
func (f *Follower) Run(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := f.Follow(ctx); err != nil && ctx.Err() == nil {
			log.Error("following the log failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// event is one of the log with its room's parties.
type event struct {
	Pos                         int64
	Room                        string
	Seq                         int64
	Type                        string
	At                          int64
	Body                        []byte
	Sponsor, Influencer         string
	ReadSponsor, ReadInfluencer int64
}

// Follow reads the log to its end.
func (f *Follower) Follow(ctx context.Context) error {
	for {
		from, err := jobs.Mark(ctx, f.Store, mark)
		if err != nil {
			return err
		}
		events, err := f.read(ctx, from)
		if err != nil || len(events) == 0 {
			return err
		}
		happened, err := f.sort(events)
		if err != nil {
			return err
		}
		to := events[len(events)-1].Pos
		moved, err := store.Write(ctx, f.Store, func(ctx context.Context, t *store.Tx) (bool, error) {
			moved, err := jobs.MoveMark(ctx, t, mark, from, to)
			if err != nil || !moved {
				return false, err
			}
			return true, news.Add(ctx, t, happened, to)
		})
		if err != nil {
			return fmt.Errorf("tell: keep what happened: %w", err)
		}
		if !moved || len(events) < page {
			return nil
		}
	}
}

// read reads the events after one, those of which nobody is told without more than
// their numbers.
func (f *Follower) read(ctx context.Context, after int64) ([]event, error) {
	var list []event
	err := f.Store.Reads().NewRaw(`SELECT e.pos, e.room_id AS room, e.seq, e.type, e.at, e.body,
		COALESCE(r.sponsor_id, '') AS sponsor, COALESCE(r.influencer_id, '') AS influencer,
		COALESCE(r.read_sponsor, 0) AS read_sponsor, COALESCE(r.read_influencer, 0) AS read_influencer
	FROM (
		SELECT pos, room_id, seq, type, at,
			CASE WHEN type IN ('opened', 'offer', 'accepted', 'delivered', 'returned', 'confirmed', 'completed') THEN body END AS body
		FROM events WHERE pos > ? ORDER BY pos LIMIT ?
	) AS e LEFT JOIN ad_requests AS r ON r.id = e.room_id AND e.body IS NOT NULL ORDER BY e.pos`, after, page).Scan(ctx, &list)
	if err != nil {
		return nil, store.ReadError("read events to tell of", err)
	}
	return list, nil
}

// sort finds out who is to be told of what.
func (f *Follower) sort(events []event) (map[news.Key]news.Happened, error) {
	early := f.Clock().Add(-old).UnixMicro()
	happened := make(map[news.Key]news.Happened)
	for i := range events {
		e := &events[i]
		if e.Body == nil || e.At < early {
			continue
		}
		var body struct {
			By   rooms.By `json:"by"`
			Data struct {
				Amends int64 `json:"amends"`
			} `json:"data"`
		}
		if err := json.Unmarshal(e.Body, &body); err != nil {
			return nil, fmt.Errorf("tell: event %d: %w", e.Pos, err)
		}
		user, read := e.Influencer, e.ReadInfluencer
		if body.By.Side == rooms.Influencer {
			user, read = e.Sponsor, e.ReadSponsor
		}
		if user == "" || read >= e.Seq {
			continue
		}
		what := news.What(e.Type)
		switch rooms.EventType(e.Type) {
		case rooms.TypeOpened:
			what = news.Request
		case rooms.TypeAccepted:
			if what = news.Deal; body.Data.Amends > 0 {
				what = news.Amended
			}
		}
		k := news.Key{User: user, Room: e.Room, What: what}
		happened[k] = news.Happened{Seq: e.Seq, N: happened[k].N + 1}
	}
	return happened, nil
}
