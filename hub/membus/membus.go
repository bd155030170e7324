package membus

import (
	"context"
	"errors"
	"slices"
	"sync"

	"parley/hub"
)

// maxQueue bounds the messages that wait for one endpoint.
const maxQueue = 1 << 16

// ErrDown is returned by Send while the broker is down, and after Close.
var ErrDown = errors.New("membus: down")

// Broker connects the endpoints of one process. The zero value is ready.
type Broker struct {
	mu        sync.RWMutex
	down      bool
	endpoints map[*Bus]struct{}
}

// NewBroker returns a broker without endpoints.
func NewBroker() *Broker { return &Broker{} }

// Bus returns a new endpoint, for one hub.
func (b *Broker) Bus() *Bus {
	return &Bus{broker: b, topics: make(map[string]struct{}), wake: make(chan struct{}, 1)}
}

// SetDown stops the broker, so that nothing it is sent arrives, or starts it
// again. It lets a test see what an outage does.
func (b *Broker) SetDown(down bool) {
	b.mu.Lock()
	if b.down == down {
		b.mu.Unlock()
		return
	}
	b.down = down
	var all []*Bus
	for e := range b.endpoints {
		all = append(all, e)
	}
	b.mu.Unlock()
	for _, e := range all {
		e.state(down)
	}
}

// Bus is one endpoint. It implements hub.Bus.
type Bus struct {
	broker  *Broker
	handler hub.BusHandler
	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{}

	mu     sync.Mutex
	topics map[string]struct{}
	queue  []event
	closed bool
}

// event is a message, or a call of Subscribed (topic) or StateChanged.
type event struct {
	kind    eventKind
	topic   string
	message hub.Message
}

type eventKind uint8

const (
	received eventKind = iota
	subscribed
	stateChanged
)

// Start implements hub.Bus.
func (e *Bus) Start(h hub.BusHandler) error {
	e.handler = h
	e.stop, e.stopped = make(chan struct{}), make(chan struct{})
	e.broker.mu.Lock()
	if e.broker.endpoints == nil {
		e.broker.endpoints = make(map[*Bus]struct{})
	}
	e.broker.endpoints[e] = struct{}{}
	e.broker.mu.Unlock()
	go e.run()
	return nil
}

// run hands events to the handler until Close.
func (e *Bus) run() {
	defer close(e.stopped)
	for {
		select {
		case <-e.stop:
			return
		case <-e.wake:
		}
		e.mu.Lock()
		queue := e.queue
		e.queue = nil
		e.mu.Unlock()
		for _, ev := range queue {
			switch ev.kind {
			case received:
				e.handler.Receive(ev.message)
			case subscribed:
				e.handler.Subscribed(ev.topic)
			case stateChanged:
				e.handler.StateChanged()
			}
		}
	}
}

// Send implements hub.Bus.
func (e *Bus) Send(_ context.Context, batch []hub.Message) error {
	e.broker.mu.RLock()
	defer e.broker.mu.RUnlock()
	if _, open := e.broker.endpoints[e]; !open || e.broker.down {
		return ErrDown
	}
	for other := range e.broker.endpoints {
		if other != e {
			other.put(batch)
		}
	}
	return nil
}

func (e *Bus) put(batch []hub.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range batch {
		if m.Topic != "" {
			if _, ok := e.topics[m.Topic]; !ok {
				continue
			}
		}
		e.pushLocked(event{kind: received, topic: m.Topic, message: m})
	}
}

// pushLocked adds an event. Where there is no room the topics' messages that
// wait give way to the news that they were missed.
func (e *Bus) pushLocked(ev event) {
	if e.closed {
		return
	}
	if len(e.queue) >= maxQueue && ev.kind == received {
		e.queue = slices.DeleteFunc(e.queue, func(ev event) bool { return ev.topic != "" })
		for topic := range e.topics {
			e.queue = append(e.queue, event{kind: subscribed, topic: topic})
		}
	}
	e.queue = append(e.queue, ev)
	e.wakeUp()
}

func (e *Bus) wakeUp() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Subscribe implements hub.Bus.
func (e *Bus) Subscribe(topic string) {
	// Held throughout: SetDown either comes first or finds the topic.
	e.broker.mu.RLock()
	defer e.broker.mu.RUnlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.topics[topic] = struct{}{}
	if !e.broker.down {
		e.pushLocked(event{kind: subscribed, topic: topic})
	}
}

// Unsubscribe implements hub.Bus.
func (e *Bus) Unsubscribe(topic string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.topics, topic)
}

// state tells the handler that the broker went down or came back.
func (e *Bus) state(down bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pushLocked(event{kind: stateChanged})
	if !down {
		for topic := range e.topics {
			e.pushLocked(event{kind: subscribed, topic: topic})
		}
	}
}

// Up implements hub.Bus.
func (e *Bus) Up() bool {
	e.broker.mu.RLock()
	defer e.broker.mu.RUnlock()
	return !e.broker.down
}

// Close implements hub.Bus.
func (e *Bus) Close() error {
	e.broker.mu.Lock()
	delete(e.broker.endpoints, e)
	e.broker.mu.Unlock()
	e.mu.Lock()
	closed := e.closed
	e.closed = true
	e.mu.Unlock()
	if closed || e.stop == nil {
		return nil
	}
	close(e.stop)
	<-e.stopped
	return nil
}
