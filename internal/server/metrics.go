package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/keyreeve/keyreeve/internal/token"
	"github.com/keyreeve/keyreeve/internal/verify"
)

// metrics are what /metrics shows, in a registry of the server's own.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	barrier   *prometheus.HistogramVec // nil: alone
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "keyreeve_http_requests_total", Help: "Requests of the Administration API.",
		}, []string{"operation", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "keyreeve_http_request_duration_seconds", Help: "How long requests of the Administration API took.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}, []string{"operation"}),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "keyreeve_build_info", Help: "Always 1; the version is in the label.",
		ConstLabels: prometheus.Labels{"version": s.cfg.Version},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.durations, decisionCollector{s.decisions}, build,
		gauge("keyreeve_index_keys", "Keys in the verification index.", func() float64 { return float64(s.index.Len()) }),
		gauge("keyreeve_index_revision", "Last revision of the log that the index has applied.", func() float64 { return float64(s.index.Revision()) }),
		gauge("keyreeve_log_lag", "Revisions of the log that the index has not applied yet.", func() float64 { return float64(s.follower.Lag()) }),
		gauge("keyreeve_last_used_backlog", "Keys whose last use is not in the database yet.", func() float64 { return float64(s.index.PendingUses()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	if s.member != nil {
		m.addFleet(s, gauge)
	}
	return m
}

// addFleet adds what only a replica has to tell.
func (m *metrics) addFleet(s *Server, gauge func(name, help string, value func() float64) prometheus.Collector) {
	m.barrier = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "keyreeve_barrier_wait_seconds", Help: "How long changes waited for the other replicas.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
	}, []string{"ends_keys"})
	m.registry.MustRegister(
		m.barrier,
		gauge("keyreeve_replicas", "Replicas alive, this one included.", func() float64 { return float64(s.member.Alive()) }),
		gauge("keyreeve_lease_seconds", "Time for which keys are still verified without another heartbeat.", s.leaseLeft),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "keyreeve_stale_decisions_total", Help: "Decisions in the grace after a lease (--stale allow).",
		}, func() float64 { return float64(s.index.Graced()) }),
	)
}

// leaseLeft returns seconds.
func (s *Server) leaseLeft() float64 {
	age, ok := s.index.LeaseAge()
	if !ok {
		return 0
	}
	return max(0, s.member.Terms.Total()-age).Seconds()
}

// observeBarrier counts a wait.
func (m *metrics) observeBarrier(ends bool, took time.Duration) {
	if m != nil && m.barrier != nil {
		m.barrier.WithLabelValues(strconv.FormatBool(ends)).Observe(took.Seconds())
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// observe counts a finished request. Requests that met no route have no
// operation; a label made of their path would let strangers fill memory.
func (m *metrics) observe(operation string, status int, took time.Duration) {
	if operation == "" {
		operation = "none"
	}
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(operation).Observe(took.Seconds())
}

// decisionCollector shows verify.Stats to Prometheus. What is counted on the hot
// path is added up when somebody asks.
type decisionCollector struct{ stats *verify.Stats }

var (
	decisionsDesc = prometheus.NewDesc("keyreeve_decisions_total",
		"Judged keys by outcome, and by kind where the key was found.", []string{"outcome", "kind"}, nil)
	decisionTimeDesc = prometheus.NewDesc("keyreeve_decision_duration_seconds",
		"How long a decision of a gateway's request took. One in 64 is timed.", nil, nil)
)

// keyless says that a decision with this outcome found no key.
func keyless(o verify.Outcome) bool {
	return o == verify.Unknown || o == verify.Malformed || o == verify.Stale
}

// Describe implements prometheus.Collector.
func (decisionCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- decisionsDesc
	ch <- decisionTimeDesc
}

// Collect implements prometheus.Collector.
func (c decisionCollector) Collect(ch chan<- prometheus.Metric) {
	snapshot := c.stats.Snapshot()
	for _, outcome := range verify.Outcomes() {
		for _, kind := range []token.Kind{token.KindUnknown, token.KindAdmin, token.KindProject, token.KindServiceAccount} {
			n := snapshot.Decisions(outcome, kind)
			if n == 0 && (kind == token.KindUnknown) != keyless(outcome) {
				continue // cannot be
			}
			ch <- prometheus.MustNewConstMetric(decisionsDesc, prometheus.CounterValue, float64(n), outcome.String(), kind.String())
		}
	}
	buckets, count := map[float64]uint64{}, uint64(0)
	for i, bound := range verify.BucketBounds() {
		count += snapshot.Buckets[i]
		buckets[bound.Seconds()] = count
	}
	count += snapshot.Buckets[len(snapshot.Buckets)-1]
	ch <- prometheus.MustNewConstHistogram(decisionTimeDesc, count, snapshot.Sum.Seconds(), buckets)
}
