package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/hub"
	"parley/hub/hubtest"
)

// counting is a transport that counts frames and forgets them.
type counting struct{ n *atomic.Int64 }

func (c counting) Write(frames [][]byte) ([][]byte, error) {
	c.n.Add(int64(len(frames)))
	return nil, nil
}
func (c counting) Finish([][]byte) error   { return nil }
func (c counting) Close(int, string) error { return nil }

// network writes to a real connection, all that waits with one call: frames this
// small are cheaper copied together than gathered by the kernel.
type network struct {
	conn    net.Conn
	buffers *sync.Pool
}

// Write leaves it to the kernel to wait: its readers keep up.
func (n network) Write(frames [][]byte) ([][]byte, error) { return nil, n.Finish(frames) }

func (n network) Finish(frames [][]byte) error {
	if err := n.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if len(frames) == 1 {
		_, err := n.conn.Write(frames[0])
		return err
	}
	buf := n.buffers.Get().(*[]byte)
	defer n.buffers.Put(buf)
	*buf = (*buf)[:0]
	for _, f := range frames {
		*buf = append(*buf, f...)
	}
	_, err := n.conn.Write(*buf)
	return err
}

func (n network) Close(int, string) error { return n.conn.Close() }

const benchFrame = 400

func benchFrames(n int, topic func(i int) string, seq func(i int) int64) []hub.Frame {
	data := make([]byte, benchFrame)
	frames := make([]hub.Frame, n)
	for i := range frames {
		frames[i] = hub.Frame{Topic: topic(i), Seq: seq(i), Data: data}
	}
	return frames
}

// BenchmarkFanout puts one frame into the queues of all readers and has it
// written; the figure is the time of one delivery.
func BenchmarkFanout(b *testing.B) {
	for _, readers := range []int{100, 5000} {
		b.Run(fmt.Sprintf("memory/%d", readers), func(b *testing.B) {
			var delivered atomic.Int64
			h := hubtest.Start(b, hub.Config{Log: hubtest.NewLog(), SweepEvery: time.Hour})
			for i := range readers {
				benchReader(b, h, counting{&delivered}, i)
			}
			fanout(b, h, readers, &delivered, 1)
		})
	}
	for _, readers := range []int{100, 5000} {
		b.Run(fmt.Sprintf("tcp/%d", readers), func(b *testing.B) {
			var bytes atomic.Int64
			h := hubtest.Start(b, hub.Config{Log: hubtest.NewLog(), SweepEvery: time.Hour})
			conns := loopback(b, readers, &bytes)
			buffers := &sync.Pool{New: func() any { return new([]byte) }}
			for i, conn := range conns {
				benchReader(b, h, network{conn, buffers}, i)
			}
			fanout(b, h, readers, &bytes, benchFrame)
		})
	}
}

func benchReader(b *testing.B, h *hub.Hub, t hub.Transport, i int) {
	b.Helper()
	c, err := h.Connect(t, hub.ConnInfo{Identity: fmt.Sprint(i)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Wait)
	if err := c.Join(context.Background(), "room:1", hub.JoinOptions{}); err != nil {
		b.Fatal(err)
	}
}

// fanout publishes frames, at most eight ahead of the readers.
func fanout(b *testing.B, h *hub.Hub, readers int, arrived *atomic.Int64, unit int64) {
	b.Helper()
	frames := benchFrames(b.N, func(int) string { return "room:1" }, func(i int) int64 { return int64(i) + 1 })
	reached := func(frame int) func() bool {
		return func() bool { return arrived.Load() >= int64(frame)*int64(readers)*unit }
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range frames {
		h.Publish(frames[i : i+1])
		if ahead := i - 8; ahead > 0 && !reached(ahead)() {
			hubtest.Eventually(b, "readers keep up", reached(ahead))
		}
	}
	hubtest.Eventually(b, "all is delivered", reached(b.N))
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(readers), "ns/delivery")
}

// loopback opens connections whose other ends are read to nowhere.
func loopback(b *testing.B, n int, bytes *atomic.Int64) []net.Conn {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var readers sync.WaitGroup
	conns := make([]net.Conn, n)
	for i := range conns {
		far, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		if conns[i], err = l.Accept(); err != nil {
			b.Fatal(err)
		}
		readers.Go(func() {
			buf := make([]byte, 8<<10)
			for {
				n, err := far.Read(buf)
				bytes.Add(int64(n))
				if err != nil {
					if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
						b.Log(err)
					}
					_ = far.Close()
					return
				}
			}
		})
	}
	b.Cleanup(func() {
		for _, c := range conns {
			_ = c.Close()
		}
		readers.Wait()
		_ = l.Close()
	})
	return conns
}

// BenchmarkPublishRoom is one event of a negotiation: a room with two readers,
// their inboxes, and the feed; among many rooms, most of which nobody reads.
func BenchmarkPublishRoom(b *testing.B) {
	const rooms = 1000
	var delivered atomic.Int64
	h := hubtest.Start(b, hub.Config{Log: hubtest.NewLog(), SweepEvery: time.Hour, Sparse: isSparse})
	for i := range 2 * rooms {
		c, err := h.Connect(counting{&delivered}, hub.ConnInfo{Identity: fmt.Sprint(i)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(c.Wait)
		for _, topic := range []string{fmt.Sprint("room:", i/2), fmt.Sprint("inbox:", i)} {
			if err := c.Join(context.Background(), topic, hub.JoinOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	names := make([][4]string, 2*rooms)
	for i := range names {
		names[i] = [4]string{fmt.Sprint("room:", i), fmt.Sprint("inbox:", 2*i), fmt.Sprint("inbox:", 2*i+1), "feed"}
	}
	data := make([]byte, benchFrame)
	batch := make([]hub.Frame, 4)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		room, seq := i%len(names), int64(i/len(names)+1)
		for j, name := range names[room] {
			batch[j] = hub.Frame{Topic: name, Seq: seq, Data: data}
		}
		batch[3].Seq = int64(i + 1)
		h.Publish(batch)
	}
}

// BenchmarkReconnectStorm is 2,000 readers of 500 rooms that come back at once,
// each a few frames behind.
func BenchmarkReconnectStorm(b *testing.B) {
	const readers, rooms, behind = 2000, 500, 5
	log := hubtest.NewLog()
	for i := range rooms {
		log.Commit(fmt.Sprint("room:", i), 20)
	}
	h := hubtest.Start(b, hub.Config{Log: log, SweepEvery: time.Hour})
	b.ReportAllocs()
	for b.Loop() {
		var delivered atomic.Int64
		var storm sync.WaitGroup
		for i := range readers {
			storm.Go(func() {
				c, err := h.Connect(counting{&delivered}, hub.ConnInfo{Identity: fmt.Sprint(i)})
				if err != nil {
					b.Error(err)
					return
				}
				after := int64(20 - behind)
				if err := c.Join(context.Background(), fmt.Sprint("room:", i%rooms), hub.JoinOptions{After: &after}); err != nil {
					b.Error(err)
				}
				c.Close(hub.CloseNormal, "")
				c.Wait()
			})
		}
		storm.Wait()
		if n := delivered.Load(); n != readers*behind {
			b.Fatalf("%d frames, want %d", n, readers*behind)
		}
	}
}
