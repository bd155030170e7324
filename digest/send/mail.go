package send

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"parley/digest"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
)

// Figures of the kind mail.
const (
	mailBatch    = 100
	mailParallel = 4
	mailLease    = 25 * time.Second
	// mailMargin is what must be left of a claim when a mail is begun.
	mailMargin = mailTimeout + 2*time.Second
	// mailAttempts at Backoff are a little more than a day.
	mailAttempts = 14
)

// Unnoted bounds the mails that were sent and wait to be noted; as many may be in the
// write that notes.
const Unnoted = 8

// Mails is the kind of job that sends the outbox.
type Mails struct {
	Store *store.Store
	// Server is nil where mails are kept in the outbox to be read there.
	Server *Server
	Clock  func() time.Time
	// Jitter returns a random number in [0, n), to spread repeated attempts.
	Jitter func(n int64) int64
	// Observe takes what came of each mail; it is called by several goroutines.
	Observe func(outbox.State)
}

// Kind describes it to the engine.
func (m *Mails) Kind() digest.Kind {
	return digest.Kind{
		Name: jobs.Mail, Batch: mailBatch, Parallel: mailParallel, Lease: mailLease, Attempts: mailAttempts,
		Do: m.do, GaveUp: m.gaveUp,
	}
}

func (m *Mails) gaveUp(ctx context.Context, t *store.Tx, lost []jobs.Job) error {
	ids := make([]string, len(lost))
	for i, j := range lost {
		ids[i] = j.Period
	}
	return outbox.Note(ctx, t, outbox.GaveUp, ids...)
}

// outcome is what came of one mail; without a state it stays as it is.
type outcome struct {
	mail   string
	state  outbox.State
	result jobs.Result
}

func (m *Mails) do(ctx context.Context, b *jobs.Batch) error {
	ids := make([]string, len(b.Jobs))
	for i, j := range b.Jobs {
		ids[i] = j.Period
	}
	list, err := outbox.Load(ctx, m.Store, ids...)
	if err != nil {
		return err
	}
	mails := make(map[string]*outbox.Mail, len(list))
	for i := range list {
		mails[list[i].ID] = &list[i]
	}
	notes := m.startNotes(ctx, b)
	err = m.each(ctx, b, mails, notes)
	return errors.Join(err, notes.close())
}

// each sends the batch's mails one after the other.
func (m *Mails) each(ctx context.Context, b *jobs.Batch, mails map[string]*outbox.Mail, notes *notes) error {
	l := &link{server: m.Server}
	defer l.bye()
	for _, j := range b.Jobs {
		if err := notes.failed(); err != nil {
			return nil // told by close
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if held, err := m.hold(ctx, b); err != nil || !held {
			return err
		}
		o := outcome{mail: j.Period, result: jobs.Result{ID: j.ID}}
		mail := mails[j.Period]
		switch {
		case mail == nil:
			o.result.Outcome = "erased"
		case mail.State != outbox.Queued && mail.State != outbox.GaveUp:
			o.result.Outcome = string(mail.State)
		case m.Server == nil:
			o.state = outbox.Kept
		default:
			err := m.send(ctx, l, mail)
			var gone *unreachableError
			if errors.As(err, &gone) {
				return err // so are the others
			}
			m.judge(&o, &j, err)
		}
		if o.result.Outcome == "" {
			o.result.Outcome = string(o.state)
		}
		notes.add(o)
	}
	return nil
}

// hold sees to it that the claim lasts longer than a mail; it tells whether it does.
func (m *Mails) hold(ctx context.Context, b *jobs.Batch) (bool, error) {
	left := func() time.Duration { return b.Until.Sub(m.Clock()) }
	if left() > mailMargin {
		return true, nil
	}
	held, err := jobs.Renew(ctx, m.Store, b, mailLease)
	return held && left() > mailMargin, err
}

func (m *Mails) send(ctx context.Context, l *link, mail *outbox.Mail) error {
	msg, err := m.Server.message(mail)
	if err != nil {
		return &malformedError{err}
	}
	return l.send(ctx, msg)
}

// malformedError says that no server would take it.
type malformedError struct{ err error }

func (e *malformedError) Error() string { return e.err.Error() }
func (e *malformedError) Unwrap() error { return e.err }

// judge says what an attempt means: sent, to be tried again, or given up.
func (m *Mails) judge(o *outcome, j *jobs.Job, err error) {
	if err == nil {
		o.state = outbox.Sent
		return
	}
	o.result.Failed, o.result.Outcome = true, digest.Reason(err)
	var malformed *malformedError
	if permanent(err) || errors.As(err, &malformed) || j.Attempts >= mailAttempts {
		o.state = outbox.GaveUp
		return
	}
	o.result.Retry = digest.Backoff(j.Attempts, m.Jitter)
}

// notes writes down what came of mails while the next ones are sent. It owns one
// goroutine, which close ends and waits for.
type notes struct {
	mails *Mails
	batch string // token
	ctx   context.Context

	queue chan outcome
	ended sync.WaitGroup
	err   atomic.Pointer[error]
}

func (m *Mails) startNotes(ctx context.Context, b *jobs.Batch) *notes {
	// What was sent is noted also when the worker is told to stop.
	n := &notes{mails: m, batch: b.Token, ctx: context.WithoutCancel(ctx), queue: make(chan outcome, Unnoted)}
	n.ended.Go(n.run)
	return n
}

func (n *notes) add(o outcome) { n.queue <- o }

func (n *notes) failed() error {
	if err := n.err.Load(); err != nil {
		return *err
	}
	return nil
}

// close notes what is left.
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
			n.write(some)
		}
	}
}

// noteTries is how often a write is tried that the database did not take: what it would
// note was sent, and would be sent again.
const noteTries = 5

func (n *notes) write(some []outcome) {
	var err error
	for try := range noteTries {
		if try > 0 {
			time.Sleep(time.Duration(try) * 100 * time.Millisecond)
		}
		if err = n.once(some); err == nil {
			return
		}
	}
	err = fmt.Errorf("note mails that were sent: %w", err)
	n.err.Store(&err)
}

// once notes the mails and finishes their jobs. Those whose claim was lost were sent by
// another, who notes them.
func (n *notes) once(some []outcome) error {
	mine, err := store.Write(n.ctx, n.mails.Store, func(ctx context.Context, t *store.Tx) (map[int64]bool, error) {
		results := make([]jobs.Result, len(some))
		for i := range some {
			results[i] = some[i].result
		}
		mine, err := jobs.Finish(ctx, t, n.batch, results...)
		if err != nil {
			return nil, err
		}
		states := make(map[outbox.State][]string)
		for i := range some {
			if o := &some[i]; o.state != "" && mine[o.result.ID] {
				states[o.state] = append(states[o.state], o.mail)
			}
		}
		for state, ids := range states {
			if err := outbox.Note(ctx, t, state, ids...); err != nil {
				return nil, err
			}
		}
		return mine, nil
	})
	if err != nil {
		return err
	}
	if n.mails.Observe != nil {
		for i := range some {
			if o := &some[i]; o.state != "" && mine[o.result.ID] {
				n.mails.Observe(o.state)
			}
		}
	}
	return nil
}
