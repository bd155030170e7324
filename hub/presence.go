package hub

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// present is who is in one topic; it belongs to the topic's lock.
type present struct {
	// here are the members with connections on this instance, by identity.
	here map[string]*memberHere
	// there are the members on other instances, by instance.
	there map[string]memberList
	// shown is the frame that the readers have, in wire form, and shownData the
	// list in it.
	shown     []byte
	shownData []byte
	// repeatAt is when the other instances are to be told again.
	repeatAt time.Time
	// queued: the topic is with the presence loop, which shows the list here if
	// it has changed and is to tell the other instances, and to ask them.
	queued, tell, ask bool
}

type memberHere struct {
	data  json.RawMessage
	conns int
}

type memberList struct {
	heard   time.Time
	members []member
}

type member struct {
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
}

// presenceNote is the Data of a KindPresence message: all members on the
// sender's instance. Ask has the others send theirs.
type presenceNote struct {
	Ask     bool     `json:"ask,omitempty"`
	Members []member `json:"members"`
}

// presence gathers changes for a moment and then shows them here and tells them
// to the other instances, so that a storm of joins is one frame.
type presence struct {
	hub  *Hub
	wake chan struct{}

	mu sync.Mutex
	// changed are in the order of their first change: a topic that died and was
	// made anew is told of in that order too.
	changed []*topic
	// known are the topics with members anywhere.
	known map[*topic]struct{}
}

func newPresence(h *Hub) *presence {
	return &presence{hub: h, wake: make(chan struct{}, 1), known: make(map[*topic]struct{})}
}

// of returns the topic's members, which are made if there are none.
func (p *presence) of(t *topic) *present {
	if t.present == nil {
		t.present = &present{here: make(map[string]*memberHere), there: make(map[string]memberList)}
		p.mu.Lock()
		p.known[t] = struct{}{}
		p.mu.Unlock()
	}
	return t.present
}

// touch has the loop look at the topic. The caller holds its lock.
func (p *presence) touch(t *topic) {
	if t.present.queued {
		return
	}
	t.present.queued = true
	p.mu.Lock()
	p.changed = append(p.changed, t)
	p.mu.Unlock()
	signal(p.wake)
}

// joined adds a reader that went live. The caller holds the topic's lock.
func (p *presence) joined(t *topic, s *subscription, data []byte) {
	if !p.hub.cfg.Presence(t.name) {
		return
	}
	p.drop(t, s)
	if data != nil {
		who := p.of(t)
		m := who.here[s.client.info.Identity]
		if m == nil {
			m = &memberHere{}
			who.here[s.client.info.Identity] = m
		}
		if m.conns++; !bytes.Equal(m.data, data) {
			m.data, who.tell = data, true
			p.touch(t)
		}
		s.member = data
	}
	if t.present != nil && t.present.shown != nil {
		s.client.enqueue(t.present.shown)
	}
}

// left removes a reader. The caller holds the topic's lock.
func (p *presence) left(t *topic, s *subscription) {
	p.drop(t, s)
	if len(t.subs) == 0 && t.present != nil {
		p.mu.Lock()
		delete(p.known, t)
		p.mu.Unlock()
	}
}

func (p *presence) drop(t *topic, s *subscription) {
	if s.member == nil {
		return
	}
	s.member = nil
	m := t.present.here[s.client.info.Identity]
	if m.conns--; m.conns == 0 {
		delete(t.present.here, s.client.info.Identity)
		t.present.tell = true
		p.touch(t)
	}
}

// ask has the other instances tell who is there. It is called when messages of
// the topic begin to arrive: an answer to an earlier question would be missed.
func (p *presence) ask(t *topic) {
	if !p.hub.cfg.Presence(t.name) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead {
		return
	}
	p.of(t).ask = true
	p.touch(t)
}

// heard takes what another instance tells.
func (p *presence) heard(m Message) {
	var note presenceNote
	if err := json.Unmarshal(m.Data, &note); err != nil {
		p.hub.log.Warn("a presence note that cannot be read", "from", m.From, "err", err)
		return
	}
	t := p.hub.topics.find(m.Topic)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead {
		return
	}
	who := p.of(t)
	if len(note.Members) > 0 {
		who.there[m.From] = memberList{heard: p.hub.clock.Now(), members: note.Members}
	} else {
		delete(who.there, m.From)
	}
	if note.Ask && len(who.here) > 0 {
		who.tell = true
	}
	p.touch(t)
}

// run shows and tells what has changed, PresenceWait after its first change, and
// repeats and forgets as time goes by.
func (p *presence) run() {
	look := p.hub.cfg.PresenceEvery / 5
	next := p.hub.clock.Now().Add(look)
	for {
		if !p.hub.sleep(next.Sub(p.hub.clock.Now()), p.wake) {
			return
		}
		if now := p.hub.clock.Now(); !now.Before(next) {
			p.expire(now)
			next = now.Add(look)
		}
		if p.waiting() {
			if !p.hub.sleep(p.hub.cfg.PresenceWait, nil) {
				return
			}
			p.flush()
		}
	}
}

func (p *presence) waiting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.changed) > 0
}

func (p *presence) flush() {
	p.mu.Lock()
	changed := p.changed
	p.changed = nil
	p.mu.Unlock()
	for _, t := range changed {
		p.show(t)
	}
}

// show gives the readers here the list if it has changed, and tells the other
// instances who is here if that has, or if they asked.
func (p *presence) show(t *topic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	who := t.present
	who.queued = false
	if data := who.list(); !bytes.Equal(data, who.shownData) && !t.dead {
		// Nobody has been shown anything before the first member came.
		if who.shown != nil || len(data) > len("[]") {
			who.shownData = data
			who.shown = p.hub.cfg.Encode(presenceFrame(t.name, data))
			p.hub.stats.delivered.Add(uint64(t.broadcast(who.shown)))
		}
	}
	if who.tell || who.ask {
		p.tell(t)
	}
}

// tell sends the members here to the other instances.
func (p *presence) tell(t *topic) {
	who := t.present
	note := presenceNote{Ask: who.ask && !t.dead, Members: who.local()}
	who.ask, who.tell = false, false
	every := p.hub.cfg.PresenceEvery
	early := time.Duration(p.hub.cfg.Rand(int64(every/5) + 1))
	who.repeatAt = p.hub.clock.Now().Add(every - early)
	data, err := json.Marshal(note)
	if err != nil { // a caller's member that is no JSON
		p.hub.log.Error("encoding presence", "topic", t.name, "err", err)
		return
	}
	p.hub.outbox.message(Message{Topic: t.name, Kind: KindPresence, Data: data})
}

// expire repeats who is here where it is time, and forgets instances that went
// silent.
func (p *presence) expire(now time.Time) {
	p.mu.Lock()
	known := make([]*topic, 0, len(p.known))
	for t := range p.known {
		known = append(known, t)
	}
	p.mu.Unlock()
	for _, t := range known {
		t.mu.Lock()
		who := t.present
		for from, list := range who.there {
			if now.Sub(list.heard) >= p.hub.cfg.PresenceTTL {
				delete(who.there, from)
				p.touch(t)
			}
		}
		if len(who.here) > 0 && !now.Before(who.repeatAt) {
			who.tell = true
			p.touch(t)
		}
		t.mu.Unlock()
	}
}

func (w *present) local() []member {
	members := make([]member, 0, len(w.here))
	for id, m := range w.here {
		members = append(members, member{ID: id, Data: m.data})
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.ID, b.ID) })
	return members
}

// list is everybody once, by identity, as a JSON list of what members said of
// themselves.
func (w *present) list() []byte {
	all := w.local()
	instances := make([]string, 0, len(w.there))
	for from := range w.there {
		instances = append(instances, from)
	}
	slices.Sort(instances)
	for _, from := range instances {
		all = append(all, w.there[from].members...)
	}
	slices.SortStableFunc(all, func(a, b member) int { return strings.Compare(a.ID, b.ID) })
	all = slices.CompactFunc(all, func(a, b member) bool { return a.ID == b.ID })
	out := []byte{'['}
	for i, m := range all {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, m.Data...)
	}
	return append(out, ']')
}

func presenceFrame(topic string, list []byte) []byte {
	name, _ := json.Marshal(topic) // a string always can be
	out := make([]byte, 0, len(name)+len(list)+40)
	out = append(out, `{"topic":`...)
	out = append(out, name...)
	out = append(out, `,"type":"presence","data":`...)
	out = append(out, list...)
	return append(out, '}')
}
