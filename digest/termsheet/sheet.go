package termsheet

import (
	"context"
	"strings"
	"time"

	"parley/digest/paper"
	"parley/rooms"
	"parley/store"
	"parley/store/outbox"
	"parley/store/outbox/letter"
)

// Maker makes term sheets.
type Maker struct {
	Store *store.Store
	// URL is what links begin with, without a slash at its end.
	URL string
}

// Attachment is the term sheet of a room's deal as it goes with a mail.
func (m *Maker) Attachment(ctx context.Context, room string) (outbox.Attachment, error) {
	pdf, err := m.PDF(ctx, room)
	if err != nil {
		return outbox.Attachment{}, err
	}
	return outbox.Attachment{Name: "deal-" + strings.ToLower(room) + ".pdf", MediaType: "application/pdf", Data: pdf}, nil
}

// PDF is the term sheet of a room's deal as it is now; store.ErrNotFound without one. The
// same deal gives the same bytes.
func (m *Maker) PDF(ctx context.Context, room string) ([]byte, error) {
	snapshot, err := m.Store.Snapshot(ctx, room)
	if err != nil {
		return nil, err
	}
	if snapshot.State.Deal == nil {
		return nil, store.ErrNotFound
	}
	record, err := m.Store.DealRecord(ctx, room)
	if err != nil {
		return nil, err
	}
	return set(&sheet{
		link: strings.TrimRight(m.URL, "/") + "/deals/" + room, campaign: snapshot.CampaignName,
		sponsor: snapshot.SponsorName, influencer: snapshot.InfluencerName, deal: snapshot.State.Deal, record: record, room: room,
	})
}

// sheet is all that stands on a term sheet.
type sheet struct {
	room, link, campaign, sponsor, influencer string
	deal                                      *rooms.Offer
	record                                    store.DealRecord
}

func set(s *sheet) ([]byte, error) {
	at := s.record.At.Time
	p := paper.New("Deal: "+s.campaign, s.sponsor+" and "+s.influencer, at)
	p.Figures([]paper.Figure{
		{Label: "Fee", Value: letter.Money(s.deal.Terms.Fee), Note: "in " + string(s.deal.Terms.Fee.Currency)},
		{Label: "Agreed on", Value: at.Format("2 January 2006"), Note: at.Format("15:04:05 MST")},
		{Label: "Offered by the", Value: string(s.deal.Author), Note: "and accepted by the other side"},
	})
	p.Heading("Parties")
	p.Pairs([]paper.Pair{{Name: "Sponsor", Text: s.sponsor}, {Name: "Influencer", Text: s.influencer}, {Name: "Campaign", Text: s.campaign}})
	for _, section := range Sections(&s.deal.Terms) {
		p.Heading(section.Title)
		p.Pairs(pairs(&section))
	}
	if note := s.deal.Terms.Note; note != "" {
		p.Heading("Note")
		p.Text(note)
	}
	p.Heading("Proof")
	p.Text("These are the terms that were accepted in the room below. The log of the room holds the acceptance as one of a chain of events; who has the log can check that neither was changed.")
	p.Pairs([]paper.Pair{
		{Name: "Room", Text: s.room}, {Name: "Address", Text: s.link},
		{Name: "Accepted", Text: letter.Count(int(s.record.Seq), "event", "events") + " into the room, " + at.Format(time.RFC3339)},
		{Name: "Hash of the terms", Text: s.deal.Hash.String()}, {Name: "Head of the chain", Text: s.record.Hash.String()},
	})
	return p.Bytes()
}

// pairs are a section's lines.
func pairs(s *letter.Section) []paper.Pair {
	var list []paper.Pair
	for i := range s.Rows {
		r := &s.Rows[i]
		list = append(list, paper.Pair{Name: r.Amount, Text: joined(r.Title, r.Note, r.Detail)})
	}
	for _, f := range s.Figures {
		list = append(list, paper.Pair{Name: f.Label, Text: joined(f.Value, f.Note)})
	}
	if s.Quote != "" {
		list = append(list, paper.Pair{Text: s.Quote})
	}
	return list
}

func joined(parts ...string) string {
	var list []string
	for _, part := range parts {
		if part != "" {
			list = append(list, part)
		}
	}
	return strings.Join(list, ". ")
}
