package flags_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/flags"
	"parley/store/notices"
	"parley/store/outbox"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, code rooms.Code) {
	t.Helper()
	var r *rooms.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("want %s, got %v", code, err)
	}
}

// market is a campaign with one room, and an admin.
type market struct {
	*forms.Env
	flags.Book
	t                          *testing.T
	sponsor, influencer, admin store.User
	campaign                   store.Campaign
	room                       string
}

func open(t *testing.T, e *forms.Env) *market {
	m := &market{Env: e, Book: flags.Book{Store: e.Store, PublicURL: "https://parley.test/"}, t: t}
	m.sponsor, m.influencer, m.admin = e.User(t, rooms.Sponsor), e.User(t, rooms.Influencer), e.User(t, rooms.Admin)
	m.campaign = e.RunningCampaign(t, m.sponsor)
	m.room = e.Room(t, m.campaign, m.influencer)
	return m
}

func (m *market) deed() flags.Deed {
	return flags.Deed{By: m.admin.ID, Addr: "192.0.2.1", RequestID: "Q"}
}

func (m *market) list(f flags.Filter) []flags.Flag {
	m.t.Helper()
	list, _, err := flags.List(m.t.Context(), m.Env.Store, f)
	must(m.t, err)
	return list
}

// only is the one flag that a filter finds.
func (m *market) only(f flags.Filter) flags.Flag {
	m.t.Helper()
	list := m.list(f)
	if len(list) != 1 {
		m.t.Fatalf("%+v finds %+v", f, list)
	}
	return list[0]
}

// told are the kinds of a user's notices and mails, newest first.
func (m *market) told(u store.User) string {
	m.t.Helper()
	list, _, _, err := notices.List(m.t.Context(), m.Env.Store, u.ID, "", 50)
	must(m.t, err)
	mails, _, err := outbox.List(m.t.Context(), m.Env.Store, outbox.Filter{User: u.ID})
	must(m.t, err)
	var kinds []string
	for _, n := range list {
		kinds = append(kinds, n.Kind)
	}
	kinds = append(kinds, "/")
	for _, mail := range mails {
		kinds = append(kinds, mail.Kind)
	}
	return strings.Join(kinds, " ")
}

func (m *market) actions() string {
	m.t.Helper()
	list, _, err := audit.List(m.t.Context(), m.Env.Store, audit.Filter{})
	must(m.t, err)
	var actions []string
	for _, e := range list {
		actions = append(actions, fmt.Sprintf("%s %s", e.Action, e.Subject.Kind))
	}
	return strings.Join(actions, ", ")
}

func (m *market) frozen() bool {
	m.t.Helper()
	s, err := m.Snapshot(m.t.Context(), m.room)
	must(m.t, err)
	return s.State.Frozen != 0
}

func TestAFlagAppealedAndLifted(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		m := open(t, e)
		ctx := t.Context()
		must(t, m.Set(ctx, store.FlagUser, m.influencer.ID, "Bought followers <b>", m.deed()))
		f := m.only(flags.Filter{State: "open"})
		if f.Kind != store.FlagUser || f.Subject != m.influencer.ID || f.Name != m.influencer.Name || f.Reason != "Bought followers <b>" ||
			f.BegunBy.Name != m.admin.Name || f.EndedAt != nil || len(f.Parties) != 1 || f.Parties[0].ID != m.influencer.ID {
			t.Fatalf("flag %+v", f)
		}
		if !m.frozen() || m.told(m.influencer) != "flagged / flagged" || m.told(m.sponsor) != "/" {
			t.Errorf("frozen %v, told %q and %q", m.frozen(), m.told(m.influencer), m.told(m.sponsor))
		}
		mails, _, err := outbox.List(ctx, e.Store, outbox.Filter{})
		must(t, err)
		mail, err := outbox.Get(ctx, e.Store, mails[0].ID)
		must(t, err)
		if mail.To != m.influencer.Email || mail.Subject != "Under review: your account" || !strings.Contains(mail.Text, "Bought followers <b>") ||
			!strings.Contains(mail.HTML, "Bought followers &lt;b&gt;") || !strings.Contains(mail.Text, "https://parley.test/reviews") {
			t.Errorf("mail %+v", mail)
		}
		refused(t, m.Set(ctx, store.FlagUser, m.influencer.ID, "again", m.deed()), rooms.CodeNotAllowed)

		by := flags.Deed{By: m.influencer.ID}
		refused(t, m.Appeal(ctx, f.ID, "", by), rooms.CodeInvalid)
		if err := m.Appeal(ctx, f.ID, "I too", flags.Deed{By: m.sponsor.ID}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a stranger's appeal: %v", err)
		}
		refused(t, m.Uphold(ctx, f.ID, m.influencer.ID, "no", m.deed()), rooms.CodeNotAllowed)
		must(t, m.Appeal(ctx, f.ID, "They are real", by))
		refused(t, m.Appeal(ctx, f.ID, "Really", by), rooms.CodeNotAllowed)
		if n, err := flags.Waiting(ctx, e.Store); err != nil || n != 1 {
			t.Errorf("%d wait, %v", n, err)
		}
		if f := m.only(flags.Filter{State: "waiting"}); f.Parties[0].Appeal != "They are real" || f.Parties[0].AppealedAt == nil {
			t.Errorf("waiting %+v", f)
		}
		if got := m.told(m.admin); got != "appeal /" {
			t.Errorf("the admin was told %q", got)
		}

		must(t, m.Lift(ctx, store.FlagUser, m.influencer.ID, "You are right", m.deed()))
		f = m.only(flags.Filter{State: "ended"})
		if f.EndedBy.ID != m.admin.ID || f.Note != "You are right" || f.Parties[0].Outcome != flags.Lifted || f.Parties[0].Answer != "You are right" {
			t.Errorf("ended %+v", f)
		}
		if m.frozen() || m.told(m.influencer) != "unflagged flagged / unflagged flagged" {
			t.Errorf("frozen %v, told %q", m.frozen(), m.told(m.influencer))
		}
		if n, err := flags.Waiting(ctx, e.Store); err != nil || n != 0 {
			t.Errorf("%d wait, %v", n, err)
		}
		refused(t, m.Appeal(ctx, f.ID, "More", by), rooms.CodeNotAllowed)
		refused(t, m.Lift(ctx, store.FlagUser, m.influencer.ID, "", m.deed()), rooms.CodeNotAllowed)
		// Flagged again: a flag of its own, with an answer of its own.
		must(t, m.Set(ctx, store.FlagUser, m.influencer.ID, "Again", m.deed()))
		second := m.only(flags.Filter{State: "open"})
		must(t, m.Appeal(ctx, second.ID, "Once more", by))
		if list := m.list(flags.Filter{Kind: store.FlagUser, Subject: m.influencer.ID}); len(list) != 2 || list[0].ID != second.ID {
			t.Errorf("history %+v", list)
		}
		if got := m.actions(); got != "flag.appealed user, flag.set user, flag.lifted user, flag.appealed user, flag.set user" {
			t.Errorf("audit log: %s", got)
		}
	})
}

func TestBothPartiesOfARoomAnswer(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		m := open(t, e)
		ctx := t.Context()
		must(t, m.Set(ctx, store.FlagRoom, m.room, "Off-platform payment", m.deed()))
		f := m.only(flags.Filter{User: m.sponsor.ID})
		if f.Name != m.campaign.Name || len(f.Parties) != 2 || m.only(flags.Filter{User: m.influencer.ID}).ID != f.ID {
			t.Errorf("flag %+v", f)
		}
		must(t, m.Appeal(ctx, f.ID, "Not us", flags.Deed{By: m.sponsor.ID}))
		must(t, m.Appeal(ctx, f.ID, "Not me", flags.Deed{By: m.influencer.ID}))
		refused(t, m.Uphold(ctx, f.ID, m.sponsor.ID, "", m.deed()), rooms.CodeInvalid)
		must(t, m.Uphold(ctx, f.ID, m.sponsor.ID, "It was you", m.deed()))
		refused(t, m.Uphold(ctx, f.ID, m.sponsor.ID, "Again", m.deed()), rooms.CodeNotAllowed)
		if n, _ := flags.Waiting(ctx, e.Store); n != 1 || !m.frozen() {
			t.Errorf("%d wait, frozen %v", n, m.frozen())
		}
		if m.told(m.sponsor) != "appeal_upheld flagged / appeal_upheld flagged" || m.told(m.influencer) != "flagged / flagged" {
			t.Errorf("told %q and %q", m.told(m.sponsor), m.told(m.influencer))
		}
		must(t, m.Lift(ctx, store.FlagRoom, m.room, "All right", m.deed()))
		for _, p := range m.only(flags.Filter{}).Parties {
			want, answer := flags.Lifted, "All right"
			if p.ID == m.sponsor.ID {
				want, answer = flags.Upheld, "It was you"
			}
			if p.Outcome != want || p.Answer != answer {
				t.Errorf("party %+v, want %s", p, want)
			}
		}
	})
}

func TestACampaignsSponsorAnswers(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		m := open(t, e)
		must(t, m.Set(t.Context(), store.FlagCampaign, m.campaign.ID, "Not a product", m.deed()))
		f := m.only(flags.Filter{Kind: store.FlagCampaign, Subject: m.campaign.ID})
		if f.Name != m.campaign.Name || len(f.Parties) != 1 || f.Parties[0].ID != m.sponsor.ID || !m.frozen() {
			t.Errorf("flag %+v", f)
		}
		if err := m.Set(t.Context(), store.FlagCampaign, "nothing", "x", m.deed()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("no such campaign: %v", err)
		}
		if list := m.list(flags.Filter{}); len(list) != 1 {
			t.Errorf("a flag that was refused left %+v", list)
		}
	})
}

func TestAFreezeByCommandIsAFlag(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		m := open(t, e)
		admin := rooms.Actor{ID: m.admin.ID, Role: rooms.Admin}
		freeze := store.Command{
			Room: m.room, CMID: ulid.Make().String(), Actor: admin, Also: []store.Also{m.Frozen(m.room, "Look", m.deed())},
			Body: rooms.Freeze{Source: rooms.SourceRoom, Reason: "Look"},
		}
		m.Must(t, freeze)
		m.Must(t, freeze) // a repeat
		if f := m.only(flags.Filter{State: "open"}); f.Reason != "Look" || f.Kind != store.FlagRoom {
			t.Errorf("flag %+v", f)
		}
		m.Must(t, store.Command{
			Room: m.room, CMID: ulid.Make().String(), Actor: admin, Also: []store.Also{m.Thawed(m.room, "Fine", m.deed())},
			Body: rooms.Unfreeze{Source: rooms.SourceRoom, Reason: "Fine"},
		})
		if f := m.only(flags.Filter{State: "ended"}); f.Note != "Fine" {
			t.Errorf("flag %+v", f)
		}
		// One way in, the other way out.
		freeze.CMID = ulid.Make().String()
		m.Must(t, freeze)
		must(t, m.Lift(t.Context(), store.FlagRoom, m.room, "", m.deed()))
		if list := m.list(flags.Filter{State: "ended"}); len(list) != 2 {
			t.Errorf("flags %+v", list)
		}
		if got := m.told(m.sponsor); got != "unflagged flagged unflagged flagged / unflagged flagged unflagged flagged" {
			t.Errorf("told %q", got)
		}
	})
}

func TestEraseTakesTheWordsOnly(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		m := open(t, e)
		must(t, m.Set(t.Context(), store.FlagUser, m.influencer.ID, "Look", m.deed()))
		f := m.only(flags.Filter{})
		must(t, m.Appeal(t.Context(), f.ID, "I live at 5 Main Street", flags.Deed{By: m.influencer.ID}))
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, flags.Erase(ctx, tx, m.influencer.ID)
		})
		must(t, err)
		f, err = flags.Get(t.Context(), e.Store, f.ID)
		must(t, err)
		if f.Parties[0].Appeal != "" || f.Parties[0].AppealedAt == nil {
			t.Errorf("left %+v", f)
		}
		if r, err := audit.Verify(t.Context(), e.Store, nil); err != nil || r.Problems != 0 || r.Entries != 2 {
			t.Errorf("audit log %+v, %v", r, err)
		}
	})
}

func TestListsReadNoWholeTable(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		for name, f := range map[string]flags.Filter{
			"all": {Cursor: "z"}, "open": {State: "open"}, "of a user": {User: "U"},
			"of a room": {Kind: store.FlagRoom, Subject: "R"},
		} {
			t.Run(name, func(t *testing.T) {
				e.NoScan(t, func(ctx context.Context) error {
					_, _, err := flags.List(ctx, e.Store, f)
					return err
				})
			})
		}
		// Those that wait are an index of their own, all of which may be read.
		for what, do := range map[string]func(context.Context) error{
			"counted": func(ctx context.Context) error { _, err := flags.Waiting(ctx, e.Store); return err },
			"listed": func(ctx context.Context) error {
				_, _, err := flags.List(ctx, e.Store, flags.Filter{State: "waiting"})
				return err
			},
		} {
			if p := e.Plans(t, do)[0]; !strings.Contains(p.Text, "flags_waiting") {
				t.Errorf("%s by %s", what, p.Text)
			}
		}
	})
}
