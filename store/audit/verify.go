package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"parley/rooms"
	"parley/store"
)

// Problem is something that Verify found wrong.
type Problem struct {
	Pos  int64 // of the entry, 0 for the log as a whole
	What string
}

func (p Problem) String() string {
	if p.Pos == 0 {
		return "audit log: " + p.What
	}
	return fmt.Sprintf("audit log, entry %d: %s", p.Pos, p.What)
}

// Head is an end of the log: the last position and the hash of its entry. Noted
// outside the database it shows later that the log up to there is still the same,
// even to those who do not trust whoever may alter the schema.
type Head struct {
	Pos  int64
	Hash rooms.Hash
}

func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Pos, h.Hash) }

// ParseHead reads what String wrote.
func ParseHead(text string) (Head, error) {
	var h Head
	pos, hash, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(hash)
	if ok && err == nil && len(raw) == len(h.Hash) {
		h.Pos, err = strconv.ParseInt(pos, 10, 64)
		copy(h.Hash[:], raw)
		if err == nil && h.Pos > 0 {
			return h, nil
		}
	}
	return Head{}, fmt.Errorf("audit: %q is not a head such as 12:<64 hexadecimal digits>", text)
}

// Report is what Verify has looked at.
type Report struct {
	Entries, Problems int64
	Head
}

// Verify reads the whole log on one snapshot of the database and calls problem with
// what it finds wrong: an entry that was altered, removed, put elsewhere or cut off
// the end, and heads that the log had and does not lead through any more.
func Verify(ctx context.Context, s *store.Store, problem func(Problem), known ...Head) (Report, error) {
	v := &verifier{problem: problem, want: 1, known: known}
	tx, err := s.BeginReads(ctx)
	if err != nil {
		return v.Report, err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written

	rows, err := tx.NewSelect().Model((*entryModel)(nil)).Order("pos").Rows(ctx)
	if err != nil {
		return v.Report, store.ReadError("verify audit log", err)
	}
	for err == nil && rows.Next() {
		var m entryModel
		if err = s.Reads().ScanRow(ctx, rows, &m); err == nil {
			v.entry(&m)
		}
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return v.Report, store.ReadError("verify audit log", err)
	}
	var head headModel
	if err := tx.NewSelect().Model(&head).Where("id = 1").Scan(ctx); err != nil {
		return v.Report, store.ReadError("verify audit log", err)
	}
	v.head(&head)
	return v.Report, nil
}

type verifier struct {
	Report
	problem func(Problem)
	known   []Head
	want    int64 // the position that comes next
	at      int64
}

func (v *verifier) found(pos int64, format string, args ...any) {
	v.Problems++
	if v.problem != nil {
		v.problem(Problem{Pos: pos, What: fmt.Sprintf(format, args...)})
	}
}

func (v *verifier) entry(m *entryModel) {
	v.Entries++
	switch {
	case m.Pos == v.want+1:
		v.found(v.want, "it is missing")
	case m.Pos != v.want:
		v.found(v.want, "it and those up to %d are missing", m.Pos-1)
	}
	if m.At < v.at {
		v.found(m.Pos, "it is older than the one before")
	}
	if m.Pos != v.want {
		// What the chain came from is gone, so this entry stands for itself.
	} else if got := rooms.Chain(v.Hash, m.canonical()); string(got[:]) != string(m.Hash) {
		v.found(m.Pos, "its hash does not follow from what it says and the entry before")
	}
	// On from what is stored: one wrong entry is one problem.
	v.Hash = rooms.Hash{}
	copy(v.Hash[:], m.Hash)
	for _, k := range v.known {
		if k.Pos == m.Pos && k.Hash != v.Hash {
			v.found(m.Pos, "it is not the one that was noted")
		}
	}
	v.Pos, v.at, v.want = m.Pos, m.At, m.Pos+1
}

func (v *verifier) head(h *headModel) {
	for _, k := range v.known {
		if k.Pos > v.Pos {
			v.found(k.Pos, "it was noted and is not there")
		}
	}
	switch {
	case h.Pos > v.Pos:
		v.found(0, "it ends at %d, and should at %d: entries were cut off", v.Pos, h.Pos)
	case h.Pos < v.Pos:
		v.found(0, "it ends at %d, and should at %d: entries were put on", v.Pos, h.Pos)
	case string(h.Hash) != string(v.Hash[:]) || h.At != v.at:
		v.found(0, "its last entry is not the one that was written last")
	}
}
