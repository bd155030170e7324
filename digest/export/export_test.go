package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parley/digest"
	"parley/digest/inprocess"
	"parley/rooms"
	"parley/store"
	"parley/store/exports"
	"parley/store/jobs"
	"parley/store/notices"
	"parley/store/storetest"
	"parley/store/storetest/forms"
)

func TestMain(m *testing.M) { forms.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// campaigns are how many rows the sponsor of these tests has: several pages.
const campaigns = 450

func sponsor(t *testing.T, e *forms.Env) store.User {
	t.Helper()
	u := e.User(t, rooms.Sponsor)
	first := e.RunningCampaign(t, u)
	const columns = "sponsor_id, name, description, goals, category, niches, platforms, starts_at, ends_at, public, currency," +
		" budget, created_at, updated_at"
	_, err := store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		_, err := tx.DB.NewRaw("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"+
			" INSERT INTO campaign_rows (id, flag_reason, "+columns+") SELECT id || i, '', "+columns+" FROM campaign_rows, n WHERE id = ?",
			campaigns-1, first.ID).Exec(ctx)
		return struct{}{}, err
	})
	must(t, err)
	return u
}

func small(e *forms.Env) *writer {
	return &writer{store: e.Store, clock: e.Clock.Now, partBytes: 4 << 10}
}

func ask(t testing.TB, e *forms.Env, user, name string) exports.Export {
	t.Helper()
	x, err := exports.Ask(t.Context(), e.Store, user, name, true)
	must(t, err)
	return x
}

func claim(t testing.TB, e *forms.Env, kind string) jobs.Batch {
	t.Helper()
	b, err := jobs.Claim(t.Context(), e.Store, kind, 1, lease)
	must(t, err)
	return b
}

func get(t testing.TB, e *forms.Env, x exports.Export) exports.Export {
	t.Helper()
	x, err := exports.Get(t.Context(), e.Store, x.User, x.ID, rooms.At(e.Clock.Now()))
	must(t, err)
	return x
}

// file is a whole file, unpacked.
func file(t testing.TB, e *forms.Env, x exports.Export) []byte {
	t.Helper()
	var members bytes.Buffer
	for n := range x.Parts {
		part, err := exports.Part(t.Context(), e.Store, x.ID, n)
		must(t, err)
		members.Write(part)
	}
	z, err := gzip.NewReader(&members)
	must(t, err)
	data, err := io.ReadAll(z)
	must(t, err)
	return data
}

// whole fails unless the file has its head and each campaign once.
func whole(t *testing.T, e *forms.Env, x exports.Export) {
	t.Helper()
	if x.State != exports.Ready || x.Rows != campaigns || x.Total != campaigns || x.Parts < 3 {
		t.Fatalf("not ready as it should be: %+v", x)
	}
	data := file(t, e, x)
	if int64(len(data)) != x.Bytes || !bytes.HasPrefix(data, []byte("\xef\xbb\xbfcampaign_id,")) {
		t.Errorf("%d of %d bytes, which begin with %q", len(data), x.Bytes, data[:min(20, len(data))])
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	must(t, err)
	seen := make(map[string]bool)
	for _, row := range rows[1:] {
		if seen[row[0]] {
			t.Errorf("campaign %s is there twice", row[0])
		}
		seen[row[0]] = true
	}
	if len(seen) != campaigns {
		t.Errorf("%d of %d campaigns", len(seen), campaigns)
	}
}

func TestAnExportIsWholeAndTold(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := sponsor(t, e)
		x := ask(t, e, u.ID, "deals")
		if x = get(t, e, x); x.State != exports.Waiting {
			t.Errorf("at first %+v", x)
		}
		b := claim(t, e, jobs.Export)
		must(t, small(e).do(t.Context(), &b))
		x = get(t, e, x)
		whole(t, e, x)
		list, _, _, err := notices.List(t.Context(), e.Store, u.ID, "", 1)
		must(t, err)
		if len(list) != 1 || list[0].Kind != exports.NoticeReady || !strings.Contains(string(list[0].Data), x.ID) {
			t.Errorf("told %+v", list)
		}
		if left := claim(t, e, jobs.Export); len(left.Jobs) != 0 {
			t.Errorf("still due: %+v", left.Jobs)
		}
		// After a day the file goes.
		if early := claim(t, e, jobs.ExportEnd); len(early.Jobs) != 0 {
			t.Errorf("removed at once: %+v", early.Jobs)
		}
		e.Clock.Advance(exports.Life)
		end := claim(t, e, jobs.ExportEnd)
		must(t, small(e).end(t.Context(), &end))
		if x = get(t, e, x); x.State != exports.Expired {
			t.Errorf("after its time %+v", x)
		}
		if _, err := exports.Part(t.Context(), e.Store, x.ID, 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("its file: %v", err)
		}
	})
}

// A worker that dies anywhere leaves a file that the next one completes.
func TestTheNextWorkerGoesOn(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		x := ask(t, e, sponsor(t, e).ID, "deals")
		parts := make(map[int64]bool)
		for steps := 1; get(t, e, x).State != exports.Ready; steps++ {
			parts[get(t, e, x).Parts] = true
			work(t, e, steps)
		}
		if len(parts) < 2 {
			t.Error("no worker died half-way: nothing was shown")
		}
		whole(t, e, get(t, e, x))
	})
}

func TestWhatIsCalledOffIsGone(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := sponsor(t, e)
		x := ask(t, e, u.ID, "deals")
		b := claim(t, e, jobs.Export)
		other := e.User(t, rooms.Sponsor)
		if err := exports.Remove(t.Context(), e.Store, other.ID, x.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("called off by a stranger: %v", err)
		}
		must(t, exports.Remove(t.Context(), e.Store, u.ID, x.ID))
		must(t, small(e).do(t.Context(), &b))
		if x = get(t, e, x); x.State != exports.Cancelled || x.Parts != 0 {
			t.Errorf("kept %+v", x)
		}
		if _, err := exports.Part(t.Context(), e.Store, x.ID, 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("its file: %v", err)
		}
	})
}

// begin writes a part of an export; then the worker dies.
func begin(t *testing.T, e *forms.Env, x exports.Export) {
	t.Helper()
	for steps := 1; get(t, e, x).Parts == 0; steps++ {
		work(t, e, steps)
	}
	if x = get(t, e, x); x.State == exports.Ready {
		t.Fatal("the worker did not die")
	}
}

// work lets a worker go on until it has asked so many times whether it should stop, and its
// claim run out.
func work(t *testing.T, e *forms.Env, steps int) {
	t.Helper()
	ctx, die := context.WithCancel(t.Context())
	defer die()
	m := mortal{Context: ctx, die: die, left: new(atomic.Int64)}
	m.left.Store(int64(steps))
	b := claim(t, e, jobs.Export)
	if err := small(e).do(m, &b); err != nil && ctx.Err() == nil {
		t.Fatalf("the worker ended by itself: %v", err)
	}
	// What it had handed to the writer may be written yet.
	_, err := store.Write(t.Context(), e.Store, func(context.Context, *store.Tx) (struct{}, error) { return struct{}{}, nil })
	must(t, err)
	e.Clock.Advance(2 * lease)
}

// mortal is a context that ends when it has been asked for its end so many times.
type mortal struct {
	context.Context
	die  context.CancelFunc
	left *atomic.Int64
}

func (m mortal) Done() <-chan struct{} {
	if m.left.Add(-1) == 0 {
		m.die()
	}
	return m.Context.Done()
}

// An admin may have done again what its owner called off half-way.
func TestWhatWasCalledOffIsWholeWhenItIsDoneAgain(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		u := sponsor(t, e)
		x := ask(t, e, u.ID, "deals")
		begin(t, e, x)
		must(t, exports.Remove(t.Context(), e.Store, u.ID, x.ID))
		again(t, e, x)
		b := claim(t, e, jobs.Export)
		must(t, small(e).do(t.Context(), &b))
		whole(t, e, get(t, e, x))
	})
}

// again has an export's job done again, as an admin can.
func again(t *testing.T, e *forms.Env, x exports.Export) {
	t.Helper()
	j, err := jobs.Get(t.Context(), e.Store, jobs.Export, x.User, x.ID)
	must(t, err)
	_, err = store.Write(t.Context(), e.Store, func(ctx context.Context, tx *store.Tx) (struct{}, error) {
		return struct{}{}, jobs.Retry(ctx, tx, j.ID)
	})
	must(t, err)
}

func TestOneAccountDoesNotTakeAllWorkers(t *testing.T) {
	e := forms.SQLite(t)
	u := e.User(t, rooms.Sponsor)
	for range exports.MaxOpen {
		ask(t, e, u.ID, "deals")
	}
	var refusal *rooms.Refusal
	if _, err := exports.Ask(t.Context(), e.Store, u.ID, "deals", false); !errors.As(err, &refusal) {
		t.Errorf("one more: %v", err)
	}
}

func TestATableOfAnotherRoleIsNotWritten(t *testing.T) {
	e := forms.SQLite(t)
	x := ask(t, e, e.User(t, rooms.Influencer).ID, "users")
	b := claim(t, e, jobs.Export)
	must(t, small(e).do(t.Context(), &b))
	if x = get(t, e, x); x.Parts != 0 || x.State != exports.Failed {
		t.Errorf("written: %+v", x)
	}
	failureTold(t, e, x)
}

// failureTold fails unless the owner has one notice, that the export failed.
func failureTold(t *testing.T, e *forms.Env, x exports.Export) {
	t.Helper()
	list, _, _, err := notices.List(t.Context(), e.Store, x.User, "", 5)
	must(t, err)
	if len(list) != 1 || list[0].Kind != exports.NoticeFailed || !strings.Contains(string(list[0].Data), x.ID) {
		t.Errorf("told %+v", list)
	}
}

func TestAnExportThatIsGivenUpIsToldAndLeavesNothing(t *testing.T) {
	forms.Each(t, func(t *testing.T, e *forms.Env) {
		x := ask(t, e, sponsor(t, e).ID, "deals")
		begin(t, e, x)
		var export digest.Kind
		for _, k := range Kinds(e.Store, e.Clock.Now) {
			if k.Name == jobs.Export {
				export = k
			}
		}
		export.Do = func(context.Context, *jobs.Batch) error { return errors.New("no") }
		en, err := digest.New(digest.Config{
			Store: e.Store, Runner: inprocess.New(1), Kinds: []digest.Kind{export}, Clock: e.Clock.Now,
			Jitter: func(int64) int64 { return 0 },
		})
		must(t, err)
		must(t, en.Start())
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for end := time.After(30 * time.Second); get(t, e, x).State != exports.Failed; {
			select {
			case <-end:
				t.Fatalf("not given up: %+v", get(t, e, x))
			case <-tick.C:
				e.Clock.Advance(lease)
				en.Wake()
			}
		}
		must(t, en.Close(context.Background())) // else it may take what is to be done again
		if _, err := exports.Part(t.Context(), e.Store, x.ID, 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("its parts: %v", err)
		}
		failureTold(t, e, x)
		again(t, e, x)
		b := claim(t, e, jobs.Export)
		must(t, small(e).do(t.Context(), &b))
		whole(t, e, get(t, e, x))
	})
}

// BenchmarkMillionRows writes logs of a hundred thousand and of a million events; the heap
// is the most that was in use during one, and the same for both.
func BenchmarkMillionRows(b *testing.B) {
	for _, rows := range []int64{100_000, 1_000_000} {
		b.Run(strconv.FormatInt(rows, 10), func(b *testing.B) { benchmarkRows(b, rows) })
	}
}

func benchmarkRows(b *testing.B, rows int64) {
	e := forms.SQLite(b)
	admin, sponsor := e.User(b, rooms.Admin), e.User(b, rooms.Sponsor)
	room := e.Room(b, e.RunningCampaign(b, sponsor), e.User(b, rooms.Influencer))
	head, err := e.FeedHead(b.Context())
	must(b, err)
	_, err = store.Write(b.Context(), e.Store, func(ctx context.Context, t *store.Tx) (struct{}, error) {
		_, err := t.DB.NewRaw("WITH RECURSIVE n (i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?)"+
			" INSERT INTO events (pos, prev, room_id, seq, type, at, hash, body)"+
			" SELECT i, 0, ?, i, 'message', i, x'00', CAST('{\"text\":\"' || hex(randomblob(100)) || '\"}' AS BLOB) FROM n", head+1, rows, room).Exec(ctx)
		return struct{}{}, err
	})
	must(b, err)
	w := &writer{store: e.Store, clock: e.Clock.Now, partBytes: partBytes}
	var heap uint64
	var used time.Duration
	for b.Loop() {
		x := ask(b, e, admin.ID, "events")
		batch := claim(b, e, jobs.Export)
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				heap = max(heap, m.HeapInuse)
				select {
				case <-stop:
					return
				case <-tick.C:
				}
			}
		}()
		began := storetest.ProcessorTime(b)
		must(b, w.do(b.Context(), &batch))
		used += storetest.ProcessorTime(b) - began
		close(stop)
		<-done
		if x = get(b, e, x); x.Rows != rows {
			b.Fatalf("wrote %+v", x)
		}
		b.ReportMetric(float64(x.Bytes)/1e6, "MB")
	}
	b.ReportMetric(float64(heap)/1e6, "heap-MB")
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(used.Seconds()*1e6/float64(rows)/float64(b.N), "cpu-µs/row")
}
