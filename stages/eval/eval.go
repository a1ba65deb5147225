// Package eval is the last stage: every system on the same held-out questions, from the LLM alone to the LLM with the true text, and the
// controls that must show nothing. It trains and tunes nothing; the test questions are seen here only.
//
// What counts as the same for all systems: the questions, the options, the way in which the black box is asked, and the length of a
// passage of knowledge, which is cut to Config.Knowledge tokens of the small model's tokenizer whether it was generated, found,
// cited or is the true text. rag3 and rag+blade give the LLM several passages of that length; their price is in the tokens.
package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/llm"
	"slm/result"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
	"slm/stages/route"
	"slm/stages/search"
	"slm/stages/systems"
)

// RepliesFile holds the black box's answers behind the table, JudgeRepliesFile the judge's.
const (
	RepliesFile      = "replies.arrow"
	JudgeRepliesFile = "replies-judge.arrow"
)

// Stage evaluates a run.
type Stage struct {
	cfg     Config
	oneStep bool // the small model generates its text straight from the question
}

// New returns the stage. oneStep is true when the recipe generates knowledge in one step.
func New(cfg Config, oneStep bool) *Stage { return &Stage{cfg, oneStep} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.Eval }

// Run evaluates the test split and writes the checkpoint. Every block of answers is kept before the next is asked for.
func (s *Stage) Run(ctx context.Context, env *stages.Env) error {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	if s.cfg.Knowledge, err = knowledge.Limit(dom, s.cfg.Knowledge); err != nil {
		return err
	}
	exams := s.exams(dom)
	client, err := env.Client(ctx, stages.Eval)
	if err != nil {
		return err
	}
	w, err := openWork(env.Work(stages.Eval), workKey(env, slices.Concat(exams...)), client)
	if err != nil {
		return err
	}
	sum, rows, router, err := s.evaluate(ctx, env, client, dom, exams, w)
	if err = errors.Join(err, w.log.Close()); err != nil {
		return err
	}
	if err := commit(env, sum, rows, router); err != nil {
		return err
	}
	return os.RemoveAll(env.Work(stages.Eval))
}

// exams are the test items of the exams, as many of each as are wanted, taken evenly: a file may have its questions by kind.
func (s *Stage) exams(dom *domain.Domain) [][]exam.Item {
	out := [][]exam.Item{exam.Only(dom.Items, exam.Test)}
	if asked := exam.Only(dom.Asked, exam.Test); len(asked) > 0 {
		out = append(out, asked)
	}
	for i, items := range out {
		if s.cfg.Items > 0 {
			out[i] = exam.Evenly(items, s.cfg.Items)
		}
	}
	return out
}

// Items evaluates a finished run on other questions and writes nothing. A question that names a section of the corpus is about that
// section, as in an exam from a file: its text is the true one. Questions without a true text leave oracle out, and recall.
func (s *Stage) Items(ctx context.Context, env *stages.Env, items []exam.Item) (*result.Summary, []result.Row, error) {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	if s.cfg.Knowledge, err = knowledge.Limit(dom, s.cfg.Knowledge); err != nil {
		return nil, nil, err
	}
	items = slices.Clone(items)
	sections := func(yield func(corpus.Section, error) bool) {
		for _, sec := range dom.Sections.All() {
			if !yield(sec, nil) {
				return
			}
		}
	}
	found, err := exam.Locate(items, sections, dom.Forms)
	if err != nil {
		return nil, nil, err
	}
	client, err := env.Client(ctx, stages.Eval)
	if err != nil {
		return nil, nil, err
	}
	sum, rows, _, err := s.evaluate(ctx, env, client, dom, [][]exam.Item{items}, &work{})
	if sum != nil {
		sum.Notes = append(sum.Notes, absent(found)...)
	}
	return sum, rows, err
}

// workKey says what partial work belongs to.
func workKey(env *stages.Env, items []exam.Item) string {
	b, _ := json.Marshal([]any{env.Fingerprint, env.Parents, exam.Digest(items)}) // strings and maps of strings always encode
	return string(b)
}

// absent is a note about places that questions name and the corpus does not have.
func absent(found exam.Found) []string {
	const told = 5
	n := len(found.Missing)
	if n == 0 {
		return nil
	}
	text := fmt.Sprintf("the corpus does not have %d of the places that the questions name; they are never found: ", n)
	for i, m := range found.Missing[:min(n, told)] {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("line %d: %s, nearest %s", m.Line, m.Place, strings.Join(m.Nearest, ", "))
	}
	if n > told {
		text += "; …"
	}
	return []string{text + "."}
}

// evaluate runs the systems on each exam and computes the tables. The first exam's summary holds the second's.
func (s *Stage) evaluate(ctx context.Context, env *stages.Env, client llm.Client, dom *domain.Domain, exams [][]exam.Item, w *work) (sum *result.Summary, rows []result.Row, router *route.Router, err error) {
	with, err := systems.Open(systems.Run{
		Dir: env.Dir, Domain: dom, Kernel: env.Kernel, Seed: env.Seed, Box: client, Style: env.Answer, OneStep: s.oneStep, Limit: s.cfg.Knowledge,
		Proxying: s.cfg.Proxy,
		Server:   search.Serve(env, stages.Eval),
	})
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { err = errors.Join(err, with.Close()) }()
	routed, err := s.route(ctx, env, dom, with, w)
	if err != nil {
		return nil, nil, nil, err
	}
	specs, err := systems.Resolve(slices.Concat(s.cfg.Systems, routed.systems()))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("eval: %w", err)
	}
	far := newProgress(env, len(specs), exams)
	var sums []*result.Summary
	var parts [][]result.Row
	for i, items := range exams {
		r := newRunner(items, with, w, s.cfg.Answer == Free)
		r.whole = wholePlace(dom.Forms)
		r.progress = far.tell
		got, err := r.run(ctx, specs)
		if err != nil {
			return nil, nil, nil, err
		}
		truth := map[string]bool{}
		for _, it := range items {
			truth[it.ID] = it.Knowledge != ""
		}
		one := &result.Summary{Exam: exam.Digest(items), LLM: client.Info().Model, Style: s.style(env), Limit: s.cfg.Knowledge, Method: s.cfg.Intervals.Method, Notes: slices.Concat(r.notes, routed.notes), Steered: r.steered, Written: exam.SelfMade(items)}
		if one.Retrieval, err = s.retrieval(ctx, env, with, dom, items); err != nil {
			return nil, nil, nil, err
		}
		if one.Judge, err = s.judge(ctx, env, items, got); err != nil {
			return nil, nil, nil, err
		}
		if knows, ok := exam.KnowsDocument(items); ok && !r.free {
			one.KnowsDocument = &knows
		}
		if err := summarise(one, got, truth, with.Has, s.cfg.Intervals.N, env.Seed); err != nil {
			return nil, nil, nil, err
		}
		if one.Routing, err = s.told(ctx, env, with, routed, items, got, i == 0); err != nil {
			return nil, nil, nil, err
		}
		sums, parts = append(sums, one), append(parts, got)
		if rows = append(rows, got...); i == 0 {
			sum = one
			continue
		}
		sum.Asked, sum.Title, one.Title = one, title(exams[0], dom.Forms), title(items, dom.Forms)
	}
	return sum, rows, routed.router, s.judgeRun(ctx, env, with, dom, sums, parts)
}

// style is how the black box is asked.
func (s *Stage) style(env *stages.Env) string {
	if s.cfg.Answer == Free {
		return Free
	}
	return env.Answer
}

// title says what the questions of an exam are, where there are two.
func title(items []exam.Item, forms form.Set) string {
	switch own := exam.SelfMade(items); {
	case items[0].Exam == exam.Asked && own:
		return "as asked, written by the program from the text by rules"
	case items[0].Exam == exam.Asked:
		return "as asked"
	case own && strings.Contains(forms.Exam, "{number}"):
		return "by number, written by the program"
	case own:
		return "by place, written by the program"
	case !slices.ContainsFunc(items, func(m exam.Item) bool { return m.Section == "" || len(m.Places) > 0 }):
		return "that name their sections"
	}
	return "of the exam's file"
}

// wholePlace turns the place of a part of a section into the section's.
func wholePlace(forms form.Set) func(string) string {
	return func(place string) string {
		if whole, _, _, ok := forms.ParsePart(place); ok {
			return whole
		}
		return place
	}
}

// commit writes the checkpoint.
func commit(env *stages.Env, sum *result.Summary, rows []result.Row, router *route.Router) error {
	text, err := sum.JSON()
	if err != nil {
		return err
	}
	p, err := checkpoint.Begin(env.Dir(stages.Eval))
	if err != nil {
		return err
	}
	if err = checkpoint.WriteTable(p.Path(result.ItemsFile), rows, nil); err == nil {
		err = checkpoint.WriteFileAtomic(p.Path(result.SummaryFile), text)
	}
	if err == nil && router != nil {
		err = router.Write(p.Path(route.File))
	}
	if err == nil {
		err = env.Replies(p.Path(RepliesFile))
	}
	if err == nil && sum.Judge != nil {
		err = env.OtherReplies(judgeName, p.Path(JudgeRepliesFile))
	}
	if err == nil {
		err = search.ExportFound(env, stages.Eval, p.Path)
	}
	if err != nil {
		_ = p.Abort() // the first error is the one to tell
		return err
	}
	m := env.Manifest(stages.Eval)
	m.Facts["exam"], m.Facts["llm"], m.Facts["answer"] = sum.Exam, sum.LLM, sum.Style
	var names []string
	for _, one := range sum.Exams() {
		for _, sys := range one.Systems {
			if one == sum {
				names = append(names, sys.System)
			}
			m.Counters["llm_calls"] += int64(sys.Calls)
			m.Counters["llm_tokens"] += int64(sys.Tokens)
		}
	}
	m.Facts["systems"] = strings.Join(names, " ")
	m.Counters["items"] = int64(sum.Items)
	if sum.Asked != nil {
		m.Facts["exam_asked"], m.Counters["items_asked"] = sum.Asked.Exam, int64(sum.Asked.Items)
	}
	if err := p.Commit(m); err != nil {
		return err
	}
	env.Emit(stages.Event{Type: "checkpoint", Stage: stages.Eval, Path: env.Dir(stages.Eval)})
	return nil
}

var _ stages.Stage = (*Stage)(nil)
