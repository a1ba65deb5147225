package proxytuning

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"slm/model/proxy"
	"slm/stat"
)

// row is a system.
type row struct {
	name    string
	picked  float64 // share of the questions
	logProb float64 // of the right option, nats a token
	by      *comparison
}

// comparison is that of a steered model: the share of the way from the large untuned model to the large tuned one, NaN where that is no better, and the lead
// over the expert alone.
type comparison struct {
	gapPicked, gapLogProb   stat.Interval
	leadPicked, leadLogProb stat.Interval
	p                       float64 // McNemar's, of the options picked
}

// table is what was measured.
type table struct {
	questions int
	rows      []row
	notes     []string
}

func mean(x []float64) (s float64) {
	for _, v := range x {
		s += v / float64(len(x))
	}
	return s
}

func plain(name string, o outcome) row {
	return row{name: name, picked: mean(stat.Floats(o.picked)), logProb: mean(o.logProb)}
}

// steered is the row of a steered model, beside the large one untuned and tuned, and its expert.
func steered(name string, o, base, bound, expert outcome) (r row, err error) {
	r = plain(name, o)
	r.by = &comparison{}
	test, err := stat.McNemar(o.picked, expert.picked)
	if err != nil {
		return r, err
	}
	r.by.p = test.P
	for _, m := range []struct {
		of        func(outcome) []float64
		gap, lead *stat.Interval
	}{
		{func(o outcome) []float64 { return stat.Floats(o.picked) }, &r.by.gapPicked, &r.by.leadPicked},
		{func(o outcome) []float64 { return o.logProb }, &r.by.gapLogProb, &r.by.leadLogProb},
	} {
		if *m.gap, err = stat.Headroom(m.of(base), m.of(o), m.of(bound), stat.Options{}); err != nil {
			return r, err
		}
		if *m.lead, err = stat.Difference(m.of(o), m.of(expert), stat.Options{}); err != nil {
			return r, err
		}
	}
	return r, nil
}

// measured makes the table of the runs below a folder.
func measured(ctx context.Context, dir string, rounds int) (*table, error) {
	w, err := open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.dom.Close() }() // mapped for reading
	t := &table{questions: len(w.test)}
	base, err := w.alone(ctx, w.large.untuned, w.test)
	if err != nil {
		return nil, err
	}
	bound, err := w.alone(ctx, w.large.tuned, w.test)
	if err != nil {
		return nil, err
	}
	name := func(s size, m model) string { return fmt.Sprintf("%s (%.2f M)", s.name, float64(m.parameters)/1e6) }
	t.rows = append(t.rows, plain(name(large, w.large)+", untuned", base), plain(name(large, w.large)+", tuned: the bound", bound))
	for i, s := range experts {
		if err := w.expert(ctx, t, name(s, w.small[i]), w.small[i], base, bound, rounds); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// expert adds what one expert does, alone and as a proxy.
func (w *world) expert(ctx context.Context, t *table, name string, m model, base, bound outcome, rounds int) error {
	untuned, err := w.alone(ctx, m.untuned, w.test)
	if err != nil {
		return err
	}
	expert, err := w.alone(ctx, m.tuned, w.test)
	if err != nil {
		return err
	}
	t.rows = append(t.rows, plain(name+", untuned", untuned), plain(name+", tuned: the expert alone", expert))
	p, err := w.proxyOf(m)
	if err != nil {
		return err
	}
	alpha, err := w.alpha(ctx, p)
	if err != nil {
		return err
	}
	by := []proxy.Setting{{Alpha: 1}, {Alpha: alpha}}
	names := []string{"proxy by " + name + ", alpha 1", fmt.Sprintf("the same, alpha %g by development", alpha)}
	for _, k := range shown {
		by, names = append(by, proxy.Setting{Alpha: 1, Top: k, Tau: 0.5}), append(names, fmt.Sprintf("alpha 1, k = %d", k))
	}
	got, err := w.steer(ctx, p, w.test, by...)
	if err != nil {
		return err
	}
	for k, o := range got {
		r, err := steered(names[k], o, base, bound, expert)
		if err != nil {
			return err
		}
		t.rows = append(t.rows, r)
	}
	ratios, err := w.timed(ctx, p, rounds)
	if err != nil {
		return err
	}
	t.notes = append(t.notes, fmt.Sprintf("%s: a token takes %.2f times as long as by the large model alone (median of %d rounds, %.2f to %.2f); 1 + 2 N_s/N_l is %.2f",
		name, ratios[len(ratios)/2], rounds, ratios[0], ratios[len(ratios)-1], 1+2*float64(m.parameters)/float64(w.large.parameters)))
	return nil
}

// alpha is the value with the most development questions right, the first of equals.
func (w *world) alpha(ctx context.Context, p *proxy.Proxy) (float64, error) {
	var by []proxy.Setting
	for _, a := range alphas {
		by = append(by, proxy.Setting{Alpha: a})
	}
	right := make([]int, len(alphas))
	for _, it := range w.dev {
		options := w.options(it)
		sums, err := p.Score(ctx, proxy.Same(w.prompt(it)), options, by...)
		if err != nil {
			return 0, err
		}
		for k := range by {
			if likeliest(sums[k], options) == it.Answer {
				right[k]++
			}
		}
	}
	return alphas[slices.Index(right, slices.Max(right))], nil
}

// show prints the table.
func (t *table) show(out io.Writer) error {
	percent := func(i stat.Interval) string {
		if math.IsNaN(i.Value) || math.IsNaN(i.Low) {
			return "no gap"
		}
		return fmt.Sprintf("%.0f %% (%.0f to %.0f)", 100*i.Value, 100*i.Low, 100*i.High)
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "%d questions\tright\tgap closed\tlead over the expert, points\tright option, nats a token\tgap closed\tlead over the expert, nats\n", t.questions)
	for _, r := range t.rows {
		fmt.Fprintf(tw, "%s\t%.0f %%\t", r.name, 100*r.picked)
		if c := r.by; c != nil {
			fmt.Fprintf(tw, "%s\t%+.0f (%+.0f to %+.0f), p = %.2g\t", percent(c.gapPicked), 100*c.leadPicked.Value, 100*c.leadPicked.Low, 100*c.leadPicked.High, c.p)
			fmt.Fprintf(tw, "%.2f\t%s\t%+.2f (%+.2f to %+.2f)\n", r.logProb, percent(c.gapLogProb), c.leadLogProb.Value, c.leadLogProb.Low, c.leadLogProb.High)
			continue
		}
		fmt.Fprintf(tw, "\t\t%.2f\t\t\n", r.logProb)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, n := range t.notes {
		if _, err := fmt.Fprintln(out, n); err != nil {
			return err
		}
	}
	return nil
}
