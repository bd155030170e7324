package api

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/api/cache"
	"parley/hub"
	"parley/store"
)

// Metrics are a program's figures for Prometheus. It is made first, as the
// store and the hub report to it: store.Config.Observe takes ObserveBatch,
// hub.Config.OnFanout takes ObserveFanout.
type Metrics struct {
	registry *prometheus.Registry

	commands   *prometheus.CounterVec
	ack        prometheus.Histogram
	batchSize  prometheus.Histogram
	batchTime  prometheus.Histogram
	batchWait  prometheus.Histogram
	batchFails prometheus.Counter
	fanout     prometheus.Histogram
	requests   *prometheus.HistogramVec
	closes     *prometheus.CounterVec
	cache      *prometheus.CounterVec

	jobs    *prometheus.CounterVec
	jobTime *prometheus.HistogramVec
	jobsDue *prometheus.GaugeVec
	mails   *prometheus.CounterVec
	hooks   *prometheus.CounterVec
	pruned  *prometheus.CounterVec
}

// latencies are seconds, from 100 microseconds to 10 seconds.
var latencies = []float64{.0001, .0003, .001, .003, .01, .03, .1, .3, 1, 3, 10}

// NewMetrics makes the figures and a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_commands_total", Help: "Commands by type and result: ok, duplicate or the error's code.",
		}, []string{"type", "result"}),
		ack: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_ack_seconds", Help: "From a command's decoding to its answer.", Buckets: latencies,
		}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_commit_batch_commands", Help: "Commands in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 12),
		}),
		batchTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_commit_seconds", Help: "One transaction with its commit.", Buckets: latencies,
		}),
		batchWait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_commit_wait_seconds", Help: "How long a batch's first command waited.", Buckets: latencies,
		}),
		batchFails: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "parley_commit_failures_total", Help: "Transactions that failed.",
		}),
		fanout: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "parley_fanout_seconds", Help: "Putting one batch's frames into the queues of the readers here.",
			Buckets: []float64{.00001, .00003, .0001, .0003, .001, .003, .01, .03, .1, .3, 1},
		}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_request_seconds", Help: "REST requests by method, route and status.", Buckets: latencies,
		}, []string{"method", "route", "status"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_socket_closes_total", Help: "WebSocket connections closed by this edge, by reason.",
		}, []string{"reason"}),
		cache: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_cache_total", Help: "Reads of what is kept, by kind: hit, miss, load (one for all that miss at once) or error.",
		}, []string{"space", "outcome"}),
		jobs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_jobs_total", Help: "Attempts of jobs by kind and result: done (whatever came of it), again, failed or abandoned.",
		}, []string{"kind", "result"}),
		jobTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parley_job_batch_seconds", Help: "One batch of jobs of a kind.",
			Buckets: []float64{.001, .01, .1, .3, 1, 3, 10, 30, 100, 300},
		}, []string{"kind"}),
		jobsDue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "parley_jobs_due", Help: "Jobs that wait to be claimed, as last seen here and counted up to a bound.",
		}, []string{"kind"}),
		hooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_webhook_attempts_total", Help: "Attempts to deliver messages to webhooks: delivered, refused or unreachable.",
		}, []string{"result"}),
		pruned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_pruned_total", Help: "Records of work that were removed because they were old, by what they are.",
		}, []string{"what"}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parley_mails_total", Help: "Mails by what came of them: sent, failed or kept.",
		}, []string{"state"}),
	}
	m.registry.MustRegister(
		m.commands, m.ack, m.batchSize, m.batchTime, m.batchWait, m.batchFails, m.fanout, m.requests, m.closes, m.cache,
		m.jobs, m.jobTime, m.jobsDue, m.mails, m.hooks, m.pruned,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// ObserveBatch takes the figures of one transaction.
func (m *Metrics) ObserveBatch(b store.BatchStats) {
	m.batchSize.Observe(float64(b.Commands))
	m.batchTime.Observe(b.Duration.Seconds())
	m.batchWait.Observe(b.Wait.Seconds())
	if b.Failed {
		m.batchFails.Inc()
	}
}

// observeCache takes one read of the cache.
func (m *Metrics) observeCache(space string, o cache.Outcome) {
	m.cache.WithLabelValues(space, string(o)).Inc()
}

// Handler shows the figures to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// ObserveJobs takes the number of jobs of a kind whose attempts ended alike.
func (m *Metrics) ObserveJobs(kind, result string, n int) {
	m.jobs.WithLabelValues(kind, result).Add(float64(n))
}

// ObserveJobBatch takes the time of one batch of jobs.
func (m *Metrics) ObserveJobBatch(kind string, took time.Duration) {
	m.jobTime.WithLabelValues(kind).Observe(took.Seconds())
}

// ObserveDue takes how many jobs of a kind wait.
func (m *Metrics) ObserveDue(kind string, n int) { m.jobsDue.WithLabelValues(kind).Set(float64(n)) }

// ObserveMail takes what came of a mail.
func (m *Metrics) ObserveMail(state string) { m.mails.WithLabelValues(state).Inc() }

// ObserveWebhook takes what came of an attempt to deliver a message to a webhook.
func (m *Metrics) ObserveWebhook(came string) { m.hooks.WithLabelValues(came).Inc() }

// ObservePruned takes how many records were removed because they were old.
func (m *Metrics) ObservePruned(what string, n int64) { m.pruned.WithLabelValues(what).Add(float64(n)) }

// ObserveFanout takes the time of one fan-out.
func (m *Metrics) ObserveFanout(_ int, took time.Duration) { m.fanout.Observe(took.Seconds()) }

// command counts an answered command.
func (m *Metrics) command(kind string, r *store.Result, e *Error, took time.Duration) {
	result := "ok"
	switch {
	case e != nil:
		result = string(e.Info.Code)
	case r.Duplicate:
		result = "duplicate"
	}
	m.commands.WithLabelValues(kind, result).Inc()
	m.ack.Observe(took.Seconds())
}

// brokenRooms shows how many rooms of the store are beyond use.
func brokenRooms(st *store.Store) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "parley_broken_rooms", Help: "Rooms that this instance has met whose rows do not make one.",
	}, func() float64 { return float64(st.BrokenRooms()) })
}

// hubCollector shows a hub's own counters.
type hubCollector struct {
	hub   *hub.Hub
	gauge map[string]*prometheus.Desc
}

func newHubCollector(h *hub.Hub) *hubCollector {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return &hubCollector{hub: h, gauge: map[string]*prometheus.Desc{
		"connections": desc("parley_connections", "WebSocket connections."),
		"topics":      desc("parley_topics", "Topics with readers here."),
		"queued":      desc("parley_queued_bytes", "Bytes that wait for connections."),
		"delivered":   desc("parley_frames_delivered_total", "Frames put into a connection's queue."),
		"slow":        desc("parley_slow_closes_total", "Connections closed because their queue was full."),
		"gaps":        desc("parley_gaps_filled_total", "Gaps closed from the log."),
		"gapFrames":   desc("parley_gap_frames_total", "Frames read from the log to close gaps."),
		"joins":       desc("parley_joins_total", "Joins that succeeded."),
		"resets":      desc("parley_resets_total", "Joins that told the reader to start over."),
		"busUp":       desc("parley_bus_up", "Whether messages between instances are believed to flow."),
		"busSent":     desc("parley_bus_sent_total", "Messages given to the bus."),
		"busReceived": desc("parley_bus_received_total", "Messages taken from the bus."),
		"busDropped":  desc("parley_bus_dropped_total", "Messages that were not sent; others find them in the log."),
	}}
}

// Describe implements prometheus.Collector.
func (c *hubCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.gauge {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *hubCollector) Collect(out chan<- prometheus.Metric) {
	s := c.hub.Stats()
	up := 0.0
	if s.BusUp {
		up = 1
	}
	gauge := func(name string, v float64) {
		out <- prometheus.MustNewConstMetric(c.gauge[name], prometheus.GaugeValue, v)
	}
	counter := func(name string, v uint64) {
		out <- prometheus.MustNewConstMetric(c.gauge[name], prometheus.CounterValue, float64(v))
	}
	gauge("connections", float64(s.Connections))
	gauge("topics", float64(s.Topics))
	gauge("queued", float64(s.QueuedBytes))
	gauge("busUp", up)
	counter("delivered", s.Delivered)
	counter("slow", s.SlowClosed)
	counter("gaps", s.GapsFilled)
	counter("gapFrames", s.FramesFilled)
	counter("joins", s.Joins)
	counter("resets", s.Resets)
	counter("busSent", s.BusSent)
	counter("busReceived", s.BusReceived)
	counter("busDropped", s.BusDropped)
}
