package remind_test

import (
	"context"
	"testing"

	"parley/digest"
	"parley/digest/desk/desktest"
	"parley/digest/remind"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/storetest/forms"
)

// A mail that cannot be written, as its address is none, keeps nobody else's.
func TestOnesTroubleKeepsNoOthersMail(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		acme := desktest.User(t, e, rooms.Sponsor, "Acme")
		campaign := e.RunningCampaign(t, acme)
		for _, c := range []struct {
			kind   digest.Kind
			period string
			role   rooms.Side
		}{
			{remind.Daily(desktest.Desk(e)), "2026-11-22", rooms.Influencer},
			{remind.Weekly(desktest.Desk(e)), "2026-W47", rooms.Admin},
		} {
			bad, good := desktest.User(t, e, c.role, "Bad"+string(c.role)), desktest.User(t, e, c.role, "Good"+string(c.role))
			if c.role == rooms.Influencer {
				e.Room(t, campaign, bad)
				e.Room(t, campaign, good)
				seen(t, e, bad, good)
			}
			desktest.Write(t, e, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.DB.NewUpdate().Table("users").Set("email = ?", "bad\n"+bad.ID).Where("id = ?", bad.ID).Exec(ctx)
				if err != nil {
					return err
				}
				return jobs.Add(ctx, tx, jobs.Job{Kind: c.kind.Name, User: bad.ID, Period: c.period},
					jobs.Job{Kind: c.kind.Name, User: good.ID, Period: c.period})
			})
			b, err := jobs.Claim(t.Context(), e.Store, c.kind.Name, c.kind.Batch, c.kind.Lease)
			desktest.Must(t, err)
			if err := c.kind.Do(t.Context(), &b); err == nil {
				t.Errorf("%s: no error", c.kind.Name)
			}
			for user, want := range map[string]jobs.State{bad.ID: jobs.Running, good.ID: jobs.Done} {
				j, err := jobs.Get(t.Context(), e.Store, c.kind.Name, user, c.period)
				desktest.Must(t, err)
				if j.State != want {
					t.Errorf("%s: a job is %s (%s), want %s", c.kind.Name, j.State, j.Outcome, want)
				}
			}
			if mails := desktest.Mails(t, e, good); len(mails) != 1 || mails[0].Kind != c.kind.Name {
				t.Errorf("%s: told %+v", c.kind.Name, mails)
			}
		}
	})
}
