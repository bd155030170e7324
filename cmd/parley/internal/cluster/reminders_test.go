package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"parley/digest/send/smtptest"
	"parley/hub/redisbus/redistest"
	"parley/rooms"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/preferences"
	"parley/store/storetest"
)

// TestRemindersSurviveTheirWorkers: three workers plan an evening's reminders, write them
// and send them, and are killed in the middle of each. Everybody whom something waits for
// is written to once; nobody gets a mail again that was noted as sent.
func TestRemindersSurviveTheirWorkers(t *testing.T) {
	t.Parallel()
	file := func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "parley.db") }
	t.Run("sqlite, in process", func(t *testing.T) {
		t.Parallel()
		remindersSurvive(t, file(t), nil)
	})
	t.Run("sqlite, by way of Redis", func(t *testing.T) {
		t.Parallel()
		remindersSurvive(t, file(t), redistest.Start(t))
	})
	t.Run("postgres, by way of Redis", func(t *testing.T) {
		t.Parallel()
		remindersSurvive(t, storetest.StartPostgres(t).URL(t), redistest.Start(t))
	})
}

// remindersSurvive tells people of offers that wait. memory is nil where there is no
// Redis; else it is stopped, comes back empty, and forgets once more.
func remindersSurvive(t *testing.T, database string, memory *redistest.Server) {
	const people, workers = 1200, 3
	server := smtptest.Start(t, nil)
	e := &evening{Store: openStore(t, database, hourAgo), t: t, server: server}
	e.people(people)

	o := Options{Binary: binary, Database: database, Env: []string{
		"PARLEY_SMTP_URL=" + server.URL(), "PARLEY_MAIL_FROM=Parley <parley@example.test>",
	}}
	if memory != nil {
		o.Redis = memory.URL()
	}
	began := time.Now()
	list := make([]*Worker, workers)
	for i := range list {
		list[i] = StartWorker(t, o)
	}
	planned := func() int { return e.count("SELECT COUNT(*) FROM jobs WHERE kind = ?", jobs.Daily) }
	written := func() int { return e.count("SELECT COUNT(*) FROM outbox WHERE kind = ?", jobs.Daily) }
	deaths := 0
	for _, at := range []struct {
		what  string
		holds func() bool
		// all says that the power fails for all of them, not for one.
		all bool
		// redis is what happens to it meanwhile.
		redis func()
	}{
		{what: "planning", holds: func() bool { return planned() > 0 }, all: true},
		{what: "more planning", holds: func() bool { return planned() >= people/3 }, all: true},
		{what: "writing", holds: func() bool { return written() > 0 }, all: true, redis: func() { memory.Stop() }},
		{what: "a quarter", holds: func() bool { return server.Count() >= people/4 }, redis: func() { memory.Restart() }},
		{what: "half", holds: func() bool { return server.Count() >= people/2 }, all: true, redis: func() { forget(t, memory) }},
		{what: "three quarters", holds: func() bool { return server.Count() >= people*3/4 }, all: true},
	} {
		until(t, at.what, at.holds)
		dead := list[deaths%workers:][:1]
		if at.all {
			dead = list
		}
		for _, w := range dead {
			w.Kill()
		}
		deaths += len(dead)
		e.look()
		if at.redis != nil && memory != nil {
			at.redis()
		}
		if at.all {
			e.endClaims()
		}
		t.Logf("%v: %s; %d planned, %d written, %d delivered", time.Since(began).Round(time.Millisecond), at.what, planned(), written(), server.Count())
		for _, w := range dead {
			w.Restart()
		}
	}
	until(t, "the end", func() bool {
		return server.Count() >= people && e.count("SELECT COUNT(*) FROM jobs WHERE run_at IS NOT NULL AND kind IN (?, ?)", jobs.Daily, jobs.Mail) == 0
	})
	took := time.Since(began)
	for _, w := range list {
		if err := w.Stop(); err != nil {
			t.Errorf("stop a worker: %v", err)
		}
	}

	for what, n := range map[string]int{
		"reminders planned":  planned(),
		"reminders done":     e.count("SELECT COUNT(*) FROM jobs WHERE kind = ? AND state = ? AND outcome = 'told'", jobs.Daily, string(jobs.Done)),
		"mails":              e.count("SELECT COUNT(*) FROM outbox"),
		"people with a mail": e.count("SELECT COUNT(DISTINCT user_id) FROM outbox WHERE kind = ?", jobs.Daily),
		"mails sent":         sentMails(t, e.Store),
	} {
		if n != people {
			t.Errorf("%d %s, want %d", n, what, people)
		}
	}
	doubled := eachArrived(t, server, people)
	if most := deaths * onTheirWay; doubled > most {
		t.Errorf("%d mails arrived twice, at most %d were on their way", doubled, most)
	}
	e.nothingKnownCameAgain()
	t.Logf("%d reminders in %v with %d kills: %d arrived twice", people, took.Round(time.Millisecond), deaths, doubled)
}

// hourAgo is when everything was prepared: what people want changed long before the
// workers begin, so that they are planned for as members of their groups.
func hourAgo() time.Time { return time.Now().Add(-time.Hour) }

// evening is a store with people whose hour has come, and the server that they get their
// mail from.
type evening struct {
	*store.Store
	t      *testing.T
	server *smtptest.Server
	// looks are what was known at each kill.
	looks []look
}

// look is what a store and a server know at an instant.
type look struct {
	// noted are those whose mail is noted as sent.
	noted map[string]bool
	// arrived is how many mails the server had then, or a little later.
	arrived int
}

// people adds influencers whom an offer waits for, in zones all over the world, and who
// have chosen the hour that it is there. Nothing is planned for anybody else.
func (e *evening) people(n int) {
	e.t.Helper()
	list, err := e.PrepareBench(e.t.Context(), store.BenchSpec{Rooms: n, RoomsPerSponsor: 100, Limit: 10})
	if err != nil {
		e.t.Fatal(err)
	}
	var nothingElse preferences.Muted
	for _, topic := range preferences.Topics() {
		if topic != preferences.Daily {
			nothingElse = nothingElse.With(topic)
		}
	}
	nothing := preferences.Default()
	nothing.Muted = nothingElse.With(preferences.Daily)
	now := hourAgo()
	_, err = store.Write(e.t.Context(), e.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		quiet := make(map[string]bool)
		for i, room := range list {
			zone := fmt.Sprintf("Etc/GMT%+d", i%27-14)
			p := preferences.Preferences{Zone: zone, Hour: now.In(preferences.Location(zone)).Hour(), Muted: nothingElse}
			if err := preferences.Set(ctx, t, room.Influencer, p); err != nil {
				return struct{}{}, err
			}
			if quiet[room.Sponsor] {
				continue
			}
			quiet[room.Sponsor] = true
			if err := preferences.Set(ctx, t, room.Sponsor, nothing); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *evening) count(query string, args ...any) (n int) {
	e.t.Helper()
	if err := e.Reads().NewRaw(query, args...).Scan(e.t.Context(), &n); err != nil {
		e.t.Fatal(err)
	}
	return n
}

// endClaims has the time pass for which those who are dead had claimed jobs. It is for
// when nobody is alive.
func (e *evening) endClaims() {
	e.t.Helper()
	_, err := store.Write(e.t.Context(), e.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		_, err := t.DB.NewUpdate().Table("jobs").Set("run_at = ?", store.Micros(rooms.At(hourAgo()))).
			Where("state = ?", string(jobs.Running)).Exec(ctx)
		return struct{}{}, err
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// look keeps what is known now. What is noted is read first: it has arrived.
func (e *evening) look() {
	e.t.Helper()
	var sent []string
	err := e.Reads().NewSelect().Table("outbox").Column("address").Where("state = ?", string(outbox.Sent)).Scan(e.t.Context(), &sent)
	if err != nil {
		e.t.Fatal(err)
	}
	noted := make(map[string]bool, len(sent))
	for _, to := range sent {
		noted[to] = true
	}
	e.looks = append(e.looks, look{noted, e.server.Count()})
}

// nothingKnownCameAgain fails if a mail arrived after it was noted that it had been sent.
func (e *evening) nothingKnownCameAgain() {
	e.t.Helper()
	messages := e.server.Messages()
	for _, l := range e.looks {
		for _, m := range messages[l.arrived:] {
			if l.noted[m.To] {
				e.t.Errorf("%s got again what was noted as sent", m.To)
			}
		}
	}
}
