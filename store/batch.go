package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"parley/rooms"
)

// maxCachedRooms bounds the rooms that the writer remembers between batches.
const maxCachedRooms = 16384

// workingSet is what the writer knows inside a transaction. Rooms and ledgers
// stay from one transaction to the next while nobody else commits.
type workingSet struct {
	engine engine
	clock  func() time.Time
	broken *brokenRooms

	rooms   map[string]*room
	ledgers map[string]*ledger
	pos     int64 // the last position given
	known   bool  // pos is known
	recent  recent

	// Of one transaction:
	answers map[commandKey]commandRow
	users   map[string]partyRow
	taken   map[takenRow]string // with an empty room: campaign and influencer to room
	missing []string            // rooms that do not exist
	changed []*room             // rooms with events, in the order of their first
	events  []eventRow          // all of the transaction
	touched bool                // rooms changed other than by events
	pings   []Ping              // to be told after the commit
	moved   *DealMove           // what the present command has done in a deal; nil for nothing

	// Not yet written:
	pending

	undoing *undo // nil while nothing may have to be taken back
}

func newWorkingSet(e engine, clock func() time.Time, broken *brokenRooms) *workingSet {
	ws := &workingSet{engine: e, clock: clock, broken: broken, users: make(map[string]partyRow), taken: make(map[takenRow]string)}
	ws.forget()
	return ws
}

// forget drops what is remembered; the next transaction loads it again.
func (ws *workingSet) forget() {
	ws.rooms = make(map[string]*room)
	ws.ledgers = make(map[string]*ledger)
	ws.known = false
	ws.reset()
}

// reset ends a transaction.
func (ws *workingSet) reset() {
	ws.answers = make(map[commandKey]commandRow)
	clear(ws.users)
	clear(ws.taken)
	clear(ws.changed)
	ws.changed = ws.changed[:0]
	ws.events, ws.pings = nil, nil // handed to the delivery
	ws.touched = false
	ws.undoing, ws.moved = nil, nil
	ws.pending.clear()
	for _, id := range ws.missing {
		if r := ws.rooms[id]; r != nil && r.state.Seq == 0 {
			delete(ws.rooms, id)
		}
	}
	ws.missing = ws.missing[:0]
	for len(ws.rooms) > maxCachedRooms {
		for id := range ws.rooms { // in no order
			delete(ws.rooms, id)
			break
		}
	}
}

// maxCatchUp is how many events of others are followed; beyond it what is
// remembered is loaded anew.
const maxCatchUp = 1024

// catchUp follows what others have committed. Rooms that are remembered take their
// events in, and the ledgers of their campaigns what these move. Where a room is not
// known, nor is whose ledger moved: all are loaded again.
func (ws *workingSet) catchUp(ctx context.Context, done since) error {
	if done == sinceNothing && ws.known {
		return nil
	}
	if done == sinceUnknown || !ws.known {
		ws.forget()
		return nil
	}
	events, err := ws.engine.after(ctx, ws.pos, maxCatchUp+1)
	if err != nil {
		return err
	}
	if len(events) > maxCatchUp {
		ws.forget()
		return nil
	}
	clear(ws.users)
	for i := range events {
		e := &events[i]
		ws.pos = e.pos
		ws.follow(e)
	}
	ws.recent.add(events)
	return nil
}

// follow takes in an event of another process. What cannot be followed is loaded
// again where it is needed.
func (ws *workingSet) follow(e *eventRow) {
	r := ws.rooms[e.room]
	if r == nil || r.state.Seq == 0 {
		delete(ws.rooms, e.room)
		ws.ledgers = make(map[string]*ledger)
		return
	}
	before := rooms.Move{Held: r.state.Held(), Committed: r.state.Committed()}
	if !r.follow(e) {
		delete(ws.rooms, e.room)
		delete(ws.ledgers, r.state.Campaign)
		return
	}
	if l := ws.ledgers[r.state.Campaign]; l != nil {
		l.Held += r.state.Held() - before.Held
		l.Committed += r.state.Committed() - before.Committed
		l.stored = l.sums()
	}
}

// prefetch loads what the items need and the set does not have yet.
func (ws *workingSet) prefetch(ctx context.Context, items []*item, seen map[seenKey]int64) error {
	want := wanted{pos: !ws.known}
	asked := make(map[string]struct{}, len(items))
	room := func(id string) {
		if r := ws.rooms[id]; r != nil {
			if c := r.state.Campaign; ws.ledgers[c] == nil && r.state.Seq > 0 {
				want.campaigns = append(want.campaigns, c)
			}
			return
		}
		if _, ok := asked[id]; !ok {
			asked[id] = struct{}{}
			want.rooms = append(want.rooms, id)
		}
	}
	for _, it := range items {
		if it.write != nil {
			continue
		}
		room(it.cmd.Room)
		if it.cmd.CMID != "" {
			want.commands = append(want.commands, commandKey{it.cmd.CMID, it.cmd.Room})
		}
		if open, ok := it.cmd.Body.(rooms.Open); ok {
			want.opens = append(want.opens, openKey{open.Campaign, open.Influencer, it.cmd.Actor.ID})
		}
	}
	for key := range seen {
		room(key.room)
	}
	return ws.fetch(ctx, &want)
}

func (ws *workingSet) fetch(ctx context.Context, want *wanted) error {
	got, err := ws.engine.load(ctx, want)
	if err != nil {
		return err
	}
	for i := range got.rooms {
		r := got.rooms[i].room // a copy without what only the row holds
		ws.rooms[r.state.Room] = &r
		if r.broken != nil {
			ws.broken.met(r.state.Room, r.broken)
		} else {
			ws.broken.whole(r.state.Room)
		}
	}
	for _, id := range want.rooms {
		if ws.rooms[id] == nil {
			ws.rooms[id] = &room{}
			ws.missing = append(ws.missing, id)
		}
	}
	for i := range got.campaigns {
		if l := &got.campaigns[i]; ws.ledgers[l.ID] == nil {
			ws.ledgers[l.ID] = l
		}
	}
	for _, c := range got.commands {
		ws.answers[c.key] = c
	}
	for _, u := range got.users {
		ws.users[u.id] = u
	}
	for _, t := range got.taken {
		ws.taken[takenRow{campaign: t.campaign, influencer: t.influencer}] = t.room
	}
	if want.pos {
		ws.pos, ws.known = got.pos, true
	}
	return nil
}

// room finds a room in the set, or loads it.
func (ws *workingSet) room(ctx context.Context, id string) (*room, error) {
	if r := ws.rooms[id]; r != nil {
		return r, nil
	}
	if err := ws.fetch(ctx, &wanted{rooms: []string{id}, pos: !ws.known}); err != nil {
		return nil, err
	}
	return ws.rooms[id], nil
}

// preload loads rooms that are not in the set.
func (ws *workingSet) preload(ctx context.Context, ids []string) error {
	want := wanted{pos: !ws.known}
	for _, id := range ids {
		if ws.rooms[id] == nil {
			want.rooms = append(want.rooms, id)
		}
	}
	return ws.fetch(ctx, &want)
}

// ledger finds a campaign in the set, or loads it. That of a room that does not
// exist is empty.
func (ws *workingSet) ledger(ctx context.Context, id string) (*ledger, error) {
	if id == "" {
		return &ledger{}, nil
	}
	if l := ws.ledgers[id]; l != nil {
		return l, nil
	}
	if err := ws.fetch(ctx, &wanted{campaigns: []string{id}}); err != nil {
		return nil, err
	}
	if l := ws.ledgers[id]; l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("%w: campaign %s is missing", errCorrupt, id)
}

// command answers one command: with what is kept of it, or by a decision. The
// error is the database's.
func (ws *workingSet) command(ctx context.Context, c *Command, fingerprint rooms.Hash) (Result, error) {
	key := commandKey{c.CMID, c.Room}
	if c.CMID != "" {
		if first, ok := ws.answers[key]; ok {
			return first.result(fingerprint)
		}
	}
	res, refusal, err := ws.decide(ctx, c.Room, c.Actor, c.Body)
	if err != nil {
		return Result{}, err
	}
	row := commandRow{key: key, fingerprint: fingerprint, seq: res.Seq, at: res.At}
	if refusal != nil {
		res.Err = refusal
		if !kept(refusal.Code) {
			return res, nil
		}
		if row.refusal, err = json.Marshal(refusal); err != nil {
			return Result{}, fmt.Errorf("%w: encode refusal: %w", errCorrupt, err)
		}
	}
	if c.CMID != "" {
		ws.answers[key] = row
		if ws.undoing != nil {
			ws.undoing.answers = append(ws.undoing.answers, key)
		}
		ws.pending.commands = append(ws.pending.commands, row)
	}
	return res, nil
}

// kept reports whether a refusal is a result by the rules, which the same command
// gets again. The others say that it may be tried again.
func kept(code rooms.Code) bool {
	switch code {
	case rooms.CodeInvalid, rooms.CodeForbidden, rooms.CodeNotFound, rooms.CodeCMIDConflict:
		return false
	default:
		return true
	}
}

// result is the kept answer to a command that came again.
func (c commandRow) result(fingerprint rooms.Hash) (Result, error) {
	if c.fingerprint != fingerprint {
		return Result{Err: rooms.Refuse(rooms.CodeCMIDConflict, "This command id was used for something else.")}, nil
	}
	res := Result{Seq: c.seq, At: c.at, Duplicate: true}
	if c.refusal == nil {
		return res, nil
	}
	var kept struct {
		rooms.Refusal
		Details json.RawMessage `json:"details"`
	}
	if err := json.Unmarshal(c.refusal, &kept); err != nil {
		return Result{}, fmt.Errorf("%w: refusal of command %s: %w", errCorrupt, c.key.cmid, err)
	}
	refusal := kept.Refusal
	if kept.Details != nil {
		refusal.Details = kept.Details
	}
	res.Err = &refusal
	return res, nil
}

// decide lets the rules answer and notes what follows in the set.
func (ws *workingSet) decide(ctx context.Context, id string, actor rooms.Actor, body rooms.Command) (Result, *rooms.Refusal, error) {
	r, err := ws.room(ctx, id)
	if err == nil {
		err = r.broken
	}
	if err != nil {
		return Result{}, nil, err
	}
	campaign := r.state.Campaign
	open, opens := body.(rooms.Open)
	if opens {
		if refusal, err := ws.mayOpen(ctx, r, open, actor); err != nil || refusal != nil {
			return Result{}, refusal, err
		}
		campaign = open.Campaign
	}
	l, err := ws.ledger(ctx, campaign)
	if err != nil {
		return Result{}, nil, err
	}
	d, refusal := rooms.Decide(&r.state, &l.Campaign, body, actor, ws.clock())
	if refusal != nil {
		return Result{}, refusal, ws.explain(ctx, refusal, id, body)
	}
	if _, reopens := body.(rooms.Reopen); reopens {
		if refusal, err := ws.bothThere(ctx, &r.state); err != nil || refusal != nil {
			return Result{}, refusal, err
		}
	}
	if len(d.Events) == 0 {
		return Result{Seq: r.state.Seq, At: r.updated}, nil, nil
	}
	ws.take(r, l, &d)
	if opens {
		pair := takenRow{campaign: open.Campaign, influencer: open.Influencer}
		ws.taken[pair] = id
		if ws.undoing != nil {
			ws.undoing.taken = append(ws.undoing.taken, pair)
		}
	}
	return Result{Seq: r.state.Seq, At: r.updated}, nil, nil
}

// mayOpen checks what the rules of a room cannot see: who the parties are and
// whether they have a room already.
func (ws *workingSet) mayOpen(ctx context.Context, r *room, open rooms.Open, actor rooms.Actor) (*rooms.Refusal, error) {
	_, knowsInfluencer := ws.users[open.Influencer]
	_, knowsActor := ws.users[actor.ID]
	if ws.ledgers[open.Campaign] == nil || !knowsInfluencer || !knowsActor {
		// Not loaded with the batch, or dropped since by a write that may have changed it.
		err := ws.fetch(ctx, &wanted{opens: []openKey{{open.Campaign, open.Influencer, actor.ID}}})
		if err != nil {
			return nil, err
		}
	}
	return ws.mayMeet(r, open, actor), nil
}

func (ws *workingSet) mayMeet(r *room, open rooms.Open, actor rooms.Actor) *rooms.Refusal {
	l := ws.ledgers[open.Campaign]
	if l == nil {
		return rooms.Refuse(rooms.CodeNotFound, "There is no such campaign.")
	}
	influencer, ok := ws.users[open.Influencer]
	if !ok || influencer.role != rooms.Influencer {
		return rooms.Refuse(rooms.CodeNotFound, "There is no such influencer.")
	}
	if _, ok := ws.users[actor.ID]; !ok {
		return rooms.Refuse(rooms.CodeNotFound, "There is no such campaign.")
	}
	theirs := actor.ID == l.Sponsor || (actor.ID == open.Influencer && l.Public)
	taken := ws.taken[takenRow{campaign: open.Campaign, influencer: open.Influencer}]
	if r.state.Seq != 0 {
		taken = r.state.Room
		theirs = r.state.SideOf(actor.ID) != ""
	}
	if taken != "" && theirs {
		return &rooms.Refusal{
			Code: rooms.CodeAlreadyExists, Message: "This campaign and influencer have a room already.",
			Details: takenDetails{Room: taken},
		}
	}
	if influencer.flagged || l.flagged || ws.users[actor.ID].flagged {
		return &rooms.Refusal{
			Code: rooms.CodeForbidden, Message: "This is under review by an admin.", Details: reviewDetails{Reason: "under_review"},
		}
	}
	return nil
}

// bothThere refuses to take a negotiation up again with somebody who has left.
func (ws *workingSet) bothThere(ctx context.Context, s *rooms.State) (*rooms.Refusal, error) {
	err := ws.fetch(ctx, &wanted{opens: []openKey{{s.Campaign, s.Influencer, s.Sponsor}}})
	if err != nil {
		return nil, err
	}
	for _, party := range []string{s.Sponsor, s.Influencer} {
		if _, there := ws.users[party]; !there {
			return &rooms.Refusal{
				Code: rooms.CodeRoomClosed, Message: "The other party has deleted their account.",
				Details: rooms.StatusDetails{Status: s.Status},
			}, nil
		}
	}
	return nil, nil
}

type reviewDetails struct {
	Reason string `json:"reason"`
}

type takenDetails struct {
	Room string `json:"room"`
}

// explain adds to a stale_offer refusal what the log knows of the named offer.
func (ws *workingSet) explain(ctx context.Context, refusal *rooms.Refusal, id string, body rooms.Command) error {
	if refusal.Code != rooms.CodeStaleOffer {
		return nil
	}
	var seq int64
	switch body := body.(type) {
	case rooms.Counter:
		seq = body.OfferSeq
	case rooms.Accept:
		seq = body.OfferSeq
	case rooms.Decline:
		seq = body.OfferSeq
	case rooms.Withdraw:
		seq = body.OfferSeq
	}
	if seq <= 0 || seq > ws.rooms[id].state.Seq {
		return nil
	}
	raw, err := ws.eventBody(ctx, id, seq)
	if err != nil || raw == nil {
		return err
	}
	event, err := rooms.ParseEvent(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", errCorrupt, err)
	}
	if put, ok := event.Data.(rooms.OfferPut); ok {
		rooms.CompleteStale(refusal, put.Offer)
	}
	return nil
}

// eventBody finds an event among those of this transaction or in the log.
func (ws *workingSet) eventBody(ctx context.Context, id string, seq int64) ([]byte, error) {
	for i := range ws.events {
		if e := &ws.events[i]; e.seq == seq && e.room == id {
			return e.body, nil
		}
	}
	return ws.engine.event(ctx, id, seq)
}

// take books a decision.
func (ws *workingSet) take(r *room, l *ledger, d *rooms.Decision) {
	ws.saveRoom(r)
	if !r.inBatch {
		r.inBatch = true
		ws.changed = append(ws.changed, r)
	}
	for i := range d.Events {
		e := &d.Events[i]
		body := e.AppendCanonical(make([]byte, 0, 1024))
		r.head = rooms.Chain(r.head, body)
		ws.pos++
		row := eventRow{pos: ws.pos, prev: r.pos, room: e.Room, seq: e.Seq, typ: e.Data.Type(), at: e.At, hash: r.head, body: body}
		row.tells(e)
		ws.pending.events = append(ws.pending.events, row)
		ws.events = append(ws.events, row)
		r.updated, r.pos = e.At, ws.pos
		r.locate(e.Data, r.pos)
	}
	if r.state.Deal != nil {
		ws.moved = &DealMove{State: &r.state, Events: d.Events}
	}
	r.state = d.After
	r.readBy(d.Events[len(d.Events)-1].By.Side)
	r.watch()
	ws.touch(r)
	if d.Move != (rooms.Move{}) {
		ws.saveLedger(l)
		l.Campaign.Apply(d.Move)
		if !l.dirty {
			l.dirty = true
			ws.pending.ledgers = append(ws.pending.ledgers, l)
		}
	}
}

// dropRows forgets the rows that are not rooms', after a write that may have
// changed them.
func (ws *workingSet) dropRows() {
	ws.ledgers = make(map[string]*ledger)
	clear(ws.users)
}

// touch notes that a room's row is to be written.
func (ws *workingSet) touch(r *room) {
	ws.saveRoom(r)
	if !r.dirty {
		r.dirty = true
		ws.pending.rooms = append(ws.pending.rooms, r)
	}
}

// flush writes what is pending.
func (ws *workingSet) flush(ctx context.Context) error {
	if ws.pending.empty() {
		return nil
	}
	if err := ws.engine.flush(ctx, &ws.pending); err != nil {
		return err
	}
	for _, r := range ws.pending.rooms {
		r.dirty, r.checkMoved = false, false
		r.stored, r.storedSeq, r.storedSlow = true, r.state.Seq, r.slow()
	}
	for _, l := range ws.pending.ledgers {
		l.dirty, l.stored = false, l.sums()
	}
	ws.pending.clear()
	return nil
}

// committed ends a transaction that was committed, and is what it tells.
func (ws *workingSet) committed() Batch {
	ws.recent.add(ws.events)
	b := Batch{Events: make([]Committed, len(ws.events)), Rooms: make([]RoomChange, len(ws.changed)), Pings: ws.pings}
	for i := range ws.events {
		e := &ws.events[i]
		b.Events[i] = Committed{Pos: e.pos, Room: e.room, Seq: e.seq, Type: e.typ, Body: e.body}
	}
	for i, r := range ws.changed {
		b.Rooms[i] = r.change()
		r.inBatch = false
	}
	return b
}
