package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Worker is one process of `parley worker` and, after a restart, its successors. Its
// methods are called by one goroutine at a time.
type Worker struct {
	in Instance
}

// StartWorker starts a worker, which is killed when the test ends.
func StartWorker(t testing.TB, o Options) *Worker {
	t.Helper()
	w := &Worker{Instance{t: t, options: o, log: filepath.Join(t.TempDir(), "log"), addr: "a worker"}}
	t.Cleanup(func() {
		w.Kill()
		if t.Failed() {
			w.in.showLog()
		}
	})
	w.Restart()
	return w
}

// Restart starts the process, again or for the first time.
func (w *Worker) Restart() {
	w.in.t.Helper()
	if err := w.launch(); err != nil {
		w.in.t.Fatal(err)
	}
}

func (w *Worker) launch() error {
	log, err := os.OpenFile(w.in.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log of the worker: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(w.in.options.Binary, "worker")
	cmd.Env = append(os.Environ(), w.in.options.Env...)
	cmd.Env = append(cmd.Env, "PARLEY_DATABASE_URL="+w.in.options.Database, "PARLEY_REDIS_URL="+w.in.options.Redis)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	exited := make(chan struct{})
	w.in.cmd, w.in.exited = cmd, exited
	go func() {
		defer close(exited)
		w.in.err = cmd.Wait()
	}()
	return nil
}

// Kill ends the process as a power cut does, and waits for it.
func (w *Worker) Kill() { w.in.Kill() }

// Stop asks the process to end, waits for it and returns how it ended.
func (w *Worker) Stop() error { return w.in.Stop() }
