package tables_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
	"parley/store"
	"parley/store/flags"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/reports"
	"parley/store/storetest/forms"
	"parley/store/tables"
	"parley/store/webhooks"
)

func TestMain(m *testing.M) { forms.Main(m) }

// all reads a table to its end.
func all(t *testing.T, table tables.Table) [][]string {
	t.Helper()
	var rows [][]string
	for cursor, pages := "", 0; ; pages++ {
		page, next, err := table.Page(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, page...)
		if next == "" {
			return rows
		}
		if next == cursor || pages > 1000 {
			t.Fatalf("page %d leads to itself: %q", pages, next)
		}
		cursor = next
	}
}

func TestCellsThatSpreadsheetsWouldRunAreText(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+49": "'+49", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"": "", "plain": "plain", "1=1": "1=1", "a,b": "a,b", `say "x"`: `say "x"`, "two\nlines": "two\nlines",
	} {
		var b bytes.Buffer
		if err := tables.Write(&b, []string{"first", cell}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(b.String(), "\r\n") {
			t.Errorf("%q: the line ends with %q", cell, b.String())
		}
		row, err := csv.NewReader(&b).Read()
		if err != nil {
			t.Fatal(err)
		}
		// A lone CR is no line's end in this form, and is left out.
		if got := row[1]; got != strings.ReplaceAll(want, "\r", "") {
			t.Errorf("%q was written as %q, want %q", cell, got, want)
		}
	}
}

func TestTheHeadHasAMarkIfAsked(t *testing.T) {
	table := tables.Table{Columns: []string{"a", "b"}}
	for bom, want := range map[bool]string{false: "a,b\r\n", true: "\xef\xbb\xbfa,b\r\n"} {
		var b bytes.Buffer
		if err := table.WriteHead(&b, bom); err != nil || b.String() != want {
			t.Errorf("with %v: %q, %v", bom, b.String(), err)
		}
	}
}

func TestEveryTableHasItsColumnsAndAllItsRows(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor, influencer := e.User(t, rooms.Sponsor), e.User(t, rooms.Influencer)
		room := e.Room(t, e.RunningCampaign(t, sponsor), influencer)
		snap, err := e.Snapshot(t.Context(), room)
		if err != nil {
			t.Fatal(err)
		}
		e.Must(t, store.Command{
			Room: room, CMID: ulid.Make().String(), Actor: rooms.Actor{ID: influencer.ID, Role: rooms.Influencer},
			Body: rooms.Accept{OfferSeq: 2, TermsHash: snap.State.Last.Hash},
		})
		fill(t, e, sponsor.ID)
		list := []tables.Table{tables.Own(e.Store, sponsor.ID, rooms.Sponsor), tables.Own(e.Store, influencer.ID, rooms.Influencer)}
		for _, name := range tables.Names(rooms.Admin) {
			table, ok := tables.Named(e.Store, rooms.At(e.Clock.Now()), name, "", rooms.Admin)
			if !ok || table.Name != name {
				t.Errorf("%s is not there", name)
			}
			list = append(list, table)
		}
		for _, table := range list {
			rows := all(t, table)
			if len(rows) == 0 {
				t.Errorf("%s: no row was looked at", table.Name)
			}
			seen := make(map[string]bool)
			for _, row := range rows {
				if key := strings.Join(row, "|"); seen[key] {
					t.Errorf("%s: twice %s", table.Name, key)
				} else {
					seen[key] = true
				}
				if len(row) != len(table.Columns) {
					t.Errorf("%s: %d cells for %d columns", table.Name, len(row), len(table.Columns))
				}
			}
			if n, err := table.Count(t.Context()); err != nil || n != int64(len(rows)) {
				t.Errorf("%s: %d rows, counted %d, %v", table.Name, len(rows), n, err)
			}
		}
	})
}

// fill puts rows into what a negotiation alone leaves empty, more than a page where one
// user can have as many.
func fill(t *testing.T, e *forms.Env, user string) {
	t.Helper()
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		mail := outbox.Mail{Key: "k", Kind: "hello", To: "one@example.test", Subject: "Hello", Text: "Hello"}
		if err := outbox.Put(ctx, tx, mail); err != nil {
			return struct{}{}, err
		}
		for i := range tables.PageRows + 5 {
			name := fmt.Sprintf("%06d", i)
			if err := jobs.Add(ctx, tx, jobs.Job{Kind: jobs.Export, User: user, Period: name}); err != nil {
				return struct{}{}, err
			}
			if err := reports.Keep(ctx, tx, reports.Report{User: user, Month: name, MadeAt: tx.Now, PDF: []byte("%PDF")}, false); err != nil {
				return struct{}{}, err
			}
		}
		if _, err := webhooks.Add(ctx, tx, webhooks.Webhook{
			User: user, Form: webhooks.Chat, Name: "Ours", Host: "chat.example.test", Target: []byte("sealed"),
		}); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A flag is noted in the audit log too.
	book := flags.Book{Store: e.Store}
	if err := book.Set(t.Context(), store.FlagUser, user, "To be looked at", flags.Deed{By: e.User(t, rooms.Admin).ID}); err != nil {
		t.Fatal(err)
	}
}

func TestOwnGoesThroughEveryCampaignAndRoomOnce(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		sponsor, other := e.User(t, rooms.Sponsor), e.User(t, rooms.Sponsor)
		influencer := e.User(t, rooms.Influencer)
		want := make(map[string]bool)
		// More than a page, with and without ad requests; at the seams of pages too.
		for i := range tables.PageRows + 30 {
			c := e.RunningCampaign(t, sponsor)
			room := ""
			if i%3 == 0 {
				room = e.Room(t, c, influencer)
			}
			want[c.ID+" "+room] = true
		}
		foreign := e.RunningCampaign(t, other)
		e.Room(t, foreign, influencer)
		got := all(t, tables.Own(e.Store, sponsor.ID, rooms.Sponsor))
		for _, row := range got {
			key := row[0] + " " + row[9]
			if !want[key] {
				t.Errorf("a row that is not theirs, or twice: %v", row)
			}
			delete(want, key)
		}
		if len(want) != 0 {
			t.Errorf("%d rows are missing: %v", len(want), fmt.Sprint(want)[:200])
		}
		mine := all(t, tables.Own(e.Store, influencer.ID, rooms.Influencer))
		if len(mine) != (tables.PageRows+30+2)/3+1 {
			t.Errorf("the influencer has %d rows", len(mine))
		}
	})
}
