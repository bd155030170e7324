package rooms_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/rooms"
)

// negotiation is the system under test beside the model.
type negotiation struct {
	m        model
	now      time.Time
	states   [2]rooms.State
	logs     [2][]rooms.Event
	campaign rooms.Campaign
}

func (n *negotiation) actor(side rooms.Side) rooms.Actor {
	switch side {
	case rooms.Sponsor:
		return sponsor
	case rooms.Influencer:
		return influencer
	case rooms.Admin:
		return admin
	default:
		return system
	}
}

// apply runs the command and compares with what the model expects: "" for
// success or a code. It reports whether the command passed.
func (n *negotiation) apply(t *rapid.T, i int, side rooms.Side, cmd rooms.Command, want rooms.Code) bool {
	d, refusal := rooms.Decide(&n.states[i], &n.campaign, cmd, n.actor(side), n.now)
	var got rooms.Code
	if refusal != nil {
		got = refusal.Code
	}
	if got != want {
		t.Fatalf("room %d: %s %+v by %s: got %q, the model says %q", i, cmd.Name(), cmd, side, got, want)
	}
	if refusal != nil {
		return false
	}
	n.states[i] = d.After
	n.logs[i] = append(n.logs[i], d.Events...)
	n.campaign.Apply(d.Move)
	return true
}

// seqOf draws mostly the standing offer's number, sometimes another.
func seqOf(t *rapid.T, r *modelRoom, last int64) int64 {
	if r.offer != nil && rapid.IntRange(0, 9).Draw(t, "stale") > 0 {
		return r.offer.seq
	}
	return rapid.Int64Range(1, last+1).Draw(t, "seq")
}

func TestAgainstTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := noon.AddDate(0, 0, 8)
		n := &negotiation{
			now: noon,
			m:   model{budget: 1000, end: end},
			campaign: rooms.Campaign{
				ID: campaignID, Sponsor: sponsorID, Currency: "EUR", Public: true, EndsAt: rooms.At(end), Budget: 1000,
			},
		}
		pick := func(t *rapid.T) (int, *modelRoom, rooms.Side) {
			i := rapid.IntRange(0, 1).Draw(t, "room")
			side := rapid.SampledFrom([]rooms.Side{rooms.Sponsor, rooms.Influencer}).Draw(t, "side")
			return i, &n.m.rooms[i], side
		}
		fee := func(t *rapid.T) int64 { return rapid.Int64Range(1, 700).Draw(t, "fee") }
		drawParts := func(t *rapid.T) []int {
			return rapid.SliceOfN(rapid.IntRange(1, 2), 1, 3).Draw(t, "parts")
		}
		terms := func(fee int64, parts []int) rooms.Patch {
			terms := termsOf(fee)
			one := terms.Deliverables[0]
			terms.Deliverables = nil
			for _, quantity := range parts {
				one.Quantity = quantity
				terms.Deliverables = append(terms.Deliverables, one)
			}
			return rooms.FullPatch(terms)
		}

		putRules := func(r *modelRoom, side rooms.Side, amount int64, parts []int) rooms.Code {
			switch {
			case !n.now.Before(n.m.end):
				return rooms.CodeRoomClosed
			case r.put[side] >= modelLimit:
				return rooms.CodeOfferLimit
			case r.spoils(parts):
				return rooms.CodeDeliverableConfirmed
			case r.same(amount, parts):
				return rooms.CodeInvalid
			case side == rooms.Sponsor && !n.m.covers(r, amount):
				return rooms.CodeBudgetExceeded
			}
			return ""
		}
		stand := func(i int, r *modelRoom, side rooms.Side, amount int64, parts []int) {
			r.put[side]++
			if side != r.opener {
				r.answered = true
			}
			expiry := n.now.Add(48 * time.Hour)
			if expiry.After(n.m.end) {
				expiry = n.m.end
			}
			r.offer = &modelOffer{seq: n.states[i].Seq, by: side, fee: amount, parts: parts, expiry: expiry}
		}

		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				i, r, side := pick(t)
				amount, parts := fee(t), drawParts(t)
				p := terms(amount, parts)
				want := rooms.Code("")
				switch {
				case r.exists:
					want = rooms.CodeAlreadyExists
				case !n.now.Before(n.m.end):
					want = rooms.CodeRoomClosed
				case side == rooms.Sponsor && !n.m.covers(r, amount):
					want = rooms.CodeBudgetExceeded
				}
				cmd := rooms.Open{ID: roomID, Campaign: campaignID, Influencer: influencerID, Terms: &p, Limit: modelLimit}
				if n.apply(t, i, side, cmd, want) {
					*r = modelRoom{exists: true, opener: side, phase: "open", put: map[rooms.Side]int{}}
					stand(i, r, side, amount, parts)
				}
			},
			"offer": func(t *rapid.T) {
				i, r, side := pick(t)
				amount, parts := fee(t), drawParts(t)
				want := r.gate()
				lapsed := r.offer != nil && !n.now.Before(r.offer.expiry)
				if want == "" {
					switch {
					case r.offer != nil && !lapsed:
						want = rooms.CodeOfferStands
					case lapsed && !r.answered && r.phase == "open":
						want = rooms.CodeOfferExpired
					default:
						want = putRules(r, side, amount, parts)
					}
				}
				if n.apply(t, i, side, rooms.PutOffer{Terms: terms(amount, parts)}, want) {
					stand(i, r, side, amount, parts)
				}
			},
			"counter": func(t *rapid.T) {
				i, r, side := pick(t)
				amount, parts, seq := fee(t), drawParts(t), seqOf(t, r, n.states[i].Seq)
				want := r.gate()
				if want == "" {
					want = r.answer(side, seq, n.now)
				}
				if want == "" {
					want = putRules(r, side, amount, parts)
				}
				if n.apply(t, i, side, rooms.Counter{OfferSeq: seq, Terms: terms(amount, parts)}, want) {
					stand(i, r, side, amount, parts)
				}
			},
			"accept": func(t *rapid.T) {
				i, r, side := pick(t)
				seq := seqOf(t, r, n.states[i].Seq)
				cmd := rooms.Accept{OfferSeq: seq, TermsHash: rooms.Hash{1}}
				if o := n.states[i].Last; o != nil && rapid.IntRange(0, 9).Draw(t, "hash") > 0 {
					cmd.TermsHash = o.Hash
				}
				want := r.gate()
				if want == "" {
					want = r.answer(side, seq, n.now)
					if cmd.TermsHash == (rooms.Hash{1}) {
						want = rooms.CodeStaleOffer
					}
				}
				if want == "" && !n.now.Before(n.m.end) {
					want = rooms.CodeRoomClosed
				}
				switch {
				case want != "":
				case r.spoils(r.offer.parts):
					want = rooms.CodeDeliverableConfirmed
				case !n.m.covers(r, r.offer.fee):
					want = rooms.CodeBudgetExceeded
				}
				if n.apply(t, i, side, cmd, want) {
					r.make()
				}
			},
			"deliver": func(t *rapid.T) {
				i, r, side := pick(t)
				cmd := rooms.Deliver{
					DealSeq: r.dealSeq, Deliverable: rapid.IntRange(-1, 3).Draw(t, "deliverable"), Links: []string{"https://example.com"},
				}
				if rapid.IntRange(0, 9).Draw(t, "other deal") == 0 {
					cmd.DealSeq++
				}
				want := r.gate()
				switch {
				case want != "":
				case r.phase != "deal" || side != rooms.Influencer:
					want = rooms.CodeNotAllowed
				case cmd.DealSeq != r.dealSeq:
					want = rooms.CodeStaleDeal
				case cmd.Deliverable < 0 || cmd.Deliverable >= len(r.parts):
					want = rooms.CodeInvalid
				case r.parts[cmd.Deliverable].how == "confirmed":
					want = rooms.CodeDeliverableConfirmed
				}
				if n.apply(t, i, side, cmd, want) {
					p := &r.parts[cmd.Deliverable]
					p.how, p.seq = "delivered", n.states[i].Seq
				}
			},
			"confirm": func(t *rapid.T) {
				i, r, side := pick(t)
				cmd := rooms.Confirm{DeliverySeq: partSeq(t, r)}
				part, want := r.delivery(side, cmd.DeliverySeq)
				if n.apply(t, i, side, cmd, want) {
					part.how = "confirmed"
					r.finish()
				}
			},
			"return": func(t *rapid.T) {
				i, r, side := pick(t)
				cmd := rooms.Return{DeliverySeq: partSeq(t, r), Reason: "again"}
				part, want := r.delivery(side, cmd.DeliverySeq)
				if n.apply(t, i, side, cmd, want) {
					part.how = "returned"
				}
			},
			"decline": func(t *rapid.T) {
				i, r, side := pick(t)
				var seq int64
				if r.offer != nil || rapid.Bool().Draw(t, "named") {
					seq = seqOf(t, r, n.states[i].Seq)
				}
				want := r.gate()
				switch {
				case want != "":
				case r.phase == "deal" && r.offer == nil:
					want = rooms.CodeNotAllowed
				case r.offer != nil || seq != 0:
					want = r.answer(side, seq, n.now)
				}
				if n.apply(t, i, side, rooms.Decline{OfferSeq: seq, Reason: "fit"}, want) {
					r.offer = nil
					if r.phase == "open" {
						r.phase, r.endedBy = "declined", side
					}
				}
			},
			"withdraw": func(t *rapid.T) {
				i, r, side := pick(t)
				seq := seqOf(t, r, n.states[i].Seq)
				want := r.gate()
				if want == rooms.CodeNotAllowed {
					want = rooms.CodeStaleOffer // a completed deal leaves nothing to withdraw
				}
				if want == "" {
					want = r.answer(side, seq, n.now)
					switch want {
					case rooms.CodeOwnOffer: // here it is what one wants
						want = ""
						if !n.now.Before(r.offer.expiry) {
							want = rooms.CodeOfferExpired
						}
					case "", rooms.CodeOfferExpired:
						want = rooms.CodeNotAllowed
					}
				}
				if n.apply(t, i, side, rooms.Withdraw{OfferSeq: seq}, want) {
					r.offer = nil
				}
			},
			"cancel": func(t *rapid.T) {
				i, r, side := pick(t)
				want := r.gate()
				if want == "" && (side != r.opener || r.phase != "open") {
					want = rooms.CodeNotAllowed
				}
				if n.apply(t, i, side, rooms.Cancel{}, want) {
					r.offer, r.phase, r.endedBy = nil, "withdrawn", side
				}
			},
			"reopen": func(t *rapid.T) {
				i, r, side := pick(t)
				want := r.gate()
				switch {
				case want == rooms.CodeRoomClosed && r.phase != "closed" && r.endedBy == side:
					want = ""
					if !n.now.Before(n.m.end) {
						want = rooms.CodeRoomClosed
					}
				case want == rooms.CodeRoomClosed || want == "":
					want = rooms.CodeNotAllowed
				}
				if n.apply(t, i, side, rooms.Reopen{}, want) {
					r.phase, r.endedBy = "open", ""
				}
			},
			"freeze": func(t *rapid.T) {
				i, r, _ := pick(t)
				want := rooms.Code("")
				switch {
				case !r.exists:
					want = rooms.CodeNotFound
				case r.frozen:
					want = rooms.CodeNotAllowed
				}
				if n.apply(t, i, rooms.Admin, rooms.Freeze{Source: rooms.SourceRoom, Reason: "r"}, want) {
					r.frozen, r.frozenAt = true, n.now
				}
			},
			"unfreeze": func(t *rapid.T) {
				i, r, _ := pick(t)
				want := rooms.Code("")
				switch {
				case !r.exists:
					want = rooms.CodeNotFound
				case !r.frozen:
					want = rooms.CodeNotAllowed
				}
				if n.apply(t, i, rooms.Admin, rooms.Unfreeze{Source: rooms.SourceRoom}, want) {
					r.frozen = false
					if o := r.offer; o != nil && r.frozenAt.Before(o.expiry) {
						left := max(o.expiry.Sub(r.frozenAt), 24*time.Hour)
						o.expiry = n.now.Add(left)
						if o.expiry.After(n.m.end) {
							o.expiry = n.m.end
						}
					}
				}
			},
			"close": func(t *rapid.T) {
				i, r, _ := pick(t)
				want := rooms.Code("")
				switch {
				case !r.exists:
					want = rooms.CodeNotFound
				case r.phase != "open":
					want = rooms.CodeNotAllowed
				}
				if n.apply(t, i, rooms.System, rooms.Close{Reason: "campaign_ended"}, want) {
					r.offer, r.phase = nil, "closed"
				}
			},
			"expire": func(t *rapid.T) {
				i, r, _ := pick(t)
				seq := seqOf(t, r, n.states[i].Seq)
				want := rooms.Code("")
				switch {
				case !r.exists:
					want = rooms.CodeNotFound
				case r.offer == nil || r.offer.seq != seq || r.frozen ||
					(n.now.Before(r.offer.expiry) && n.now.Before(n.m.end)):
					want = rooms.CodeNotAllowed
				}
				if n.apply(t, i, rooms.System, rooms.Expire{OfferSeq: seq}, want) {
					r.offer = nil
					if !r.answered && r.phase == "open" {
						r.phase, r.endedBy = "expired", r.opener
					}
				}
			},
			"budget": func(t *rapid.T) {
				amount := rapid.Int64Range(0, 2000).Draw(t, "budget")
				taken := n.m.budget - n.m.free()
				refusal := n.campaign.CheckBudget(amount)
				if pass := amount >= 1 && amount >= taken; pass != (refusal == nil) {
					t.Fatalf("budget %d with %d taken: refusal %v", amount, taken, refusal)
				}
				if refusal == nil {
					n.campaign.Budget, n.m.budget = amount, amount
				}
			},
			"end": func(t *rapid.T) {
				n.m.end = noon.AddDate(0, 0, rapid.IntRange(1, 12).Draw(t, "days"))
				n.campaign.EndsAt = rooms.At(n.m.end)
			},
			"time": func(t *rapid.T) {
				n.now = n.now.Add(time.Duration(rapid.SampledFrom([]int{1, 12, 24, 47, 48, 49}).Draw(t, "hours")) * time.Hour)
			},
			"": func(t *rapid.T) { n.check(t) },
		})
	})
}

// check compares all that both sides know after every step.
func (n *negotiation) check(t *rapid.T) {
	if got, want := n.campaign.Available(), n.m.free(); got != want || got < 0 {
		t.Fatalf("available is %d, the model says %d", got, want)
	}
	for i := range n.states {
		s, r := &n.states[i], &n.m.rooms[i]
		standing := s.Standing()
		if (standing == nil) != (r.offer == nil) {
			t.Fatalf("room %d: standing %+v, the model says %+v", i, standing, r.offer)
		}
		if standing != nil && (standing.Seq != r.offer.seq || standing.Author != r.offer.by ||
			standing.Terms.Fee.Amount != r.offer.fee || !standing.ExpiresAt.Equal(r.offer.expiry)) {
			t.Fatalf("room %d: standing %+v, the model says %+v", i, standing, r.offer)
		}
		if got, want := s.Turn(), r.sideToAct(); got != want {
			t.Fatalf("room %d: it is the turn of %q, the model says %q", i, got, want)
		}
		if (s.Status == rooms.Agreed) != (r.phase == "deal") || (s.Status == rooms.Completed) != (r.phase == "done") {
			t.Fatalf("room %d: status %s, the model says %s", i, s.Status, r.phase)
		}
		for k, d := range s.Deliveries {
			how := r.parts[k].how
			if how == "" {
				how = "open"
			}
			if string(d.State) != how || d.Seq != r.parts[k].seq {
				t.Fatalf("room %d: deliverable %d is %+v, the model says %+v", i, k, d, r.parts[k])
			}
		}
		if len(s.Deliveries) != len(r.parts) {
			t.Fatalf("room %d: %d deliverables, the model says %d", i, len(s.Deliveries), len(r.parts))
		}
		if s.Committed() != r.deal {
			t.Fatalf("room %d: committed %d, the model says %d", i, s.Committed(), r.deal)
		}
		var folded rooms.State
		for k, e := range n.logs[i] {
			if e.Seq != int64(k+1) {
				t.Fatalf("room %d: event %d is numbered %d", i, k+1, e.Seq)
			}
			if err := folded.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(&folded, s) {
			t.Fatalf("room %d: the fold of the log is %+v, the state %+v", i, folded, *s)
		}
	}
}
