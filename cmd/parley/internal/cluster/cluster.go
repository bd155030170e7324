package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience bounds every wait for a process; only failing tests reach it.
const Patience = 60 * time.Second

// Build compiles the binary into a directory; race adds the race detector. Paths are
// trimmed as in the binary that is shipped, of which nothing is compiled twice then.
func Build(ctx context.Context, dir string, race bool) (binary string, err error) {
	binary = filepath.Join(dir, "parley")
	args := []string{"build", "-trimpath", "-o", binary}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "parley/cmd/parley")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build parley: %w\n%s", err, out)
	}
	return binary, nil
}

// Options say how the instances of a cluster run. Binary and Database are
// required.
type Options struct {
	Binary string
	// Database and Redis are URLs; without Redis instances find each other's
	// events in the store.
	Database, Redis string
	// Env is added to the environment, as NAME=value.
	Env []string
}

// generous are limits that a test does not meet.
var generous = []string{
	"PARLEY_COMMAND_RATE=100000", "PARLEY_REQUEST_RATE=100000", "PARLEY_UPGRADE_RATE=100000",
	"PARLEY_OFFER_LIMIT=100000", "PARLEY_MAX_CONNECTIONS_EACH=100000",
}

// Instance is one process and, after a restart, its successors on the same
// address. Its methods are called by one goroutine at a time.
type Instance struct {
	t       testing.TB
	options Options
	log     string // file
	addr    string // host:port, once known

	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has been waited for
	err    error         // of cmd, after exited
}

// Start starts an instance on a free port of the loopback and waits until it is
// ready. It is killed when the test ends.
func Start(t testing.TB, o Options) *Instance {
	t.Helper()
	in := &Instance{t: t, options: o, log: filepath.Join(t.TempDir(), "log")}
	t.Cleanup(func() {
		in.Kill()
		if t.Failed() {
			in.showLog()
		}
	})
	in.Restart()
	return in
}

// StartAll starts n instances.
func StartAll(t testing.TB, n int, o Options) []*Instance {
	t.Helper()
	list := make([]*Instance, n)
	for i := range list {
		list[i] = Start(t, o)
	}
	return list
}

// URLs are the bases of instances, beginning with the one at first.
func URLs(list []*Instance, first int) []string {
	urls := make([]string, len(list))
	for i := range list {
		urls[i] = list[(first+i)%len(list)].URL()
	}
	return urls
}

// URL is the instance's base.
func (in *Instance) URL() string { return "http://" + in.addr }

// Restart starts the process, again or for the first time, and waits until it is
// ready.
func (in *Instance) Restart() {
	in.t.Helper()
	if err := in.TryRestart(); err != nil {
		in.t.Fatal(err)
	}
}

// TryRestart is Restart for goroutines that may not end the test.
func (in *Instance) TryRestart() error {
	listen := in.addr
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	for {
		// Right after a kill the port may not be free yet.
		err := in.launch(ctx, listen)
		if err == nil || ctx.Err() != nil {
			return err
		}
		var early *earlyExit
		if !errors.As(err, &early) {
			return err
		}
		if err := pause(ctx); err != nil {
			return early
		}
	}
}

type earlyExit struct{ err error }

func (e *earlyExit) Error() string { return fmt.Sprintf("parley ended while it started: %v", e.err) }
func (e *earlyExit) Unwrap() error { return e.err }

func (in *Instance) launch(ctx context.Context, listen string) error {
	log, err := os.OpenFile(in.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log of the instance: %w", err)
	}
	defer log.Close()
	addrFile := in.log + ".addr"
	if err := os.Remove(addrFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("address of the instance: %w", err)
	}
	cmd := exec.Command(in.options.Binary, "serve")
	cmd.Env = append(os.Environ(), generous...)
	cmd.Env = append(cmd.Env, in.options.Env...)
	cmd.Env = append(cmd.Env, "PARLEY_ADDR="+listen, "PARLEY_ADDR_FILE="+addrFile, "PARLEY_ADMIN_TOTP=off",
		"PARLEY_DATABASE_URL="+in.options.Database, "PARLEY_REDIS_URL="+in.options.Redis)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start parley: %w", err)
	}
	exited := make(chan struct{})
	in.cmd, in.exited = cmd, exited
	go func() {
		defer close(exited)
		in.err = cmd.Wait()
	}()
	for {
		if raw, err := os.ReadFile(addrFile); err == nil {
			in.addr = string(bytes.TrimSpace(raw))
			if in.ready(ctx) {
				return nil
			}
		}
		select {
		case <-exited:
			return &earlyExit{in.err}
		default:
		}
		if err := pause(ctx); err != nil {
			in.Kill()
			return fmt.Errorf("parley is not ready after %v", Patience)
		}
	}
}

// pause is the time between two looks at a process.
func pause(ctx context.Context) error {
	t := time.NewTimer(5 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (in *Instance) ready(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, in.URL()+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // nothing was read
	return resp.StatusCode == http.StatusOK
}

// Kill ends the process as a power cut does, and waits for it.
func (in *Instance) Kill() {
	if in.cmd == nil {
		return
	}
	_ = in.cmd.Process.Kill() // it may have ended by itself
	<-in.exited
	in.cmd = nil
}

// Stop asks the process to end, waits for it and returns how it ended.
func (in *Instance) Stop() error {
	if err := in.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop parley: %w", err)
	}
	select {
	case <-in.exited:
		in.cmd = nil
		return in.err
	case <-time.After(Patience):
		in.Kill()
		return fmt.Errorf("parley did not stop within %v", Patience)
	}
}

func (in *Instance) showLog() {
	raw, err := os.ReadFile(in.log)
	if err != nil {
		in.t.Logf("log of %s: %v", in.addr, err)
		return
	}
	const most = 8 << 10
	if len(raw) > most {
		raw = raw[len(raw)-most:]
	}
	in.t.Logf("log of %s:\n%s", in.addr, raw)
}

// Verify runs `parley verify` on a store and fails the test if it finds a
// problem.
func Verify(t testing.TB, o Options) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, o.Binary, "verify")
	cmd.Env = append(os.Environ(), "PARLEY_DATABASE_URL="+o.Database)
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		t.Fatalf("parley verify: %v\n%s", err, text)
	}
	t.Logf("parley verify: %s", text)
}
