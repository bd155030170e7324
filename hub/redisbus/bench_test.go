package redisbus_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/hub"
	"parley/hub/hubtest"
	"parley/hub/redisbus/redistest"
)

// BenchmarkOffers is what offers cost on the bus, in batches as a busy store
// commits them: a frame of each one's room and one to the inbox of each party, from
// an instance with one party of each room to an instance with the other. Own and Shared
// are the channels.
func BenchmarkOffers(b *testing.B) {
	for _, form := range forms {
		b.Run(form.name, func(b *testing.B) { benchmarkOffers(b, form.shared) })
	}
}

func benchmarkOffers(b *testing.B, shared func(topic string) bool) {
	const (
		offers = 138
		// ahead bounds the batches that were sent and have not arrived.
		ahead = 4
	)
	server := redistest.Start(b)
	sender, receiver := newSharingBus(b, server, "test", shared), newSharingBus(b, server, "test", shared)
	here, there := newArrivals("a"), newArrivals("b")
	start(b, sender, here)
	start(b, receiver, there)
	data := make([]byte, 450)
	var rooms, notes []hub.Message
	message := func(topic string) hub.Message {
		return hub.Message{Topic: topic, From: "a", Kind: hub.KindFrames, Frames: []hub.Frame{{Topic: topic, Seq: 1, Data: data}}}
	}
	for i := range offers {
		room := fmt.Sprintf("room:%026d", i)
		sponsor, influencer := fmt.Sprintf("inbox:%026d", 2*i), fmt.Sprintf("inbox:%026d", 2*i+1)
		rooms = append(rooms, message(room))
		notes = append(notes, message(sponsor), message(influencer))
		sender.Subscribe(room)
		sender.Subscribe(sponsor)
		receiver.Subscribe(room)
		receiver.Subscribe(influencer)
	}
	for _, side := range []*arrivals{here, there} {
		hubtest.Eventually(b, "subscribed", func() bool { return side.subscribed.Load() >= 2*offers })
	}
	batch := append(rooms, notes...)
	asked := redis.NewClient(&redis.Options{Addr: server.Addr()})
	b.Cleanup(func() { _ = asked.Close() })
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	own, others := ownCPU(b), redisCPU(b, asked)
	sent := int64(0)
	for b.Loop() {
		if err := sender.Send(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
		sent++
		there.wait(b, 2*offers*(sent-ahead))
	}
	there.wait(b, 2*offers*sent)
	n := float64(sent * offers)
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/offer")
	b.ReportMetric(float64(ownCPU(b)-own)/n, "cpu-ns/offer")
	b.ReportMetric(float64(redisCPU(b, asked)-others)/n, "redis-ns/offer")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/offer")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/offer")
}

// arrivals is a hub.BusHandler that counts the frames of other instances.
type arrivals struct {
	instance   string
	frames     atomic.Int64
	subscribed atomic.Int64
	more       chan struct{}
}

func newArrivals(instance string) *arrivals {
	return &arrivals{instance: instance, more: make(chan struct{}, 1)}
}

func (a *arrivals) Receive(m hub.Message) {
	if m.From == a.instance {
		return
	}
	a.frames.Add(int64(len(m.Frames)))
	select {
	case a.more <- struct{}{}:
	default:
	}
}

func (a *arrivals) Subscribed(string) { a.subscribed.Add(1) }
func (a *arrivals) StateChanged()     {}

// wait returns when n frames have arrived.
func (a *arrivals) wait(b *testing.B, n int64) {
	deadline := time.After(20 * time.Second)
	for a.frames.Load() < n {
		select {
		case <-a.more:
		case <-deadline:
			b.Fatalf("%d of %d frames have arrived", a.frames.Load(), n)
		}
	}
}

// ownCPU is what this process has used.
func ownCPU(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// redisCPU is what the server has used.
func redisCPU(b *testing.B, c *redis.Client) time.Duration {
	info, err := c.Info(context.Background(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	var sum time.Duration
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if name != "used_cpu_user" && name != "used_cpu_sys" {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(seconds * float64(time.Second))
	}
	return sum
}

// BenchmarkAcross is an event on its way: published on one instance, read on the
// other, with a batch waiting whenever the bus is busy.
func BenchmarkAcross(b *testing.B) {
	server := redistest.Start(b)
	var arrived atomic.Int64
	hubs := make([]*hub.Hub, 2)
	for i := range hubs {
		bus := newSharingBus(b, server, "test", everything)
		hubs[i] = hubtest.Start(b, hub.Config{Log: hubtest.NewLog(), Bus: bus, Instance: fmt.Sprint(i), SweepEvery: time.Hour})
		hubtest.Eventually(b, "the bus is up", bus.Up)
	}
	const rooms = 100
	each := make([]atomic.Int64, rooms)
	for i := range rooms {
		c, err := hubs[1].Connect(counting{&arrived, &each[i]}, hub.ConnInfo{Identity: fmt.Sprint(i)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(c.Wait)
		if err := c.Join(context.Background(), fmt.Sprint("room:", i), hub.JoinOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range rooms { // until all are subscribed
		hubtest.Eventually(b, "messages flow", func() bool {
			hubs[0].Signal(fmt.Sprint("room:", i), []byte("{}"))
			return each[i].Load() > 0
		})
	}
	arrived.Store(0)
	data := make([]byte, 400)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		hubs[0].Publish([]hub.Frame{{Topic: fmt.Sprint("room:", i%rooms), Seq: int64(i/rooms) + 1, Data: data}})
		if i%1024 == 0 { // the outbox is bounded
			hubtest.Eventually(b, "the other one keeps up", func() bool { return arrived.Load() >= int64(i)-4096 })
		}
	}
	hubtest.Eventually(b, "all have arrived", func() bool { return arrived.Load() >= int64(b.N) })
	if n := hubs[0].Stats().BusDropped; n > 0 {
		b.Errorf("%d dropped", n)
	}
}

// counting is a transport that counts frames, together and for itself.
type counting struct{ all, own *atomic.Int64 }

func (c counting) Write(frames [][]byte) ([][]byte, error) {
	c.all.Add(int64(len(frames)))
	c.own.Add(int64(len(frames)))
	return nil, nil
}

func (c counting) Finish([][]byte) error { return nil }

func (c counting) Close(int, string) error { return nil }
