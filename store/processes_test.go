package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/oklog/ulid/v2"

	"parley/rooms"
)

// Several processes on one database: the test binary runs itself as a child, with
// its part in these variables.
const (
	childEnv      = "PARLEY_STORE_CHILD"
	childURL      = "PARLEY_STORE_CHILD_URL"
	childRoom     = "PARLEY_STORE_CHILD_ROOM"
	childUser     = "PARLEY_STORE_CHILD_USER"
	childMessages = "PARLEY_STORE_CHILD_MESSAGES"
)

// child is another process on the database. It prints the id of each message that
// was acknowledged.
func child(role string) int {
	cfg := Config{URL: os.Getenv(childURL)}
	if err := childRole(role, cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func childRole(role string, cfg Config) error {
	ctx := context.Background()
	if role == "migrate" {
		return Migrate(ctx, cfg)
	}
	s, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	s.Start()
	n, err := strconv.Atoi(os.Getenv(childMessages))
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	fmt.Println("ready")
	for i := range 8 {
		wg.Go(func() {
			for range n / 8 {
				id := ulid.Make().String()
				res := s.Do(ctx, Command{
					Room: os.Getenv(childRoom), CMID: id,
					Actor: rooms.Actor{ID: os.Getenv(childUser), Role: rooms.Sponsor}, Body: rooms.Say{Text: id},
				})
				mu.Lock()
				if res.Err != nil {
					failed = errors.Join(failed, fmt.Errorf("caller %d: %w", i, res.Err))
				}
				fmt.Println(id, res.Seq)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.Join(failed, s.Close(ctx))
}

// spawn starts a child; lines are what it prints.
func spawn(t *testing.T, role, url, room, user string, messages int) (cmd *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd = exec.Command(self) //nolint:gosec // this test
	cmd.Env = append(os.Environ(), childEnv+"="+role, childURL+"="+url, childRoom+"="+room, childUser+"="+user,
		childMessages+"="+strconv.Itoa(messages))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

func TestSeveralProcessesShareOneDatabase(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1_000_000)
		shared := e.opened(w, 300)
		const children, messages = 3, 240
		var wg sync.WaitGroup
		acked := make([]map[string]int64, children)
		for i := range children {
			cmd, lines := spawn(t, "talk", e.cfg.URL, shared, w.sponsor.ID, messages)
			acked[i] = make(map[string]int64)
			wg.Go(func() {
				for lines.Scan() {
					if id, seq, ok := strings.Cut(lines.Text(), " "); ok {
						n, err := strconv.ParseInt(seq, 10, 64)
						if err != nil {
							t.Error(err)
						}
						acked[i][id] = n
					}
				}
				if err := cmd.Wait(); err != nil {
					t.Errorf("child %d: %v", i, err)
				}
			})
		}
		// This process competes, in the same room and for the same ledger.
		for i := range 20 {
			e.ok(e.say(w.influencer, shared, fmt.Sprint("turn ", i)))
			e.opened(world{w.sponsor, e.user(rooms.Influencer), w.campaign}, 10)
		}
		wg.Wait()
		seqs := make(map[int64]bool)
		events, err := e.Events(t.Context(), shared, 0, 0, MaxPage)
		must(t, err)
		if want := 2 + children*messages + 20; len(events) != want {
			t.Fatalf("%d events, want %d", len(events), want)
		}
		for _, list := range acked {
			if len(list) != messages {
				t.Errorf("%d messages were acknowledged, want %d", len(list), messages)
			}
			for id, seq := range list {
				if seqs[seq] {
					t.Errorf("seq %d was given twice", seq)
				}
				seqs[seq] = true
				if seq < 1 || seq > int64(len(events)) || !strings.Contains(string(events[seq-1].Body), id) {
					t.Errorf("message %s is not at seq %d", id, seq)
				}
			}
		}
		if _, h := e.ledger(w.campaign.ID); h != 300+20*10 {
			t.Errorf("held %d", h)
		}
		e.sound()
	})
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, e *env) {
		w := e.world(1_000_000)
		room := e.opened(w, 300)
		for range 3 {
			cmd, lines := spawn(t, "talk", e.cfg.URL, room, w.sponsor.ID, 100_000)
			acked := make(map[string]string)
			killed := false
			for lines.Scan() {
				id, seq, ok := strings.Cut(lines.Text(), " ")
				if !ok {
					continue
				}
				acked[id] = seq
				if len(acked) == 100 && !killed {
					killed = true
					must(t, cmd.Process.Signal(syscall.SIGKILL))
				}
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("the child was not killed")
			}
			// Its lock died with it.
			e.ok(e.say(w.influencer, room, "still here"))
			bodies := make(map[int64]string)
			for after := int64(0); ; {
				events, err := e.Events(t.Context(), room, after, 0, MaxPage)
				must(t, err)
				if len(events) == 0 {
					break
				}
				for _, ev := range events {
					bodies[ev.Seq] = string(ev.Body)
				}
				after = events[len(events)-1].Seq
			}
			for id, seq := range acked {
				n, err := strconv.ParseInt(seq, 10, 64)
				must(t, err)
				if !strings.Contains(bodies[n], id) {
					t.Fatalf("message %s was acknowledged as %d and is not there", id, n)
				}
			}
			e.sound()
		}
	})
}

func TestSeveralProcessesMigrateAtOnce(t *testing.T) {
	for _, db := range kinds {
		t.Run(db.name, func(t *testing.T) {
			url := db.empty(t)
			var wg sync.WaitGroup
			for range 4 {
				cmd, _ := spawn(t, "migrate", url, "", "", 0)
				wg.Go(func() {
					if err := cmd.Wait(); err != nil {
						t.Error(err)
					}
				})
			}
			for range 4 {
				wg.Go(func() {
					if err := Migrate(t.Context(), Config{URL: url}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			e := newEnv(t, Config{URL: url})
			e.opened(e.world(1000), 10)
			e.sound()
		})
	}
}

func TestASchemaThatIsNotCurrentIsRefused(t *testing.T) {
	for _, db := range kinds {
		t.Run(db.name, func(t *testing.T) {
			url := db.empty(t)
			if _, err := Open(t.Context(), Config{URL: url}); !errors.Is(err, ErrSchema) {
				t.Fatalf("an empty database: %v", err)
			}
			must(t, Migrate(t.Context(), Config{URL: url}))
			e := newEnv(t, Config{URL: url})
			epoch := e.Epoch()
			// A migrator that died has left its lock behind.
			e.schema("INSERT INTO bun_migration_locks (table_name) VALUES ('bun_migrations')")
			must(t, Migrate(t.Context(), e.cfg))
			e.shut(e.Store)
			e.open()
			if e.Epoch() != epoch || len(epoch) != 26 {
				t.Errorf("the epoch was %s and is %s", epoch, e.Epoch())
			}
			must(t, NewEpoch(t.Context(), e.cfg))
			e.shut(e.Store)
			e.open()
			if e.Epoch() == epoch {
				t.Error("the epoch stays")
			}
			e.schema("INSERT INTO bun_migrations (name, group_id) VALUES ('29990101000000', 2)")
			if _, err := Open(t.Context(), Config{URL: url}); !errors.Is(err, ErrSchema) {
				t.Fatalf("a newer database: %v", err)
			}
			e.schema("DELETE FROM bun_migrations")
			if _, err := Open(t.Context(), Config{URL: url}); !errors.Is(err, ErrSchema) {
				t.Fatalf("an older database: %v", err)
			}
		})
	}
}

func TestURLsThatNameNoDatabase(t *testing.T) {
	for _, url := range []string{"", "parley.db", "mysql://x", "sqlite://", "sqlite://:memory:", "postgres://%zz"} {
		if _, err := Open(t.Context(), Config{URL: url}); err == nil || errors.Is(err, ErrUnavailable) {
			t.Errorf("%q: %v", url, err)
		}
	}
	_, err := Open(t.Context(), Config{URL: "postgres://u:secretword@127.0.0.1:1/x?sslmode=nonsense"})
	if err == nil || strings.Contains(err.Error(), "secretword") {
		t.Errorf("the password is in the error: %v", err)
	}
}
