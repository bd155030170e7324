package store

import (
	"context"
	"errors"
	"testing"

	"parley/rooms"
)

// What happens besides a command is committed with it, once, or not at all.
func TestWhatAlsoHappensIsPartOfTheCommand(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room, other := e.opened(w, 300), e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 300)
		budgets := func() int {
			list, err := e.SponsorBudgets(t.Context(), w.sponsor.ID)
			must(t, err)
			return len(list)
		}
		note := func(currency string) Also {
			return func(ctx context.Context, tx *Tx) error {
				_, err := tx.DB.NewInsert().Model(&budgetModel{UserID: w.sponsor.ID, Currency: currency, Amount: 1}).Exec(ctx)
				return err
			}
		}
		say := e.say(w.sponsor, room, "hello")
		say.Also = []Also{note("EUR")}
		e.ok(say)
		e.ok(say) // a repeat: a second row would be refused
		refused := e.say(w.influencer, other, "not mine")
		refused.Also = []Also{note("USD")}
		e.refused(refused, rooms.CodeNotFound)
		if n := budgets(); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}

		// In one batch: a refusal and a broken row take back their own commands alone.
		declined, broken, neighbour := e.say(w.sponsor, room, "a"), e.say(w.sponsor, room, "b"), e.say(w.sponsor, other, "c")
		declined.Also = []Also{note("GBP"), func(context.Context, *Tx) error { return rooms.Refuse(rooms.CodeNotAllowed, "no") }}
		broken.Also = []Also{note("JPY"), note("EUR")}
		neighbour.Also = []Also{note("CHF")}
		results := e.together([]Command{declined, e.say(w.sponsor, room, "d"), broken, neighbour})
		refusalOf(t, results[0].Err, rooms.CodeNotAllowed)
		if !errors.Is(results[2].Err, ErrUnavailable) || results[1].Err != nil || results[3].Err != nil {
			t.Errorf("results %+v", results)
		}
		if results[1].Seq != 4 || budgets() != 2 {
			t.Errorf("seq %d, %d rows", results[1].Seq, budgets())
		}
		// So does an error that nobody has foreseen, of what goes along and of a write.
		odd := errors.New("nobody has heard of this")
		strange, neighbour := e.say(w.sponsor, room, "e"), e.say(w.sponsor, other, "f")
		strange.Also = []Also{note("SEK"), func(context.Context, *Tx) error { return odd }}
		release := e.hold()
		written, said := make(chan error, 1), make(chan Result, 2)
		go func() {
			_, err := Write(t.Context(), e.Store, func(ctx context.Context, tx *Tx) (struct{}, error) {
				return struct{}{}, errors.Join(note("NOK")(ctx, tx), odd)
			})
			written <- err
		}()
		e.waiting(1)
		for _, c := range []*Command{&strange, &neighbour} {
			c.Done = func(r Result) { said <- r }
			e.Submit(*c)
		}
		release()
		for _, err := range []error{<-written, (<-said).Err} {
			if !errors.Is(err, ErrUnavailable) || !errors.Is(err, odd) {
				t.Errorf("an unforeseen error is told as %v", err)
			}
		}
		if r := <-said; r.Err != nil || budgets() != 2 {
			t.Errorf("the neighbour: %+v, %d rows", r, budgets())
		}
		declined.Also = nil // it left nothing behind: not even its answer
		if r := e.ok(declined); r.Duplicate || r.Seq != 5 {
			t.Errorf("again: %+v", r)
		}
		e.sound()
	})
}
