package store

import (
	"context"
	"fmt"

	"parley/rooms"
)

// Obstacles are what keeps a user from leaving.
type Obstacles struct {
	// Deals are rooms with a deal in force, Campaigns those that run and are not
	// archived. Each names 20 at most.
	Deals     []Obstacle `json:"deals"`
	Campaigns []Obstacle `json:"campaigns"`
}

// Obstacle is one of them, with the name of its campaign.
type Obstacle struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

const maxObstacles = 20

// DeletedName is what is shown in the place of a person who was removed.
const DeletedName = "Deleted account"

// Leave removes a person from the database for good: name, address, password and
// sessions go, the id stays in the log and in the ledger, whose hashes are over ids
// alone. What others keep of the user goes with also. Rooms that are still
// negotiated close. It is refused with not_allowed and the Obstacles while a deal is
// in force or a campaign runs, and with whatever allowed gives, which is asked before
// anything of the user is gone.
func (s *Store) Leave(ctx context.Context, user string, allowed Also, also ...Also) error {
	_, err := write(ctx, s, true, func(ctx context.Context, t *Tx) (struct{}, error) {
		m, err := t.user(ctx, "id", user)
		if err != nil {
			return struct{}{}, fmt.Errorf("leave: %w", err)
		}
		if err := allowed(ctx, t); err != nil {
			return struct{}{}, err
		}
		if err := t.notTheLastAdmin(ctx, m); err != nil {
			return struct{}{}, err
		}
		in, err := t.obstacles(ctx, user)
		if err != nil {
			return struct{}{}, err
		}
		if len(in.Deals)+len(in.Campaigns) > 0 {
			return struct{}{}, &rooms.Refusal{
				Code: rooms.CodeNotAllowed, Details: in,
				Message: "Deals are in force or campaigns run; they come to their end first.",
			}
		}
		for _, column := range []string{"sponsor_id", "influencer_id"} {
			if err := t.closeRooms(ctx, column, user, "account_deleted"); err != nil {
				return struct{}{}, err
			}
		}
		if _, err := t.RevokeSessions(ctx, user, SessionFilter{}); err != nil {
			return struct{}{}, err
		}
		if _, err := t.DB.NewDelete().Model((*budgetModel)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
			return struct{}{}, fmt.Errorf("leave: budgets: %w", err)
		}
		now := micros(t.Now)
		m.Email, m.Name, m.PasswordHash = user+"@deleted.invalid", DeletedName, ""
		m.Approved, m.VerifiedAt, m.RefuseReason, m.DeletedAt = false, nil, "", &now
		_, err = t.DB.NewUpdate().Model(m).WherePK().Column("email", "name", "password_hash", "approved",
			"verified_at", "refuse_reason", "deleted_at").Exec(ctx)
		if err != nil {
			return struct{}{}, fmt.Errorf("leave: %w", err)
		}
		return struct{}{}, t.also(ctx, also)
	})
	return err
}

func (t *Tx) obstacles(ctx context.Context, user string) (Obstacles, error) {
	in := Obstacles{Deals: []Obstacle{}, Campaigns: []Obstacle{}}
	err := t.DB.NewSelect().TableExpr("ad_requests AS r").Join("JOIN campaigns AS c ON c.id = r.campaign_id").
		ColumnExpr("r.id, c.name").Where("r.sponsor_id = ? OR r.influencer_id = ?", user, user).
		Where("r.status = ?", string(rooms.Agreed)).OrderExpr("r.id").Limit(maxObstacles).Scan(ctx, &in.Deals)
	if err == nil {
		err = t.DB.NewSelect().Table("campaigns").Column("id", "name").Where("sponsor_id = ?", user).
			Where("archived_at IS NULL").Where("ends_at > ?", micros(t.Now)).Order("id").
			Limit(maxObstacles).Scan(ctx, &in.Campaigns)
	}
	if err != nil {
		return in, fmt.Errorf("leave: what stands in the way: %w", err)
	}
	return in, nil
}

// notTheLastAdmin keeps the platform from being left without an admin.
func (t *Tx) notTheLastAdmin(ctx context.Context, m *userModel) error {
	if rooms.Side(m.Role) != rooms.Admin {
		return nil
	}
	others, err := t.DB.NewSelect().Model((*userModel)(nil)).Where("role = ?", m.Role).Where("id <> ?", m.ID).
		Where("deleted_at IS NULL").Where("flagged_at IS NULL").Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("leave: other admins: %w", err)
	case !others:
		return rooms.NotAllowed("only_admin", "You are the only admin; make another one first.")
	default:
		return nil
	}
}
