package reports

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/notices"
)

const (
	// NoticeReady is the kind of the notice that a report is there.
	NoticeReady = "report_ready"
	// NoticeFailed is the kind of the notice that a report could not be made.
	NoticeFailed = "report_failed"
)

// Report is what is kept of a report.
type Report struct {
	User string
	// Month is such as 2026-10.
	Month  string
	MadeAt rooms.Time
	// Complete says that the month was over when it was made.
	Complete bool
	Summary  Summary
	// PDF is left out by List.
	PDF []byte
}

// Summary is what lists show of a report.
type Summary struct {
	Opened    int `json:"opened"`
	Offers    int `json:"offers"`
	Made      int `json:"made"`
	Completed int `json:"completed"`
}

// model is a row of reports.
type model struct {
	bun.BaseModel `bun:"table:reports,alias:r"`

	UserID   string `bun:",pk"`
	Month    string `bun:",pk"`
	MadeAt   int64
	Complete bool
	Summary  string
	PDF      []byte `bun:"pdf"`
}

func (m *model) report() (Report, error) {
	r := Report{User: m.UserID, Month: m.Month, MadeAt: store.TimeOf(m.MadeAt), Complete: m.Complete, PDF: m.PDF}
	if err := json.Unmarshal([]byte(m.Summary), &r.Summary); err != nil {
		return Report{}, fmt.Errorf("reports: summary of %s: %w", m.Month, err)
	}
	return r, nil
}

// List lists a user's reports without their files, the newest month first. There is one
// a month, so a list is not paged.
func List(ctx context.Context, s *store.Store, user string) ([]Report, error) {
	var rows []model
	err := s.Reads().NewSelect().Model(&rows).ExcludeColumn("pdf").Where("user_id = ?", user).Order("month DESC").Scan(ctx)
	if err != nil {
		return nil, store.ReadError("list reports", err)
	}
	list := make([]Report, len(rows))
	for i := range rows {
		if list[i], err = rows[i].report(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Get finds a user's report with its file.
func Get(ctx context.Context, s *store.Store, user, month string) (Report, error) {
	var row model
	if err := s.Reads().NewSelect().Model(&row).Where("user_id = ?", user).Where("month = ?", month).Scan(ctx); err != nil {
		return Report{}, store.ReadError("find a report", err)
	}
	return row.report()
}

// Keep keeps a report in place of the one before on the same month, in the transaction
// that finishes its job. With tell a notice says that it is there.
func Keep(ctx context.Context, t *store.Tx, r Report, tell bool) error {
	summary, err := json.Marshal(r.Summary)
	if err != nil {
		return fmt.Errorf("reports: keep: %w", err)
	}
	row := &model{
		UserID: r.User, Month: r.Month, MadeAt: store.Micros(r.MadeAt), Complete: r.Complete, Summary: string(summary), PDF: r.PDF,
	}
	_, err = t.DB.NewInsert().Model(row).On("CONFLICT (user_id, month) DO UPDATE").
		Set("made_at = EXCLUDED.made_at, complete = EXCLUDED.complete, summary = EXCLUDED.summary, pdf = EXCLUDED.pdf").Exec(ctx)
	if err != nil {
		return fmt.Errorf("reports: keep: %w", err)
	}
	if !tell {
		t.Ping(store.Ping{User: r.User, Kind: "report"})
		return nil
	}
	return about(ctx, t, NoticeReady, r.User, r.Month)
}

// GiveUp tells somebody that the report they asked for will not come, in the transaction
// that gives up its job.
func GiveUp(ctx context.Context, t *store.Tx, user, month string) error {
	return about(ctx, t, NoticeFailed, user, month)
}

func about(ctx context.Context, t *store.Tx, kind, user, month string) error {
	return notices.Add(ctx, t, notices.Notice{User: user, Kind: kind, Data: []byte(`{"month":"` + month + `"}`)})
}

// Ask has a report on a month made, unless that is under way.
func Ask(ctx context.Context, s *store.Store, user, month string) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		open, err := t.DB.NewSelect().Table("jobs").Where("kind = ?", jobs.Report).Where("user_id = ?", user).
			Where("period LIKE ?", month+" %").Where("run_at IS NOT NULL").Count(ctx)
		if err != nil {
			return struct{}{}, fmt.Errorf("reports: ask: %w", err)
		}
		if open > 0 {
			return struct{}{}, nil
		}
		id, err := t.NewID()
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, jobs.Add(ctx, t, jobs.Job{Kind: jobs.Report, User: user, Period: month + " " + id})
	})
	return err
}

// Erase removes a user's reports.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	if _, err := t.DB.NewDelete().Model((*model)(nil)).Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("reports: erase: %w", err)
	}
	return nil
}
