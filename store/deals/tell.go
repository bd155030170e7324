package deals

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/rooms"
	"parley/store"
	"parley/store/notices"
)

// Kinds of notices.
const (
	NoticeDelivered        = "deliverable_done"
	NoticeReturned         = "deliverable_returned"
	NoticeConfirmed        = "deliverable_confirmed"
	NoticeCompleted        = "deal_completed"
	NoticeAmendmentOffered = "amendment_offered"
	NoticeAmendmentAgreed  = "amendment_agreed"
)

// told is a notice's data.
type told struct {
	kind string

	Room string `json:"room"`
	// Name is the campaign's, By that of who did it.
	Name string `json:"name"`
	By   string `json:"by"`
	// Number counts the deal's deliverables from 1, Of is how many there are.
	Number int    `json:"number,omitempty"`
	Of     int    `json:"of,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Offer is the seq of an amendment.
	Offer int64        `json:"offer,omitempty"`
	Fee   *rooms.Money `json:"fee,omitempty"`
}

// Tell adds a notice for the other party where there is something to tell; it is for
// store.Config.OnDeal.
func Tell(ctx context.Context, t *store.Tx, m *store.DealMove) error {
	what := word(m)
	// Who did it caused the last event; the first may say for the system what had expired.
	by := m.Events[len(m.Events)-1].By
	to := partyOf(m.State, by.Side.Other())
	if what.kind == "" || to == "" {
		return nil
	}
	what.Room = m.State.Room
	err := t.DB.NewSelect().TableExpr("campaigns AS c").ColumnExpr("c.name, u.name").
		Join("JOIN users AS u ON u.id = ?", by.ID).Where("c.id = ?", m.State.Campaign).Scan(ctx, &what.Name, &what.By)
	if err != nil {
		return store.RowError("find campaign", err)
	}
	data, err := json.Marshal(what)
	if err != nil {
		return fmt.Errorf("deals: encode notice: %w", err)
	}
	return notices.Add(ctx, t, notices.Notice{User: to, Kind: what.kind, Data: data})
}

// partyOf is the user of a side.
func partyOf(s *rooms.State, side rooms.Side) string {
	switch side {
	case rooms.Sponsor:
		return s.Sponsor
	case rooms.Influencer:
		return s.Influencer
	default:
		return ""
	}
}

// word finds what there is to tell. Of several events of one command the last one is
// told: the word that completes a deal says all that the confirmation would.
func word(m *store.DealMove) (w told) {
	of := m.State.Progress().Total
	for i := range m.Events {
		switch data := m.Events[i].Data.(type) {
		case rooms.Delivered:
			w = told{kind: NoticeDelivered, Number: data.Deliverable + 1, Of: of}
		case rooms.Returned:
			w = told{kind: NoticeReturned, Number: data.Deliverable + 1, Of: of, Reason: data.Reason}
		case rooms.Confirmed:
			w = told{kind: NoticeConfirmed, Number: data.Deliverable + 1, Of: of}
		case rooms.Completion:
			w = told{kind: NoticeCompleted, Fee: &data.Fee}
		case rooms.OfferPut:
			w = told{kind: NoticeAmendmentOffered, Offer: data.Offer.Seq, Fee: &data.Offer.Terms.Fee}
		case rooms.Accepted:
			w = told{kind: NoticeAmendmentAgreed, Offer: data.OfferSeq, Fee: &data.Fee}
		}
	}
	return w
}
