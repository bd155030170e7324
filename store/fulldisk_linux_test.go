package store

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"parley/rooms"
)

// insideEnv says that the test runs in namespaces of its own, where it may mount.
const insideEnv = "PARLEY_STORE_INSIDE"

// A file system that is really full: the kernel says so to every write, also to those of
// the log's index and of checkpoints, which a limit of SQLite's own does not reach. The
// test runs itself again where it may mount a small one.
func TestAFullFileSystemLosesNothing(t *testing.T) {
	if os.Getenv(insideEnv) != "" {
		fillAndGoOn(t)
		return
	}
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v") //nolint:gosec // this test
	cmd.Env = append(os.Environ(), insideEnv+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		t.Fatalf("in its own namespaces: %v\n%s", err, out)
	case err != nil:
		t.Skipf("this system gives no namespaces to mount in: %v", err)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	}
}

func fillAndGoOn(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("no file system can be mounted: %v", err)
	}
	defer func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) }()
	url := "sqlite://" + filepath.Join(dir, "parley.db")
	must(t, Migrate(t.Context(), Config{URL: url}))
	e := newEnv(t, Config{URL: url, Logger: quiet()})
	w := e.world(1_000_000)
	room := e.opened(w, 300)

	ballast := filepath.Join(dir, "ballast")
	fill := func(left int64) {
		f, err := os.Create(ballast)
		must(t, err)
		size, err := io.Copy(f, zeros{})
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the file system is not full: %v", err)
		}
		must(t, f.Truncate(size-left))
		must(t, f.Close())
	}
	fill(256 << 10)
	text := strings.Repeat("word ", 700)
	stored := 0
	var refused Command
	for refused.CMID == "" {
		c := e.say(w.sponsor, room, text)
		if res := e.Do(t.Context(), c); res.Err != nil {
			unavailableErr(t, res.Err)
			refused = c
		} else if stored++; stored > 1000 {
			t.Fatal("it never filled")
		}
	}
	if stored == 0 {
		t.Fatal("nothing was stored")
	}
	whole := func() {
		t.Helper()
		if report := e.sound(); report.Events != 2+stored {
			t.Errorf("%d events after %d messages", report.Events, stored)
		}
	}
	// The server goes on: it reads and refuses, commands and all else.
	whole()
	unavailableErr(t, e.Do(t.Context(), refused).Err)
	_, err := e.CreateUser(t.Context(), User{Email: "late@example.test", Name: strings.Repeat("n", 4<<20), Role: rooms.Sponsor})
	unavailableErr(t, err)
	if err := e.engine.(*sqliteEngine).restartLog(t.Context()); err == nil {
		t.Error("the log was copied back into a file that cannot grow")
	}
	whole()

	// It is stopped and started while nothing has changed.
	e.shut(e.Store)
	e.open()
	fill(0)
	whole()
	unavailableErr(t, e.Do(t.Context(), refused).Err)

	must(t, os.Remove(ballast))
	if res := e.ok(refused); res.Duplicate {
		t.Error("a command that was not stored was kept")
	}
	stored++
	if res := e.ok(refused); !res.Duplicate {
		t.Error("a command that was stored was not kept")
	}
	e.ok(e.counter(w.influencer, room, 2, 400))
	stored++
	must(t, e.engine.(*sqliteEngine).restartLog(t.Context()))
	whole()
}

// zeros have no end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
