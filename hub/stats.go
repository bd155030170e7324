package hub

import "sync/atomic"

type counters struct {
	delivered, slowClosed, gapsFilled, framesFilled atomic.Uint64
	joins, resets, pages                            atomic.Uint64
	busSent, busReceived, busDropped                atomic.Uint64
}

// Stats is what a hub has counted since New, and how it stands now.
type Stats struct {
	Connections, Topics int
	// QueuedBytes wait for, or are being written to, all connections together.
	QueuedBytes int64
	// Delivered counts frames put into a connection's queue by fan-out.
	Delivered uint64
	// SlowClosed counts connections closed because their queue was full.
	SlowClosed uint64
	// GapsFilled counts gaps closed from the log, FramesFilled their frames.
	GapsFilled, FramesFilled uint64
	// Joins counts those that succeeded; of them Resets told the reader to start
	// over and Pages ended with "more".
	Joins, Resets, Pages uint64
	// BusUp tells whether messages are believed to flow. BusSent and BusReceived
	// count messages; BusDropped counts frames and messages that were not sent.
	BusUp                            bool
	BusSent, BusReceived, BusDropped uint64
}

// Stats takes a snapshot. It visits every connection: call it for a scrape, not
// for a request.
func (h *Hub) Stats() Stats {
	s := Stats{
		Topics:       h.topics.count(),
		Delivered:    h.stats.delivered.Load(),
		SlowClosed:   h.stats.slowClosed.Load(),
		GapsFilled:   h.stats.gapsFilled.Load(),
		FramesFilled: h.stats.framesFilled.Load(),
		Joins:        h.stats.joins.Load(),
		Resets:       h.stats.resets.Load(),
		Pages:        h.stats.pages.Load(),
		BusUp:        h.bus.Up(),
		BusSent:      h.stats.busSent.Load(),
		BusReceived:  h.stats.busReceived.Load(),
		BusDropped:   h.stats.busDropped.Load(),
	}
	h.mu.Lock()
	clients := make([]*Client, 0, len(h.clients))
	for c := range h.clients {
		clients = append(clients, c)
	}
	h.mu.Unlock()
	s.Connections = len(clients)
	for _, c := range clients {
		s.QueuedBytes += int64(c.queued())
	}
	return s
}

// Connections tells how many there are, cheaply.
func (h *Hub) Connections() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.clients)
}
