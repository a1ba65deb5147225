package find

import (
	"context"
	"slices"

	"slm/data/exam"
	"slm/retrieve"
	"slm/rng"
	"slm/stages/domain"
	"slm/stages/search"
	"slm/stat"
)

// folds is in how many parts the questions are cut to say how the fusion does on questions that it was not fitted on.
const folds = 5

// prior is how many questions the starting weights are worth.
const prior = 10

// resamples is how many times the questions are drawn for an interval.
const resamples = 2000

// start is the weight of each signal of the index before any question was seen; an encoder's is its spec's. They were fitted on questions that people have
// asked about two corpora, and rounded: docs/asked.md, "What questions by rules teach".
var start = map[string]float64{
	retrieve.Text: 0.4, retrieve.Rest: 0.4, retrieve.Heading: 0.1, retrieve.Around: 0.1, retrieve.Document: 0.2, retrieve.Name: 0.5, retrieve.Version: 0.5, retrieve.Number: 1,
}

// Unasked is the learned search of a domain about which nobody has asked: by the weights that its signals begin with. with are its retrievers by name.
func Unasked(dom *domain.Domain, with map[string]retrieve.Retriever) (retrieve.Retriever, error) {
	var signals []retrieve.Scorer
	var weights []float64
	index := retrieve.NewIndex(dom.Sections, nil)
	for _, name := range retrieve.Signals() {
		signals, weights = append(signals, index.Signal(name)), append(weights, start[name])
	}
	for _, spec := range search.Encoders {
		if dense, ok := with[spec.Name].(retrieve.Scorer); ok {
			signals, weights = append(signals, dense), append(weights, spec.Start)
		}
	}
	return retrieve.Learned(weights, signals...)
}

// part are the questions of an exam's split.
type part struct {
	exam, split string
	people      bool // somebody has asked them, and not this program
	questions   []retrieve.Asked
}

// fitting fits the fusion of some signals and measures it.
type fitting struct {
	cfg      Config
	sections int
	keyword  *retrieve.Keyword
	signals  []search.Signal // those of the index, then the vectors
	parts    []part
	seed     uint64
	progress func(phase string, step, of int)
}

// parts are the questions that something may be fitted on: of each exam those for training, which an encoder that was taught them spoils, and those for
// development.
func parts(dom *domain.Domain, dense []string) (out []part) {
	splits := []string{exam.Train, exam.Dev}
	if slices.ContainsFunc(dense, search.Taught) {
		splits = []string{exam.Dev}
	}
	for _, split := range splits {
		for _, p := range []part{
			{"", split, !exam.SelfMade(dom.Items), search.Asked(dom, dom.Items, split)},
			{exam.Asked, split, !exam.SelfMade(dom.Asked), search.Asked(dom, dom.Asked, split)},
		} {
			if len(p.questions) > 0 {
				out = append(out, p)
			}
		}
	}
	return out
}

// near is the first encoder's signal; nil = there is none.
func (f fitting) near() retrieve.Scorer {
	if n := len(retrieve.Signals()); len(f.signals) > n {
		return f.signals[n].Scorer
	}
	return nil
}

// questions are all, one behind the other.
func (f fitting) questions() (all []retrieve.Asked) {
	for _, p := range f.parts {
		all = append(all, p.questions...)
	}
	return all
}

// run returns the fusion, fitted on all questions of people, and how well each retriever does on the development questions: each signal alone, and all together,
// with weights that were fitted without the question and all others about its sections. held are the retrievers with these weights, one a fold.
func (f fitting) run(ctx context.Context) (fusion search.Fusion, held []retrieve.Retriever, quality []retrieve.Quality, err error) {
	fusion = search.Fusion{Version: search.FusionVersion, Fuse: f.cfg.Fuse, Dense: f.cfg.Dense, Aliases: f.cfg.Aliases}
	measure := func(name string, ranks func(p part, first int) ([][]int, error)) error {
		first := 0
		for _, p := range f.parts {
			if p.split == exam.Dev {
				got, err := ranks(p, first)
				if err != nil {
					return err
				}
				q, err := retrieve.Measure(name, p.questions, got, stat.Options{Resamples: resamples, Stream: rng.New(f.seed, "find", "bootstrap")})
				if err != nil {
					return err
				}
				q.Exam = p.exam
				quality = append(quality, q)
			}
			first += len(p.questions)
		}
		return nil
	}
	by := func(r retrieve.Retriever) func(part, int) ([][]int, error) {
		return func(p part, _ int) ([][]int, error) { return retrieve.Ranks(ctx, r, p.questions) }
	}
	if err := measure(search.Keyword, by(f.keyword)); err != nil {
		return fusion, nil, nil, err
	}
	ranked := []retrieve.Retriever{f.keyword}
	for i, s := range f.signals {
		if i >= len(retrieve.Signals()) {
			ranked = append(ranked, retrieve.Ranked(s.Scorer))
		}
		if err := measure(s.Name, by(retrieve.Ranked(s.Scorer))); err != nil {
			return fusion, nil, nil, err
		}
	}
	name := search.RRF
	if f.cfg.Fuse == search.RRF {
		name = search.Hybrid
	}
	reciprocal := retrieve.Reciprocal(f.sections, ranked...)
	if err := measure(name, by(reciprocal)); err != nil || f.cfg.Fuse == search.RRF {
		return fusion, slices.Repeat([]retrieve.Retriever{reciprocal}, folds), quality, err // it is fitted on nothing
	}
	weights, ranks, held, err := f.learn(ctx)
	if err != nil {
		return fusion, nil, nil, err
	}
	for i, s := range f.signals {
		fusion.Signals = append(fusion.Signals, search.Weight{Signal: s.Name, Weight: weights[i]})
	}
	fusion.Questions = len(f.where(func(p part) bool { return p.people }))
	return fusion, held, quality, measure(search.Hybrid, func(p part, first int) ([][]int, error) { return ranks[first:][:len(p.questions)], nil })
}

// learn fits the weights on the questions that people have asked, and for the ranks of each development question on those of the other folds, by the
// retriever of its own.
func (f fitting) learn(ctx context.Context) (weights []float64, ranks [][]int, by []retrieve.Retriever, err error) {
	var scorers []retrieve.Scorer
	var from []float64
	for _, s := range f.signals {
		scorers, from = append(scorers, s.Scorer), append(from, s.Start)
	}
	all := f.questions()
	fold, people := deal(all, f.seed), f.where(func(p part) bool { return p.people })
	cases := make([]retrieve.Case, len(all)) // of people's questions
	for n, i := range people {
		if cases[i], err = retrieve.NewCase(ctx, scorers, all[i]); err != nil {
			return nil, nil, nil, err
		}
		if (n+1)%16 == 0 || n+1 == len(people) {
			f.progress("fit", n+1, len(people))
		}
	}
	balance(f.parts, cases)
	without := func(k int) ([]float64, error) { // a fold; -1 = with all
		var some []retrieve.Case
		for _, i := range people {
			if fold[i] != k {
				some = append(some, cases[i])
			}
		}
		return fit(some, from)
	}
	if weights, err = without(-1); err != nil {
		return nil, nil, nil, err
	}
	ranks = make([][]int, len(all))
	dev := f.where(func(p part) bool { return p.split == exam.Dev })
	for k := range folds {
		w, err := without(k)
		if err != nil {
			return nil, nil, nil, err
		}
		hybrid, err := retrieve.Learned(w, scorers...)
		if err != nil {
			return nil, nil, nil, err
		}
		by = append(by, hybrid)
		for _, i := range dev {
			if fold[i] == k {
				one, err := retrieve.Ranks(ctx, hybrid, all[i:i+1])
				if err != nil {
					return nil, nil, nil, err
				}
				ranks[i] = one[0]
			}
		}
	}
	return weights, ranks, by, nil
}

// where are the places among all questions of those of some parts.
func (f fitting) where(is func(part) bool) (at []int) {
	first := 0
	for _, p := range f.parts {
		for i := range p.questions {
			if is(p) {
				at = append(at, first+i)
			}
		}
		first += len(p.questions)
	}
	return at
}

// balance gives each exam the same weight, however many questions it has.
func balance(parts []part, cases []retrieve.Case) {
	total := map[string]float64{}
	for _, p := range parts {
		total[p.exam] += float64(len(p.questions))
	}
	i := 0
	for _, p := range parts {
		for range p.questions {
			cases[i].Weight = 1 / total[p.exam]
			i++
		}
	}
}

// fit fits weights. The prior is that of the number of questions that carry the weight: (Σw)²/Σw² of them.
func fit(cases []retrieve.Case, from []float64) ([]float64, error) {
	var sum, square float64
	for _, c := range cases {
		sum, square = sum+c.Weight, square+float64(c.Weight*c.Weight)
	}
	if sum == 0 {
		return slices.Clone(from), nil
	}
	return retrieve.Fit(cases, from, prior*square/(sum*sum))
}

// deal gives each question a fold. Questions that share a section, directly or through others, are in the same one.
func deal(questions []retrieve.Asked, seed uint64) []int {
	parent := map[int]int{} // of a section, towards the one that stands for its group
	var top func(s int) int
	top = func(s int) int {
		if p, ok := parent[s]; ok && p != s {
			parent[s] = top(p)
			return parent[s]
		}
		return s
	}
	for _, q := range questions {
		for _, s := range q.Sections {
			if a, b := top(q.Sections[0]), top(s); a != b {
				parent[max(a, b)] = min(a, b)
			}
		}
	}
	fold := make([]int, len(questions))
	for i, q := range questions {
		fold[i] = rng.New(seed, "find", "folds").At(uint64(top(q.Sections[0]))).IntN(folds)
	}
	return fold
}
