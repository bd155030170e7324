package send

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
)

// Unnoted bounds the mails of a batch that were sent and are not in a write that notes
// them yet; as many may be in that write.
const Unnoted = 8

const (
	// A note that the store did not take is tried again after a wait, doubled with each
	// try, of which the later half is random. The longest one is below the second after
	// which an engine looks for claims that have ended.
	firstNoteWait = 50 * time.Millisecond
	maxNoteWait   = 800 * time.Millisecond
	// lastNote bounds the try that is left when the worker is out of time to stop.
	lastNote = 3 * time.Second
)

// unnoted are the mails that a worker knows to be sent and the store does not. Its tasks
// share it: whichever claims such a mail after the first claim ended notes it, and does
// not send it.
type unnoted struct {
	mu    sync.Mutex
	mails map[string]int // by how many notes of it wait
}

func (u *unnoted) has(mail string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.mails[mail] > 0
}

func (u *unnoted) add(mail string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.mails == nil {
		u.mails = make(map[string]int)
	}
	u.mails[mail]++
}

func (u *unnoted) remove(mail string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.mails[mail]--; u.mails[mail] <= 0 {
		delete(u.mails, mail)
	}
}

// notes writes down what came of mails while the next ones are sent, and goes on trying
// for as long as its worker lives. It owns one goroutine, which close ends and waits for.
type notes struct {
	mails *Mails
	batch string // token
	// worker ends when the worker is out of time to stop.
	worker context.Context

	queue chan outcome
	ended sync.WaitGroup
	err   atomic.Pointer[error]
}

func (m *Mails) startNotes(ctx context.Context, b *jobs.Batch) *notes {
	// One more waits in add.
	n := &notes{mails: m, batch: b.Token, worker: ctx, queue: make(chan outcome, Unnoted-1)}
	n.ended.Go(n.run)
	return n
}

// add hands over what came of a mail. While the store takes no notes it waits, so that
// no further mail is sent.
func (n *notes) add(o outcome) {
	if o.state == outbox.Sent {
		n.mails.unnoted.add(o.mail)
	}
	n.queue <- o
}

func (n *notes) failed() error {
	if err := n.err.Load(); err != nil {
		return *err
	}
	return nil
}

// close notes what is left. Its error says that some of it could not be.
func (n *notes) close() error {
	close(n.queue)
	n.ended.Wait()
	return n.failed()
}

func (n *notes) run() {
	for first := range n.queue {
		some := []outcome{first}
		for more := true; more && len(some) < Unnoted; {
			select {
			case o, ok := <-n.queue:
				if more = ok; ok {
					some = append(some, o)
				}
			default:
				more = false
			}
		}
		if n.failed() == nil {
			if err := n.write(some); err != nil {
				err = fmt.Errorf("note mails that were sent: %w", err)
				n.err.Store(&err)
			}
		}
		for i := range some {
			if some[i].state == outbox.Sent {
				n.mails.unnoted.remove(some[i].mail)
			}
		}
	}
}

func (n *notes) write(some []outcome) error {
	return insist(n.worker, n.mails.Jitter, func(ctx context.Context) error { return n.once(ctx, some) })
}

// insist notes what came of an attempt. That is known nowhere else, and what was sent
// would be sent again: so it gives up only when the worker must end, after one more try.
func insist(worker context.Context, jitter func(int64) int64, note func(context.Context) error) error {
	for wait := firstNoteWait; worker.Err() == nil; wait = min(2*wait, maxNoteWait) {
		// The store answers in its own time; the worker's end is no reason not to listen.
		if note(context.WithoutCancel(worker)) == nil {
			return nil
		}
		rest(worker, wait/2+time.Duration(jitter(int64(wait/2)+1)))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(worker), lastNote)
	defer cancel()
	return note(ctx)
}

// rest waits for a time, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// once notes the mails and finishes their jobs. A job whose claim was lost is another's to
// finish, and a failure then that one's to judge; but that a mail was sent stays true, and
// noting it keeps the other from sending it again, unless it is at it already.
func (n *notes) once(ctx context.Context, some []outcome) error {
	noted, err := store.Write(ctx, n.mails.Store, func(ctx context.Context, t *store.Tx) ([]outbox.State, error) {
		results := make([]jobs.Result, len(some))
		for i := range some {
			results[i] = some[i].result
		}
		mine, err := jobs.Finish(ctx, t, n.batch, results...)
		if err != nil {
			return nil, err
		}
		var noted []outbox.State
		ids := make(map[outbox.State][]string)
		for i := range some {
			if o := &some[i]; o.state == outbox.Sent || o.state != "" && mine[o.result.ID] {
				ids[o.state] = append(ids[o.state], o.mail)
				noted = append(noted, o.state)
			}
		}
		for state, ids := range ids {
			if err := outbox.Note(ctx, t, state, ids...); err != nil {
				return nil, err
			}
		}
		return noted, nil
	})
	if err != nil {
		return err
	}
	if n.mails.Observe != nil {
		for _, state := range noted {
			n.mails.Observe(state)
		}
	}
	return nil
}
