package notices_test

import (
	"context"
	"encoding/json"
	"testing"

	"parley/rooms"
	"parley/store"
	"parley/store/notices"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, e *forms.Env, user string, kinds ...string) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		for _, kind := range kinds {
			if err := notices.Add(ctx, tx, notices.Notice{User: user, Kind: kind, Data: json.RawMessage(`{"reason":"why"}`)}); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	must(t, err)
}

// kindsOf lists a user's notices and how many of all are unread.
func kindsOf(t *testing.T, e *forms.Env, user, cursor string, limit int) (kinds, next string, unread int) {
	t.Helper()
	list, next, unread, err := notices.List(t.Context(), e.Store, user, cursor, limit)
	must(t, err)
	for _, n := range list {
		kinds += n.Kind
		if n.User != user || n.CreatedAt.IsZero() || len(n.Data) == 0 {
			t.Errorf("listed %+v", n)
		}
	}
	return kinds, next, unread
}

func TestNoticesAreOnesOwn(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		a, b := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		add(t, e, a.ID, "x", "y", "z")
		add(t, e, b.ID, "w")
		if kinds, _, unread := kindsOf(t, e, a.ID, "", 0); kinds != "zyx" || unread != 3 {
			t.Errorf("listed %s, %d unread", kinds, unread)
		}
		first, next, _ := kindsOf(t, e, a.ID, "", 2)
		second, end, unread := kindsOf(t, e, a.ID, next, 2)
		if first != "zy" || second != "x" || end != "" || unread != 3 {
			t.Errorf("pages %s and %s, then %q; %d unread", first, second, end, unread)
		}

		list, _, _, err := notices.List(t.Context(), e.Store, a.ID, "", 0)
		must(t, err)
		must(t, notices.MarkRead(t.Context(), e.Store, b.ID, list[0].ID+"Z"))
		must(t, notices.MarkRead(t.Context(), e.Store, a.ID, list[1].ID))
		if _, _, unread := kindsOf(t, e, a.ID, "", 0); unread != 1 {
			t.Errorf("%d unread after the older two were read", unread)
		}
		must(t, notices.MarkRead(t.Context(), e.Store, a.ID, ""))
		if _, _, unread := kindsOf(t, e, a.ID, "", 0); unread != 0 {
			t.Errorf("%d unread after all were read", unread)
		}

		_, err = store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, notices.Erase(ctx, tx, a.ID)
		})
		must(t, err)
		if kinds, _, _ := kindsOf(t, e, a.ID, "", 0); kinds != "" {
			t.Errorf("erased, but %s is left", kinds)
		}
		if kinds, _, _ := kindsOf(t, e, b.ID, "", 0); kinds != "w" {
			t.Errorf("another's: %s", kinds)
		}
	})
}

func TestANoticeThatIsNoneIsRefused(t *testing.T) {
	e := forms.SQLite(t)
	u := e.User(t, rooms.Sponsor)
	for name, n := range map[string]notices.Notice{
		"nobody":    {Kind: "x"},
		"no kind":   {User: u.ID},
		"a list":    {User: u.ID, Kind: "x", Data: json.RawMessage(`[]`)},
		"not JSON":  {User: u.ID, Kind: "x", Data: json.RawMessage(`{`)},
		"a big gap": {User: u.ID, Kind: "x", Data: json.RawMessage(`{"a":}`)},
	} {
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, notices.Add(ctx, tx, n)
		})
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
