package store

import "sync"

// deliveryDepth is how many committed batches may wait for their delivery before
// the writer waits for it.
const deliveryDepth = 4

// delivered is a batch after its transaction, with the items to answer.
type delivered struct {
	batch Batch
	items []*item
}

func (b *delivered) answer() {
	for _, it := range b.items {
		it.answer()
	}
}

// delivery hands out what was committed, in commit order. Its run method is one
// goroutine; it ends when batches is closed.
type delivery struct {
	batches  chan delivered
	onCommit func(Batch, func())

	mu      sync.Mutex
	refused []*item // that never came to the writer
	wake    chan struct{}
}

func newDelivery(onCommit func(Batch, func())) *delivery {
	return &delivery{
		batches: make(chan delivered, deliveryDepth), onCommit: onCommit,
		wake: make(chan struct{}, 1),
	}
}

func (d *delivery) put(b delivered) { d.batches <- b }

// refuse answers an item that the queue did not take. It never blocks.
func (d *delivery) refuse(it *item) {
	d.mu.Lock()
	d.refused = append(d.refused, it)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *delivery) run() {
	for {
		select {
		case b, ok := <-d.batches:
			if !ok {
				d.answerRefused()
				return
			}
			if d.onCommit != nil && len(b.batch.Events)+len(b.batch.Pings) > 0 {
				d.onCommit(b.batch, b.answer)
			} else {
				b.answer()
			}
		case <-d.wake:
			d.answerRefused()
		}
	}
}

func (d *delivery) answerRefused() {
	d.mu.Lock()
	items := d.refused
	d.refused = nil
	d.mu.Unlock()
	for _, it := range items {
		it.answer()
	}
}
