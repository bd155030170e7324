package credentials

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Purpose is what a ticket is good for.
type Purpose string

// The purposes of tickets.
const (
	// Verify shows that the account's address is the user's.
	Verify Purpose = "verify"
	// Reset lets a new password be chosen.
	Reset Purpose = "reset"
	// ChangeEmail gives the account the ticket's address.
	ChangeEmail Purpose = "email"
)

// Ticket is a secret that was sent to an address. It works once, until ExpiresAt.
type Ticket struct {
	Hash    [32]byte // SHA-256 of the secret
	User    string
	Purpose Purpose
	// Email is where the secret went.
	Email     string
	ExpiresAt rooms.Time
}

// ticketModel is a row of tickets.
type ticketModel struct {
	bun.BaseModel `bun:"table:tickets,alias:k"`

	TokenHash []byte `bun:",pk"`
	UserID    string
	Purpose   string
	Email     string
	CreatedAt int64
	ExpiresAt int64
}

// Issue stores a ticket. The user's earlier ones for the same purpose, and those of
// anybody that have expired, are gone with it.
func Issue(ctx context.Context, t *store.Tx, k Ticket) error {
	_, err := t.DB.NewDelete().Model((*ticketModel)(nil)).WhereGroup(" AND ", func(q *bun.DeleteQuery) *bun.DeleteQuery {
		return q.Where("user_id = ? AND purpose = ?", k.User, string(k.Purpose)).
			WhereOr("expires_at <= ?", store.Micros(t.Now))
	}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("issue a ticket: %w", err)
	}
	_, err = t.DB.NewInsert().Model(&ticketModel{
		TokenHash: k.Hash[:], UserID: k.User, Purpose: string(k.Purpose), Email: k.Email,
		CreatedAt: store.Micros(t.Now), ExpiresAt: store.Micros(k.ExpiresAt),
	}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("issue a ticket: %w", err)
	}
	return nil
}

// Use takes a ticket: store.ErrNotFound when there is none for any of the purposes,
// when it has expired or was used.
func Use(ctx context.Context, t *store.Tx, hash [32]byte, purposes ...Purpose) (Ticket, error) {
	var rows []ticketModel
	err := t.DB.NewDelete().Model(&rows).Where("token_hash = ?", hash[:]).
		Where("purpose IN (?)", bun.List(purposes)).Where("expires_at > ?", store.Micros(t.Now)).
		Returning("*").Scan(ctx)
	if err != nil {
		return Ticket{}, store.RowError("use a ticket", err)
	}
	if len(rows) == 0 {
		return Ticket{}, fmt.Errorf("use a ticket: %w", store.ErrNotFound)
	}
	m := rows[0]
	return Ticket{
		Hash: hash, User: m.UserID, Purpose: Purpose(m.Purpose), Email: m.Email, ExpiresAt: store.TimeOf(m.ExpiresAt),
	}, nil
}

// Cancel removes a user's tickets for some purposes; without any, all of them.
func Cancel(ctx context.Context, t *store.Tx, user string, purposes ...Purpose) error {
	q := t.DB.NewDelete().Model((*ticketModel)(nil)).Where("user_id = ?", user)
	if len(purposes) > 0 {
		q = q.Where("purpose IN (?)", bun.List(purposes))
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("cancel tickets: %w", err)
	}
	return nil
}
