package hubtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"parley/hub"
)

// Got is one frame as a reader sees it.
type Got struct {
	Topic  string          `json:"topic"`
	Seq    int64           `json:"seq"`
	Type   string          `json:"type"`
	Answer *hub.JoinResult `json:"answer"`
	Data   json.RawMessage `json:"data"`
}

var errTransportClosed = errors.New("transport closed")

// Recorder is a hub.Transport that keeps what it is given.
type Recorder struct {
	mu     sync.Mutex
	frames []Got
	writes int
	tries  int
	code   int
	reason string
	closes int
	late   int // writes begun after Close returned
	done   chan struct{}
	gate   chan struct{}
	inside int // writes that wait at the gate
	broken bool
}

// NewRecorder returns an open transport.
func NewRecorder() *Recorder { return &Recorder{done: make(chan struct{})} }

// Write implements hub.Transport: a reader that stopped reading takes nothing.
func (r *Recorder) Write(frames [][]byte) (rest [][]byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gate != nil && r.closes == 0 {
		return frames, nil
	}
	r.tries++
	if r.closes > 0 {
		r.late++
		return nil, errTransportClosed
	}
	return nil, r.keep(frames)
}

// Finish implements hub.Transport.
func (r *Recorder) Finish(rest [][]byte) error {
	r.mu.Lock()
	r.tries++
	gate := r.gate
	r.inside++
	r.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.done:
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside--
	if r.closes > 0 {
		return errTransportClosed
	}
	return r.keep(rest)
}

func (r *Recorder) keep(frames [][]byte) error {
	if r.broken {
		return errTransportClosed
	}
	r.writes++
	for _, data := range frames {
		var g Got
		if err := json.Unmarshal(data, &g); err != nil {
			return fmt.Errorf("frame %q: %w", data, err)
		}
		r.frames = append(r.frames, g)
	}
	return nil
}

// Close implements hub.Transport.
func (r *Recorder) Close(code int, reason string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closes++; r.closes == 1 {
		r.code, r.reason = code, reason
		close(r.done)
	}
	return nil
}

// Stall makes every further Write leave all, and Finish wait until the returned
// function was called or the transport is closed: a reader that stopped reading.
func (r *Recorder) Stall() (resume func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gate := make(chan struct{})
	r.gate = gate
	return sync.OnceFunc(func() {
		r.mu.Lock()
		r.gate = nil
		r.mu.Unlock()
		close(gate)
	})
}

// Waiting counts the calls of Finish under way.
func (r *Recorder) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inside
}

// Break makes every further Write fail, and a Finish that waits.
func (r *Recorder) Break() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = true
}

// Writes counts the writes, those that succeeded, and those that began after Close.
func (r *Recorder) Writes() (all, good, late int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries, r.writes, r.late
}

// Closed tells how Close was called, and how often.
func (r *Recorder) Closed() (code int, reason string, times int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.code, r.reason, r.closes
}

// All are the frames in the order of arrival.
func (r *Recorder) All() []Got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.frames)
}

// Seqs are those of a topic's numbered frames, in the order of arrival.
func (r *Recorder) Seqs(topic string) []int64 {
	seqs := []int64{}
	for _, g := range r.All() {
		if g.Topic == topic && g.Seq > 0 {
			seqs = append(seqs, g.Seq)
		}
	}
	return seqs
}

// Types are those of a topic's ephemeral frames.
func (r *Recorder) Types(topic string) []string {
	var types []string
	for _, g := range r.All() {
		if g.Topic == topic && g.Type != "" {
			types = append(types, g.Type)
		}
	}
	return types
}

// Presence is the newest list shown for a topic, "" if none was.
func (r *Recorder) Presence(topic string) string {
	list := ""
	for _, g := range r.All() {
		if g.Topic == topic && g.Type == "presence" {
			list = string(g.Data)
		}
	}
	return list
}

// UpTo lists from … to.
func UpTo(from, to int64) []int64 {
	seqs := []int64{}
	for s := from; s <= to; s++ {
		seqs = append(seqs, s)
	}
	return seqs
}
