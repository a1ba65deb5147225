package writer

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"slm/data/exam"
	"slm/llm"
)

// plain writes one good question a section, with its answer.
func plain() *fake {
	return &fake{name: "scribe", writes: func(i int) string { return fmt.Sprintf("Q: %s\nA: %s", asking(i), subjects[i][1]) }}
}

func run(t *testing.T, j Job) *Result {
	t.Helper()
	got, err := Run(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRun_GoodQuestionsAreKeptWithTheirPlace(t *testing.T) {
	writer, judge := plain(), &fake{name: "box"}
	got := run(t, job(t, writer, judge))
	if len(got.Questions) != len(subjects) || got.Sections != len(subjects) || got.Barren != 0 || got.Calls != 2*len(subjects) || got.Tokens != 11*got.Calls {
		t.Fatalf("%+v", got)
	}
	for i, q := range got.Questions {
		if !q.Keep || q.Section != i || q.Pair.Question != asking(i) || q.Answer != subjects[i][1] || q.Pair.Place != fmt.Sprintf("Act, section %d:", i) || q.Pair.Kind != "written" ||
			q.Pair.Source != "written by scribe from act.txt" || q.Why != "kept: the black box answers right with the knowledge" {
			t.Errorf("%+v", q)
		}
	}
	for _, prompt := range writer.asked {
		if !strings.Contains(prompt, "write 5 questions") || !strings.Contains(prompt, "Document: Act") || strings.Contains(prompt, "section 1") {
			t.Errorf("asked %q", prompt)
		}
	}
}

func TestRun_EachFilterDropsWhatItIsForAndCanBeSwitchedOff(t *testing.T) {
	bad := map[string]string{
		Length:    "Apples now?",
		Copy:      "Is it true: whoever keeps apples in this county shall register them with the clerk?",
		Place:     "Could you explain why section 0 speaks about a measure?",
		Similar:   "Please: " + asking(0),
		Roundtrip: "Which thing do dogs and apples have in common here?",
	}
	writer := plain()
	writer.writes = func(i int) string {
		text := fmt.Sprintf("Q: %s\nA: %s\n", asking(i), subjects[i][1])
		if i == 0 {
			for _, filter := range []string{Length, Copy, Place, Similar, Roundtrip} {
				text += "Q: " + bad[filter] + "\nA: a single answer of its own\n"
			}
		}
		return text
	}
	for _, off := range []string{"", Length, Copy, Place, Similar, Roundtrip} {
		j := job(t, writer, &fake{name: "box"})
		j.Filters = nil
		for _, filter := range Default().Filters {
			if filter != off {
				j.Filters = append(j.Filters, filter)
			}
		}
		kept := map[string]bool{}
		for _, q := range run(t, j).Questions {
			kept[q.Pair.Question] = q.Keep
			for filter, text := range bad {
				if q.Pair.Question == text && filter != off && (q.Dropped != filter || !strings.HasPrefix(q.Why, "dropped: ")) {
					t.Errorf("without %q: %q is dropped by %q: %s", off, text, q.Dropped, q.Why)
				}
			}
		}
		if off == Roundtrip && !kept[bad[off]] || !kept[asking(0)] {
			t.Errorf("without %q: %v", off, kept)
		}
	}
}

func TestRun_HeldOutQuestionsAndTheirNearCopiesNeverGetIn(t *testing.T) {
	writer := plain()
	writer.writes = func(i int) string {
		return "Q: What does section 1 of ACT say?\nA: x\nQ: For how many hours may a candle burn in a church at night?\nA: forty hours\nQ: What does section 3 of Act say?\nA: y\nQ: who may sell ferries to any stranger?\nA: z"
	}
	j := job(t, writer, &fake{name: "box"})
	j.Filters = nil
	j.Domain.Asked = []exam.Item{{ID: "asked-1", Exam: exam.Asked, Split: exam.Dev, Question: "Who may sell ferries to a stranger?"}}
	got := run(t, j)
	for n, q := range got.Questions { // the third one is no held-out question, and as like to one as a near copy
		if q.Keep || q.Dropped != Held || !strings.Contains(q.Why, []string{"Act#1", "Act#2", "Act#", "asked-1"}[n%4]) {
			t.Errorf("%+v", q)
		}
	}
}

func TestRun_SectionsAreThoseThatTheRecipeAsksFor(t *testing.T) {
	j := job(t, plain(), &fake{name: "box"})
	j.Sections = "train"
	for _, q := range run(t, j).Questions {
		if i := q.Section % 4; i == 1 || i == 2 {
			t.Errorf("section %d is held out", q.Section)
		}
	}
	j.Sections, j.Most = "all", 3
	first := run(t, j)
	if first.Sections != 3 || !reflect.DeepEqual(first, run(t, j)) {
		t.Errorf("%d sections, or others", first.Sections)
	}
	j.Seed++
	if again := run(t, j); reflect.DeepEqual(again.Questions, first.Questions) {
		t.Error("another seed draws the same")
	}
}

func TestRun_LeakAndCounterfactualAskWithoutTheKnowledge(t *testing.T) {
	knows := &fake{name: "box", picks: func(question string, known bool) bool {
		return known && !strings.Contains(question, "dogs") || strings.Contains(question, "apples")
	}}
	for filters, want := range map[string]map[int]string{ // by section, the filter that drops it
		"leak":           {0: Leak},
		"counterfactual": {0: Counterfactual, 3: Counterfactual},
		"roundtrip leak": {0: Leak, 3: Roundtrip},
	} {
		j := job(t, plain(), knows)
		j.Filters = strings.Fields(filters)
		for i, q := range run(t, j).Questions {
			if q.Dropped != want[i] || q.Keep != (want[i] == "") {
				t.Errorf("%s: %+v", filters, q)
			}
		}
	}
}

func TestRun_MissingAnswersAreAskedForAndWhatCannotBeTestedIsDropped(t *testing.T) {
	writer := plain()
	writer.writes = func(i int) string {
		switch i {
		case 1:
			return "1. " + asking(1) // without an answer
		case 2:
			return "I see nothing to ask."
		case 3:
			return "Q: Is it allowed to own dogs here?\nA: Yes, with a lead."
		}
		return fmt.Sprintf("Q: %s\nA: %s", asking(i), subjects[i][1])
	}
	got := run(t, job(t, writer, &fake{name: "box"}))
	if got.Barren != 1 || len(got.Questions) != len(subjects)-1 {
		t.Fatalf("%d without a question, %d questions", got.Barren, len(got.Questions))
	}
	if q := got.Questions[1]; q.Answer != subjects[1][1] || !q.Keep {
		t.Errorf("%+v", q)
	}
	if q := got.Questions[2]; !q.Keep || q.Answer != "Yes, with a lead." {
		t.Errorf("%+v", q)
	}
	alone := job(t, writer, &fake{name: "box"})
	alone.Most, alone.Seed = 1, 4
	for _, q := range run(t, alone).Questions {
		if _, polar := yesOrNo(q.Answer); !polar && (q.Keep || q.Dropped != Roundtrip || !strings.Contains(q.Why, "nothing tests it")) {
			t.Errorf("%+v", q)
		}
	}
}

func TestRun_NoAnswersAreCountedAndTooManyEndIt(t *testing.T) {
	refuses := func(most int) func(string) *llm.NoAnswer {
		return func(prompt string) *llm.NoAnswer {
			if most--; most >= 0 {
				return &llm.NoAnswer{Reason: llm.Refused, Said: "cannot"}
			}
			return nil
		}
	}
	writer := plain()
	writer.none = refuses(1)
	if got := run(t, job(t, writer, &fake{name: "box"})); got.Missing.String() != "1 refused" || len(got.Questions) != len(subjects)-1 {
		t.Errorf("%s, %d questions", got.Missing.String(), len(got.Questions))
	}
	writer.none = refuses(2)
	if _, err := Run(t.Context(), job(t, writer, &fake{name: "box"})); !errors.Is(err, llm.ErrNoAnswer) || !strings.Contains(err.Error(), "write 1 is refused") {
		t.Error(err)
	}
	judge := &fake{name: "box", none: refuses(1)}
	got := run(t, job(t, plain(), judge))
	if q := got.Questions[0]; q.Keep || q.Dropped != Roundtrip || !strings.Contains(q.Why, "gives no answer with the knowledge (refused)") {
		t.Errorf("%+v", q)
	}
}

// A call that fails ends the run; the next one goes on behind the last whole block and comes to the same.
func TestRun_GoesOnAfterAnyFailureToTheSameResult(t *testing.T) {
	want := run(t, job(t, plain(), &fake{name: "box"}))
	for at := 1; at <= len(subjects); at++ {
		for _, who := range []string{"writer", "judge"} {
			writer, judge := plain(), &fake{name: "box"}
			j := job(t, writer, judge)
			j.Work, j.Key = t.TempDir(), "k"
			broken := map[string]*fake{"writer": writer, "judge": judge}[who]
			broken.fails = func(call int) error {
				if call == at {
					return llm.ErrBudget
				}
				return nil
			}
			if _, err := Run(context.Background(), j); !errors.Is(err, llm.ErrBudget) {
				t.Fatal(err)
			}
			broken.fails = nil
			written := writer.calls
			if got := run(t, j); !reflect.DeepEqual(got, want) {
				t.Errorf("%s fails at %d: %+v, want %+v", who, at, got, want)
			}
			if who == "judge" && writer.calls != written {
				t.Errorf("the judge fails, and %d questions are written again", writer.calls-written)
			}
			if j.Key = "another"; !reflect.DeepEqual(run(t, j), want) || writer.calls < written+len(subjects) {
				t.Error("work of another key serves")
			}
		}
	}
}

func TestOptions_AreNearAnswersInAnOrderOfTheirOwn(t *testing.T) {
	w := &work{Job: job(t, plain(), &fake{name: "box"}), out: run(t, job(t, plain(), &fake{name: "box"}))}
	places := map[int]bool{}
	for i, q := range w.out.Questions {
		got, why := w.options(i)
		if why != "" || len(got.choices) != mostOptions || got.choices[got.right] != q.Answer {
			t.Errorf("%d: %+v %s", i, got, why)
		}
		places[got.right] = true
		for k, c := range got.choices {
			if k != got.right && !strings.Contains(fmt.Sprint(subjects[max(0, i-3):min(len(subjects), i+4)]), c) {
				t.Errorf("%d: %q is not near", i, c)
			}
		}
	}
	if len(places) < 3 {
		t.Errorf("the right one always stands in %v", places)
	}
	for answer, want := range map[string]int{"yes": 0, "No, never.": 1, "是的，可以。": 0, "不可以": 1, "会计": -1, "Yesterday": -1, "Nein": 1, "有限公司": -1, "아니요": 1} {
		got, ok := yesOrNo(answer)
		if ok != (want >= 0) || ok && got.right != want {
			t.Errorf("%q: %+v, %v", answer, got, ok)
		}
	}
}
