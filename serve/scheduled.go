package serve

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// scheduled shows what the models of the run do that write texts for several at a time. A newer run begins at 0.
type scheduled struct {
	runs *holder

	requests, outcomes, passes, rows, prompts, bytes *prometheus.Desc
}

func newScheduled(runs *holder) *scheduled {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("slm_model_"+name, help, append([]string{"model"}, labels...), nil)
	}
	return &scheduled{
		runs:     runs,
		requests: desc("requests", "Texts that a model writes, and that wait for it.", "state"),
		outcomes: desc("requests_total", "Texts that are over: answered, failed (given up by their clients, too), refused.", "outcome"),
		passes:   desc("passes_total", "Passes over a model's weights."),
		rows:     desc("rows_total", "Tokens: of prompts, read and copied from another request's, and written.", "kind"),
		prompts:  desc("kept_prompts", "Prompts that are kept for those that begin alike."),
		bytes:    desc("cache_bytes", "Keys and values, those of kept prompts included."),
	}
}

// Describe implements prometheus.Collector.
func (c *scheduled) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.requests, c.outcomes, c.passes, c.rows, c.prompts, c.bytes} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *scheduled) Collect(to chan<- prometheus.Metric) {
	run, done, ok := c.runs.get()
	if !ok {
		return
	}
	defer done()
	stats := run.Stats()
	for _, model := range slices.Sorted(maps.Keys(stats)) {
		s := stats[model]
		show := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(d, kind, value, append([]string{model}, labels...)...)
		}
		show(c.requests, prometheus.GaugeValue, float64(s.Waiting), "waiting")
		show(c.requests, prometheus.GaugeValue, float64(s.Live), "live")
		show(c.outcomes, prometheus.CounterValue, float64(s.Answered), "answered")
		show(c.outcomes, prometheus.CounterValue, float64(s.Failed), "failed")
		show(c.outcomes, prometheus.CounterValue, float64(s.Refused), "refused")
		show(c.passes, prometheus.CounterValue, float64(s.Passes))
		show(c.rows, prometheus.CounterValue, float64(s.Read), "read")
		show(c.rows, prometheus.CounterValue, float64(s.Copied), "copied")
		show(c.rows, prometheus.CounterValue, float64(s.New), "written")
		show(c.prompts, prometheus.GaugeValue, float64(s.Kept))
		show(c.bytes, prometheus.GaugeValue, float64(s.Bytes))
	}
}
