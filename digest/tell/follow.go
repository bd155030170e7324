package tell

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/news"
)

const (
	mark = "tell"
	// every is how often new events are looked for: while the store remembers them.
	every = 2 * time.Second
	// page is how many events of the log, or rooms, are read at a time.
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

// event is one that somebody may be told of.
type event struct {
	pos    int64
	room   string
	seq    int64
	kind   rooms.EventType
	by     rooms.Side
	amends bool // it accepted another version of a deal
}

// told are the types of events that somebody may be told of.
var told = []rooms.EventType{
	rooms.TypeOpened, rooms.TypeOffer, rooms.TypeAccepted,
	rooms.TypeDelivered, rooms.TypeReturned, rooms.TypeConfirmed, rooms.TypeCompleted,
}

// stretch is a part of the log: up to where, how many events it has, and those that
// somebody may be told of.
type stretch struct {
	to     int64
	events int
	told   []event
}

// Follow reads the log to its end: what the store remembers of it, which may be a little
// less than all, or else the log itself.
func (f *Follower) Follow(ctx context.Context) error {
	for {
		from, err := jobs.Mark(ctx, f.Store, mark)
		if err != nil {
			return err
		}
		remembered := true
		part, err := f.recent(ctx, from)
		if err == nil && part.events == 0 {
			remembered = false
			part, err = f.log(ctx, from)
		}
		if err != nil || part.events == 0 {
			return err
		}
		happened, err := f.happened(ctx, part.told)
		if err != nil {
			return err
		}
		moved, err := store.Write(ctx, f.Store, func(ctx context.Context, t *store.Tx) (bool, error) {
			moved, err := jobs.MoveMark(ctx, t, mark, from, part.to)
			if err != nil || !moved {
				return false, err
			}
			return true, news.Add(ctx, t, happened, part.to)
		})
		if err != nil {
			return fmt.Errorf("tell: keep what happened: %w", err)
		}
		if !moved || remembered || part.events < page {
			return nil
		}
	}
}

// recent are the events after one that the store remembers. Of those whose author it
// does not know the log is asked.
func (f *Follower) recent(ctx context.Context, after int64) (stretch, error) {
	list := f.Store.Recent(after)
	if len(list) == 0 {
		return stretch{}, nil
	}
	part := stretch{to: list[len(list)-1].Pos, events: len(list)}
	early := f.early()
	var unknown []int64
	for i := range list {
		e := &list[i]
		switch {
		case store.Micros(e.At) < early || !slices.Contains(told, e.Type):
		case e.Known:
			part.told = append(part.told, event{pos: e.Pos, room: e.Room, seq: e.Seq, kind: e.Type, by: e.By, amends: e.Amends})
		default:
			unknown = append(unknown, e.Pos)
		}
	}
	for some := range slices.Chunk(unknown, page) {
		rows, err := f.read(ctx, "pos IN (?)", bun.List(some))
		if err == nil {
			err = part.add(rows, early)
		}
		if err != nil {
			return stretch{}, err
		}
	}
	if len(unknown) > 0 {
		slices.SortFunc(part.told, func(a, b event) int { return int(a.pos - b.pos) })
	}
	return part, nil
}

// log are the events of the log after one, as many as are read at a time.
func (f *Follower) log(ctx context.Context, after int64) (stretch, error) {
	rows, err := f.read(ctx, "pos > ?", after)
	if err != nil || len(rows) == 0 {
		return stretch{}, err
	}
	part := stretch{to: rows[len(rows)-1].Pos, events: len(rows)}
	return part, part.add(rows, f.early())
}

// early is the time before which it is too late to tell of an event.
func (f *Follower) early() int64 { return f.Clock().Add(-old).UnixMicro() }

// eventRow is an event of the log; without bytes where nobody is told of it.
type eventRow struct {
	Pos  int64
	Room string
	Seq  int64
	Type rooms.EventType
	At   int64
	Body []byte
}

func (f *Follower) read(ctx context.Context, where string, arg any) ([]eventRow, error) {
	var list []eventRow
	err := f.Store.Reads().NewRaw("SELECT pos, room_id AS room, seq, type, at, CASE WHEN type IN (?) THEN body END AS body"+
		" FROM events WHERE "+where+" ORDER BY pos LIMIT ?", bun.List(told), arg, page).Scan(ctx, &list)
	if err != nil {
		return nil, store.ReadError("read events to tell of", err)
	}
	return list, nil
}

// add takes the rows of which somebody may be told.
func (s *stretch) add(rows []eventRow, early int64) error {
	for i := range rows {
		e := &rows[i]
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
			return fmt.Errorf("tell: event %d: %w", e.Pos, err)
		}
		s.told = append(s.told, event{
			pos: e.Pos, room: e.Room, seq: e.Seq, kind: e.Type, by: body.By.Side,
			amends: e.Type == rooms.TypeAccepted && body.Data.Amends > 0,
		})
	}
	return nil
}

// party is a room's two people, and how far each has read.
type party struct {
	ID, SponsorID, InfluencerID string
	ReadSponsor, ReadInfluencer int64
}

// parties are those of the rooms of some events.
func (f *Follower) parties(ctx context.Context, events []event) (map[string]*party, error) {
	found := make(map[string]*party)
	var ids []string
	for i := range events {
		if _, ok := found[events[i].room]; !ok {
			found[events[i].room] = &party{}
			ids = append(ids, events[i].room)
		}
	}
	for some := range slices.Chunk(ids, page) {
		var rows []party
		err := f.Store.Reads().NewSelect().Table("ad_requests").
			Column("id", "sponsor_id", "influencer_id", "read_sponsor", "read_influencer").Where("id IN (?)", bun.List(some)).Scan(ctx, &rows)
		if err != nil {
			return nil, store.ReadError("read whom to tell", err)
		}
		for i := range rows {
			found[rows[i].ID] = &rows[i]
		}
	}
	return found, nil
}

// happened finds out who is to be told of what.
func (f *Follower) happened(ctx context.Context, events []event) (map[news.Key]news.Happened, error) {
	parties, err := f.parties(ctx, events)
	if err != nil {
		return nil, err
	}
	happened := make(map[news.Key]news.Happened)
	for i := range events {
		e, who := &events[i], parties[events[i].room]
		user, read := who.InfluencerID, who.ReadInfluencer
		if e.by == rooms.Influencer {
			user, read = who.SponsorID, who.ReadSponsor
		}
		if user == "" || read >= e.seq {
			continue
		}
		what := news.What(e.kind)
		switch {
		case e.kind == rooms.TypeOpened:
			what = news.Request
		case e.kind == rooms.TypeAccepted && e.amends:
			what = news.Amended
		case e.kind == rooms.TypeAccepted:
			what = news.Deal
		}
		k := news.Key{User: user, Room: e.room, What: what}
		happened[k] = news.Happened{Seq: e.seq, N: happened[k].N + 1}
	}
	return happened, nil
}
