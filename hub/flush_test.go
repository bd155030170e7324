package hub

import "testing"

// A queue that never runs empty keeps the order and no more than it needs.
func TestTheFlushQueueStaysSmall(t *testing.T) {
	const waiting, rounds = 100, 10_000
	f := newFlushes()
	clients := make([]*Client, waiting+rounds*flushAtOnce)
	for i := range clients {
		clients[i] = &Client{}
	}
	added, taken := 0, 0
	add := func(n int) {
		for range n {
			f.add(clients[added])
			added++
		}
	}
	add(waiting)
	var mine [flushAtOnce]*Client
	for range rounds {
		add(flushAtOnce)
		if n := f.take(mine[:]); n != flushAtOnce {
			t.Fatalf("%d taken", n)
		}
		for _, c := range mine {
			if c != clients[taken] {
				t.Fatalf("number %d is another", taken)
			}
			taken++
		}
		if f.waiting() != waiting {
			t.Fatalf("%d wait", f.waiting())
		}
		for _, c := range f.queue[len(f.queue):cap(f.queue)] {
			if c != nil {
				t.Fatal("a connection that was taken is held")
			}
		}
	}
	if n := cap(f.queue); n > 8*waiting {
		t.Errorf("the queue of %d has room for %d", waiting, n)
	}
}
