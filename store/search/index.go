package search

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"parley/rooms"
	"parley/store"
)

// Index finds what is in a store.
type Index struct {
	store *store.Store
	db    *bun.DB
	form  form
}

// New makes an index over a store. It keeps nothing by itself.
func New(s *store.Store) *Index {
	return &Index{store: s, db: s.Reads(), form: formOf(s.Reads())}
}

const (
	defaultPage = 20
	maxPage     = 100
)

func pageSize(limit int) int {
	if limit <= 0 {
		return defaultPage
	}
	return min(limit, maxPage)
}

// Page is a part of what was found.
type Page[T any] struct {
	Items []T
	Next  string // cursor of the page after; empty at the end
	// Corrected is what was looked for in place of a text that nothing holds as it was
	// typed, word by word; empty otherwise.
	Corrected []string
}

// hit is a row that was found: its id and what it is sorted by.
type hit struct {
	ID  string
	Key int64
}

// stage is one of the rounds of a search. Earlier rounds' hits come before later ones',
// and no row is a hit in two.
type stage struct {
	number    stageNumber
	match     match
	corrected []string
}

// hits goes through the stages of a search until a page is full. find gives a stage's
// hits after one, or its first ones.
func (x *Index) hits(ctx context.Context, text string, filter match, byMatch bool, at cursor, limit int,
	find func(m match, after *hit, limit int) ([]hit, error),
) (list []hit, next cursor, corrected []string, err error) {
	words := split(text)
	stages := asTyped(words, filter, byMatch)
	if at.stage == stageCorrected {
		stages = nil
	}
	more := func(st stage) error {
		if st.number < at.stage || len(list) > limit {
			return nil
		}
		var after *hit
		if st.number == at.stage && at.hit.ID != "" {
			after = &at.hit
		}
		found, err := find(st.match, after, limit+1-len(list))
		if err != nil {
			return err
		}
		for _, h := range found {
			list = append(list, h)
			if len(list) <= limit {
				next = cursor{stage: st.number, hit: h}
			}
		}
		if len(found) > 0 {
			corrected = st.corrected
		}
		return nil
	}
	for _, st := range stages {
		if err := more(st); err != nil {
			return nil, cursor{}, nil, err
		}
	}
	if len(words) > 0 && (at.stage == stageCorrected || at.hit.ID == "" && len(list) == 0) {
		st, ok, err := x.corrections(ctx, words, filter)
		if err == nil && ok {
			err = more(st)
		}
		if err != nil {
			return nil, cursor{}, nil, err
		}
	}
	if len(list) <= limit {
		return list, cursor{}, corrected, nil
	}
	return list[:limit], next, corrected, nil
}

// asTyped are the stages of the words as they were typed: by best match those that
// have all of them in the name go first.
func asTyped(words []string, filter match, byMatch bool) []stage {
	join := func(m match) match {
		m.all = append(m.all, filter.all...)
		return m
	}
	text := join(typed(words, anywhere))
	if len(words) == 0 || !byMatch {
		return []stage{{number: stageText, match: text}}
	}
	names := typed(words, inName)
	text.not = &names
	return []stage{{number: stageName, match: join(names)}, {number: stageText, match: text}}
}

// maxCorrections bounds the terms that stand for one word.
const maxCorrections = 5

// corrections is the stage in which each word that no text holds stands for the nearest
// terms. There is none when a word is like nothing.
func (x *Index) corrections(ctx context.Context, words []string, filter match) (stage, bool, error) {
	st := stage{number: stageCorrected}
	changed := false
	for i, w := range words {
		terms, err := x.meant(ctx, w)
		if err != nil {
			return stage{}, false, err
		}
		group := []term{{word: w, prefix: typedSoFar(w, i == len(words)-1)}}
		shown := w
		if len(terms) > 0 {
			changed, shown = true, terms[0]
			for _, t := range terms {
				group = append(group, term{word: t})
			}
		}
		st.match.all = append(st.match.all, group)
		st.corrected = append(st.corrected, shown)
	}
	st.match.all = append(st.match.all, filter.all...)
	return st, changed, nil
}

// conditions are parts of a WHERE and their arguments.
type conditions struct {
	sql  string
	args []any
}

func (c *conditions) add(sql string, args ...any) {
	if c.sql != "" {
		c.sql += " AND "
	}
	c.sql += sql
	c.args = append(c.args, args...)
}

// ordering is how hits are sorted: by a key and then by id, both in one direction.
// Without a key it is by id alone.
type ordering struct {
	key  string
	id   string
	desc bool
	// index serves the ordering.
	index string
}

func (o ordering) sql() string {
	dir := ""
	if o.desc {
		dir = " DESC"
	}
	if o.key == "" {
		return o.id + dir
	}
	return o.key + dir + ", " + o.id + dir
}

// columns are those of a hit.
func (o ordering) columns() string {
	key := o.key
	if key == "" {
		key = "0"
	}
	return o.id + " AS id, " + key + " AS key"
}

// after adds what lies after a hit.
func (o ordering) after(c *conditions, h *hit) {
	op := ">"
	if o.desc {
		op = "<"
	}
	switch {
	case h == nil:
	case o.key == "":
		c.add(o.id+" "+op+" ?", h.ID)
	default:
		c.add("("+o.key+", "+o.id+") "+op+" (?, ?)", h.Key, h.ID)
	}
}

// scan runs a query for hits.
func scan(ctx context.Context, q *bun.RawQuery) ([]hit, error) {
	var list []hit
	if err := q.Scan(ctx, &list); err != nil {
		return nil, store.ReadError("search", err)
	}
	return list, nil
}

// inOrder puts rows that were read by id into the order of their hits. A row that has
// gone since is left out.
func inOrder[T any](hits []hit, rows []T, id func(*T) string) []T {
	byID := make(map[string]*T, len(rows))
	for i := range rows {
		byID[id(&rows[i])] = &rows[i]
	}
	list := make([]T, 0, len(hits))
	for _, h := range hits {
		if row := byID[h.ID]; row != nil {
			list = append(list, *row)
		}
	}
	return list
}

func ids(hits []hit) []string {
	list := make([]string, len(hits))
	for i, h := range hits {
		list[i] = h.ID
	}
	return list
}

// unknown refuses a value of an enumeration.
func unknown(field string) error { return rooms.Invalid(field, rooms.Form("is not known")) }

func corrupt(what, id string, err error) error {
	return fmt.Errorf("%w: %s %s: %w", store.ErrUnavailable, what, id, err)
}
