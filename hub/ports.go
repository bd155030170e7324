package hub

import (
	"context"
	"time"
)

// Frame is one encoded message of a topic.
type Frame struct {
	Topic string
	// Seq numbers the frames of a topic from 1; 0 marks an ephemeral frame,
	// which is in no log and may be lost.
	Seq int64
	// Data is a whole JSON text. It is shared by all readers and never changed
	// after it was handed to the hub. Without it the frame only says that the Log
	// goes as far as Seq.
	Data []byte
}

// Log is what the hub asks of the store. Both calls must see every frame that
// was committed before they began.
type Log interface {
	// Heads returns the highest seq of each topic; a topic without frames may be
	// absent. It is one query for all of them.
	Heads(ctx context.Context, topics []string) (map[string]int64, error)
	// Read returns up to limit frames with seq > after, ascending.
	Read(ctx context.Context, topic string, after int64, limit int) ([]Frame, error)
}

// MessageKind says what a Message carries.
type MessageKind uint8

const (
	// KindFrames carries Frames, all of Message.Topic.
	KindFrames MessageKind = 1 + iota
	// KindPresence tells, in Data, who is in Message.Topic on instance From.
	KindPresence
	// KindDisconnect names, in Data, whose connections are to be closed. Its
	// Topic is empty.
	KindDisconnect
	// KindLost says that From failed to send something, or was away from the bus: compare
	// with the Log, and send again what is in none. Its Topic is empty.
	KindLost
)

// Message is what instances tell each other. A receiver may keep it but must
// not change it.
type Message struct {
	// Topic is empty for what every instance hears.
	Topic  string
	From   string
	Kind   MessageKind
	Frames []Frame
	Data   []byte
}

// Bus carries messages between instances, at most once, in no promised order.
// It is owned by the hub from Start to Close.
type Bus interface {
	// Start begins delivery to h. It does not wait for a connection: a bus that
	// cannot be reached is down, which is no error.
	Start(h BusHandler) error
	// Send hands over a batch, in order, and returns when the bus has it. It
	// fails fast while the bus is down and is called by one goroutine at a time.
	Send(ctx context.Context, batch []Message) error
	// Subscribe and Unsubscribe are called on the first and after the last local
	// reader of a topic, alternately for one topic. They only note the wish and
	// never block; BusHandler.Subscribed follows when it has taken effect.
	Subscribe(topic string)
	Unsubscribe(topic string)
	// Up tells whether messages are believed to flow.
	Up() bool
	// Close ends delivery, waits for the bus's goroutines and frees it.
	Close() error
}

// BusHandler hears what a Bus has to say. Its methods may be called from any
// goroutine, but not from within a call of the Bus's own, and do not block.
// Messages that came from this instance itself are ignored, so a bus may echo
// them.
type BusHandler interface {
	Receive(m Message)
	// Subscribed says that messages of topic arrive from now on and that earlier
	// ones may have been missed: after Subscribe and after every reconnect.
	Subscribed(topic string)
	// StateChanged says that Bus.Up has changed.
	StateChanged()
}

// Transport is one connection, as the hub sees it.
type Transport interface {
	// Write sends the frames, in order, as far as the network takes them without
	// waiting for the peer. The frames that are left are its rest; the first of them
	// may be the end of one. After an error the connection is given up. The slice is
	// reused after the call and may be changed, the frames' bytes are shared and may
	// not. Calls of Write and Finish never overlap.
	Write(frames [][]byte) (rest [][]byte, err error)
	// Finish sends the rest of a Write and waits for the peer, up to a deadline of
	// its own. It is called once after each Write that left a rest, also when Close
	// came in between, which it then returns from soon.
	Finish(rest [][]byte) error
	// Close tells the peer code and reason if that can be done quickly, and
	// frees the connection. It is called exactly once, may be called while Write
	// runs, and must then make it return soon. No Write begins after it returned.
	Close(code int, reason string) error
}

// Clock is the time. The zero Config uses the system's.
type Clock interface {
	Now() time.Time
	// After sends the time once d has passed; stop frees it earlier.
	After(d time.Duration) (c <-chan time.Time, stop func())
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) After(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// alone is the Bus of an instance that has no others beside it.
type alone struct{}

func (alone) Start(BusHandler) error                { return nil }
func (alone) Send(context.Context, []Message) error { return nil }
func (alone) Subscribe(string)                      {}
func (alone) Unsubscribe(string)                    {}
func (alone) Up() bool                              { return true }
func (alone) Close() error                          { return nil }
