package store

import (
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"parley/rooms"
)

const defaultPage = 50

// MaxPage is how many rows one call returns at most, whatever its limit says.
const MaxPage = 5000

func pageSize(limit int) int {
	switch {
	case limit <= 0:
		return defaultPage
	default:
		return min(limit, MaxPage)
	}
}

// page cuts a list that was read with one row more than the page has.
func page[T any](list []T, limit int) (cut []T, more bool) {
	if len(list) > limit {
		return list[:limit], true
	}
	return list, false
}

// makeCursor names a place in a list that is ordered by a number and an id.
func makeCursor(n int64, id string) string { return strconv.FormatInt(n, 10) + "_" + id }

func parseCursor(cursor string) (n int64, id string, err error) {
	number, id, ok := strings.Cut(cursor, "_")
	if ok {
		n, err = strconv.ParseInt(number, 10, 64)
	}
	if !ok || err != nil {
		return 0, "", rooms.Invalid("cursor", rooms.Because("cursor", "is not one that a list gave"))
	}
	return n, id, nil
}

// contains looks for a text, whatever its case, in any of the columns.
func contains(q *bun.SelectQuery, text string, columns ...string) *bun.SelectQuery {
	pattern := "%" + likeEscaper.Replace(strings.ToLower(text)) + "%"
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, c := range columns {
			q = q.WhereOr("lower(?) LIKE ? ESCAPE '!'", bun.Ident(c), pattern)
		}
		return q
	})
}

// likeEscaper takes the meaning from the characters that LIKE has one for.
var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
