package store

// undo remembers what one item changes in the working set, so that it can be
// taken back together with its savepoint.
type undo struct {
	rooms           map[*room]room
	ledgers         map[*ledger]ledger
	answers         []commandKey
	taken           []takenRow
	pos             int64
	events, changed int
	pings           int
}

// mark begins an item that may be taken back. Nothing is pending then.
func (ws *workingSet) mark() {
	ws.undoing = &undo{
		rooms: make(map[*room]room), ledgers: make(map[*ledger]ledger),
		pos: ws.pos, events: len(ws.events), changed: len(ws.changed),
		pings: len(ws.pings),
	}
}

// keep ends an item that stays.
func (ws *workingSet) keep() { ws.undoing = nil }

// undo takes the item's changes back.
func (ws *workingSet) undo() {
	u := ws.undoing
	ws.undoing = nil
	ws.pending.clear()
	for r, before := range u.rooms {
		*r = before
	}
	for l, before := range u.ledgers {
		*l = before
	}
	for _, key := range u.answers {
		delete(ws.answers, key)
	}
	for _, pair := range u.taken {
		delete(ws.taken, pair)
	}
	ws.pos = u.pos
	ws.events, ws.pings = ws.events[:u.events], ws.pings[:u.pings]
	clear(ws.changed[u.changed:])
	ws.changed = ws.changed[:u.changed]
}

func (ws *workingSet) saveRoom(r *room) {
	if ws.undoing == nil {
		return
	}
	if _, saved := ws.undoing.rooms[r]; !saved {
		ws.undoing.rooms[r] = *r
	}
}

func (ws *workingSet) saveLedger(l *ledger) {
	if ws.undoing == nil {
		return
	}
	if _, saved := ws.undoing.ledgers[l]; !saved {
		ws.undoing.ledgers[l] = *l
	}
}
