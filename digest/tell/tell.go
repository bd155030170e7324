package tell

import (
	"context"
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
	list := make([]desk.Written, len(b.Jobs))
	written := make(map[string]bool)
	for i := range b.Jobs {
		j := &b.Jobs[i]
		list[i] = desk.Written{Job: j.ID, Outcome: desk.Nothing}
		p, ok := people[j.User]
		if !ok {
			list[i].Outcome = desk.Unwanted
			continue
		}
		if written[p.ID] { // another job of the batch is theirs too
			continue
		}
		written[p.ID] = true
		if list[i].Mails, err = w.mails(ctx, &p, items[p.ID], j.ID); err != nil {
			return err
		}
		if len(list[i].Mails) > 0 {
			list[i].Outcome = desk.Told
		}
	}
	return k.Send(ctx, b.Token, list, func(ctx context.Context, t *store.Tx, mine map[int64]bool) error {
		var done []string
		var gone []news.Item
		told, last := make(map[string]bool), int64(0)
		for i := range list {
			j := &b.Jobs[i]
			if !mine[j.ID] {
				continue
			}
			last = max(last, j.ID)
			told[j.User] = told[j.User] || list[i].Outcome == desk.Told
			done, gone = append(done, j.User), append(gone, items[j.User]...)
		}
		// No place in the log is negative: the names of these jobs are nobody else's.
		return news.Done(ctx, t, done, gone, told, -last)
	})
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
