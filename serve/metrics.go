package serve

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what /metrics shows. Labels are names of endpoints, models and clients: nothing that a client can make up.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec   // by endpoint, model, client and status
	seconds  *prometheus.HistogramVec // by endpoint: whole requests, the wait for a place apart
	first    *prometheus.HistogramVec // by endpoint: until the first text of a stream
	tokens   *prometheus.CounterVec   // by model and kind
	calls    *prometheus.CounterVec   // of the LLM, by outcome
	degraded prometheus.Counter       // answers without the LLM because it did not answer
	reloads  *prometheus.CounterVec   // by outcome
}

func newMetrics(s *Server) *metrics {
	buckets := []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "slm_requests_total", Help: "Requests that are over."}, []string{"endpoint", "model", "client", "status"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "slm_request_seconds", Help: "What a request took at its place.", Buckets: buckets}, []string{"endpoint"}),
		first:    prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "slm_first_text_seconds", Help: "From a place to the first text of a stream.", Buckets: buckets}, []string{"endpoint"}),
		tokens:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "slm_tokens_total", Help: "Tokens read and written."}, []string{"model", "kind"}),
		calls:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "slm_llm_requests_total", Help: "Requests to the language model, stored replies included."}, []string{"outcome"}),
		degraded: prometheus.NewCounter(prometheus.CounterOpts{Name: "slm_degraded_total", Help: "Answers without the language model because it gave none."}),
		reloads:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "slm_reloads_total", Help: "Newer checkpoints that were found."}, []string{"outcome"}),
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	m.registry.MustRegister(
		m.requests, m.seconds, m.first, m.tokens, m.calls, m.degraded, m.reloads, collectors.NewGoCollector(), newScheduled(&s.runs),
		gauge("slm_active_requests", "Requests that have a place.", func() float64 { busy, _ := s.queue.state(); return float64(busy) }),
		gauge("slm_waiting_requests", "Requests that wait for a place.", func() float64 { _, waiting := s.queue.state(); return float64(waiting) }),
		gauge("slm_circuit_open", "1 while the language model is not asked because it has failed.", func() float64 {
			if s.guard.open() {
				return 1
			}
			return 0
		}),
	)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
