package writer

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/rouge"
	"slm/llm"
	"slm/rng"
	"slm/stages/knowledge"
)

const (
	mostOptions = 4
	// likeOption is the ROUGE-L from which two answers are too much alike to stand against each other.
	likeOption = 0.5
	farthest   = 300 // questions between one and another whose answer stands against its own
)

// judge asks the black box the questions that have passed so far, with the knowledge and without it, as the filters need.
func (w *work) judge(ctx context.Context) error {
	if !w.Judges() {
		return nil
	}
	var asked []int
	var tests []test
	for i := range w.out.Questions {
		q := &w.out.Questions[i]
		if q.Dropped != "" {
			continue
		}
		t, why := w.options(i)
		if why != "" {
			q.Dropped, q.Why = w.asking(), "dropped: nothing tests it: "+why
			continue
		}
		asked, tests = append(asked, i), append(tests, t)
	}
	var with, without []said
	var err error
	if w.with() {
		if with, err = w.test(ctx, "test", asked, tests, true); err != nil {
			return err
		}
	}
	if w.without() {
		if without, err = w.test(ctx, "control", asked, tests, false); err != nil {
			return err
		}
	}
	for n, i := range asked {
		q := &w.out.Questions[i]
		var known, bare *said
		if with != nil {
			known = &with[n]
		}
		if without != nil {
			bare = &without[n]
		}
		q.Dropped, q.Why = w.verdict(known, bare)
		q.Keep = q.Dropped == ""
	}
	return nil
}

// asking is the first of the recipe's filters that asks.
func (w *work) asking() string {
	for _, filter := range []string{Counterfactual, Roundtrip, Leak} {
		if w.has(filter) {
			return filter
		}
	}
	return ""
}

// verdict is what the replies with the knowledge and without it come to; nil = it was not asked so.
func (w *work) verdict(known, bare *said) (dropped, why string) {
	drop := func(alone, why string) (string, string) {
		if w.has(Counterfactual) {
			alone = Counterfactual
		}
		return alone, "dropped: the black box " + why
	}
	switch {
	case known != nil && known.None != nil:
		return drop(Roundtrip, "gives no answer with the knowledge ("+string(known.None.Reason)+")")
	case known != nil && !known.Right:
		return drop(Roundtrip, "answers wrong with the knowledge")
	case bare != nil && bare.None == nil && bare.Right:
		return drop(Leak, "answers right without the knowledge")
	case bare == nil:
		return "", "kept: the black box answers right with the knowledge"
	case known == nil:
		return "", "kept: the black box does not answer right without the knowledge"
	}
	return "", "kept: the black box answers right with the knowledge, and not without"
}

// test is a question with its options.
type test struct {
	choices []string
	right   int
}

// test puts questions to the black box.
func (w *work) test(ctx context.Context, phase string, asked []int, tests []test, known bool) ([]said, error) {
	return w.blocks(phase, len(asked), judgeBlock, w.Judge, func(from, to int) ([]said, error) {
		questions := make([]llm.Question, 0, to-from)
		for n := from; n < to; n++ {
			q := w.out.Questions[asked[n]]
			ask := llm.Question{Question: q.Pair.Question, Choices: tests[n].choices}
			if known {
				ask.Knowledge = knowledge.Head(w.Domain, w.Domain.Sections.At(q.Section).Text, w.Passage)
			}
			questions = append(questions, ask)
		}
		answers, err := llm.Answer(ctx, w.Judge, w.Answer, questions)
		if err != nil {
			return nil, err
		}
		out := make([]said, len(answers))
		for i, a := range answers {
			out[i] = said{None: a.None, Right: a.Index == tests[from+i].right, Calls: a.Calls, Tokens: a.Tokens}
		}
		return out, nil
	})
}

// polar are the words for yes and no that an answer may begin with.
var polar = [][2]string{{"Yes", "No"}, {"Ja", "Nein"}, {"Oui", "Non"}, {"Sí", "No"}, {"是", "否"}, {"是的", "不是"}, {"可以", "不可以"}, {"能", "不能"}, {"会", "不会"}, {"需要", "不需要"}, {"有", "没有"}, {"네", "아니요"}, {"예", "아니요"}}

// yesOrNo makes a test of an answer that is one of two words, or begins with one that ends there.
func yesOrNo(answer string) (t test, ok bool) {
	text := strings.ToLower(answer)
	for _, pair := range polar {
		for i, word := range pair {
			rest, begins := strings.CutPrefix(text, strings.ToLower(word))
			if next, _ := utf8.DecodeRuneInString(rest); begins && !unicode.IsLetter(next) && !unicode.IsDigit(next) {
				return test{pair[:], i}, true
			}
		}
	}
	return test{}, false
}

// options makes a test of question i: yes against no, or its answer against those to questions about other sections, the nearest first. why says that
// there is none.
func (w *work) options(i int) (t test, why string) {
	q := w.out.Questions[i]
	if len(rouge.Words(q.Answer)) == 0 {
		return t, "it has no answer"
	}
	if t, ok := yesOrNo(q.Answer); ok {
		return t, ""
	}
	choices := []string{q.Answer}
	for d := 1; d <= farthest && len(choices) < mostOptions; d++ {
		for _, k := range []int{i - d, i + d} {
			if k < 0 || k >= len(w.out.Questions) || len(choices) == mostOptions {
				continue
			}
			if o := w.out.Questions[k]; o.Section != q.Section && differs(o.Answer, choices) {
				choices = append(choices, o.Answer)
			}
		}
	}
	if len(choices) < 2 {
		return t, "no other answer stands against its own"
	}
	order := rng.New(w.Seed, "writer", "options", q.Pair.ID).Perm(len(choices))
	t.choices = make([]string, len(choices))
	for from, to := range order {
		t.choices[to] = choices[from]
	}
	t.right = order[0]
	return t, ""
}

// differs reports whether an answer can stand against others: it is no yes or no, and none of them holds it, is held by it or is like it.
func differs(answer string, others []string) bool {
	if _, ok := yesOrNo(answer); ok || len(rouge.Words(answer)) == 0 {
		return false
	}
	mine := strings.Join(rouge.Words(answer), " ")
	for _, o := range others {
		other := strings.Join(rouge.Words(o), " ")
		if strings.Contains(mine, other) || strings.Contains(other, mine) || rouge.L(answer, o) >= likeOption {
			return false
		}
	}
	return true
}
