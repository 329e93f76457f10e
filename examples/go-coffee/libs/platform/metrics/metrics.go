// Package metrics counts and times requests for Prometheus.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/go-coffee/libs/platform/buildinfo"
)

// buckets include the latency objectives of the services: 0.1, 0.2 and 0.3 s.
var buckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5}

// Metrics holds the metrics of one service. Each carries a "service" label.
type Metrics struct {
	registry *prometheus.Registry
	labelled prometheus.Registerer
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// New returns the metrics of the given build.
func New(info buildinfo.Info) *Metrics {
	registry := prometheus.NewRegistry()
	labels := []string{"route", "method", "code"}
	m := &Metrics{
		registry: registry,
		labelled: prometheus.WrapRegistererWith(prometheus.Labels{"service": info.Service}, registry),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "HTTP requests answered.",
		}, labels),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time to answer HTTP requests.",
			Buckets: buckets,
		}, labels),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "build_info",
		Help:        "Always 1; the labels say which build is running.",
		ConstLabels: prometheus.Labels{"version": info.Version, "revision": info.Revision},
	})
	build.Set(1)
	m.Register(m.requests, m.duration, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds collectors of the service's own.
func (m *Metrics) Register(collectors ...prometheus.Collector) {
	m.labelled.MustRegister(collectors...)
}

// Expect starts the series of a route at zero, so that increase() and rate()
// see the first request.
func (m *Metrics) Expect(route, method string, codes ...int) {
	for _, code := range codes {
		m.requests.WithLabelValues(route, method, strconv.Itoa(code))
		m.duration.WithLabelValues(route, method, strconv.Itoa(code))
	}
}

// Observe counts one answered request.
func (m *Metrics) Observe(route, method string, code int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(code)).Inc()
	m.duration.WithLabelValues(route, method, strconv.Itoa(code)).Observe(took.Seconds())
}

// Handler serves the metrics in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
