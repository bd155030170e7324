package flags

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
)

// Outcomes of an appeal.
const (
	Upheld = "upheld" // the flag stays
	Lifted = "lifted"
)

// MaxText bounds notes, appeals and answers, in characters; rooms.MaxReason the reasons.
const MaxText = 2000

// Deed is who did something, from where; for the audit log.
type Deed struct {
	By, Addr, RequestID string
}

func (d Deed) entry(action audit.Action, kind store.FlagKind, subject string, details map[string]any) audit.Entry {
	return audit.Entry{
		Actor: d.By, Action: action, Subject: audit.Subject{Kind: string(kind), ID: subject},
		Details: details, Addr: d.Addr, RequestID: d.RequestID,
	}
}

// Book is the history of flags. PublicURL is where people reach the server, for the
// links in mails; without it mails have none.
type Book struct {
	Store     *store.Store
	PublicURL string
}

// Set flags something: see store.Flag.
func (b *Book) Set(ctx context.Context, kind store.FlagKind, id, reason string, d Deed) error {
	f := store.Flag{Kind: kind, ID: id, Reason: reason, Admin: d.By}
	return b.Store.Flag(ctx, f, b.begun(kind, id, reason, d))
}

// Lift ends a flag; note tells those whom it concerns why, and answers their appeals.
func (b *Book) Lift(ctx context.Context, kind store.FlagKind, id, note string, d Deed) error {
	f := store.Flag{Kind: kind, ID: id, Admin: d.By}
	return b.Store.Unflag(ctx, f, b.ended(kind, id, note, d))
}

// Frozen goes with the command that freezes a room.
func (b *Book) Frozen(room, reason string, d Deed) store.Also {
	return b.begun(store.FlagRoom, room, reason, d)
}

// Thawed goes with the command that ends the freeze of a room.
func (b *Book) Thawed(room, note string, d Deed) store.Also {
	return b.ended(store.FlagRoom, room, note, d)
}

func (b *Book) begun(kind store.FlagKind, id, reason string, d Deed) store.Also {
	return func(ctx context.Context, t *store.Tx) error {
		flag, err := t.NewID()
		if err != nil {
			return err
		}
		row := &flagModel{
			ID: flag, Kind: string(kind), SubjectID: id, Reason: reason, BegunAt: store.Micros(t.Now), BegunBy: d.By,
		}
		if _, err := t.DB.NewInsert().Model(row).Exec(ctx); err != nil {
			return fmt.Errorf("flags: begin: %w", err)
		}
		parties, err := partiesOf(ctx, t, kind, id)
		if err != nil {
			return err
		}
		for _, p := range parties {
			if _, err := t.DB.NewInsert().Model(&partyModel{FlagID: flag, UserID: p.ID}).Exec(ctx); err != nil {
				return fmt.Errorf("flags: begin: %w", err)
			}
			if err := b.tell(ctx, t, p, told{Kind: NoticeFlagged, Flag: flag, On: kind, Subject: id, text: reason}); err != nil {
				return err
			}
		}
		return audit.Append(ctx, t, d.entry(audit.ActionFlag, kind, id, map[string]any{"flag": flag}))
	}
}

func (b *Book) ended(kind store.FlagKind, id, note string, d Deed) store.Also {
	return func(ctx context.Context, t *store.Tx) error {
		var row flagModel
		err := t.DB.NewSelect().Model(&row).Where("kind = ?", string(kind)).Where("subject_id = ?", id).
			Where("ended_at IS NULL").Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			// Flagged before there was a history.
			return audit.Append(ctx, t, d.entry(audit.ActionUnflag, kind, id, nil))
		}
		if err != nil {
			return fmt.Errorf("flags: end: %w", err)
		}
		now := store.Micros(t.Now)
		row.EndedAt, row.EndedBy, row.EndNote, row.Waiting = &now, d.By, note, 0
		if _, err := t.DB.NewUpdate().Model(&row).WherePK().Column("ended_at", "ended_by", "end_note", "waiting").Exec(ctx); err != nil {
			return fmt.Errorf("flags: end: %w", err)
		}
		_, err = t.DB.NewUpdate().Model((*partyModel)(nil)).
			Set("answer = ?", note).Set("answered_at = ?", now).Set("answered_by = ?", d.By).Set("outcome = ?", Lifted).
			Where("flag_id = ?", row.ID).Where("appealed_at IS NOT NULL").Where("answered_at IS NULL").Exec(ctx)
		if err != nil {
			return fmt.Errorf("flags: end: %w", err)
		}
		parties, err := partiesOf(ctx, t, kind, id)
		if err != nil {
			return err
		}
		for _, p := range parties {
			if err := b.tell(ctx, t, p, told{Kind: NoticeUnflagged, Flag: row.ID, On: kind, Subject: id, text: note}); err != nil {
				return err
			}
		}
		return audit.Append(ctx, t, d.entry(audit.ActionUnflag, kind, id, map[string]any{"flag": row.ID}))
	}
}

// Appeal answers a flag for one of those whom it concerns. Anybody else's flag is
// not found; an ended one, and a second answer, are refused.
func (b *Book) Appeal(ctx context.Context, flag, text string, d Deed) error {
	if text == "" {
		return rooms.Invalid("text", rooms.Required())
	}
	_, err := store.Write(ctx, b.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		row, party, err := own(ctx, t, flag, d.By)
		switch {
		case err != nil:
			return struct{}{}, err
		case row.EndedAt != nil:
			return struct{}{}, rooms.NotAllowed("review_ended", "This review has ended.")
		case party.AppealedAt != nil:
			return struct{}{}, rooms.NotAllowed("answered_already", "You have answered already.")
		}
		now := store.Micros(t.Now)
		party.Appeal, party.AppealedAt = text, &now
		if _, err := t.DB.NewUpdate().Model(&party).WherePK().Column("appeal", "appealed_at").Exec(ctx); err != nil {
			return struct{}{}, fmt.Errorf("flags: appeal: %w", err)
		}
		if err := wait(ctx, t, flag, +1); err != nil {
			return struct{}{}, err
		}
		if err := tellAdmins(ctx, t, told{Kind: NoticeAppeal, Flag: flag, On: row.kind(), Subject: row.SubjectID}); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, audit.Append(ctx, t, d.entry(audit.ActionAppeal, row.kind(), row.SubjectID, map[string]any{"flag": flag}))
	})
	return err
}

// Uphold answers a party's appeal and leaves the flag as it is.
func (b *Book) Uphold(ctx context.Context, flag, user, answer string, d Deed) error {
	if answer == "" {
		return rooms.Invalid("answer", rooms.Required())
	}
	_, err := store.Write(ctx, b.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		row, party, err := own(ctx, t, flag, user)
		switch {
		case err != nil:
			return struct{}{}, err
		case row.EndedAt != nil:
			return struct{}{}, rooms.NotAllowed("review_ended", "This review has ended.")
		case party.AppealedAt == nil:
			return struct{}{}, rooms.NotAllowed("no_appeal", "There is no appeal to answer.")
		case party.AnsweredAt != nil:
			return struct{}{}, rooms.NotAllowed("appeal_answered", "This appeal was answered already.")
		}
		now := store.Micros(t.Now)
		party.Answer, party.AnsweredAt, party.AnsweredBy, party.Outcome = answer, &now, d.By, Upheld
		if _, err := t.DB.NewUpdate().Model(&party).WherePK().Column("answer", "answered_at", "answered_by", "outcome").Exec(ctx); err != nil {
			return struct{}{}, fmt.Errorf("flags: uphold: %w", err)
		}
		if err := wait(ctx, t, flag, -1); err != nil {
			return struct{}{}, err
		}
		p, err := personOf(ctx, t, user)
		if err != nil {
			return struct{}{}, err
		}
		if err := b.tell(ctx, t, p, told{Kind: NoticeUpheld, Flag: flag, On: row.kind(), Subject: row.SubjectID, text: answer}); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, audit.Append(ctx, t, d.entry(audit.ActionUphold, row.kind(), row.SubjectID,
			map[string]any{"flag": flag, "user": user}))
	})
	return err
}

// own finds a flag and a user's part in it.
func own(ctx context.Context, t *store.Tx, flag, user string) (row flagModel, party partyModel, err error) {
	if err := t.DB.NewSelect().Model(&party).Where("flag_id = ?", flag).Where("user_id = ?", user).Scan(ctx); err != nil {
		return row, party, store.RowError("find flag", err)
	}
	if err := t.DB.NewSelect().Model(&row).Where("id = ?", flag).Scan(ctx); err != nil {
		return row, party, store.RowError("find flag", err)
	}
	return row, party, nil
}

// wait counts the appeals that nobody has answered.
func wait(ctx context.Context, t *store.Tx, flag string, by int) error {
	_, err := t.DB.NewUpdate().Model((*flagModel)(nil)).Set("waiting = waiting + ?", by).Where("id = ?", flag).Exec(ctx)
	if err != nil {
		return fmt.Errorf("flags: count appeals: %w", err)
	}
	return nil
}

// person is somebody whom a flag concerns.
type person struct {
	ID, Name, Email string
	Deleted         bool
}

// partiesOf are those whom a flag of something concerns. They never change.
func partiesOf(ctx context.Context, t *store.Tx, kind store.FlagKind, id string) ([]person, error) {
	var ids []string
	switch kind {
	case store.FlagUser:
		ids = []string{id}
	case store.FlagCampaign:
		var sponsor string
		if err := t.DB.NewSelect().Table("campaigns").Column("sponsor_id").Where("id = ?", id).Scan(ctx, &sponsor); err != nil {
			return nil, store.RowError("find campaign", err)
		}
		ids = []string{sponsor}
	default:
		var sponsor, influencer string
		err := t.DB.NewSelect().Table("ad_requests").Column("sponsor_id", "influencer_id").Where("id = ?", id).
			Scan(ctx, &sponsor, &influencer)
		if err != nil {
			return nil, store.RowError("find room", err)
		}
		ids = []string{sponsor, influencer}
	}
	list := make([]person, 0, len(ids))
	for _, id := range ids {
		p, err := personOf(ctx, t, id)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func personOf(ctx context.Context, t *store.Tx, id string) (person, error) {
	p := person{ID: id}
	var deleted *int64
	err := t.DB.NewSelect().Table("users").Column("name", "email", "deleted_at").Where("id = ?", id).
		Scan(ctx, &p.Name, &p.Email, &deleted)
	if err != nil {
		return p, store.RowError("find user", err)
	}
	p.Deleted = deleted != nil
	return p, nil
}

// Erase removes what a user wrote to answer flags. That they were flagged, and how it
// ended, stays.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	_, err := t.DB.NewUpdate().Model((*partyModel)(nil)).Set("appeal = ''").Where("user_id = ?", user).
		Where("appeal <> ''").Exec(ctx)
	if err != nil {
		return fmt.Errorf("flags: erase: %w", err)
	}
	return nil
}
