package tell

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"parley/digest"
	"parley/digest/desk"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/news"
	"parley/store/outbox"
	"parley/store/preferences"
)

// Teller writes the mails.
type Teller struct {
	*desk.Desk
	// TermSheet, if set, makes the file that goes with the mail about a room's deal.
	TermSheet func(ctx context.Context, room string) (outbox.Attachment, error)
}

// Kind is the kind that tells people what happened.
func (k *Teller) Kind() digest.Kind {
	return digest.Kind{Name: jobs.Tell, Batch: 100, Parallel: 2, Lease: 2 * time.Minute, Attempts: 5, Do: k.do}
}

func (k *Teller) do(ctx context.Context, b *jobs.Batch) error {
	users := desk.Users(b.Jobs)
	people, err := k.People(ctx, users)
	if err != nil {
		return err
	}
	items, err := news.Of(ctx, k.Store, users)
	if err != nil {
		return err
	}
	w := &writer{Teller: k, now: rooms.At(k.Clock())}
	if w.terms, err = k.terms(ctx, items); err != nil {
		return err
	}
	if w.signer, err = k.Signer(ctx); err != nil {
		return err
	}
	// One person's mail that cannot be written keeps nobody else's: their jobs are left, for
	// the engine to try again.
	var list []desk.Written
	var errs []error
	of := make(map[int64]string, len(b.Jobs))
	written, failed := make(map[string]bool), make(map[string]bool)
	for i := range b.Jobs {
		j := &b.Jobs[i]
		of[j.ID] = j.User
		row := desk.Written{Job: j.ID, Outcome: desk.Nothing}
		p, ok := people[j.User]
		switch {
		case !ok:
			row.Outcome = desk.Unwanted
		case failed[p.ID]:
			continue
		case !written[p.ID]: // else another job of the batch is theirs too
			if row.Mails, err = w.mails(ctx, &p, items[p.ID], j.ID); err != nil {
				failed[p.ID] = true
				errs = append(errs, err)
				continue
			}
			written[p.ID] = true
			if len(row.Mails) > 0 {
				row.Outcome = desk.Told
			}
		}
		list = append(list, row)
	}
	err = k.Send(ctx, b.Token, list, func(ctx context.Context, t *store.Tx, mine map[int64]bool) error {
		var done []string
		var gone []news.Item
		told, last := make(map[string]bool), int64(0)
		for i := range list {
			job := list[i].Job
			if !mine[job] {
				continue
			}
			user := of[job]
			last = max(last, job)
			told[user] = told[user] || list[i].Outcome == desk.Told
			done, gone = append(done, user), append(gone, items[user]...)
		}
		// No place in the log is negative: the names of these jobs are nobody else's.
		return news.Done(ctx, t, done, gone, told, -last)
	})
	return errors.Join(append(errs, err)...)
}

// terms reads the terms of the deals that are told of, by the place of their offers.
func (k *Teller) terms(ctx context.Context, items map[string][]news.Item) (map[int64]rooms.Terms, error) {
	var at []int64
	for _, list := range items {
		for i := range list {
			if what := list[i].What; what == news.Deal || what == news.Amended {
				at = append(at, list[i].DealPos)
			}
		}
	}
	if len(at) == 0 {
		return nil, nil
	}
	var rows []struct {
		Pos  int64
		Body []byte
	}
	if err := k.Store.Reads().NewRaw("SELECT pos, body FROM events WHERE pos IN (?)", bun.List(at)).Scan(ctx, &rows); err != nil {
		return nil, store.ReadError("read terms", err)
	}
	terms := make(map[int64]rooms.Terms, len(rows))
	for i := range rows {
		e, err := rooms.ParseEvent(rows[i].Body)
		if err != nil {
			return nil, fmt.Errorf("tell: event %d: %w", rows[i].Pos, err)
		}
		if put, ok := e.Data.(rooms.OfferPut); ok {
			terms[rows[i].Pos] = put.Offer.Terms
		}
	}
	return terms, nil
}

// topicOf is what one mutes to be told of something no more.
func topicOf(what news.What) preferences.Topic {
	switch what {
	case news.Request:
		return preferences.Requests
	case news.Offer:
		return preferences.Offers
	default:
		return preferences.Deals
	}
}
