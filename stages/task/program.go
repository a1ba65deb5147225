package task

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/gocode"
	"slm/llm"
	"slm/model"
	"slm/model/decode"
	"slm/retrieve"
	"slm/score"
	"slm/stages"
	"slm/stages/trainer"
)

// Body is what a system has written of a function: a row of AnswersFile.
type Body struct {
	ID      string  `arrow:"id"`
	Package string  `arrow:"package"`
	System  string  `arrow:"system"`
	Body    string  `arrow:"body"`
	Verdict string  `arrow:"verdict"`
	Exact   bool    `arrow:"exact"` // the same tokens as the function's own
	F1      float64 `arrow:"f1"`    // of tokens, as a bag
}

// Passes reports whether the package's tests pass with the body.
func (b Body) Passes() bool { return b.Verdict == passes }

// Compiles reports whether the package compiles with it, whatever it does.
func (b Body) Compiles() bool { return compiled(b.Verdict) }

// The systems that write bodies, besides Model and Alone.
const (
	Itself = "its own body"
	Twin   = "small model that has not read the corpus"
	Like   = "body of the nearest known function (BM25)"
	Zeroes = "zero values"
)

// test has the test functions written in every way, and judged.
func (m *coded) test(ctx context.Context, t *trial) (out *outcome, err error) {
	j, err := openJudge(ctx, t.on, t.env.Work(stages.Task))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	list, tests, err := m.covered(ctx, t, j)
	if err != nil {
		return nil, err
	}
	var rows []Body
	add := func(system string, of []gocode.Func, bodies []string) error {
		for i, f := range of {
			is := passes
			if system != Itself {
				if is, err = j.body(ctx, f, bodies[i], tests[f.Package]); err != nil {
					return err
				}
			}
			own, said := gocode.Tokens(f.Body), gocode.Tokens(bodies[i])
			rows = append(rows, Body{ID: f.ID, Package: f.Package, System: system, Body: bodies[i], Verdict: is, Exact: slices.Equal(own, said), F1: score.Overlap(own, said)})
			t.env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "judge: " + system, Step: i + 1, Of: len(of)})
		}
		return nil
	}
	ways := []struct {
		system string
		write  func() ([]string, error)
	}{
		{Itself, func() ([]string, error) { return each(list, func(f gocode.Func) string { return f.Body }), nil }},
		{Zeroes, func() ([]string, error) { return each(list, gocode.Func.Zero), nil }},
		{Like, func() ([]string, error) { return m.nearest(ctx, list) }},
		{Model, func() ([]string, error) { return writeWith(ctx, t, t.params, list, m.cfg.Tokens) }},
		{Twin, func() ([]string, error) { return m.twin(ctx, t, list) }},
	}
	for _, way := range ways {
		if way.system == Twin && !m.cfg.Twin {
			continue
		}
		bodies, err := way.write()
		if err == nil {
			err = add(way.system, list, bodies)
		}
		if err != nil {
			return nil, err
		}
	}
	facts := map[string]string{"test": strconv.Itoa(len(list)), "toolchain": j.toolchain.GOVERSION}
	if m.cfg.LLM > 0 {
		some := exam.Evenly(list, m.cfg.LLM)
		bodies, err := m.continued(ctx, t.env, some, facts)
		if err == nil {
			err = add(Alone, some, bodies)
		}
		if err != nil {
			return nil, err
		}
	}
	figures, err := bodiesOf(rows, t.env.Seed)
	if err != nil {
		return nil, err
	}
	figures.Most, figures.Left, figures.Toolchain = m.cfg.Tokens, m.left, j.toolchain.GOVERSION
	return &outcome{figures, facts, func(p *checkpoint.Pending) error {
		err := checkpoint.WriteTable(p.Path(AnswersFile), rows, nil)
		if m.cfg.LLM > 0 {
			err = errors.Join(err, t.env.Replies(p.Path(RepliesFile)))
		}
		return err
	}}, nil
}

// covered are the test functions of which the tests of their package fail when they only panic, and the tests of each package that pass as it is.
// The others would be an exam that can be passed without knowing, or not at all.
func (m *coded) covered(ctx context.Context, t *trial, j *judge) (list []gocode.Func, tests map[string][]string, err error) {
	tests = map[string][]string{}
	var ids []string
	for _, r := range m.held {
		if r.Split == exam.Test {
			ids = append(ids, r.ID)
		}
	}
	for i, id := range ids {
		f := m.of[id]
		own, err := j.own(ctx, f)
		if err != nil {
			return nil, nil, err
		}
		if own.Is != passes || len(own.Tests) == 0 {
			m.left[leftFails]++
			continue
		}
		tests[f.Package] = own.Tests
		is, err := j.body(ctx, f, f.Panics(), own.Tests)
		if err != nil {
			return nil, nil, err
		}
		if is == passes {
			m.left[leftIdle]++
		} else {
			list = append(list, f)
		}
		t.env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "cover", Step: i + 1, Of: len(ids)})
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("task: %w: of %d test functions none makes the tests of its package fail when it panics", ErrRows, len(ids))
	}
	return list, tests, nil
}

// writeWith has a model write bodies, the most likely token each time, up to the brace that closes the function.
func writeWith(ctx context.Context, t *trial, params *model.Params, list []gocode.Func, most int) ([]string, error) {
	var out []string
	dec := decode.New(params, t.env.Kernel)
	for part := range slices.Chunk(list, block) {
		reqs := make([]decode.Request, len(part))
		for i, f := range part {
			reqs[i] = decode.Request{Prompt: t.asks.prompt(f.Text), MaxNew: most, Stop: []int32{t.asks.dom.EOS}}
		}
		results, err := dec.Generate(ctx, reqs)
		if err != nil {
			return nil, fmt.Errorf("task: ask the small model: %w", err)
		}
		for _, r := range results {
			body, _ := gocode.Closed(strings.TrimRight(t.asks.dom.Tokenizer.Decode(r.Tokens), "\uFFFD"))
			out = append(out, body)
		}
		t.env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "write", Step: len(out), Of: len(list)})
	}
	return out, nil
}

// twin tunes a model that has read nothing on the same functions.
func (m *coded) twin(ctx context.Context, t *trial, list []gocode.Func) ([]string, error) {
	params := model.New(t.params.Config, t.env.Seed)
	job := t.job(params)
	job.Phase = "twin"
	if _, err := trainer.Run(ctx, t.env, job); err != nil {
		return nil, err
	}
	return writeWith(ctx, t, params, list, m.cfg.Tokens)
}

// nearest are the bodies of the known functions whose text BM25 finds for that of each.
func (m *coded) nearest(ctx context.Context, list []gocode.Func) ([]string, error) {
	known := make(corpus.Slice, len(m.known))
	for i, r := range m.known {
		known[i] = corpus.Section{ID: r.ID, Text: r.Text}
	}
	near, err := retrieve.OpenKeyword(known)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	defer func() { _ = near.Close() }() // in memory
	var out []string
	for _, f := range list {
		hits, err := near.Search(ctx, f.Text, 1)
		if err != nil {
			return nil, fmt.Errorf("task: %w", err)
		}
		body := ""
		if len(hits) > 0 {
			body = m.known[hits[0].Section].Target
		}
		out = append(out, body)
	}
	return out, nil
}

// bodyEnd ends a body in gofmt's form; the server leaves it out.
const bodyEnd = "\n}"

// continued has the black box go on with the text of functions.
func (m *coded) continued(ctx context.Context, env *stages.Env, list []gocode.Func, facts map[string]string) ([]string, error) {
	client, err := env.Client(ctx, stages.Task)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	var out []string
	var none llm.Tally
	for part := range slices.Chunk(list, askBlock) {
		reqs := make([]llm.Request, len(part))
		for i, f := range part {
			reqs[i] = llm.Request{Prompt: f.Text, MaxTokens: m.cfg.Tokens, Stop: []string{bodyEnd}}
		}
		replies, err := client.Do(ctx, reqs)
		if err != nil {
			return nil, fmt.Errorf("task: ask the black box: %w", err)
		}
		for i, r := range replies {
			none.Of++
			none.Add(part[i].ID, r.None)
			text := r.Text
			if !r.Cut && !strings.HasSuffix(text, bodyEnd) {
				text += bodyEnd
			}
			body, _ := gocode.Closed(text)
			out = append(out, body)
		}
		env.Emit(stages.Event{Type: "step", Stage: stages.Task, Phase: "ask", Step: len(out), Of: len(list)})
	}
	if none.Total() > 0 {
		facts["no_answer"] = none.String()
	}
	return out, none.Err()
}

func each[T, U any](list []T, f func(T) U) (out []U) {
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}

// reasons lists why test functions are not counted.
func reasons(left map[string]int) string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(left)) {
		parts = append(parts, fmt.Sprintf("%d %s", left[why], why))
	}
	return strings.Join(parts, ", ")
}
