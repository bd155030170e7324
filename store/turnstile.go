package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// turnstile is a lock between processes that is handed on in turn. Two files are
// locked with flock: who wants the lock waits in the turnstile, alone, until the
// lock is free. A process that has just given the lock back must pass the
// turnstile again, and there somebody waits already. The kernel gives both locks
// back when a process dies.
type turnstile struct {
	gate, lock *os.File
}

func openTurnstile(db string) (*turnstile, error) {
	gate, err := openLockFile(db + ".lock.turn")
	if err != nil {
		return nil, err
	}
	lock, err := openLockFile(db + ".lock")
	if err != nil {
		return nil, errors.Join(err, gate.Close())
	}
	return &turnstile{gate: gate, lock: lock}, nil
}

func openLockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // beside the database that the operator named
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	return f, nil
}

// enter waits for the lock.
func (t *turnstile) enter() error {
	if err := flock(t.gate, syscall.LOCK_EX); err != nil {
		return err
	}
	err := flock(t.lock, syscall.LOCK_EX)
	return errors.Join(err, flock(t.gate, syscall.LOCK_UN))
}

// leave gives the lock back.
func (t *turnstile) leave() error { return flock(t.lock, syscall.LOCK_UN) }

func (t *turnstile) close() error { return errors.Join(t.gate.Close(), t.lock.Close()) }

func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how) //nolint:gosec // a descriptor is a small number
		if !errors.Is(err, syscall.EINTR) {
			if err != nil {
				return fmt.Errorf("flock %s: %w", f.Name(), err)
			}
			return nil
		}
	}
}
