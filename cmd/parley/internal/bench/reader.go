package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"parley/cmd/parley/internal/wire"
)

// reader follows one topic on a connection of its own. One goroutine at a time
// uses it.
type reader struct {
	run      *run
	instance int
	token    string
	topic    string
	// buffer is the kernel's receive buffer, 0 for its default.
	buffer int

	conn  *wire.Conn
	epoch string
	got   received
	// pageEnd is the last seq of the page that is arriving, 0 when the topic is live.
	pageEnd int64
	// k is the number of the last message that came, for others.
	k atomic.Int64
}

// open connects and joins. A reader that has been open before resumes; a new one
// begins at the head, if after is negative, or after that seq.
func (r *reader) open(ctx context.Context, after int64) error {
	conn, welcome, err := r.run.connect(ctx, r.instance, r.token, r.buffer)
	if err != nil {
		return err
	}
	var from *int64
	if r.epoch != "" {
		after = r.got.head()
	}
	if after >= 0 {
		from = &after
	}
	answer, err := join(conn, r.topic, from, welcome.Epoch, nil)
	if err == nil && answer.Reset {
		err = fmt.Errorf("%s was reset: the gap is too long for it", r.topic)
	}
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	if r.epoch == "" {
		if after < 0 {
			after = answer.Seq
		}
		r.epoch, r.got.base = welcome.Epoch, after
	}
	r.conn = conn
	r.paged(&answer)
	return nil
}

// paged notes whether only a page follows, after which to join again.
func (r *reader) paged(f *wire.Frame) {
	if r.pageEnd = 0; f.More {
		r.pageEnd = f.To
	}
}

// answered takes the answer to a join after open.
func (r *reader) answered(raw []byte) error {
	var f wire.Frame
	if err := f.Parse(raw); err != nil || !f.IsAnswer() {
		return err
	}
	if f.Error != nil {
		refused, err := wire.ParseError(f.Error)
		return errors.Join(refused, err)
	}
	r.paged(&f)
	return nil
}

// next reads up to the next event that is new, and gives its bytes and the
// message's number in it. They are valid until the call after.
func (r *reader) next() (raw []byte, k int64, err error) {
	for {
		raw, err := r.conn.Read()
		if err != nil {
			return nil, 0, err
		}
		if !bytes.HasPrefix(raw, topicMark) {
			if err := r.answered(raw); err != nil {
				return nil, 0, err
			}
			continue
		}
		seq := eventSeq(raw)
		if seq == 0 {
			continue
		}
		k := numberAfter(raw, textMark)
		if !r.got.take(seq, k) {
			continue
		}
		r.k.Store(k)
		if r.pageEnd > 0 && seq >= r.pageEnd {
			r.pageEnd = 0
			if err := r.conn.Write(joinRequest(r.topic, &seq, r.epoch)); err != nil {
				return nil, 0, err
			}
		}
		return raw, k, nil
	}
}

// publisher sends numbered messages to one room and keeps what was acknowledged.
type publisher struct {
	run  *run
	room string
	size int
	conn *wire.Conn

	k       int64 // the last one sent
	out     []byte
	reading sync.WaitGroup
	closing atomic.Bool
	acked   atomic.Int64 // how many, for others

	mu   sync.Mutex
	sent map[string]int64 // number by command id
	acks []acked
	err  error
}

// openPublisher connects and starts to read the answers; close ends it.
func (r *run) openPublisher(ctx context.Context, instance int, account Account, size int) (*publisher, error) {
	conn, _, err := r.connect(ctx, instance, account.SponsorToken, 0)
	if err != nil {
		return nil, err
	}
	p := &publisher{run: r, room: account.Room, size: size, conn: conn, sent: map[string]int64{}}
	p.reading.Go(p.read)
	return p, nil
}

// send sends the next message; it carries the time at which that was.
func (p *publisher) send() error {
	id := ulid.Make().String()
	p.k++
	p.mu.Lock()
	p.sent[id] = p.k
	p.mu.Unlock()
	out := append(p.out[:0], `{"id":"`...)
	out = append(out, id...)
	out = append(out, `","type":"message","room":"`...)
	out = append(out, p.room...)
	out = append(out, `","text":"`+noteWord...)
	out = strconv.AppendInt(out, p.k, 10)
	out = append(out, timeMark...)
	out = strconv.AppendInt(out, time.Now().UnixNano(), 10)
	out = append(out, ' ')
	const end = `"}`
	for missing := p.size - len(out) - len(end); missing > 0; {
		n := min(missing, len(padding))
		out = append(out, padding[:n]...)
		missing -= n
	}
	p.out = append(out, end...)
	return p.conn.Write(p.out)
}

// timeMark stands before a message's time.
const timeMark = " sent at "

// age is how long ago a message was sent.
func age(raw []byte) time.Duration {
	return time.Duration(time.Now().UnixNano() - numberAfter(raw, []byte(timeMark)))
}

func (p *publisher) read() {
	var f wire.Frame
	for {
		raw, err := p.conn.Read()
		if err == nil {
			err = f.Parse(raw)
		}
		if err != nil {
			if !p.closing.Load() {
				p.run.failures.add("publisher: " + endOf(err))
				p.mu.Lock()
				p.err = err
				p.mu.Unlock()
			}
			return
		}
		if !f.IsAnswer() {
			continue
		}
		p.mu.Lock()
		if k, ours := p.sent[string(f.ID)]; ours {
			delete(p.sent, string(f.ID))
			if f.Error == nil {
				p.acks = append(p.acks, acked{k, f.Seq})
				p.acked.Add(1)
			} else if refused, err := wire.ParseError(f.Error); err == nil {
				p.run.failures.add(refused.Code)
				p.err = refused
			}
		}
		p.mu.Unlock()
	}
}

// failed is why the publisher cannot go on, or nil.
func (p *publisher) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// flush waits until everything sent is acknowledged.
func (p *publisher) flush(ctx context.Context) error {
	err := until(ctx, quietTimeout, "all messages are acknowledged", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.sent) == 0 || p.err != nil
	})
	return errors.Join(err, p.failed())
}

func (p *publisher) close() {
	p.closing.Store(true)
	_ = p.conn.Close() // nothing is under way any more
	p.reading.Wait()
}

// head is the number of a room's last event.
func (r *run) head(ctx context.Context, account Account) (int64, error) {
	var view snapshotView
	rest := wire.REST{Base: r.Instances[0], Token: account.SponsorToken, HTTP: r.http}
	err := rest.Call(ctx, http.MethodGet, "/api/rooms/"+account.Room, nil, &view)
	return view.Seq, err
}

// messageLog reads the numbers of a room's messages after seq base.
func (r *run) messageLog(ctx context.Context, account Account, base int64) (log []int64, err error) {
	rest := wire.REST{Base: r.Instances[0], Token: account.SponsorToken, HTTP: r.http}
	err = rest.Log(ctx, account.Room, base, func(e wire.LogEvent) error {
		if want := base + int64(len(log)) + 1; e.Seq != want {
			return fmt.Errorf("the log of room %s goes on with %d instead of %d", account.Room, e.Seq, want)
		}
		log = append(log, numberAfter(e.Canonical, textMark))
		return nil
	})
	return log, err
}
