package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/keyreeve/keyreeve/internal/verify"
)

// metrics are what /metrics shows, in a registry of the server's own.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	decisions []prometheus.Counter // by verify.Outcome
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
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "keyreeve_decisions_total", Help: "Verified keys by outcome.",
	}, []string{"outcome"})
	for _, o := range verify.Outcomes() {
		m.decisions = append(m.decisions, decisions.WithLabelValues(o.String()))
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
		m.requests, m.durations, decisions, build,
		gauge("keyreeve_index_keys", "Keys in the verification index.", func() float64 { return float64(s.index.Len()) }),
		gauge("keyreeve_index_revision", "Last revision of the log that the index has applied.", func() float64 { return float64(s.index.Revision()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
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

func (m *metrics) decided(o verify.Outcome) { m.decisions[o].Inc() }
