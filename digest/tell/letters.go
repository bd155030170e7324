package tell

import (
	"context"
	"fmt"

	"parley/digest/desk"
	"parley/digest/termsheet"
	"parley/rooms"
	"parley/store/news"
	"parley/store/outbox"
	"parley/store/outbox/letter"
	"parley/store/preferences"
)

// writer words the mails of one batch.
type writer struct {
	*Teller
	now    rooms.Time
	signer preferences.Signer
	terms  map[int64]rooms.Terms
}

// mails are what somebody is told: a mail for each deal, which one keeps, and one for
// each topic of the rest.
func (w *writer) mails(ctx context.Context, p *desk.Person, items []news.Item, job int64) ([]outbox.Mail, error) {
	var mails []outbox.Mail
	rest := make(map[preferences.Topic][]*news.Item)
	asked := make(map[string]bool) // rooms whose ad request is told with its offer
	for i := range items {
		asked[items[i].Room] = asked[items[i].Room] || items[i].What == news.Request && w.toTell(p, &items[i])
	}
	for i := range items {
		item := &items[i]
		switch {
		case !w.toTell(p, item), item.What == news.Offer && asked[item.Room]:
		case item.What == news.Deal || item.What == news.Amended:
			m, err := w.deal(ctx, p, item)
			if err != nil {
				return nil, err
			}
			mails = append(mails, m)
		default:
			topic := topicOf(item.What)
			rest[topic] = append(rest[topic], item)
		}
	}
	for _, topic := range []preferences.Topic{preferences.Requests, preferences.Offers, preferences.Deals} {
		list := rest[topic]
		if len(list) == 0 {
			continue
		}
		m, err := w.Address(w.signer, p, topic, w.several(p, topic, list), fmt.Sprintf("tell:%d:%s", job, topic))
		if err != nil {
			return nil, err
		}
		mails = append(mails, m)
	}
	return mails, nil
}

// toTell tells whether something is wanted, unread and still so.
func (w *writer) toTell(p *desk.Person, item *news.Item) bool {
	if item.Read >= item.Seq || !p.Wants(topicOf(item.What)) {
		return false
	}
	theirs := item.Stands && item.Author == item.Side.Other() && w.now.Before(item.ExpiresAt)
	switch item.What {
	case news.Offer:
		return theirs
	case news.Request:
		return item.Status.Open()
	case news.Deal, news.Amended:
		return item.DealPos > 0 // a deal stays in force: its room is never closed
	default:
		return true
	}
}

// deal is the mail about a deal.
func (w *writer) deal(ctx context.Context, p *desk.Person, item *news.Item) (outbox.Mail, error) {
	fee := letter.Money(rooms.Money{Amount: item.DealFee, Currency: item.Currency})
	lead, subject := item.Other+" accepted your offer. The deal is made, with these terms:", "Deal: "+item.Campaign+", "+fee
	why := "You get this because a deal of yours was made."
	if item.What == news.Amended {
		lead, subject = item.Other+" accepted your offer. The deal has these terms from now on:", "Deal amended: "+item.Campaign+", "+fee
		why = "You get this because a deal of yours was amended."
	}
	l := letter.Letter{
		Kind: "deal", Subject: subject, Preview: "With " + item.Other, Why: why,
		Sections: []letter.Section{
			{Paragraphs: []string{"Hello " + p.Name + ",", lead}},
			{Title: item.Campaign, Figures: []letter.Figure{{Label: "Fee", Value: fee, Note: "With " + item.Other}}},
		},
		Button: &letter.Link{Text: "See the deal", URL: w.Link("/deals/" + item.Room)},
	}
	if terms, ok := w.terms[item.DealPos]; ok {
		l.Sections = append(l.Sections, termsheet.Sections(&terms)...)
	}
	m, err := w.Address(w.signer, p, preferences.Deals, l, fmt.Sprintf("deal:%s:%d:%s", item.Room, item.Seq, p.ID))
	if err != nil || w.TermSheet == nil {
		return m, err
	}
	sheet, err := w.TermSheet(ctx, item.Room)
	if err != nil {
		return m, fmt.Errorf("tell: term sheet of room %s: %w", item.Room, err)
	}
	m.Attachments = append(m.Attachments, sheet)
	return m, nil
}

// several is the mail about everything else of a topic.
func (w *writer) several(p *desk.Person, topic preferences.Topic, list []*news.Item) letter.Letter {
	l := letter.Letter{Kind: "news_" + string(topic), Button: &letter.Link{Text: "Open the room", URL: w.Link("/deals/" + list[0].Room)}}
	var s letter.Section
	in := make(map[string]bool)
	for _, item := range list {
		s.Rows = append(s.Rows, w.row(item))
		in[item.Room] = true
	}
	first := &s.Rows[0]
	if topic == preferences.Deals {
		first = &s.Rows[len(s.Rows)-1] // how far it is
	}
	l.Subject = first.Detail + ": " + first.Title
	if first.Amount != "" {
		l.Subject += ", " + first.Amount
	}
	l.Preview = first.Note
	if n := len(in); n > 1 {
		l.Button = &letter.Link{Text: "See your deals", URL: w.Link("/deals")}
		switch topic {
		case preferences.Requests:
			l.Subject = letter.Count(n, "new ad request", "new ad requests")
		case preferences.Offers:
			l.Subject = "New offers in " + letter.Count(n, "negotiation", "negotiations")
		default:
			l.Subject = "News of " + letter.Count(n, "deal", "deals")
		}
		l.Preview = first.Detail + ": " + first.Title
	}
	switch topic {
	case preferences.Requests:
		l.Why = "You get this because somebody wants to work with you."
	case preferences.Offers:
		l.Why = "You get this because offers came while you were away."
	default:
		l.Why = "You get this because something happened in a deal of yours while you were away."
	}
	l.Sections = []letter.Section{{Paragraphs: []string{"Hello " + p.Name + ","}}, s}
	return l
}

// row words one of them.
func (w *writer) row(item *news.Item) letter.Row {
	row := letter.Row{Title: item.Campaign, URL: w.Link("/deals/" + item.Room)}
	times := func(one, many string) string {
		if item.N > 1 {
			return item.Other + fmt.Sprintf(many, item.N)
		}
		return item.Other + one
	}
	switch item.What {
	case news.Request:
		if row.Detail = item.Other + " invites you"; item.Side == rooms.Sponsor {
			row.Detail = item.Other + " applied"
		}
		w.offer(&row, item)
	case news.Offer:
		row.Detail = times(" made you an offer", " made you %d offers, this is the last one")
		w.offer(&row, item)
	case news.Delivered:
		row.Detail, row.Note = times(" marked work as done", " marked %d deliverables as done"), "It waits for you to check"
	case news.Returned:
		row.Detail, row.Note, row.Urgent = times(" sent work back", " sent work back %d times"), "Read what is missing", true
	case news.Confirmed:
		row.Detail = times(" confirmed your work", " confirmed %d deliverables")
	default:
		row.Detail = "The deal with " + item.Other + " is completed"
		row.Amount = letter.Money(rooms.Money{Amount: item.DealFee, Currency: item.Currency})
	}
	return row
}

// offer adds the offer that stands, if it is the other party's.
func (w *writer) offer(row *letter.Row, item *news.Item) {
	if !item.Stands || item.Author != item.Side.Other() {
		return
	}
	row.Amount = letter.Money(rooms.Money{Amount: item.Fee, Currency: item.Currency})
	left := item.ExpiresAt.Sub(w.now.Time)
	row.Note, row.Urgent = letter.Left(left), left.Hours() <= 24
}
