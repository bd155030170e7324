package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun/dialect"

	"parley/rooms"
	"parley/store"
	"parley/store/audit"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func record(t *testing.T, e *forms.Env, entry audit.Entry) {
	t.Helper()
	if err := audit.Record(t.Context(), e.Store, entry); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, e *forms.Env, f audit.Filter) []audit.Entry {
	t.Helper()
	entries, _, err := audit.List(t.Context(), e.Store, f)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func verify(t *testing.T, s *store.Store) (audit.Report, []string) {
	t.Helper()
	var problems []string
	r, err := audit.Verify(t.Context(), s, func(p audit.Problem) { problems = append(problems, p.String()) })
	if err != nil {
		t.Fatal(err)
	}
	if int(r.Problems) != len(problems) {
		t.Errorf("the report counts %d problems, %d were told", r.Problems, len(problems))
	}
	return r, problems
}

func positions(entries []audit.Entry) []int64 {
	var list []int64
	for _, e := range entries {
		list = append(list, e.Pos)
	}
	return list
}

func TestEntriesAreKept(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		if r, problems := verify(t, e.Store); r.Entries != 0 || r.Pos != 0 || len(problems) != 0 {
			t.Errorf("an empty log: %+v, %v", r, problems)
		}
		record(t, e, audit.Entry{
			Actor: "A", Action: audit.ActionFlag, Subject: audit.Subject{Kind: "user", ID: "U"},
			Details: map[string]any{"review": "R", "rooms": 3, "again": true},
			Addr:    "192.0.2.77", RequestID: "Q",
		})
		record(t, e, audit.Entry{Action: audit.ActionLoginFailed, Addr: "2001:db8:1:2::3"})
		got := list(t, e, audit.Filter{})
		if len(got) != 2 || got[0].Pos != 2 || got[1].Pos != 1 {
			t.Fatalf("listed %+v", got)
		}
		first := got[1]
		if first.Actor != "A" || first.Action != audit.ActionFlag || first.Subject != (audit.Subject{Kind: "user", ID: "U"}) ||
			fmt.Sprint(first.Details) != "map[again:true review:R rooms:3]" || first.Addr != "192.0.2.0/24" || first.RequestID != "Q" {
			t.Errorf("kept %+v", first)
		}
		if got[0].Addr != "2001:db8:1::/48" || got[0].Details == nil || got[0].At.Before(first.At) {
			t.Errorf("kept %+v", got[0])
		}
		r, problems := verify(t, e.Store)
		if r.Entries != 2 || r.Pos != 2 || r.Hash != got[0].Hash || len(problems) != 0 {
			t.Errorf("verified %+v, %v", r, problems)
		}
	})
}

func TestAnEntryIsPartOfItsTransaction(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		failed := errors.New("failed")
		_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			for range 2 {
				if err := audit.Append(ctx, tx, audit.Entry{Action: "test.kept"}); err != nil {
					return struct{}{}, err
				}
			}
			return struct{}{}, rooms.Invalid("x", rooms.Form(failed.Error()))
		})
		if err == nil {
			t.Fatal("the write's error was lost")
		}
		if got := list(t, e, audit.Filter{}); len(got) != 0 {
			t.Errorf("entries of a transaction that was taken back: %+v", got)
		}
		_, err = store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
			return struct{}{}, errors.Join(audit.Append(ctx, tx, audit.Entry{Action: "test.one"}),
				audit.Append(ctx, tx, audit.Entry{Action: "test.two"}))
		})
		if err != nil {
			t.Fatal(err)
		}
		if r, problems := verify(t, e.Store); r.Entries != 2 || len(problems) != 0 {
			t.Errorf("%+v, %v", r, problems)
		}
	})
}

func TestWhatDoesNotBelongIsRefused(t *testing.T) {
	e := forms.SQLite(t)
	for name, entry := range map[string]audit.Entry{
		"no action":         {},
		"one word":          {Action: "login"},
		"capitals":          {Action: "Auth.login"},
		"a password":        {Action: "auth.login", Details: map[string]any{"password": "x"}},
		"a token":           {Action: "auth.login", Details: map[string]any{"reset_token": "x"}},
		"an e-mail address": {Action: "auth.login", Details: map[string]any{"who": "a@example.test"}},
		"a sentence":        {Action: "auth.login", Details: map[string]any{"why": "he told me"}},
		"a long text":       {Action: "auth.login", Details: map[string]any{"why": strings.Repeat("x", 201)}},
		"a list":            {Action: "auth.login", Details: map[string]any{"why": []string{"x"}}},
		"a long id":         {Action: "auth.login", Actor: strings.Repeat("x", 101)},
	} {
		if err := audit.Record(t.Context(), e.Store, entry); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	if got := list(t, e, audit.Filter{}); len(got) != 0 {
		t.Errorf("kept %+v", got)
	}
}

func TestNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"203.0.113.9": "203.0.113.0/24", "::ffff:203.0.113.9": "203.0.113.0/24", "fe80::1%eth0": "fe80::/48",
		"2001:db8:aaaa:bbbb::1": "2001:db8:aaaa::/48", "unknown": "", "": "",
	} {
		if got := audit.Network(addr); got != want {
			t.Errorf("%q is kept as %q, want %q", addr, got, want)
		}
	}
}

func TestFiltersAndPages(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		begin := rooms.At(e.Clock.Now())
		for i := range 9 {
			record(t, e, audit.Entry{
				Actor:   []string{"A", "B", ""}[i%3],
				Action:  []audit.Action{"auth.login", "auth.logout", "authority.given"}[i%3],
				Subject: audit.Subject{Kind: []string{"user", "room"}[i%2], ID: fmt.Sprint("S", i/2)},
			})
			e.Clock.Advance(time.Hour)
		}
		hour := func(n int) *rooms.Time {
			at := begin.Add(time.Duration(n)*time.Hour - time.Minute)
			return &at
		}
		for name, c := range map[string]struct {
			f    audit.Filter
			want []int64
		}{
			"all":            {audit.Filter{}, []int64{9, 8, 7, 6, 5, 4, 3, 2, 1}},
			"actor":          {audit.Filter{Actor: "B"}, []int64{8, 5, 2}},
			"action":         {audit.Filter{Action: "auth.login"}, []int64{7, 4, 1}},
			"area":           {audit.Filter{Action: "auth."}, []int64{8, 7, 5, 4, 2, 1}},
			"kind":           {audit.Filter{Subject: audit.Subject{Kind: "room"}}, []int64{8, 6, 4, 2}},
			"subject":        {audit.Filter{Subject: audit.Subject{Kind: "room", ID: "S1"}}, []int64{4}},
			"from":           {audit.Filter{From: hour(6)}, []int64{9, 8, 7}},
			"until":          {audit.Filter{Until: hour(2)}, []int64{2, 1}},
			"between":        {audit.Filter{From: hour(2), Until: hour(4), Actor: "A"}, []int64{4}},
			"from the end":   {audit.Filter{From: hour(100)}, nil},
			"until the end":  {audit.Filter{Until: hour(100), Actor: "A"}, []int64{7, 4, 1}},
			"nobody":         {audit.Filter{Actor: "C"}, nil},
			"a cursor":       {audit.Filter{Cursor: "4", Limit: 2}, []int64{3, 2}},
			"the first page": {audit.Filter{Limit: 2}, []int64{9, 8}},
		} {
			t.Run(name, func(t *testing.T) {
				if got := positions(list(t, e, c.f)); !slices.Equal(got, c.want) {
					t.Errorf("%v, want %v", got, c.want)
				}
			})
		}
		var all []int64
		for cursor := ""; ; {
			page, next, err := audit.List(t.Context(), e.Store, audit.Filter{Limit: 2, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, positions(page)...)
			if cursor = next; next == "" {
				break
			}
		}
		if len(all) != 9 {
			t.Errorf("pages have %v", all)
		}
		_, _, err := audit.List(t.Context(), e.Store, audit.Filter{Cursor: "x"})
		var refusal *rooms.Refusal
		if !errors.As(err, &refusal) || refusal.Field != "cursor" {
			t.Errorf("a wrong cursor: %v", err)
		}
	})
}

// Several instances append side by side: one order, no gap, one chain.
func TestInstancesAppendSideBySide(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		other, err := store.Open(t.Context(), e.Config)
		if err != nil {
			t.Fatal(err)
		}
		other.Start()
		defer func() {
			if err := other.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		const each, writers = 25, 4
		var wg sync.WaitGroup
		for i := range writers {
			s := []*store.Store{e.Store, other}[i%2]
			wg.Go(func() {
				for range each {
					if err := audit.Record(t.Context(), s, audit.Entry{Actor: fmt.Sprint(i), Action: "test.done"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if r, problems := verify(t, other); r.Entries != each*writers || r.Pos != each*writers || len(problems) != 0 {
			t.Errorf("%+v, %v", r, problems)
		}
	})
}

// exec runs statements past the rules of the log, as somebody with the database's
// password could.
func exec(t *testing.T, e *forms.Env, statements ...string) error {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		for _, s := range statements {
			if _, err := tx.DB.NewRaw(s).Exec(ctx); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

func TestTheDatabaseRefusesChanges(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		for range 3 {
			record(t, e, audit.Entry{Actor: "A", Action: "test.done"})
		}
		_, before := verify(t, e.Store)
		const columns = "at, actor_id, action, subject_kind, subject_id, details, addr, request_id, hash"
		statements := []string{
			"UPDATE audit_log SET actor_id = 'B' WHERE pos = 2",
			"UPDATE audit_log SET pos = 4 WHERE pos = 3",
			"DELETE FROM audit_log WHERE pos = 3",
			"DELETE FROM audit_log",
			"INSERT INTO audit_log (pos, " + columns + ") SELECT 5, " + columns + " FROM audit_log WHERE pos = 3",
			"INSERT INTO audit_log (pos, " + columns + ") SELECT 0, " + columns + " FROM audit_log WHERE pos = 3",
			"DELETE FROM audit_head",
			"UPDATE audit_head SET pos = 1",
			"UPDATE audit_head SET at = 0",
		}
		if e.Reads().Dialect().Name() == dialect.PG {
			statements = append(statements, "TRUNCATE audit_log", "TRUNCATE audit_head")
		} else {
			statements = append(statements, "REPLACE INTO audit_log (pos, "+columns+") SELECT pos, "+columns+" FROM audit_log WHERE pos = 2")
		}
		for _, s := range statements {
			if err := exec(t, e, s); err == nil {
				t.Errorf("was taken: %s", s)
			}
		}
		if r, problems := verify(t, e.Store); r.Entries != 3 || len(problems) != 0 || len(before) != 0 {
			t.Errorf("%+v, %v", r, problems)
		}
	})
}

func TestVerifyFindsWhatWasChanged(t *testing.T) {
	const hash3 = "(SELECT hash FROM audit_log WHERE pos = 3)"
	for name, c := range map[string]struct {
		statements []string
		want       []string
	}{
		"another actor": {
			[]string{"UPDATE audit_log SET actor_id = 'B' WHERE pos = 2"},
			[]string{"entry 2: its hash does not follow"},
		},
		"details spaced out": {
			[]string{"UPDATE audit_log SET details = '{ }' WHERE pos = 5"},
			[]string{"entry 5: its hash does not follow"},
		},
		"a part moved to the next column": {
			[]string{"UPDATE audit_log SET subject_kind = 'use', subject_id = 'rX' WHERE pos = 4"},
			[]string{"entry 4: its hash does not follow"},
		},
		"one removed": {
			[]string{"DELETE FROM audit_log WHERE pos = 3"},
			[]string{"entry 3: it is missing"},
		},
		"several removed": {
			[]string{"DELETE FROM audit_log WHERE pos IN (2, 3)"},
			[]string{"entry 2: it and those up to 3 are missing"},
		},
		"one removed, the gap closed": {
			[]string{
				"DELETE FROM audit_log WHERE pos = 3", "UPDATE audit_log SET pos = 3 WHERE pos = 4",
				"UPDATE audit_log SET pos = 4 WHERE pos = 5", "UPDATE audit_head SET pos = 4",
			},
			[]string{"entry 3: its hash", "entry 4: its hash"},
		},
		"the first removed": {
			[]string{"DELETE FROM audit_log WHERE pos = 1"},
			[]string{"entry 1: it is missing"},
		},
		"the last cut off": {
			[]string{"DELETE FROM audit_log WHERE pos > 3"},
			[]string{"it ends at 3, and should at 5: entries were cut off"},
		},
		"two in the other order": {
			[]string{
				"UPDATE audit_log SET pos = 0 WHERE pos = 3", "UPDATE audit_log SET pos = 3 WHERE pos = 4",
				"UPDATE audit_log SET pos = 4 WHERE pos = 0",
			},
			[]string{"entry 3: its hash", "entry 4: it is older", "entry 4: its hash", "entry 5: its hash"},
		},
		"one put on": {
			[]string{"INSERT INTO audit_log SELECT 6, at, 'B', action, subject_kind, subject_id, details, addr, request_id, hash FROM audit_log WHERE pos = 5"},
			[]string{"entry 6: its hash", "it ends at 6, and should at 5"},
		},
		"another end": {
			[]string{"UPDATE audit_head SET hash = " + hash3},
			[]string{"its last entry is not the one"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			forms.Each(t, func(t *testing.T, e *forms.Env) {
				for range 5 {
					record(t, e, audit.Entry{Actor: "A", Action: "test.done", Subject: audit.Subject{Kind: "user", ID: "X"}})
				}
				on := ""
				if e.Reads().Dialect().Name() == dialect.PG {
					on = " ON audit_log"
				}
				var open []string
				for _, trigger := range []string{"audit_log_no_update", "audit_log_no_delete", "audit_log_no_change", "audit_log_at_end"} {
					open = append(open, "DROP TRIGGER IF EXISTS "+trigger+on)
				}
				open = append(open, "DROP TRIGGER IF EXISTS audit_head_forward"+strings.Replace(on, "log", "head", 1))
				if err := exec(t, e, append(open, c.statements...)...); err != nil {
					t.Fatal(err)
				}
				_, problems := verify(t, e.Store)
				if len(problems) != len(c.want) {
					t.Fatalf("found %q, want %q", problems, c.want)
				}
				for i, want := range c.want {
					if !strings.Contains(problems[i], want) {
						t.Errorf("found %q, want %q", problems[i], want)
					}
				}
			})
		})
	}
}

func TestANotedHeadIsFoundAgain(t *testing.T) {
	e := forms.SQLite(t)
	for range 3 {
		record(t, e, audit.Entry{Action: "test.done"})
	}
	r, _ := verify(t, e.Store)
	noted, err := audit.ParseHead(r.Head.String())
	if err != nil || noted != r.Head {
		t.Fatalf("%v read again is %v, %v", r.Head, noted, err)
	}
	record(t, e, audit.Entry{Action: "test.done"})
	forged, late := noted, noted
	forged.Hash[0]++
	late.Pos = 9
	for name, c := range map[string]struct {
		head audit.Head
		want string
	}{
		"the same": {noted, ""}, "another": {forged, "entry 3: it is not the one"}, "later": {late, "entry 9: it was noted"},
	} {
		var problems []string
		if _, err := audit.Verify(t.Context(), e.Store, func(p audit.Problem) { problems = append(problems, p.String()) }, c.head); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(problems, "; "); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
	for _, text := range []string{"", "1", "x:00", "0:" + noted.Hash.String(), "1:" + noted.Hash.String() + "00"} {
		if _, err := audit.ParseHead(text); err == nil {
			t.Errorf("%q was taken for a head", text)
		}
	}
}
