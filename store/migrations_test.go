package store

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/rooms"
	"parley/store/migrations"
)

// A migration is known by its number: of two with the same one only one would be carried out.
func TestMigrationsHaveNumbersOfTheirOwn(t *testing.T) {
	names := make(map[string][]string)
	for _, folder := range []string{"sqlite", "postgres"} {
		files, err := migrations.FS.ReadDir(folder)
		must(t, err)
		numbers := make(map[string]string)
		for _, f := range files {
			number, _, _ := strings.Cut(f.Name(), "_")
			if other, taken := numbers[number]; taken {
				t.Errorf("%s: %s and %s have one number", folder, other, f.Name())
			}
			numbers[number] = f.Name()
			names[folder] = append(names[folder], f.Name())
		}
	}
	if len(names["sqlite"]) == 0 || !slices.Equal(names["sqlite"], names["postgres"]) {
		t.Errorf("the databases have different migrations:\n%q\n%q", names["sqlite"], names["postgres"])
	}
}

// migrated takes the database back to what it was before, and has it migrated again.
func (e *env) migrated(back func()) {
	e.Helper()
	e.shut(e.Store)
	back()
	must(e.T, Migrate(e.Context(), e.cfg))
	e.open()
}

// beforeHeads takes a database back to when an ad request was one row in one table.
func (e *env) beforeHeads() {
	e.Helper()
	const before = "DELETE FROM bun_migrations WHERE name = '20261127100000'"
	if !strings.HasPrefix(e.cfg.URL, "sqlite") {
		e.schema("DROP VIEW ad_request_rows")
		e.schema(before)
		return
	}
	hot := roomColumns[staticColumns+slowColumns : staticColumns+slowColumns+hotColumns]
	undo := []string{"DROP TRIGGER deals_count_changed"}
	for _, c := range hot {
		kind := "INTEGER NOT NULL DEFAULT 0"
		switch c {
		case "head":
			kind = "BLOB NOT NULL DEFAULT x''"
		case "last_author":
			kind = "TEXT NOT NULL DEFAULT ''"
		}
		undo = append(undo, "ALTER TABLE ad_request_rows ADD COLUMN "+c+" "+kind)
	}
	undo = append(undo,
		"UPDATE ad_request_rows SET ("+strings.Join(hot, ", ")+") = (SELECT "+strings.Join(hot, ", ")+
			" FROM ad_request_heads h WHERE h.n = ad_request_rows.n)",
		"DROP VIEW ad_requests", "DROP TABLE ad_request_heads", "ALTER TABLE ad_request_rows DROP COLUMN n",
		"ALTER TABLE ad_request_rows RENAME TO ad_requests",
		"CREATE TRIGGER deals_count_changed AFTER UPDATE OF deal_seq ON ad_requests BEGIN SELECT 1; END",
		before)
	for _, q := range undo {
		e.schema(q)
	}
}

// A database from before an ad request had its head in another table.
func TestRoomsFromBeforeHeads(t *testing.T) {
	e := newEnv(t, Config{URL: databases.SQLite(t)})
	w := e.world(10_000)
	var open []string
	for range 5 {
		open = append(open, e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 100))
	}
	room := e.dealt(w, 300)
	rows := func() (list []string) {
		for _, id := range append(open, room) {
			list = append(list, e.row("SELECT * FROM ad_requests WHERE id = '"+id+"'"))
		}
		return list
	}
	before := rows()
	e.migrated(e.beforeHeads)
	if after := rows(); !slices.Equal(after, before) {
		t.Errorf("the rows were\n%v, are\n%v", before, after)
	}
	e.sound()
	e.ok(deliver(w, room, 2, 0))
	e.ok(e.say(w.sponsor, open[3], "still here"))
	e.sound()
}

// A database from before deliverables were followed: its deals have all of them open.
func TestDealsFromBeforeDeliverables(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1000)
		room := e.dealt(w, 300)
		e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 200)
		e.migrated(func() {
			e.beforeHeads()
			for _, q := range []string{
				"ALTER TABLE ad_requests DROP COLUMN progress", "DROP TABLE deliveries",
				"UPDATE ad_requests SET offers_sponsor = 1 WHERE id = '" + room + "'",
				"DELETE FROM bun_migrations WHERE name = '20261122150000'",
			} {
				e.schema(q)
			}
		})
		e.sound()
		if got := e.deliveries(room); got != "--" {
			t.Fatalf("deliveries are %s", got)
		}
		e.ok(deliver(w, room, 2, 1))
		if got := e.deliveries(room); got != "-d" {
			t.Errorf("deliveries are %s", got)
		}
		e.sound()
	})
}

// A database from before what is taken of a budget stood in another table.
func TestCampaignsFromBeforeLedgers(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(10_000)
		e.opened(w, 300)
		e.dealt(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 200)
		read := func() Campaign {
			c, err := e.Campaign(t.Context(), w.campaign.ID)
			must(t, err)
			return c
		}
		before := read()
		e.migrated(e.beforeLedgers)
		if after := read(); !reflect.DeepEqual(after, before) || after.Held != 300 || after.Committed != 200 {
			t.Errorf("the campaign was\n%+v, is\n%+v", before, after)
		}
		e.sound()
		// Its budget holds, for offers and for its sponsor.
		other := world{w.sponsor, e.user(rooms.Influencer), w.campaign}
		e.refused(openCommand(other, 9_501), rooms.CodeBudgetExceeded)
		e.opened(other, 9_500)
		less := int64(9_999)
		_, err := e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{Budget: &less})
		refusalOf(t, err, rooms.CodeBudgetExceeded)
		more := int64(10_100)
		_, err = e.UpdateCampaign(t.Context(), w.sponsor.ID, w.campaign.ID, CampaignPatch{Budget: &more})
		must(t, err)
		e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 100)
		// Of a new one, too.
		e.opened(e.world(50), 50)
		e.sound()
	})
}

// beforeLedgers takes a database back to when a campaign was one row in one table.
func (e *env) beforeLedgers() {
	e.Helper()
	undo := []string{"DROP VIEW campaign_rows"}
	if strings.HasPrefix(e.cfg.URL, "sqlite") {
		undo = []string{
			"DROP VIEW campaigns",
			"DROP TRIGGER campaign_ledgers_new", "DROP TRIGGER campaign_ledgers_budget", "DROP TRIGGER campaign_ledgers_gone",
			"ALTER TABLE campaign_rows ADD COLUMN committed INTEGER NOT NULL DEFAULT 0",
			"ALTER TABLE campaign_rows ADD COLUMN held INTEGER NOT NULL DEFAULT 0",
			"UPDATE campaign_rows SET (committed, held) = (SELECT committed, held FROM campaign_ledgers l WHERE l.n = campaign_rows.n)",
			"DROP TABLE campaign_ledgers", "ALTER TABLE campaign_rows DROP COLUMN n",
			"PRAGMA writable_schema = ON;" +
				" UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (budget >= 0)'," +
				" 'CHECK (committed >= 0 AND held >= 0 AND committed + held <= budget)') WHERE name = 'campaign_rows';" +
				" PRAGMA writable_schema = OFF; ALTER TABLE campaign_rows RENAME TO campaigns",
		}
	}
	for _, q := range append(undo, "DELETE FROM bun_migrations WHERE name = '20261128120000'") {
		e.schema(q)
	}
}
