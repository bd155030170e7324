package flags

import (
	"context"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// flagModel is a row of flags.
type flagModel struct {
	bun.BaseModel `bun:"table:flags,alias:f"`

	ID        string `bun:",pk"`
	Kind      string
	SubjectID string
	Reason    string
	BegunAt   int64
	BegunBy   string
	EndedAt   *int64
	EndedBy   string
	EndNote   string
	Waiting   int
}

func (m *flagModel) kind() store.FlagKind { return store.FlagKind(m.Kind) }

// partyModel is a row of flag_parties.
type partyModel struct {
	bun.BaseModel `bun:"table:flag_parties,alias:p"`

	FlagID     string `bun:",pk"`
	UserID     string `bun:",pk"`
	Appeal     string
	AppealedAt *int64
	Answer     string
	AnsweredAt *int64
	AnsweredBy string
	Outcome    string
}

// Flag is one time that something was under review.
type Flag struct {
	ID      string
	Kind    store.FlagKind
	Subject string
	// Name is the subject's, as it is now: of a room its campaign's.
	Name    string
	Reason  string
	BegunAt rooms.Time
	BegunBy Person
	EndedAt *rooms.Time // nil while it is in force
	EndedBy Person
	// Note is what those whom it concerns were told at its end.
	Note    string
	Parties []Party
}

// Person is a user by name.
type Person struct{ ID, Name string }

// Party is somebody whom a flag concerns, and what they answered.
type Party struct {
	Person
	Appeal     string
	AppealedAt *rooms.Time // nil: has not answered
	Answer     string
	AnsweredAt *rooms.Time
	AnsweredBy Person
	Outcome    string // Upheld or Lifted once answered
}

// Filter selects flags, newest first.
type Filter struct {
	// State is open, ended, or waiting for those with an appeal to answer; empty for
	// all.
	State   string
	Kind    store.FlagKind
	Subject string // with a kind
	// User selects those that concern one user.
	User   string
	Cursor string
	Limit  int
}

// List reads a page of the history.
func List(ctx context.Context, s *store.Store, f Filter) (list []Flag, next string, err error) {
	var rows []flagModel
	limit := store.PageSize(f.Limit)
	q := s.Reads().NewSelect().Model(&rows).Order("f.id DESC").Limit(int64(limit) + 1)
	switch f.State {
	case "":
	case "open":
		q = q.Where("f.ended_at IS NULL")
	case "ended":
		q = q.Where("f.ended_at IS NOT NULL")
	case "waiting":
		q = q.Where("f.waiting > 0")
	default:
		return nil, "", rooms.Invalid("state", rooms.OneOf("open", "ended", "waiting"))
	}
	if f.Kind != "" {
		q = q.Where("f.kind = ?", string(f.Kind))
	}
	if f.Subject != "" {
		q = q.Where("f.subject_id = ?", f.Subject)
	}
	if f.User != "" {
		q = q.Join("JOIN flag_parties AS own ON own.flag_id = f.id").Where("own.user_id = ?", f.User)
	}
	if f.Cursor != "" {
		q = q.Where("f.id < ?", f.Cursor)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", store.ReadError("list flags", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	list, err = withParties(ctx, s, rows)
	return list, next, err
}

// Get finds a flag.
func Get(ctx context.Context, s *store.Store, id string) (Flag, error) {
	var row flagModel
	if err := s.Reads().NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return Flag{}, store.ReadError("find flag", err)
	}
	list, err := withParties(ctx, s, []flagModel{row})
	if err != nil {
		return Flag{}, err
	}
	return list[0], nil
}

// Waiting counts the appeals that nobody has answered.
func Waiting(ctx context.Context, s *store.Store) (int, error) {
	var n int
	err := s.Reads().NewSelect().Model((*flagModel)(nil)).ColumnExpr("coalesce(sum(waiting), 0)").
		Where("waiting > 0").Scan(ctx, &n)
	if err != nil {
		return 0, store.ReadError("count appeals", err)
	}
	return n, nil
}

// withParties reads what belongs to a page of flags as sets.
func withParties(ctx context.Context, s *store.Store, rows []flagModel) ([]Flag, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	var parties []partyModel
	err := s.Reads().NewSelect().Model(&parties).Where("flag_id IN (?)", bun.List(ids)).Order("flag_id", "appealed_at", "user_id").Scan(ctx)
	if err != nil {
		return nil, store.ReadError("list flags", err)
	}
	names, err := namesOf(ctx, s, rows, parties)
	if err != nil {
		return nil, err
	}
	person := func(id string) Person { return Person{ID: id, Name: names.users[id]} }
	byFlag := make(map[string][]Party)
	for i := range parties {
		p := &parties[i]
		byFlag[p.FlagID] = append(byFlag[p.FlagID], Party{
			Person: person(p.UserID), Appeal: p.Appeal, AppealedAt: store.TimeOrNil(p.AppealedAt), Answer: p.Answer,
			AnsweredAt: store.TimeOrNil(p.AnsweredAt), AnsweredBy: person(p.AnsweredBy), Outcome: p.Outcome,
		})
	}
	list := make([]Flag, len(rows))
	for i := range rows {
		m := &rows[i]
		list[i] = Flag{
			ID: m.ID, Kind: m.kind(), Subject: m.SubjectID, Name: names.of(m), Reason: m.Reason,
			BegunAt: store.TimeOf(m.BegunAt), BegunBy: person(m.BegunBy),
			EndedAt: store.TimeOrNil(m.EndedAt), EndedBy: person(m.EndedBy), Note: m.EndNote, Parties: byFlag[m.ID],
		}
	}
	return list, nil
}

// names are those of a page's people and things, by id.
type names struct{ users, campaigns, rooms map[string]string }

func (n *names) of(m *flagModel) string {
	switch m.kind() {
	case store.FlagUser:
		return n.users[m.SubjectID]
	case store.FlagCampaign:
		return n.campaigns[m.SubjectID]
	default:
		return n.rooms[m.SubjectID]
	}
}

func namesOf(ctx context.Context, s *store.Store, rows []flagModel, parties []partyModel) (*names, error) {
	var users, campaigns, rooms []string
	for i := range rows {
		users = append(users, rows[i].BegunBy, rows[i].EndedBy)
		switch rows[i].kind() {
		case store.FlagUser:
			users = append(users, rows[i].SubjectID)
		case store.FlagCampaign:
			campaigns = append(campaigns, rows[i].SubjectID)
		default:
			rooms = append(rooms, rows[i].SubjectID)
		}
	}
	for i := range parties {
		users = append(users, parties[i].UserID, parties[i].AnsweredBy)
	}
	n := &names{}
	db := s.Reads()
	for _, part := range []struct {
		into  *map[string]string
		query *bun.SelectQuery
		id    string
		ids   []string
	}{
		{&n.users, db.NewSelect().TableExpr("users AS u").ColumnExpr("u.id, u.name"), "u.id", users},
		{&n.campaigns, db.NewSelect().TableExpr("campaigns AS c").ColumnExpr("c.id, c.name"), "c.id", campaigns},
		{&n.rooms, db.NewSelect().TableExpr("ad_requests AS r").Join("JOIN campaigns AS c ON c.id = r.campaign_id").
			ColumnExpr("r.id, c.name"), "r.id", rooms},
	} {
		*part.into = make(map[string]string)
		if len(part.ids) == 0 {
			continue
		}
		var found []struct{ ID, Name string }
		if err := part.query.Where("? IN (?)", bun.Ident(part.id), bun.List(part.ids)).Scan(ctx, &found); err != nil {
			return nil, store.ReadError("list flags: names", err)
		}
		for _, f := range found {
			(*part.into)[f.ID] = f.Name
		}
	}
	return n, nil
}
