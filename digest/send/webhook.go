package send

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"parley/digest"
	"parley/store"
	"parley/store/jobs"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/outbox/letter"
	"parley/store/seal"
	"parley/store/webhooks"
)

// Figures of the kind webhook. A batch is two rounds of attempts, which the lease outlasts.
const (
	webhookBatch    = 2 * webhooksAtOnce
	webhookParallel = 2
	webhookLease    = 45 * time.Second
	// webhookAttempts at Backoff are about a day, as long as an endpoint may fail before it
	// is switched off: no message is given up in silence because a server was down.
	webhookAttempts = 16
	webhooksAtOnce  = 10
)

// NoticeWebhookOff is the kind of the notice that an endpoint was switched off; its data
// holds the endpoint's name.
const NoticeWebhookOff = "webhook_off"

// Delivery is what came of an attempt.
type Delivery string

// What may come of an attempt.
const (
	Delivered Delivery = "delivered"
	// Refused and Unreachable say that it failed: by the server's answer, or without one.
	Refused     Delivery = "refused"
	Unreachable Delivery = "unreachable"
)

// Webhooks is the kind of job that delivers messages to webhooks.
type Webhooks struct {
	Store  *store.Store
	Poster *Poster
	Sealer *seal.Sealer
	// Settings is the page of the app where one switches a webhook on again.
	Settings string
	// Jitter returns a random number in [0, n), to spread repeated attempts.
	Jitter func(n int64) int64
	// Observe takes what came of each attempt; it is called by several goroutines.
	Observe func(Delivery)
}

// Kind describes it to the engine.
func (w *Webhooks) Kind() digest.Kind {
	return digest.Kind{
		Name: jobs.Webhook, Batch: webhookBatch, Parallel: webhookParallel, Lease: webhookLease, Attempts: webhookAttempts,
		Do: w.do,
	}
}

// do delivers a batch's messages side by side, as one slow endpoint must not keep others
// waiting.
func (w *Webhooks) do(ctx context.Context, b *jobs.Batch) error {
	ids := make([]string, len(b.Jobs))
	for i, j := range b.Jobs {
		ids[i] = j.Period
	}
	messages, err := webhooks.Load(ctx, w.Store, ids...)
	if err != nil {
		return err
	}
	var all errgroup.Group
	all.SetLimit(webhooksAtOnce)
	for i := range b.Jobs {
		j := &b.Jobs[i]
		all.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			m, ok := messages[j.Period]
			if !ok {
				return w.finish(ctx, b.Token, jobs.Result{ID: j.ID, Outcome: "erased"}, nil)
			}
			return w.deliver(ctx, b.Token, j, &m)
		})
	}
	return all.Wait()
}

// deliver makes one attempt and notes it.
func (w *Webhooks) deliver(ctx context.Context, token string, j *jobs.Job, m *webhooks.Message) error {
	if !m.To.On() {
		return w.finish(ctx, token, jobs.Result{ID: j.ID, Outcome: "switched off", Failed: true}, nil)
	}
	target, err := m.To.Open(w.Sealer)
	if err != nil {
		return err // this server's fault, not the endpoint's
	}
	err = w.Poster.Post(ctx, m, target)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // the worker stops; that says nothing about the endpoint
	}
	came, result := w.judge(j, err)
	if w.Observe != nil {
		w.Observe(came)
	}
	if came == Delivered {
		return insist(ctx, w.Jitter, func(ctx context.Context) error {
			return w.finish(ctx, token, result, func(ctx context.Context, t *store.Tx) error { return webhooks.Delivered(ctx, t, m) })
		})
	}
	return w.finish(context.WithoutCancel(ctx), token, result, func(ctx context.Context, t *store.Tx) error {
		off, err := webhooks.Failed(ctx, t, m, result.Outcome)
		if err != nil || off == nil {
			return err
		}
		return w.tell(ctx, t, off)
	})
}

// judge says what an attempt means: delivered, to be tried again, or given up.
func (w *Webhooks) judge(j *jobs.Job, err error) (Delivery, jobs.Result) {
	if err == nil {
		return Delivered, jobs.Result{ID: j.ID, Outcome: string(Delivered)}
	}
	result := jobs.Result{ID: j.ID, Outcome: reason(err), Failed: true}
	var answer refusal
	answered := errors.As(err, &answer)
	if j.Attempts < webhookAttempts && !(answered && answer.lasting()) {
		result.Retry = digest.Backoff(j.Attempts, w.Jitter)
	}
	if answered {
		return Refused, result
	}
	return Unreachable, result
}

// reason says in few words why an attempt failed, and nothing about the network that the
// server stands in.
func reason(err error) string {
	var answer refusal
	var timeout net.Error
	switch {
	case errors.As(err, &answer):
		return answer.Error()
	case errors.Is(err, errNotPublic):
		return errNotPublic.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "the server did not answer in time"
	default:
		return "the server could not be reached"
	}
}

// finish notes what came of a job, and with it what also does, if the job is still the
// worker's.
func (w *Webhooks) finish(ctx context.Context, token string, result jobs.Result, also store.Also) error {
	_, err := store.Write(ctx, w.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		mine, err := jobs.Finish(ctx, t, token, result)
		if err != nil || !mine[result.ID] || also == nil {
			return struct{}{}, err
		}
		return struct{}{}, also(ctx, t)
	})
	if err != nil {
		return fmt.Errorf("note a delivery: %w", err)
	}
	return nil
}

// tell tells the owner that an endpoint was switched off: in the app, and by mail if the
// address is theirs.
func (w *Webhooks) tell(ctx context.Context, t *store.Tx, off *webhooks.Off) error {
	u, err := t.User(ctx, off.User)
	if err != nil {
		return err
	}
	data, err := json.Marshal(map[string]any{"name": off.Name, "dropped": off.Dropped})
	if err != nil {
		return fmt.Errorf("write a notice: %w", err)
	}
	if err := notices.Add(ctx, t, notices.Notice{User: u.ID, Kind: NoticeWebhookOff, Data: data}); err != nil {
		return err
	}
	if u.VerifiedAt == nil {
		return nil // the address may be a stranger's; the notice is there
	}
	l := offLetter(off, w.Settings)
	// An endpoint can be switched off more than once.
	m, err := l.Mail(fmt.Sprintf("%s:%s:%d", NoticeWebhookOff, off.ID, store.Micros(*off.OffAt)), u.ID, u.Email)
	if err != nil {
		return err
	}
	return outbox.Put(ctx, t, m)
}

// offLetter says that a webhook was switched off; its button leads to the settings.
func offLetter(off *webhooks.Off, settings string) letter.Letter {
	return letter.Letter{
		Kind: NoticeWebhookOff, Subject: fmt.Sprintf("Your webhook %s was switched off", off.Name),
		Sections: []letter.Section{{Paragraphs: []string{
			fmt.Sprintf("%d attempts in a row failed in more than a day, the last one because %s.", off.Failures, off.OffReason),
			fmt.Sprintf("Messages that waited for it and are not sent any more: %d.", off.Dropped),
			"Until you switch it on again, what would have gone there comes by mail.",
		}}},
		Button: &letter.Link{Text: "See your webhooks", URL: settings},
	}
}
