package proxytuning

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"slm/data/exam"
	"slm/data/form"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/proxy"
	"slm/stages"
	"slm/stages/domain"
)

// model is a size before and after its tuning.
type model struct {
	untuned, tuned *decode.Decoder
	parameters     int64
}

// outcome is how a system did on each question.
type outcome struct {
	picked  []bool    // the right option has the highest mean log-probability
	logProb []float64 // of the right option, a token
}

// world is what all measurements share.
type world struct {
	dom    *domain.Domain
	large  model
	small  []model // as experts
	dev    []exam.Item
	test   []exam.Item
	tokens int // of a text that is timed
}

// alphas are those of the system proxy, the first of equals.
var alphas = []float64{1, 0.5, 1.5, 0.25, 2}

// shown are the numbers of log-probabilities that a server gives.
var shown = []int{5, 20, 100}

func open(dir string) (*world, error) {
	be, err := kernel.Open("")
	if err != nil {
		return nil, err
	}
	w := &world{tokens: 18}
	load := func(s size) (model, error) {
		run, err := runOf(dir, s)
		if err != nil {
			return model{}, err
		}
		var m model
		for stage, d := range map[string]**decode.Decoder{stages.DP: &m.untuned, stages.KIT: &m.tuned} {
			params, err := domain.LoadModel(filepath.Join(run, stage))
			if err != nil {
				return m, err
			}
			*d, m.parameters = decode.New(params, be), params.Config.Count()
		}
		if w.dom == nil {
			w.dom, err = domain.Open(filepath.Join(run, stages.Data))
		}
		return m, err
	}
	if w.large, err = load(large); err != nil {
		return nil, err
	}
	for _, s := range experts {
		m, err := load(s)
		if err != nil {
			return nil, err
		}
		w.small = append(w.small, m)
	}
	w.dev, w.test = exam.Only(w.dom.Items, exam.Dev), exam.Only(w.dom.Items, exam.Test)
	return w, nil
}

func (w *world) prompt(it exam.Item) []int32 { return w.dom.Tokenizer.Encode(form.Ask(it.Question)) }

func (w *world) options(it exam.Item) (out [][]int32) {
	for _, c := range it.Choices {
		out = append(out, w.dom.Tokenizer.Encode(form.Continuation(c)))
	}
	return out
}

// add notes the sums of log p of a question's options.
func (o *outcome) add(it exam.Item, options [][]int32, sums []float64) {
	o.picked = append(o.picked, likeliest(sums, options) == it.Answer)
	o.logProb = append(o.logProb, sums[it.Answer]/float64(len(options[it.Answer])))
}

// likeliest is the option of the highest mean log-probability a token, the first of equals.
func likeliest(sums []float64, options [][]int32) (best int) {
	for i := range sums {
		if sums[i]/float64(len(options[i])) > sums[best]/float64(len(options[best])) {
			best = i
		}
	}
	return best
}

// alone asks one model.
func (w *world) alone(ctx context.Context, d *decode.Decoder, items []exam.Item) (o outcome, err error) {
	for _, it := range items {
		options := w.options(it)
		sums, err := d.Score(ctx, []decode.ScoreRequest{{Prefix: w.prompt(it), Continuations: options}})
		if err != nil {
			return o, err
		}
		o.add(it, options, sums[0])
	}
	return o, nil
}

// steer asks the large untuned model with an expert, under some settings.
func (w *world) steer(ctx context.Context, p *proxy.Proxy, items []exam.Item, by ...proxy.Setting) ([]outcome, error) {
	out := make([]outcome, len(by))
	for _, it := range items {
		options := w.options(it)
		sums, err := p.Score(ctx, proxy.Same(w.prompt(it)), options, by...)
		if err != nil {
			return nil, err
		}
		for k := range by {
			out[k].add(it, options, sums[k])
		}
	}
	return out, nil
}

// proxyOf puts the large model and an expert together.
func (w *world) proxyOf(s model) (*proxy.Proxy, error) {
	of := func(name string, d *decode.Decoder) proxy.Model {
		return proxy.Model{Name: name, Decoder: d, Tokenizer: w.dom.Tokenizer}
	}
	return proxy.New(of("large", w.large.untuned), of("expert", s.tuned), of("expert before tuning", s.untuned))
}

// timed is the time of texts by the proxy over that of the large model alone: a ratio a round, each side in turn.
func (w *world) timed(ctx context.Context, p *proxy.Proxy, rounds int) (ratios []float64, err error) {
	items := w.test[:min(8, len(w.test))]
	for range rounds {
		begin := time.Now()
		for _, it := range items {
			if _, err := w.large.untuned.Generate(ctx, []decode.Request{{Prompt: w.prompt(it), MaxNew: w.tokens}}); err != nil {
				return nil, err
			}
		}
		alone := time.Since(begin)
		begin = time.Now()
		for _, it := range items {
			if _, err := p.Generate(ctx, proxy.Same(w.prompt(it)), proxy.Setting{Alpha: 1}, w.tokens, nil, nil); err != nil {
				return nil, err
			}
		}
		ratios = append(ratios, float64(time.Since(begin))/float64(alone))
	}
	slices.Sort(ratios)
	return ratios, nil
}
