package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/outbox/letter"
	"parley/store/preferences"
)

// Desk writes to people. Its methods may be called by several goroutines.
type Desk struct {
	Store *store.Store
	Clock func() time.Time
	// URL is what links in mails begin with, without a slash at its end.
	URL string
}

// Person is somebody to write to.
type Person struct {
	ID, Name, Email string
	Role            rooms.Side
	// Category and Niches are what an influencer is about.
	Category string
	Niches   []string
	// SeenAt is when they were last here, to the hour, or when they came.
	SeenAt rooms.Time
	preferences.Preferences
}

// personRow is a Person as it is read.
type personRow struct {
	ID, Name, Email, Role, Category string
	Niches                          []string
	SeenAt                          int64
}

// People are those of some users to whom one may write: neither deleted nor flagged.
func (d *Desk) People(ctx context.Context, ids []string) (map[string]Person, error) {
	wants, err := preferences.Of(ctx, d.Store, ids)
	if err != nil {
		return nil, err
	}
	var rows []personRow
	err = d.Store.Reads().NewSelect().TableExpr("users AS u").
		ColumnExpr("u.id, u.name, u.email, u.role, u.category, COALESCE(p.niches, '[]') AS niches").
		ColumnExpr("COALESCE(a.seen_at, u.created_at) AS seen_at").
		Join("LEFT JOIN activity AS a ON a.user_id = u.id").Join("LEFT JOIN profiles AS p ON p.user_id = u.id").
		Where("u.id IN (?)", bun.List(ids)).Where("u.deleted_at IS NULL").Where("u.flagged_at IS NULL").Scan(ctx, &rows)
	if err != nil {
		return nil, store.ReadError("read people", err)
	}
	people := make(map[string]Person, len(rows))
	for i := range rows {
		r := &rows[i]
		people[r.ID] = Person{
			ID: r.ID, Name: r.Name, Email: r.Email, Role: rooms.Side(r.Role), Category: r.Category, Niches: r.Niches,
			SeenAt: store.TimeOf(r.SeenAt), Preferences: wants[r.ID],
		}
	}
	return people, nil
}

// Readers are whom a batch's jobs are for, and the signer of their links.
func (d *Desk) Readers(ctx context.Context, b *jobs.Batch) (map[string]Person, preferences.Signer, error) {
	people, err := d.People(ctx, Users(b.Jobs))
	if err != nil {
		return nil, preferences.Signer{}, err
	}
	signer, err := d.Signer(ctx)
	return people, signer, err
}

// Signer makes the links by which mails are ended.
func (d *Desk) Signer(ctx context.Context) (preferences.Signer, error) {
	return preferences.OpenSigner(ctx, d.Store)
}

// Link is an address of the app.
func (d *Desk) Link(path string) string { return strings.TrimRight(d.URL, "/") + path }

// Address makes a letter on a topic a mail to somebody, with the ways to have no more
// of them. key names its cause. An error is about this mail alone: it must not be sent
// with others, whom it would keep from theirs.
func (d *Desk) Address(s preferences.Signer, to *Person, topic preferences.Topic, l letter.Letter, key string) (outbox.Mail, error) {
	l.Settings = d.Link("/account/notifications")
	l.Unsubscribe = d.Link("/api/unsubscribe/" + s.Token(to.ID, topic))
	m, err := l.Mail(key, to.ID, to.Email)
	if err != nil {
		return outbox.Mail{}, err
	}
	m.Unsubscribe = l.Unsubscribe
	return m, m.Check()
}

// Users are whom some jobs are for, each once.
func Users(list []jobs.Job) []string {
	ids := make([]string, 0, len(list))
	seen := make(map[string]bool, len(list))
	for i := range list {
		if user := list[i].User; user != "" && !seen[user] {
			seen[user] = true
			ids = append(ids, user)
		}
	}
	return ids
}

// The outcomes of jobs that write to somebody.
const (
	Told = "told"
	// Nothing says that there was nothing to say.
	Nothing = "nothing"
	// Unwanted says that they are gone or do not want it.
	Unwanted = "unwanted"
	// Unconfirmed says that nobody has shown that the address is theirs: it may be a
	// stranger's, who must not get mail because somebody typed it.
	Unconfirmed = "unconfirmed"
)

// Written is what came of a job: its mails, or why there are none.
type Written struct {
	Job     int64
	Outcome string
	Mails   []outbox.Mail
	// MailOnly says that the mails hold more than text can say, such as a report: they
	// go to no webhook.
	MailOnly bool
}

// Send queues what was written for jobs that are still the worker's and finishes them,
// in one transaction: to the webhooks that people chose, and as mail to the others whose
// address is confirmed. also, if set, runs in it with the ids of those jobs.
func (d *Desk) Send(ctx context.Context, token string, list []Written, also func(ctx context.Context, t *store.Tx, mine map[int64]bool) error) error {
	_, err := store.Write(ctx, d.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		ways, err := waysTo(ctx, t, list)
		if err != nil {
			return struct{}{}, err
		}
		results := make([]jobs.Result, len(list))
		for i := range list {
			results[i] = jobs.Result{ID: list[i].Job, Outcome: ways.outcome(&list[i])}
		}
		mine, err := jobs.Finish(ctx, t, token, results...)
		if err != nil {
			return struct{}{}, err
		}
		if err := ways.send(ctx, t, list, mine); err != nil {
			return struct{}{}, err
		}
		if also != nil {
			return struct{}{}, also(ctx, t, mine)
		}
		return struct{}{}, nil
	})
	if err != nil {
		return fmt.Errorf("send what was written: %w", err)
	}
	return nil
}
