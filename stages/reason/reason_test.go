package reason

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/reasoning"
	"slm/llm"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

var forms = form.Set{
	Place: "{title}, section {number}:", Document: []string{"{title}, section {number}:"},
	Question: []string{"What does section {number} of {title} say?"}, Exam: "What does section {number} of {title} say?",
}

// newRun is a run whose sections define terms; dp is done.
func newRun(t *testing.T) *stagetest.Run {
	t.Helper()
	spec := stagetest.Spec{Forms: forms}
	for i := range 40 {
		w := strings.Fields(stagetest.Text(i))
		text := fmt.Sprintf("“Term” means %s. The %s must %s the %s of each %s.", strings.Join(w[:4], " "), w[4], w[5], w[6], w[7])
		spec.Sections = append(spec.Sections, corpus.Section{ID: fmt.Sprint("Act#", i), Title: "Act", Number: fmt.Sprint(i), Text: text, Source: "act.txt"})
	}
	dom := stagetest.Domain(t, spec)
	run := stagetest.NewRun(t, "go")
	stagetest.WriteData(t, run.Env, dom)
	stagetest.Commit(t, run.Env, stages.DP, func(p *checkpoint.Pending) []error {
		shape := stagetest.Shape(dom)
		shape.Context = 512
		return []error{domain.SaveModel(p.Path(domain.WeightsFile), model.New(shape, 1))}
	})
	return run
}

func brief() Config {
	c := Default()
	c.Tasks, c.Words, c.Epochs, c.Pilot, c.Batch = 12, 40, 0.5, 0.5, 2048
	return c
}

func stage(c Config) *Stage { return New(c, .25, .25) }

func table[T any](t *testing.T, env *stages.Env, file string) []T {
	t.Helper()
	rows, _, err := checkpoint.ReadTable[T](filepath.Join(env.Dir(stages.Reason), file))
	if err != nil || len(rows) == 0 {
		t.Fatalf("%s: %d rows, %v", file, len(rows), err)
	}
	return rows
}

func finished(t *testing.T, c Config, run *stagetest.Run) *checkpoint.Manifest {
	t.Helper()
	if err := stage(c).Run(t.Context(), run.Env); err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(run.Dir(stages.Reason))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRun_ClassesAreTaughtUnderTheirStrategyAndTestedOnOtherSections(t *testing.T) {
	run := newRun(t)
	m := finished(t, brief(), run)
	split := map[string]string{}
	for _, r := range table[TaskRow](t, run.Env, TasksFile) {
		if was, ok := split[r.Section]; ok && was != r.Split {
			t.Errorf("%s is in %s and in %s", r.Section, was, r.Split)
		}
		split[r.Section] = r.Split
		if strategy, ok := m.Facts["strategy_"+r.Class]; ok && r.Strategy != strategy {
			t.Errorf("%s is taught as %s, chosen is %s", r.ID, r.Strategy, strategy)
		}
		if strategy, answer := reasoning.Read(r.Reply); r.Split != exam.Test && (strategy != r.Strategy || answer != r.Answer || !r.Kept) || r.Split == exam.Test && (r.Reply != "" || r.Kept) {
			t.Errorf("%+v", r)
		}
	}
	answers := table[AnswerRow](t, run.Env, AnswersFile)
	for _, a := range answers {
		if split[a.Section] != exam.Test || a.Hint != "" || a.Wanted != m.Facts["strategy_"+a.Class] || a.Tokens == 0 {
			t.Errorf("%+v", a)
		}
	}
	if m.Facts["held_out_tasks"] != fmt.Sprint(len(answers)) || m.Counters["steps"] == 0 {
		t.Errorf("%v %v", m.Facts, m.Counters)
	}
	for _, r := range table[StrategyRow](t, run.Env, StrategyFile) {
		if r.Right != r.Tasks || r.Tasks == 0 || r.Pilot < 0 {
			t.Errorf("rules are right under all, and the pilot decides: %+v", r)
		}
	}
	if list, err := metrics(run.Dir(stages.Reason)); err != nil || list[len(list)-3].Name != "task_accuracy" {
		t.Errorf("%v, %v", list, err)
	}
}

func TestRun_AStrategyThatTheRecipeNamesIsTaughtAndNotChosen(t *testing.T) {
	run, c := newRun(t), brief()
	c.Pilot, c.Epochs = 0, 0.1
	c.Strategies = map[string]string{"definition": reasoning.Recall, "yes-no": reasoning.Explain}
	m := finished(t, c, run)
	for class, want := range map[string]string{"definition": reasoning.Recall, "yes-no": reasoning.Explain, "comparison": reasoning.Direct} {
		if got := m.Facts["strategy_"+class]; got != want {
			t.Errorf("%s is taught under %q, want %s", class, got, want)
		}
	}
	for _, r := range table[StrategyRow](t, run.Env, StrategyFile) {
		if r.Class != "comparison" {
			t.Errorf("%+v is looked into, though the recipe names its strategy", r)
		}
	}
	for _, wrong := range []map[string]string{{"riddle": reasoning.Direct}, {"count": "guess"}} {
		if c.Strategies = wrong; c.Validate() == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestRun_StoppedAtEveryStepEndsInTheSameBytes(t *testing.T) {
	whole := finished(t, brief(), newRun(t))
	run, stops := newRun(t), 0
	for stop := true; stop; {
		ctx, cancel := context.WithCancel(t.Context())
		run.OnStep = func(int) { cancel() }
		err := stage(brief()).Run(ctx, run.Env)
		cancel()
		if stop = err != nil; stop && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if stops++; stops > 50 {
			t.Fatal("it never ends")
		}
	}
	m, err := checkpoint.Load(run.Dir(stages.Reason))
	if err != nil || m.Digest() != whole.Digest() || stops < 4 {
		t.Errorf("after %d stops it ends in other bytes (%v)", stops, err)
	}
}

func TestPlanned_VariantsDifferInStrategyAndInstructionAlone(t *testing.T) {
	var tasks []reasoning.Task
	for i := range 40 {
		tasks = append(tasks, reasoning.Task{ID: fmt.Sprint(i), Class: []string{"amount", "count"}[i%2], Split: []string{exam.Train, exam.Test}[i/30]})
	}
	chosen := map[string]string{"amount": reasoning.Extract, "count": reasoning.Explain}
	count := func(teach string) (strategies, hints map[string]int) {
		strategies, hints = map[string]int{}, map[string]int{}
		c := brief()
		c.Teach = teach
		for i, p := range stage(c).planned(chosen, tasks, 7) {
			if p.ID != tasks[i].ID {
				t.Fatalf("%s: task %d is %s", teach, i, p.ID)
			}
			if p.Split == exam.Train {
				strategies[p.Class+" "+p.strategy]++
			}
			hints[p.hint]++
		}
		return strategies, hints
	}
	for teach, want := range map[string]map[string]int{
		erased: {"amount extract": 15, "count explain": 15}, hinted: {"amount extract": 15, "count explain": 15},
		reasoning.Direct: {"amount direct": 15, "count direct": 15}, reasoning.Steps: {"amount steps": 15, "count steps": 15},
	} {
		strategies, hints := count(teach)
		if !reflect.DeepEqual(strategies, want) || teach != hinted && hints[""] != 40 || teach == hinted && (hints[reasoning.Extract] != 20 || hints[reasoning.Explain] != 20) {
			t.Errorf("%s: %v %v", teach, strategies, hints)
		}
	}
	mixed, hints := count(shuffled)
	if mixed["amount extract"]+mixed["count extract"] != 15 || mixed["amount extract"] == 15 || mixed["amount extract"] == 0 || hints[""] != 40 {
		t.Errorf("shuffled: %v %v", mixed, hints)
	}
}

func TestBetter_TheTeacherThenThePilotThenTheShortestDecide(t *testing.T) {
	a := StrategyRow{Right: 5, Pilot: 2, Tokens: 50}
	for _, b := range []StrategyRow{{Right: 4, Pilot: 9, Tokens: 1}, {Right: 5, Pilot: 1, Tokens: 1}, {Right: 5, Pilot: 2, Tokens: 51}} {
		if !a.better(b) || b.better(a) {
			t.Errorf("%+v is not preferred to %+v", a, b)
		}
	}
	one := []StrategyRow{{Class: "a", Right: 3}, {Class: "a", Right: 2}, {Class: "b", Right: 1}, {Class: "b", Right: 1}}
	if !tied(one) || tied(one[:3]) {
		t.Error("two that are best are a tie, and others are none")
	}
}

// scribe is a teacher that is right under one strategy.
type scribe struct {
	tasks []reasoning.Task
	asks  string // words of the instruction of that strategy
	fails int    // the call that fails; 0 = none
	calls int
}

func (*scribe) Info() llm.Info { return llm.Info{Provider: "fake", Model: "scribe"} }

func (s *scribe) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	if s.calls++; s.calls == s.fails {
		return nil, llm.ErrBudget
	}
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		out[i] = llm.Reply{Text: "Something. Therefore: nothing", Calls: 1, PromptTokens: 9, OutputTokens: 3}
		for _, t := range s.tasks {
			if strings.Contains(r.Prompt, t.Question) && strings.Contains(r.Prompt, t.Text) && strings.Contains(r.Prompt, s.asks) {
				out[i].Text = "Look at it.\nTherefore: " + t.Answer
			}
		}
	}
	return out, nil
}

func taught(t *testing.T, s *scribe) (*stagetest.Run, Config) {
	t.Helper()
	run, c := newRun(t), brief()
	c.Teacher = &llm.Config{}
	s.asks = c.Instructions.Explain
	dom, err := domain.Open(run.Dir(stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	if s.tasks, err = stage(c).make(dom, 512, run.Seed); err != nil {
		t.Fatal(err)
	}
	if err := dom.Close(); err != nil {
		t.Fatal(err)
	}
	run.Other = func(string) (llm.Client, error) { return s, nil }
	run.OtherReplies = func(_, path string) error { return os.WriteFile(path, []byte("replies"), 0o666) }
	return run, c
}

func TestTeacher_ItsStrategyIsTheOneUnderWhichItIsRightAndItsWordsAreLearnt(t *testing.T) {
	s := &scribe{}
	run, c := taught(t, s)
	m := finished(t, c, run)
	for _, r := range table[TaskRow](t, run.Env, TasksFile) {
		if r.Split != exam.Test && (r.Strategy != reasoning.Explain || r.Reply != "Because Look at it. Therefore: "+r.Answer || !r.Kept) {
			t.Errorf("%+v", r)
		}
	}
	for _, r := range table[StrategyRow](t, run.Env, StrategyFile) {
		if want := map[bool]int32{true: r.Tasks}[r.Strategy == reasoning.Explain]; r.Right != want || r.Pilot != -1 || r.Chosen != (want > 0) {
			t.Errorf("%+v", r)
		}
	}
	if m.Facts["llm_calls"] == "" || m.Facts["llm_calls"] == "0" {
		t.Errorf("%v", m.Facts)
	}
	other := &scribe{}
	again, c := taught(t, other)
	other.fails = 4
	if err := stage(c).Run(t.Context(), again.Env); !errors.Is(err, llm.ErrBudget) {
		t.Fatal(err)
	}
	asked := other.calls
	if after := finished(t, c, again); after.Digest() != m.Digest() || other.calls-asked >= s.calls {
		t.Errorf("it goes on to other bytes, or asks everything again: %d calls, then %d, of %d", asked, other.calls-asked, s.calls)
	}
}

func TestTeacher_WithoutARightAnswerItSaysSo(t *testing.T) {
	s := &scribe{}
	run, c := taught(t, s)
	c.Teach, s.asks = reasoning.Steps, "no such words"
	if err := stage(c).Run(t.Context(), run.Env); err == nil || !strings.Contains(err.Error(), "right about none") {
		t.Error(err)
	}
	c.Teacher = &llm.Config{Provider: llm.Overlap}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "writes nothing") {
		t.Error(err)
	}
}
