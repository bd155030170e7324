package send

import (
	"context"
	"errors"
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

	unnoted unnoted
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

func (m *Mails) do(ctx context.Context, b *jobs.Batch) (err error) {
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
	defer func() { err = errors.Join(err, notes.close()) }()
	return m.each(ctx, b, mails, notes)
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
		o := outcome{mail: j.Period, result: jobs.Result{ID: j.ID}}
		mail, sent := mails[j.Period], m.unnoted.has(j.Period)
		if m.Server != nil && mail != nil && !sent {
			// With a slow server this takes longer than the margin of a mail: the claim is
			// looked at after it.
			if err := l.connect(ctx); err != nil {
				return err // so are the others
			}
		}
		if held, err := m.hold(ctx, b); err != nil || !held {
			return err
		}
		if j.Attempts > 1 && !sent {
			// Whose claim it was before may have noted it since the batch was read.
			var err error
			if mail, err = m.now(ctx, j.Period); err != nil {
				return err
			}
		}
		switch {
		case sent:
			o.state = outbox.Sent
		case mail == nil:
			o.result.Outcome = "erased"
		case mail.State != outbox.Queued && mail.State != outbox.GaveUp:
			o.result.Outcome = string(mail.State)
		case m.Server == nil:
			o.state = outbox.Kept
		default:
			err := m.send(l, mail)
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

// now reads a mail as it is; nil when it is gone.
func (m *Mails) now(ctx context.Context, id string) (*outbox.Mail, error) {
	list, err := outbox.Load(ctx, m.Store, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
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

func (m *Mails) send(l *link, mail *outbox.Mail) error {
	msg, err := m.Server.message(mail)
	if err != nil {
		return &malformedError{err}
	}
	return l.send(msg)
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
