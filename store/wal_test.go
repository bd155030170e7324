package store

import (
	"context"
	"os"
	"strings"
	"testing"
)

func TestTheWriteAheadLogStaysShort(t *testing.T) {
	e := newEnv(t, Config{URL: databases.SQLite(t), MaxBatch: 8})
	w := e.world(1000)
	room := e.opened(w, 300)
	// The limit is the writer's, so the writer sets it.
	const frames = 256
	_, err := write(t.Context(), e.Store, false, func(context.Context, *Tx) (struct{}, error) {
		engine, ok := e.engine.(*sqliteEngine)
		if !ok {
			t.Error("no SQLite engine")
			return struct{}{}, nil
		}
		engine.check.limit = frames
		return struct{}{}, nil
	})
	must(t, err)
	wal := strings.TrimPrefix(e.cfg.URL, "sqlite://") + "-wal"
	// Several times what the log may hold, while somebody reads.
	text := strings.Repeat("word ", 700)
	written := int64(0)
	for written < 16*frames*4096 {
		var commands []Command
		for range 400 {
			c := e.say(w.sponsor, room, text)
			commands = append(commands, c)
			written += int64(len(text))
		}
		for _, r := range e.together(commands) {
			must(t, r.Err)
		}
		if _, err := e.Events(t.Context(), room, 0, 0, 50); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(wal)
	must(t, err)
	if most := int64(10 * frames * 4096); info.Size() > most {
		t.Errorf("the log has grown to %d bytes after %d", info.Size(), written)
	}
	e.sound()
}
