package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley/rooms"
)

func TestCampaigns(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		got, err := e.Campaign(t.Context(), w.campaign.ID)
		must(t, err)
		if got.Name != "Autumn" || !slices.Equal(got.Niches, []string{"vegan", "bread"}) || got.Budget != 1000 ||
			!got.Public || got.ArchivedAt != nil || !got.EndsAt.Equal(w.campaign.EndsAt.Time) {
			t.Errorf("campaign %+v", got)
		}
		_, err = e.Campaign(t.Context(), "none")
		notFoundErr(t, err)
		good := w.campaign
		good.ID = ""
		for field, spoil := range map[string]func(*Campaign){
			"currency":      func(c *Campaign) { c.Currency = "XXX" },
			"ends_at":       func(c *Campaign) { c.EndsAt = c.StartsAt },
			"budget.amount": func(c *Campaign) { c.Budget = 0 },
		} {
			c := good
			spoil(&c)
			_, err := e.CreateCampaign(t.Context(), c)
			if r := refusalOf(t, err, rooms.CodeInvalid); r.Field != field {
				t.Errorf("field %s, want %s", r.Field, field)
			}
		}
		past := good
		past.StartsAt, past.EndsAt = rooms.FromMicros(1), rooms.FromMicros(2)
		_, err = e.CreateCampaign(t.Context(), past)
		refusalOf(t, err, rooms.CodeInvalid)
		nobody := good
		nobody.Sponsor = "none"
		_, err = e.CreateCampaign(t.Context(), nobody)
		notFoundErr(t, err)
		twice := w.campaign
		_, err = e.CreateCampaign(t.Context(), twice)
		refusalOf(t, err, rooms.CodeAlreadyExists)
	})
}

func TestABudgetIsNotCutBelowWhatIsTaken(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		e.opened(w, 300)
		update := func(p CampaignPatch) error {
			_, err := e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, p)
			return err
		}
		low, exact, name, niches := int64(299), int64(300), "Winter", []string{"soup"}
		if r := refusalOf(t, update(CampaignPatch{Budget: &low, Name: &name}), rooms.CodeBudgetExceeded); r.Field != "budget.amount" ||
			r.Details != (rooms.TakenDetails{Needed: 300, Held: 300, Currency: "EUR"}) {
			t.Errorf("refusal %+v", r)
		}
		if c, err := e.Campaign(t.Context(), w.campaign.ID); err != nil || c.Name != "Autumn" {
			t.Errorf("a refused change left %+v, %v", c, err)
		}
		must(t, update(CampaignPatch{Budget: &exact, Name: &name, Niches: &niches}))
		c, err := e.Campaign(t.Context(), w.campaign.ID)
		must(t, err)
		if c.Name != "Winter" || c.Budget != 300 || c.Held != 300 || !slices.Equal(c.Niches, niches) {
			t.Errorf("campaign %+v", c)
		}
		// The writer knows the new budget at once.
		e.refused(openCommand(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 1), rooms.CodeBudgetExceeded)
		_, err = e.UpdateCampaign(t.Context(), w.influencer.ID, w.campaign.ID, CampaignPatch{Name: &name})
		notFoundErr(t, err)
		past := rooms.FromMicros(1)
		refusalOf(t, update(CampaignPatch{EndsAt: &past}), rooms.CodeInvalid)
		e.sound()
	})
}

func TestASponsorsOwnBudget(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(600)
		set := func(amount int64) error { return e.SetSponsorBudget(t.Context(), w.sponsor.ID, "EUR", amount) }
		refusalOf(t, set(599), rooms.CodeBudgetExceeded)
		must(t, set(1000))
		c := w.campaign
		c.ID, c.Budget = "", 401
		_, err := e.CreateCampaign(t.Context(), c)
		refusalOf(t, err, rooms.CodeBudgetExceeded)
		c.Budget = 400
		second, err := e.CreateCampaign(t.Context(), c)
		must(t, err)
		c.ID, c.Currency = "", "JPY" // another currency is another matter
		c.Budget = 1_000_000
		_, err = e.CreateCampaign(t.Context(), c)
		must(t, err)
		more := int64(601)
		_, err = e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{Budget: &more})
		refusalOf(t, err, rooms.CodeBudgetExceeded)
		list, err := e.SponsorBudgets(t.Context(), w.sponsor.ID)
		must(t, err)
		if len(list) != 1 || list[0] != (SponsorBudget{Currency: "EUR", Amount: 1000, Allocated: 1000}) {
			t.Errorf("budgets %+v", list)
		}
		// An archived campaign gives back what no deal has taken.
		must(t, e.ArchiveCampaign(t.Context(), w.sponsor.ID, second.ID))
		_, err = e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{Budget: &more})
		must(t, err)
		must(t, set(0))
		if list, err := e.SponsorBudgets(t.Context(), w.sponsor.ID); err != nil || len(list) != 0 {
			t.Errorf("budgets %+v, %v", list, err)
		}
		refusalOf(t, set(-1), rooms.CodeInvalid)
		refusalOf(t, e.SetSponsorBudget(t.Context(), w.sponsor.ID, "XXX", 1), rooms.CodeInvalid)
		notFoundErr(t, e.SetSponsorBudget(t.Context(), "none", "EUR", 1))
	})
}

func TestArchivingClosesTheRooms(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		room := e.opened(w, 300)
		deal := world{w.sponsor, e.user(rooms.Influencer), w.campaign}
		agreed := e.opened(deal, 500)
		e.ok(e.accept(deal.influencer, agreed))
		archive := func() error { return e.ArchiveCampaign(t.Context(), w.sponsor.ID, w.campaign.ID) }
		in, _ := refusalOf(t, archive(), rooms.CodeNotAllowed).Details.(DealsDetails)
		if want := (Obstacle{ID: agreed, Name: deal.influencer.Name}); !slices.Equal(in.Deals, []Obstacle{want}) {
			t.Errorf("in the way %+v, want %+v", in, want)
		}
		e.ok(e.say(w.sponsor, room, "nothing was closed"))
		notFoundErr(t, e.ArchiveCampaign(t.Context(), w.influencer.ID, w.campaign.ID))

		w2 := world{w.sponsor, w.influencer, e.campaign(w.sponsor, 1000)}
		room = e.opened(w2, 300)
		must(t, e.ArchiveCampaign(t.Context(), w.sponsor.ID, w2.campaign.ID))
		must(t, e.ArchiveCampaign(t.Context(), w.sponsor.ID, w2.campaign.ID)) // twice is once
		snap, err := e.Snapshot(t.Context(), room)
		must(t, err)
		if snap.State.Status != rooms.StatusClosed || snap.State.CloseReason != "campaign_archived" || snap.State.Stands {
			t.Errorf("state %+v", snap.State)
		}
		if _, h := e.ledger(w2.campaign.ID); h != 0 {
			t.Errorf("held %d", h)
		}
		e.refused(e.say(w.sponsor, room, "hello"), rooms.CodeRoomClosed)
		e.refused(openCommand(world{w.sponsor, e.user(rooms.Influencer), w2.campaign}, 1), rooms.CodeRoomClosed)
		name := "x"
		_, err = e.UpdateCampaign(t.Context(), w.sponsor.ID, w2.campaign.ID, CampaignPatch{Name: &name})
		refusalOf(t, err, rooms.CodeNotAllowed)
		e.sound()
	})
}

func TestCampaignLists(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		e.clk.advance(time.Millisecond)
		hidden := w.campaign
		hidden.ID, hidden.Public, hidden.Name = "", false, "Hidden"
		hidden, err := e.CreateCampaign(t.Context(), hidden)
		must(t, err)
		list, next, err := e.ListCampaigns(t.Context(), w.sponsor.ID, CampaignFilter{Limit: 1})
		must(t, err)
		if len(list) != 1 || list[0].ID != hidden.ID || next == "" {
			t.Errorf("the sponsor's own: %+v, %q", list, next)
		}
		list, next, err = e.ListCampaigns(t.Context(), w.sponsor.ID, CampaignFilter{Cursor: next, Limit: 1})
		must(t, err)
		if len(list) != 1 || list[0].ID != w.campaign.ID || next != "" {
			t.Errorf("the sponsor's own, next: %+v, %q", list, next)
		}
		for archived, want := range map[bool]int{false: 2, true: 0} {
			if list, _, err = e.ListCampaigns(t.Context(), w.sponsor.ID, CampaignFilter{Archived: &archived}); err != nil || len(list) != want {
				t.Errorf("archived %v: %+v, %v", archived, list, err)
			}
		}
		all, _, err := e.ListAllCampaigns(t.Context(), CampaignFilter{Query: "hid"})
		must(t, err)
		if len(all) != 1 || all[0].ID != hidden.ID {
			t.Errorf("all %+v", all)
		}
	})
}

func TestVerifySeesWhatWasChanged(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		spoils := map[string]string{
			"an event was changed":     "UPDATE events SET body = (SELECT body FROM events WHERE seq = 4 AND room_id = '$room') WHERE seq = 3 AND room_id = '$room'",
			"a hash was changed":       "UPDATE events SET hash = body WHERE seq = 3 AND room_id = '$room'",
			"an event is missing":      "DELETE FROM events WHERE seq = 3 AND room_id = '$room'",
			"the last event is gone":   "DELETE FROM events WHERE seq = 32 AND room_id = '$room'",
			"a column was changed":     "UPDATE events SET type = 'offer' WHERE seq = 3 AND room_id = '$room'",
			"a time was changed":       "UPDATE events SET at = at + 1 WHERE seq = 3 AND room_id = '$room'",
			"the status was changed":   "UPDATE $rows SET status = 'agreed' WHERE id = '$room'",
			"the fee was changed":      "UPDATE $heads SET last_fee = last_fee + 1 WHERE $this",
			"the day was changed":      "UPDATE $rows SET active_day = active_day - 1 WHERE id = '$room'",
			"the head was changed":     "UPDATE $heads SET head = (SELECT hash FROM events WHERE seq = 2 AND room_id = '$room') WHERE $this",
			"an expiry is not watched": "UPDATE $rows SET check_at = NULL WHERE id = '$room'",
			"it was read past its end": "UPDATE $heads SET read_sponsor = 99 WHERE $this",
			"the ledger was changed":   "UPDATE $ledgers SET held = held + 1 WHERE $its",
			"a step back is changed":   "UPDATE events SET prev = 1 WHERE seq = 4 AND room_id = '$room'",
			"an offer is misplaced":    "UPDATE $heads SET last_offer_pos = 1 WHERE $this",
			"a mark is missing":        "DELETE FROM event_marks",
			"a mark is misplaced":      "UPDATE event_marks SET pos = 1",
			"a mark too many":          "INSERT INTO event_marks (room_id, seq, pos) VALUES ('$room', 3, 3)",
			"the row is gone":          "DELETE FROM $rows WHERE id = '$room'",
			"the head is gone":         "DELETE FROM $heads WHERE $this",
		}
		if strings.HasPrefix(e.cfg.URL, "sqlite") {
			spoils["the ledger is gone"] = "DELETE FROM $ledgers WHERE $its"
		}
		for name, spoil := range spoils {
			t.Run(name, func(t *testing.T) {
				e := newEnv(t, Config{URL: sameKind(t, e.cfg.URL)})
				w := e.world(10_000)
				room := e.opened(w, 300)
				e.ok(e.say(w.sponsor, room, "one"))
				e.ok(e.say(w.sponsor, room, "two"))
				e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 200)
				for range markEvery - 4 {
					e.ok(e.say(w.influencer, room, "more"))
				}
				before := e.sound()
				if before.Rooms != 2 || before.Events != markEvery+2 || before.Campaigns != 1 {
					t.Errorf("report %+v", before)
				}
				one, err := e.Verify(t.Context(), room, nil)
				must(t, err)
				if one.Events != markEvery || one.Problems != 0 || one.Head == (rooms.Hash{}) {
					t.Errorf("one room: %+v", one)
				}
				e.schema(strings.NewReplacer("$room", room, "$campaign", w.campaign.ID).Replace(e.tables(spoil)))
				var said []string
				report, err := e.Verify(t.Context(), "", func(p Problem) { said = append(said, p.String()) })
				must(t, err)
				if report.Problems == 0 || len(said) != report.Problems {
					t.Errorf("verify sees %d problems and says %q", report.Problems, said)
				}
			})
		}
		_, err := e.Verify(t.Context(), "none", nil)
		notFoundErr(t, err)
	})
}

// tables puts in where a database keeps what the views ad_requests and campaigns show on
// SQLite.
func (e *env) tables(query string) string {
	if strings.HasPrefix(e.cfg.URL, "sqlite") {
		return strings.NewReplacer("$rows", "ad_request_rows", "$heads", "ad_request_heads", "$ledgers", "campaign_ledgers",
			"$this", "n = (SELECT n FROM ad_request_rows WHERE id = '$room')",
			"$its", "n = (SELECT n FROM campaign_rows WHERE id = '$campaign')").Replace(query)
	}
	return strings.NewReplacer("$rows", "ad_requests", "$heads", "ad_requests", "$ledgers", "campaigns",
		"$this", "id = '$room'", "$its", "id = '$campaign'").Replace(query)
}

// sameKind is the URL of another database of the same kind.
func sameKind(t *testing.T, url string) string {
	if strings.HasPrefix(url, "sqlite") {
		return databases.SQLite(t)
	}
	return databases.Postgres(t)
}

func TestPreparedRoomsAreValid(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		list, err := e.PrepareBench(t.Context(), BenchSpec{Rooms: 1203, RoomsPerSponsor: 10, Limit: 50})
		must(t, err)
		if rep := e.sound(); rep.Rooms != 1203 || len(list) != 1203 || rep.Campaigns != 121 {
			t.Errorf("%d rooms, report %+v", len(list), rep)
		}
		r := list[1202]
		hash := sha256Sum(r.InfluencerToken)
		_, u, err := e.SessionUser(t.Context(), hash, rooms.At(e.clk.now()))
		must(t, err)
		if u.ID != r.Influencer || !u.Approved {
			t.Errorf("user %+v", u)
		}
		e.ok(e.counter(u, r.Room, r.Seq, 90_000))
		e.sound()
	})
}

func TestCampaignTextsHoldWhatCanBeShown(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		for field, change := range map[string]func(*Campaign){
			"name":        func(c *Campaign) { c.Name = "a\nb" },
			"description": func(c *Campaign) { c.Description = "a\x00b" },
			"goals":       func(c *Campaign) { c.Goals = "\x1b[31m" },
			"category":    func(c *Campaign) { c.Category = "a\tb" },
			"niches[1]":   func(c *Campaign) { c.Niches = []string{"fine", "a\x00b"} },
		} {
			c := w.campaign
			c.ID = ""
			change(&c)
			_, err := e.CreateCampaign(t.Context(), c)
			if r := refusalOf(t, err, rooms.CodeInvalid); r.Field != field {
				t.Errorf("%s: refused for %s", field, r.Field)
			}
		}
		lines := "one\r\ntwo\n\tthree"
		_, err := e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{Description: &lines, Goals: &lines})
		must(t, err)
	})
}
