package exports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/notices"
)

const (
	// Life is how long a file is there once it is ready.
	Life = 24 * time.Hour
	// MaxOpen is how many exports one user may have under way.
	MaxOpen = 3
	// ping tells the user's tabs that an export got on.
	ping = "export"
	// NoticeReady is the kind of the notice that a file is ready.
	NoticeReady = "export_ready"
	// NoticeFailed is the kind of the notice that no file will come.
	NoticeFailed = "export_failed"
)

// State is how far an export is.
type State string

// The states of an export.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Ready     State = "ready"
	Failed    State = "failed"
	Cancelled State = "cancelled"
	// Expired says that the file was there for its time.
	Expired State = "expired"
)

// Export is a table that somebody asked for.
type Export struct {
	ID   string
	User string
	// Name is the table's.
	Name string
	// BOM says that the file begins with a byte order mark.
	BOM   bool
	State State
	// Rows are written of Total, which was counted at the beginning. Bytes is the size of
	// the file.
	Rows, Total, Bytes int64
	CreatedAt          rooms.Time
	ReadyAt, ExpiresAt *rooms.Time

	// Parts and Next are for who writes the file: how many parts there are, and the
	// cursor after them.
	Parts int64
	Next  string
}

// exportModel is a row of exports, with the state of its job.
type exportModel struct {
	bun.BaseModel `bun:"table:exports,alias:e"`

	ID        string `bun:",pk"`
	UserID    string
	Name      string
	BOM       bool `bun:"bom"`
	Next      string
	Rows      int64
	Total     int64
	Parts     int64
	Bytes     int64
	CreatedAt int64
	ReadyAt   *int64
	ExpiresAt *int64
	JobState  string `bun:",scanonly"`
}

func (m *exportModel) export(now rooms.Time) Export {
	e := Export{
		ID: m.ID, User: m.UserID, Name: m.Name, BOM: m.BOM, Rows: m.Rows, Total: m.Total, Bytes: m.Bytes,
		CreatedAt: store.TimeOf(m.CreatedAt), ReadyAt: store.TimeOrNil(m.ReadyAt), ExpiresAt: store.TimeOrNil(m.ExpiresAt),
		Parts: m.Parts, Next: m.Next,
	}
	switch {
	case e.ExpiresAt != nil && !now.Before(*e.ExpiresAt):
		e.State = Expired
	case e.ReadyAt != nil:
		e.State = Ready
	case m.JobState == string(jobs.Cancelled):
		e.State = Cancelled
	case m.JobState == string(jobs.Failed):
		e.State = Failed
	case m.JobState == string(jobs.Running) || m.Parts > 0:
		e.State = Running
	default:
		e.State = Waiting
	}
	return e
}

func withJob(db bun.IDB, model any) *bun.SelectQuery {
	return db.NewSelect().Model(model).ColumnExpr("e.*").
		ColumnExpr("coalesce((SELECT j.state FROM jobs AS j WHERE j.kind = ? AND j.user_id = e.user_id AND j.period = e.id), '') AS job_state", jobs.Export)
}

// Ask makes an export and the job that writes it. More than MaxOpen under way are
// refused.
func Ask(ctx context.Context, s *store.Store, user, name string, bom bool, also ...store.Also) (Export, error) {
	return store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (Export, error) {
		open, err := t.DB.NewSelect().Table("jobs").Where("kind = ?", jobs.Export).Where("user_id = ?", user).
			Where("run_at IS NOT NULL").Count(ctx)
		if err != nil {
			return Export{}, fmt.Errorf("exports: count: %w", err)
		}
		if open >= MaxOpen {
			return Export{}, rooms.Invalid("table", rooms.Because("too_many_exports",
				fmt.Sprintf("waits: at most %d exports are made for one account at a time", MaxOpen)).WithMax(MaxOpen))
		}
		id, err := t.NewID()
		if err != nil {
			return Export{}, err
		}
		row := &exportModel{ID: id, UserID: user, Name: name, BOM: bom, CreatedAt: store.Micros(t.Now)}
		if _, err := t.DB.NewInsert().Model(row).Exec(ctx); err != nil {
			return Export{}, fmt.Errorf("exports: ask: %w", err)
		}
		if err := jobs.Add(ctx, t, jobs.Job{Kind: jobs.Export, User: user, Period: id}); err != nil {
			return Export{}, err
		}
		for _, do := range also {
			if err := do(ctx, t); err != nil {
				return Export{}, err
			}
		}
		return row.export(t.Now), nil
	})
}

// List lists a user's exports, newest first; those whose files are gone too.
func List(ctx context.Context, s *store.Store, user string, now rooms.Time, cursor string, limit int) (list []Export, next string, err error) {
	var rows []exportModel
	limit = store.PageSize(limit)
	q := withJob(s.Reads(), &rows).Where("e.user_id = ?", user).Order("e.id DESC").Limit(int64(limit) + 1)
	if cursor != "" {
		q = q.Where("e.id < ?", cursor)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", store.ReadError("list exports", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	list = make([]Export, len(rows))
	for i := range rows {
		list[i] = rows[i].export(now)
	}
	return list, next, nil
}

// Get finds an export of a user; another's is not found.
func Get(ctx context.Context, s *store.Store, user, id string, now rooms.Time) (Export, error) {
	var row exportModel
	if err := withJob(s.Reads(), &row).Where("e.user_id = ?", user).Where("e.id = ?", id).Scan(ctx); err != nil {
		return Export{}, store.ReadError("find an export", err)
	}
	return row.export(now), nil
}

// Part reads a part of a file as it is packed.
func Part(ctx context.Context, s *store.Store, id string, n int64) ([]byte, error) {
	var data []byte
	err := s.Reads().NewSelect().Table("export_parts").Column("data").Where("export_id = ?", id).Where("n = ?", n).Scan(ctx, &data)
	if err != nil {
		return nil, store.ReadError("read a part", err)
	}
	return data, nil
}

// Remove ends a user's export and removes its file.
func Remove(ctx context.Context, s *store.Store, user, id string) error {
	_, err := store.Write(ctx, s, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		row, err := find(ctx, t, user, id)
		if err != nil {
			return struct{}{}, err
		}
		var job []int64
		err = t.DB.NewSelect().Table("jobs").Column("id").Where("kind = ?", jobs.Export).Where("user_id = ?", user).
			Where("period = ?", id).Where("run_at IS NOT NULL").Scan(ctx, &job)
		if err != nil {
			return struct{}{}, fmt.Errorf("exports: find the job: %w", err)
		}
		for _, open := range job {
			if err := jobs.Cancel(ctx, t, open); err != nil {
				return struct{}{}, err
			}
		}
		if row.ReadyAt == nil {
			t.Ping(store.Ping{User: user, Kind: ping})
			return struct{}{}, restart(ctx, t, id)
		}
		return struct{}{}, Expire(ctx, t, user, id)
	})
	return err
}

func find(ctx context.Context, t *store.Tx, user, id string) (*exportModel, error) {
	row := new(exportModel)
	if err := t.DB.NewSelect().Model(row).Where("e.user_id = ?", user).Where("e.id = ?", id).Scan(ctx); err != nil {
		return nil, store.RowError("find an export", err)
	}
	return row, nil
}

func dropParts(ctx context.Context, t *store.Tx, id string) error {
	if _, err := t.DB.NewDelete().Table("export_parts").Where("export_id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("exports: drop the parts: %w", err)
	}
	return nil
}

// restart forgets what was written of a file that is not ready: should its job be done
// again, it begins at the beginning.
func restart(ctx context.Context, t *store.Tx, id string) error {
	_, err := t.DB.NewUpdate().Model((*exportModel)(nil)).Set("parts = 0").Set("next = ''").Set("rows = 0").
		Set("bytes = 0").Set("total = 0").Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("exports: restart: %w", err)
	}
	return dropParts(ctx, t, id)
}

// GiveUp removes what there is of a file that will not be whole, in the transaction that
// gives up its job, and tells its owner.
func GiveUp(ctx context.Context, t *store.Tx, user, id string) error {
	row, err := find(ctx, t, user, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.ReadyAt != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if err := restart(ctx, t, id); err != nil {
		return err
	}
	return row.tell(ctx, t, NoticeFailed)
}

// tell tells the owner what became of an export.
func (m *exportModel) tell(ctx context.Context, t *store.Tx, kind string) error {
	return notices.Add(ctx, t, notices.Notice{
		User: m.UserID, Kind: kind, Data: []byte(`{"export":"` + m.ID + `","table":"` + m.Name + `"}`),
	})
}

// Expire removes a file whose time is over; one that is not ready stays.
func Expire(ctx context.Context, t *store.Tx, user, id string) error {
	row, err := find(ctx, t, user, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.ReadyAt == nil {
		return nil
	}
	if err != nil {
		return err
	}
	now := store.Micros(t.Now)
	if row.ExpiresAt == nil || *row.ExpiresAt > now {
		if _, err := t.DB.NewUpdate().Model(row).Set("expires_at = ?", now).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("exports: expire: %w", err)
		}
	}
	t.Ping(store.Ping{User: user, Kind: ping})
	return dropParts(ctx, t, id)
}

// Erase removes a user's exports.
func Erase(ctx context.Context, t *store.Tx, user string) error {
	mine := t.DB.NewSelect().Table("exports").Column("id").Where("user_id = ?", user)
	if _, err := t.DB.NewDelete().Table("export_parts").Where("export_id IN (?)", mine).Exec(ctx); err != nil {
		return fmt.Errorf("exports: erase: %w", err)
	}
	if _, err := t.DB.NewDelete().Table("exports").Where("user_id = ?", user).Exec(ctx); err != nil {
		return fmt.Errorf("exports: erase: %w", err)
	}
	return nil
}

// Sweep removes up to limit exports that were asked for before a time and for which
// nothing is to be done any more, with what is left of their files, and counts them.
func Sweep(ctx context.Context, s *store.Store, before rooms.Time, limit int) (int64, error) {
	old := s.Reads().NewSelect().Model((*exportModel)(nil)).Column("e.id").Where("e.id < ?", store.FirstID(before)).
		Where("NOT EXISTS (SELECT 1 FROM jobs AS j WHERE j.kind IN (?, ?) AND j.user_id = e.user_id AND j.period = e.id AND j.run_at IS NOT NULL)",
			jobs.Export, jobs.ExportEnd).
		Order("e.id").Limit(int64(limit))
	return store.Sweep(ctx, s, old, func(ctx context.Context, t *store.Tx, ids []string) (int64, error) {
		if _, err := t.DB.NewDelete().Table("export_parts").Where("export_id IN (?)", bun.List(ids)).Exec(ctx); err != nil {
			return 0, fmt.Errorf("exports: sweep: %w", err)
		}
		res, err := t.DB.NewDelete().Table("exports").Where("id IN (?)", bun.List(ids)).Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("exports: sweep: %w", err)
		}
		return res.RowsAffected()
	})
}

// Progress is a part that is written, and where the table goes on.
type Progress struct {
	// Data is the part, packed.
	Data []byte
	// Rows and Bytes are what it adds; Total is how many rows there will be.
	Rows, Bytes, Total int64
	// Next is the cursor after it; Last says that there is nothing after it.
	Next string
	Last bool
}

// Append adds a part to a file. What the worker knew of the export must still be so: the
// worker calls it in a transaction in which its claim holds.
func (e *Export) Append(ctx context.Context, t *store.Tx, p Progress) error {
	_, err := t.DB.NewRaw("INSERT INTO export_parts (export_id, n, data) VALUES (?, ?, ?)", e.ID, e.Parts, p.Data).Exec(ctx)
	if err != nil {
		return fmt.Errorf("exports: add a part: %w", err)
	}
	q := t.DB.NewUpdate().Table("exports").Set("parts = parts + 1").Set("next = ?", p.Next).
		Set("rows = rows + ?", p.Rows).Set("bytes = bytes + ?", p.Bytes).Where("id = ?", e.ID)
	if !p.Last {
		q = q.Set("total = ?", p.Total)
	} else {
		until := t.Now.Add(Life)
		q = q.Set("ready_at = ?", store.Micros(t.Now)).Set("expires_at = ?", store.Micros(until)).Set("total = rows + ?", p.Rows)
		if err := jobs.Add(ctx, t, jobs.Job{Kind: jobs.ExportEnd, User: e.User, Period: e.ID, RunAt: &until}); err != nil {
			return err
		}
		if err := (&exportModel{ID: e.ID, UserID: e.User, Name: e.Name}).tell(ctx, t, NoticeReady); err != nil {
			return err
		}
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("exports: note the progress: %w", err)
	}
	t.Ping(store.Ping{User: e.User, Kind: ping})
	return nil
}
