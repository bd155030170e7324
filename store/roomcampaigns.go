package store

import "context"

// NamedCampaign is a campaign by its name.
type NamedCampaign struct{ ID, Name string }

// RoomCampaigns lists the campaigns in which a user has rooms, the oldest first, each
// once, with the cursor of the next page (empty at the end). It reads that user's rooms
// and no others.
func (s *Store) RoomCampaigns(ctx context.Context, user, cursor string, limit int) (list []NamedCampaign, next string, err error) {
	side, err := s.sideOf(ctx, user)
	if err != nil {
		return nil, "", err
	}
	q := roomQuery{user: user, side: side}
	if err := q.filter(RoomFilter{}); err != nil {
		return nil, "", err
	}
	if user == "" { // never everybody's
		q.and("1 = 0")
	}
	q.and("r.campaign_id > ?", cursor)
	limit = pageSize(limit)
	query := "SELECT own.id, c.name FROM (SELECT DISTINCT r.campaign_id AS id FROM ad_requests r WHERE " + q.condition() +
		" ORDER BY r.campaign_id LIMIT ?) own JOIN campaigns c ON c.id = own.id ORDER BY own.id"
	err = s.reads.rows(ctx, "list the campaigns of rooms", query, func(row []any) error {
		p := columns[any]{v: row}
		list = append(list, NamedCampaign{ID: p.text(), Name: p.text()})
		return p.err("campaign")
	}, append(q.args, limit+1)...)
	if err != nil {
		return nil, "", err
	}
	list, more := page(list, limit)
	if more {
		next = list[limit-1].ID
	}
	return list, next, nil
}
