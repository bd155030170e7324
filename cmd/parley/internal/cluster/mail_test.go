package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/digest/send"
	"parley/digest/send/smtptest"
	"parley/hub/redisbus/redistest"
	"parley/store"
	"parley/store/jobs"
	"parley/store/outbox"
	"parley/store/storetest"
)

// TestMailsSurviveTheirWorkers: three workers send 10,000 mails while they are killed
// again and again, and while Redis goes away and forgets. Each mail arrives; twice only
// those that were on their way at a kill, and then under the same Message-ID.
func TestMailsSurviveTheirWorkers(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		mailsSurvive(t, "sqlite://"+filepath.Join(t.TempDir(), "parley.db"), true)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		mailsSurvive(t, storetest.StartPostgres(t).URL(t), false)
	})
}

// onTheirWay bounds the mails that a killed worker had handed over and not noted: it may
// have had a batch in each of its four tasks.
const onTheirWay = 4 * 2 * send.Unnoted

func mailsSurvive(t *testing.T, database string, troubleRedis bool) {
	const (
		mails   = 10_000
		workers = 3
		deaths  = 6
	)
	server := smtptest.Start(t, nil)
	memory := redistest.Start(t)
	st := openStore(t, database, time.Now)
	queueMails(t, st, mails)

	o := Options{Binary: binary, Database: database, Redis: memory.URL(), Env: []string{
		"PARLEY_SMTP_URL=" + server.URL(), "PARLEY_MAIL_FROM=Parley <parley@example.test>",
	}}
	began := time.Now()
	list := make([]*Worker, workers)
	for i := range list {
		list[i] = StartWorker(t, o)
	}
	for death := range deaths {
		// In the middle of the work, and at different points of it.
		until(t, "mails", func() bool { return server.Count() >= (death+1)*mails/(deaths+2) })
		t.Logf("%v: %d mails", time.Since(began).Round(time.Millisecond), server.Count())
		w := list[death%workers]
		w.Kill()
		switch {
		case troubleRedis && death == 1:
			memory.Stop()
		case troubleRedis && death == 2:
			memory.Restart() // empty
		case troubleRedis && death == 4:
			forget(t, memory)
		}
		w.Restart()
	}
	until(t, "the end of the queue", func() bool { return server.Count() >= mails && !isOpen(t, st) })
	took := time.Since(began)
	if n := sentMails(t, st); n != mails {
		t.Errorf("%d mails are noted as sent", n)
	}
	for _, w := range list {
		if err := w.Stop(); err != nil {
			t.Errorf("stop a worker: %v", err)
		}
	}

	doubled := eachArrived(t, server, mails)
	if most := deaths * onTheirWay; doubled > most {
		t.Errorf("%d mails arrived twice, at most %d were on their way", doubled, most)
	}
	t.Logf("%d mails in %v with %d kills: %d arrived twice", mails, took.Round(time.Millisecond), deaths, doubled)
}

// forget empties a Redis.
func forget(t *testing.T, memory *redistest.Server) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: memory.Addr()})
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
}

// eachArrived fails unless as many people as there should be got a mail, each under one
// Message-ID, and counts those mails that came again.
func eachArrived(t *testing.T, server *smtptest.Server, people int) (doubled int) {
	t.Helper()
	ids := make(map[string]string)
	for _, m := range server.Messages() {
		switch id, there := ids[m.To]; {
		case !there:
			ids[m.To] = m.ID
		case id != m.ID:
			t.Errorf("%s got %s and %s", m.To, id, m.ID)
		default:
			doubled++
		}
	}
	if len(ids) != people {
		t.Errorf("%d of %d mails arrived", len(ids), people)
	}
	return doubled
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*Patience)
	defer cancel()
	for !holds() {
		if err := pause(ctx); err != nil {
			t.Fatalf("did not come: %s", what)
		}
	}
}

func openStore(t *testing.T, database string, clock func() time.Time) *store.Store {
	t.Helper()
	cfg := store.Config{URL: database, Clock: clock, Logger: slog.New(slog.DiscardHandler)}
	if err := store.Migrate(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	st.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := st.Close(ctx); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return st
}

func queueMails(t *testing.T, st *store.Store, n int) {
	t.Helper()
	list := make([]outbox.Mail, n)
	for i := range list {
		list[i] = outbox.Mail{
			Key: fmt.Sprintf("digest:%d", i), Kind: "digest", To: fmt.Sprintf("u%d@example.test", i),
			Subject: "What waits for you", Text: "An offer waits for your answer.\n", HTML: "<p>An offer waits for your answer.</p>",
		}
	}
	_, err := store.Write(t.Context(), st, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, outbox.Put(ctx, tx, list...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isOpen tells whether a mail has yet to be sent or noted.
func isOpen(t *testing.T, st *store.Store) (open bool) {
	t.Helper()
	err := st.Reads().NewRaw("SELECT EXISTS (SELECT 1 FROM jobs WHERE kind = ? AND run_at IS NOT NULL)", jobs.Mail).Scan(t.Context(), &open)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// sentMails counts the mails that are noted as sent, with their jobs.
func sentMails(t *testing.T, st *store.Store) (n int) {
	t.Helper()
	err := st.Reads().NewRaw("SELECT COUNT(*) FROM outbox AS m JOIN jobs AS j ON j.kind = ? AND j.user_id = COALESCE(m.user_id, '') AND j.period = m.id"+
		" WHERE m.state = ? AND j.state = ?", jobs.Mail, string(outbox.Sent), string(jobs.Done)).Scan(t.Context(), &n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
