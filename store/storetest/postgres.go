package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startPatience is how long a server may take to answer first.
const startPatience = 60 * time.Second

// Postgres is a running server.
type Postgres struct {
	dir     string
	port    int
	launch  func(port int) *exec.Cmd
	cmd     *exec.Cmd
	exited  chan struct{} // closed when cmd has been waited for
	output  bytes.Buffer
	counter atomic.Int64
}

// Whether a server waits for the disk. It only matters to what is there after a
// power cut, which no test makes, and to how long a commit takes: a process that is
// killed, the server's own too, has given its writes to the system.
const (
	fsyncOn  = "fsync=on"
	fsyncOff = "fsync=off"
)

// StartPostgres starts a server that syncs as a real one does, for benchmarks and
// tests over several processes, and stops it when the test (or benchmark) ends.
// Without the programs of PostgreSQL the test fails and says what to install.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	p, err := start(fsyncOn)
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return p
}

// URL names a new empty database on the server.
func (p *Postgres) URL(t testing.TB) string {
	t.Helper()
	return p.url(p.create(t, ""))
}

// create makes a database, empty or as a copy of another one, and returns its name.
func (p *Postgres) create(t testing.TB, template string) (name string) {
	t.Helper()
	name = fmt.Sprintf("test_%d", p.counter.Add(1))
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer func() {
		if err := conn.Close(ctx); err != nil {
			t.Errorf("close the connection: %v", err)
		}
	}()
	query := "CREATE DATABASE " + name
	if template != "" {
		query += " TEMPLATE " + template
	}
	if _, err := conn.Exec(ctx, query); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	return name
}

func (p *Postgres) url(database string) string {
	return fmt.Sprintf("postgres://parley@127.0.0.1:%d/%s?sslmode=disable", p.port, database)
}

// binary finds a program of PostgreSQL on the PATH or where packages put it.
func binary(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/", "/usr/pgsql-*/bin/", "/opt/homebrew/opt/postgresql*/bin/", "/usr/local/opt/postgresql*/bin/",
	} {
		found, err := filepath.Glob(pattern + name)
		if err == nil && len(found) > 0 {
			slices.Sort(found)
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("%s was not found: install PostgreSQL (apt install postgresql, brew install postgresql)", name)
}

// unprivileged is who runs the server when the test runs as root, which
// PostgreSQL refuses.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
		if uerr == nil && gerr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
		errs = append(errs, uerr, gerr)
	}
	return nil, fmt.Errorf("no user to run PostgreSQL as: %w", errors.Join(errs...))
}

func start(fsync string) (p *Postgres, err error) {
	initdb, err := binary("initdb")
	if err != nil {
		return nil, err
	}
	server, err := binary("postgres")
	if err != nil {
		return nil, err
	}
	cred, err := unprivileged()
	if err != nil {
		return nil, err
	}
	// A test's own directory lies below ones that only the test's user may enter.
	dir, err := os.MkdirTemp("", "parley-pg-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	as := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...) //nolint:gosec // programs of PostgreSQL
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
		cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "HOME="+dir)
		return cmd
	}
	init := as(initdb, "-D", data, "-U", "parley", "-A", "trust", "-E", "UTF8", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	p = &Postgres{dir: dir, launch: func(port int) *exec.Cmd {
		return as(server, "-D", data, "-c", "listen_addresses=127.0.0.1", "-p", strconv.Itoa(port),
			"-c", "unix_socket_directories="+dir, "-c", fsync, "-c", "synchronous_commit=on",
			"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "log_min_messages=warning")
	}}
	// Another process may take the port first; then the next one is tried.
	for range 10 {
		if p.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = p.run(); !errors.Is(err, errEnded) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, p.end())
	}
	return p, nil
}

// run starts the server on its port and waits until it answers.
func (p *Postgres) run() error {
	p.cmd, p.exited = p.launch(p.port), make(chan struct{})
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		close(p.exited)
		return err
	}
	cmd, exited := p.cmd, p.exited
	go func() {
		_ = cmd.Wait() // how it ended is seen in its output
		close(exited)
	}()
	return p.ready()
}

// errEnded says that the server did not come up.
var errEnded = errors.New("the server ended")

// ready waits until the server answers.
func (p *Postgres) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, p.url("postgres"))
		if err == nil {
			var data string
			err = errors.Join(conn.QueryRow(ctx, "SHOW data_directory").Scan(&data), conn.Close(ctx))
			if err == nil && data == filepath.Join(p.dir, "data") {
				return nil
			}
			err = errors.Join(err, fmt.Errorf("another server answers, of %q", data))
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%w:\n%s", errEnded, p.output.String())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// Stop ends the server as a crash of it would: what was committed is there when it is
// started again.
func (p *Postgres) Stop(t testing.TB) {
	t.Helper()
	if err := p.end(); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Restart starts the server after Stop, on the same port.
func (p *Postgres) Restart() error {
	if err := p.run(); err != nil {
		return fmt.Errorf("start PostgreSQL again: %w", err)
	}
	return nil
}

// end ends the server at once.
func (p *Postgres) end() error {
	select {
	case <-p.exited:
	default:
		// SIGQUIT is the server's immediate shutdown; its children end with it.
		if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		<-p.exited
	}
	return nil
}

// stop ends the server and removes its files.
func (p *Postgres) stop() error { return errors.Join(p.end(), os.RemoveAll(p.dir)) }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("unexpected address %v", l.Addr())
	}
	return addr.Port, nil
}
