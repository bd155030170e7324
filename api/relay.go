package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parley/hub"
	"parley/rooms"
	"parley/store"
)

// Topics. A client says "inbox" for its own; the hub knows whose it is.
const (
	topicFeed   = "feed"
	topicInbox  = "inbox"
	prefixRoom  = "room:"
	prefixInbox = "inbox:"
)

// maxFeedGap is how far back a feed is resumed; who was away longer reads pages.
const maxFeedGap = 10_000

// SharesChannel tells the topics that share the bus's channels (redisbus.Config.Shared):
// rooms and inboxes, of which each offer touches three. Where there are a few instances,
// most of them have one of its parties anyway. The feed is one topic with few readers.
func SharesChannel(topic string) bool {
	return strings.HasPrefix(topic, prefixRoom) || strings.HasPrefix(topic, prefixInbox)
}

// Relay connects the store to the hub in both directions: what is committed
// becomes frames (OnCommit), and frames are read from the log for readers that
// resume (it is the hub's Log). The frame of an event is the same bytes on both
// ways.
//
// Wiring: NewRelay, store.Open with OnCommit, Bind, NewHub; then start the hub
// and the store. After that it is safe for concurrent use.
type Relay struct {
	store   *store.Store
	hub     *hub.Hub
	epoch   string
	parties parties
}

// NewRelay makes a Relay that is connected to nothing yet.
func NewRelay() *Relay { return &Relay{parties: newParties()} }

// Bind gives the relay its store, before the store is started.
func (r *Relay) Bind(st *store.Store) { r.store, r.epoch = st, st.Epoch() }

// NewHub makes the hub that the relay publishes to. What the wire decides is
// filled into the configuration; the rest is the caller's. Bind comes before.
func (r *Relay) NewHub(cfg hub.Config) (*hub.Hub, error) {
	if r.store == nil {
		return nil, errors.New("api: Relay.NewHub needs Relay.Bind first")
	}
	cfg.Log, cfg.Epoch, cfg.Encode = r, r.epoch, EncodeFrame
	cfg.Sparse = func(topic string) bool { return strings.HasPrefix(topic, prefixInbox) }
	cfg.Pulled = func(topic string) bool { return topic == topicFeed }
	cfg.Presence = func(topic string) bool { return strings.HasPrefix(topic, prefixRoom) }
	cfg.MaxGap = func(topic string) int64 {
		if topic == topicFeed {
			return maxFeedGap
		}
		return 0
	}
	h, err := hub.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("make the hub: %w", err)
	}
	r.hub = h
	return h, nil
}

// OnCommit publishes a batch and has its commands answered, so that a sender gets
// the answer and the event in one write; it is for store.Config.OnCommit.
func (r *Relay) OnCommit(b store.Batch, answer func()) {
	frames := r.frames(&b, r.hub.Listens(topicFeed))
	defer r.hub.Hold()()
	r.hub.Publish(frames)
	answer()
}

// frames are those of a batch, in its order. Where nobody here watches the feed, all
// it gets is where it ends.
func (r *Relay) frames(b *store.Batch, watched bool) []hub.Frame {
	size := 0
	changed := make(map[string]*store.RoomChange, len(b.Rooms))
	for i := range b.Rooms {
		c := &b.Rooms[i]
		changed[c.Room] = c
		r.parties.learn(c.Room, c.Sponsor, c.Influencer)
		size += 2 * inboxFrameBytes
	}
	for i := range b.Events {
		size += len(b.Events[i].Body) + roomFrameBytes
		if watched {
			size += len(b.Events[i].Body) + feedFrameBytes
		}
	}
	frames := make([]hub.Frame, 0, 2*len(b.Events)+2*len(b.Rooms))
	// One allocation for all frames of the batch: they live equally long.
	buf := make([]byte, 0, size)
	cut := func(topic string, seq int64, from int) {
		frames = append(frames, hub.Frame{Topic: topic, Seq: seq, Data: buf[from:len(buf):len(buf)]})
	}
	for i := range b.Events {
		e := &b.Events[i]
		from := len(buf)
		buf = appendRoomFrame(buf, r.epoch, e)
		cut(prefixRoom+e.Room, e.Seq, from)
		if !watched {
			continue
		}
		from = len(buf)
		placed := feedEventOf(e, changed[e.Room])
		buf = appendFeedFrame(buf, r.epoch, &placed)
		cut(topicFeed, e.Pos, from)
	}
	if n := len(b.Events); n > 0 && !watched {
		frames = append(frames, hub.Frame{Topic: topicFeed, Seq: b.Events[n-1].Pos})
	}
	for i := range b.Rooms {
		c := &b.Rooms[i]
		from := len(buf)
		buf = appendInboxFrame(buf, c, rooms.Sponsor)
		cut(prefixInbox+c.Sponsor, c.Pos, from)
		from = len(buf)
		buf = appendInboxFrame(buf, c, rooms.Influencer)
		cut(prefixInbox+c.Influencer, c.Pos, from)
	}
	for i := range b.Pings {
		p := &b.Pings[i]
		frames = append(frames, hub.Frame{Topic: prefixInbox + p.User, Data: appendPing(nil, p)})
	}
	return frames
}

// Heads implements hub.Log.
func (r *Relay) Heads(ctx context.Context, topics []string) (map[string]int64, error) {
	heads := make(map[string]int64, len(topics))
	var inRooms, inInboxes []string
	for _, topic := range topics {
		if id, ok := strings.CutPrefix(topic, prefixRoom); ok {
			inRooms = append(inRooms, id)
		} else if id, ok := strings.CutPrefix(topic, prefixInbox); ok {
			inInboxes = append(inInboxes, id)
		} else if topic == topicFeed {
			head, err := r.store.FeedHead(ctx)
			if err != nil {
				return nil, fmt.Errorf("head of the feed: %w", err)
			}
			heads[topic] = head
		}
	}
	for _, ask := range []struct {
		prefix string
		ids    []string
		heads  func(context.Context, []string) (map[string]int64, error)
	}{
		{prefixRoom, inRooms, r.store.RoomHeads},
		{prefixInbox, inInboxes, r.store.InboxHeads},
	} {
		if len(ask.ids) == 0 {
			continue
		}
		found, err := ask.heads(ctx, ask.ids)
		if err != nil {
			return nil, fmt.Errorf("heads of %s topics: %w", ask.prefix, err)
		}
		for id, head := range found {
			heads[ask.prefix+id] = head
		}
	}
	return heads, nil
}

// Read implements hub.Log.
func (r *Relay) Read(ctx context.Context, topic string, after int64, limit int) ([]hub.Frame, error) {
	var frames []hub.Frame
	if room, ok := strings.CutPrefix(topic, prefixRoom); ok {
		events, err := r.store.Events(ctx, room, after, 0, limit)
		if err != nil {
			return nil, fmt.Errorf("events of a room: %w", err)
		}
		for i := range events {
			e := &events[i]
			data := appendRoomFrame(make([]byte, 0, len(e.Body)+roomFrameBytes), r.epoch, e)
			frames = append(frames, hub.Frame{Topic: topic, Seq: e.Seq, Data: data})
		}
		return frames, nil
	}
	if user, ok := strings.CutPrefix(topic, prefixInbox); ok {
		changes, err := r.store.RoomsChangedSince(ctx, user, after, limit)
		if err != nil {
			return nil, fmt.Errorf("changed rooms: %w", err)
		}
		for i := range changes {
			c := &changes[i]
			side := rooms.Sponsor
			if c.Influencer == user {
				side = rooms.Influencer
			}
			data := appendInboxFrame(make([]byte, 0, inboxFrameBytes), c, side)
			frames = append(frames, hub.Frame{Topic: topic, Seq: c.Pos, Data: data})
		}
		return frames, nil
	}
	if topic != topicFeed {
		return nil, fmt.Errorf("api: there is no topic %q", topic)
	}
	events, err := r.store.FeedEvents(ctx, after, 0, limit)
	if err != nil {
		return nil, fmt.Errorf("events of the feed: %w", err)
	}
	for i := range events {
		e := &events[i]
		data := appendFeedFrame(make([]byte, 0, len(e.Body)+feedFrameBytes), r.epoch, e)
		frames = append(frames, hub.Frame{Topic: topic, Seq: e.Pos, Data: data})
	}
	return frames, nil
}

// How much longer frames are than the bodies in them, at most as a rule: with
// the wrong size an append costs a copy, nothing else.
const (
	roomFrameBytes  = 96
	feedFrameBytes  = 256
	inboxFrameBytes = 512
)

// appendRoomFrame puts the topic and the epoch into an event's canonical object.
func appendRoomFrame(dst []byte, epoch string, e *store.Committed) []byte {
	dst = append(dst, `{"topic":"room:`...)
	dst = append(dst, e.Room...)
	dst = append(dst, `","epoch":"`...)
	dst = append(dst, epoch...)
	dst = append(dst, `",`...)
	return append(dst, e.Body[1:]...)
}

// feedEventOf adds where an event of a batch happened.
func feedEventOf(e *store.Committed, c *store.RoomChange) store.FeedEvent {
	f := store.FeedEvent{Committed: *e}
	if c != nil {
		f.Campaign, f.Sponsor, f.Influencer = c.Campaign, c.Sponsor, c.Influencer
	}
	return f
}

func appendFeedFrame(dst []byte, epoch string, e *store.FeedEvent) []byte {
	dst = append(dst, `{"topic":"feed","epoch":"`...)
	dst = append(dst, epoch...)
	dst = append(dst, `",`...)
	dst = appendFeedItem(dst, e)
	return append(dst, '}')
}

// appendFeedItem writes the members that a feed frame and an item of the feed's
// pages share. People and campaigns are ids here: names would have to be looked up for
// every event, whether or not an admin watches. The feed's pages bring them, and
// /api/admin/feed/rooms for rooms that come up live.
func appendFeedItem(dst []byte, e *store.FeedEvent) []byte {
	dst = append(dst, `"seq":`...)
	dst = strconv.AppendInt(dst, e.Pos, 10)
	dst = append(dst, `,"type":"event","data":`...)
	dst = append(dst, e.Body...)
	dst = append(dst, `,"context":{"campaign":"`...)
	dst = append(dst, e.Campaign...)
	dst = append(dst, `","sponsor":"`...)
	dst = append(dst, e.Sponsor...)
	dst = append(dst, `","influencer":"`...)
	dst = append(dst, e.Influencer...)
	return append(dst, `"}`...)
}

// appendInboxFrame tells one party what has changed about a room.
func appendInboxFrame(dst []byte, c *store.RoomChange, side rooms.Side) []byte {
	dst = append(dst, `{"topic":"inbox","type":"room","data":{"room":"`...)
	dst = append(dst, c.Room...)
	dst = append(dst, `","seq":`...)
	dst = strconv.AppendInt(dst, c.Seq, 10)
	dst = append(dst, `,"status":"`...)
	dst = append(dst, c.Status...)
	dst = append(dst, `","frozen":`...)
	dst = strconv.AppendBool(dst, c.Frozen)
	dst = append(dst, `,"turn":"`...)
	dst = append(dst, c.Turn...)
	dst = append(dst, `","unread":`...)
	dst = strconv.AppendInt(dst, int64(c.Unread.Of(side)), 10)
	dst = append(dst, `,"updated_at":"`...)
	dst = c.UpdatedAt.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, `","standing":`...)
	dst = appendStanding(dst, c.Standing)
	dst = append(dst, `,"deal":`...)
	dst = appendDeal(dst, c.Deal, c.Progress)
	return append(dst, `}}`...)
}

// appendPing tells a user that they have a notice. It is ephemeral.
func appendPing(dst []byte, p *store.Ping) []byte {
	dst = append(dst, `{"topic":"inbox","type":"notice","data":{"kind":`...)
	dst = appendText(dst, p.Kind)
	return append(dst, `}}`...)
}

func appendStanding(dst []byte, o *store.OfferBrief) []byte {
	if o == nil {
		return append(dst, `null`...)
	}
	dst = append(dst, `{"author":"`...)
	dst = append(dst, o.Author...)
	dst = append(dst, `","expires_at":"`...)
	dst = o.ExpiresAt.AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	return appendBrief(dst, o)
}

func appendDeal(dst []byte, o *store.OfferBrief, p rooms.Progress) []byte {
	if o == nil {
		return append(dst, `null`...)
	}
	dst = append(dst, `{"deliverables":{"total":`...)
	dst = strconv.AppendInt(dst, int64(p.Total), 10)
	dst = append(dst, `,"delivered":`...)
	dst = strconv.AppendInt(dst, int64(p.Delivered), 10)
	dst = append(dst, `,"confirmed":`...)
	dst = strconv.AppendInt(dst, int64(p.Confirmed), 10)
	dst = append(dst, '}')
	return appendBrief(dst, o)
}

// appendBrief ends the object of an offer with its number and fee.
func appendBrief(dst []byte, o *store.OfferBrief) []byte {
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendInt(dst, o.Seq, 10)
	dst = append(dst, `,"fee":{"amount":`...)
	dst = strconv.AppendInt(dst, o.Fee.Amount, 10)
	dst = append(dst, `,"currency":"`...)
	dst = append(dst, o.Fee.Currency...)
	return append(dst, `"}}`...)
}
