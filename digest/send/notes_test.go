package send_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun/dialect"

	"parley/digest/send"
	"parley/digest/send/smtptest"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/storetest/forms"
)

// takeNoNotes has the database refuse to note mails as sent, until the function returned
// is called.
func takeNoNotes(t *testing.T, e *forms.Env) (take func()) {
	t.Helper()
	refuse := []string{`CREATE TRIGGER away BEFORE UPDATE ON outbox WHEN NEW.state = 'sent' BEGIN SELECT RAISE(ABORT, 'away'); END`}
	again := []string{`DROP TRIGGER away`}
	if e.Store.Reads().Dialect().Name() == dialect.PG {
		refuse = []string{`ALTER TABLE outbox ADD CONSTRAINT away CHECK (state <> 'sent') NOT VALID`}
		again = []string{`ALTER TABLE outbox DROP CONSTRAINT away`}
	}
	schema := func(statements []string) {
		t.Helper()
		write(t, e, func(ctx context.Context, tx *store.Tx) error {
			for _, s := range statements {
				if _, err := tx.DB.ExecContext(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
	}
	schema(refuse)
	return func() { t.Helper(); schema(again) }
}

func write(t *testing.T, e *forms.Env, do func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, do(ctx, tx)
	})
	must(t, err)
}

func (p *post) putMany(t *testing.T, n int) {
	t.Helper()
	list := make([]outbox.Mail, n)
	for i := range list {
		list[i] = hello(fmt.Sprintf("u%d@example.test", i))
	}
	p.put(t, list...)
}

func (p *post) count(t *testing.T, state outbox.State) (n int) {
	t.Helper()
	for _, m := range p.mails(t) {
		if m.State == state {
			n++
		}
	}
	return n
}

// arrivedOnce wants each of n mails at the server, once.
func (p *post) arrivedOnce(t *testing.T, n int) {
	t.Helper()
	times := make(map[string]int)
	for _, m := range p.smtp.Messages() {
		times[m.To]++
	}
	if len(times) != n || p.smtp.Count() != n {
		t.Errorf("%d mails for %d addresses arrived, want %d once each: %v", p.smtp.Count(), len(times), n, times)
	}
}

// A worker whose notes are not taken sends no more than it can hold, and sends none twice.
func TestWhatWasSentIsNotForgottenWhileTheStoreIsAway(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		p := newPost(t, e, smtptest.Start(t, nil))
		const n = 40
		p.putMany(t, n)
		take := takeNoNotes(t, e)
		p.until(t, "a note is tried for the fourth time", func() bool { return p.waits.Load() >= 3 })
		if got := p.smtp.Count(); got < send.Unnoted || got > 2*send.Unnoted {
			t.Errorf("%d mails were sent that could not be noted, want %d to %d", got, send.Unnoted, 2*send.Unnoted)
		}
		if got := p.count(t, outbox.Queued); got != n {
			t.Errorf("%d mails wait, want %d", got, n)
		}
		take()
		p.until(t, "all are noted", func() bool { return p.count(t, outbox.Sent) == n })
		p.arrivedOnce(t, n)
	})
}

// The claim of what was sent ends before it could be noted: the worker's other tasks claim
// it, and know better than to send it again.
func TestAWorkerKnowsWhatItSentWhenItsClaimHasEnded(t *testing.T) {
	p := newPost(t, forms.SQLite(t), smtptest.Start(t, nil))
	const n, more = 5, 100 // with which there is work for a second task
	p.putMany(t, n)
	take := takeNoNotes(t, p.Env)
	p.until(t, "all are sent", func() bool { return p.smtp.Count() == n && p.smtp.Open() == 0 })
	p.Clock.Advance(time.Minute)
	p.putMany(t, n+more)
	p.until(t, "all are claimed again", func() bool {
		mails := p.mails(t)
		for i := range n {
			if mails[fmt.Sprintf("u%d@example.test", i)].Attempts < 2 {
				return false
			}
		}
		return true
	})
	take()
	p.until(t, "all are noted", func() bool { return p.count(t, outbox.Sent) == n+more })
	p.arrivedOnce(t, n+more)
}

// Another worker claims what was sent. It is noted all the same, and the other one, which
// looks again before each mail that it was not the first to claim, sends but the one that it
// is at.
func TestAMailIsNotedAsSentByWhoLostTheClaim(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		var once sync.Once
		begun, goOn := make(chan string, 1), make(chan struct{})
		one := newPost(t, e, smtptest.Start(t, nil))
		other := newPost(t, e, smtptest.Start(t, func(to string, _ int) error {
			once.Do(func() { begun <- to })
			<-goOn
			return nil
		}))
		one.putMany(t, 2)
		take := takeNoNotes(t, e)
		one.until(t, "both are sent", func() bool { return one.smtp.Count() == 2 && one.smtp.Open() == 0 })
		e.Clock.Advance(time.Minute)
		other.ticks <- time.Time{}
		first := <-begun
		take()
		one.until(t, "both are noted", func() bool { return one.count(t, outbox.Sent) == 2 })
		job := func(to string) jobs.Job {
			j, err := jobs.Get(t.Context(), e.Store, jobs.Mail, "", one.mails(t)[to].ID)
			must(t, err)
			return j
		}
		if j := job("u0@example.test"); j.State != jobs.Running || j.Attempts != 2 {
			t.Errorf("the other one's job: %+v", j)
		}
		close(goOn)
		other.until(t, "the jobs are finished", func() bool {
			return job("u0@example.test").State == jobs.Done && job("u1@example.test").State == jobs.Done
		})
		one.arrivedOnce(t, 2)
		if got := other.smtp.Messages(); len(got) != 1 || got[0].To != first {
			t.Errorf("the other sent %v, and was only at the one to %s", got, first)
		}
	})
}

// A worker that is told to stop goes on trying to note what it sent, for as long as it is
// given.
func TestAStoppingWorkerNotesWhatItSent(t *testing.T) {
	p := newPost(t, forms.SQLite(t), smtptest.Start(t, nil))
	p.putMany(t, 3)
	take := takeNoNotes(t, p.Env)
	p.until(t, "all are sent", func() bool { return p.smtp.Count() == 3 && p.smtp.Open() == 0 })

	closed := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { closed <- p.engine.Close(ctx) }()
	select {
	case err := <-closed:
		t.Fatalf("stopped (%v) while nothing was noted", err)
	case <-time.After(100 * time.Millisecond): // a stop that does not wait is over by then
	}
	take()
	must(t, <-closed)
	if got := p.count(t, outbox.Sent); got != 3 {
		t.Errorf("%d of 3 are noted", got)
	}
}

// A worker that is out of time to stop tries once more, and ends.
func TestAWorkerOutOfTimeToStopEnds(t *testing.T) {
	p := newPost(t, forms.SQLite(t), smtptest.Start(t, nil))
	p.putMany(t, 3)
	takeNoNotes(t, p.Env)
	p.until(t, "all are sent", func() bool { return p.smtp.Count() == 3 && p.smtp.Open() == 0 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.engine.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped with %v", err)
	}
	if got := p.count(t, outbox.Queued); got != 3 {
		t.Errorf("%d of 3 wait", got)
	}
}
