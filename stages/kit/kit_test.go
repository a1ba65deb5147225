package kit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/pairs"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
	"slm/stages/stagetest"
)

// run runs the stage and reads what it says of its pairs.
func run(t *testing.T, cfg Config, env *stages.Env) ([]PairRow, *checkpoint.Manifest) {
	t.Helper()
	if err := New(cfg).Run(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	rows, _, err := checkpoint.ReadTable[PairRow](filepath.Join(env.Dir(stages.KIT), PairsFile))
	if err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(env.Dir(stages.KIT))
	if err != nil {
		t.Fatal(err)
	}
	return rows, m
}

func TestFilter_DropsSectionsThatTheBlackBoxAnswersWrong(t *testing.T) {
	dom := newDomain(t)
	b := &box{wrong: map[string]bool{"Act#2": true, "Act#8": true, "Act#1": true}} // Act#1 is held out, so nobody asks
	env := newRun(t, dom, b)
	rows, m := run(t, brief(), env)
	held, kept := map[string]bool{}, 0
	for _, item := range dom.Items {
		held[item.Section] = item.Split != exam.Train
		if want := map[bool]int{true: 0, false: 1}[held[item.Section]]; b.asked[item.ID] != want {
			t.Errorf("%s (%s) was asked %d times", item.ID, item.Split, b.asked[item.ID])
		}
	}
	sections := map[string]bool{}
	for _, r := range rows {
		sections[r.Section] = true
		want, why := true, "answers right"
		switch {
		case r.Section == fmt.Sprintf("Act#%d", unasked):
			why = "no question"
		case b.wrong[r.Section]:
			want, why = false, "answers wrong"
		}
		if held[r.Section] || r.Kept != want || !strings.Contains(r.Why, why) || r.Question == "" || r.Place == "" || r.Text == "" || r.Source == "" {
			t.Errorf("%+v, want kept %v since %q", r, want, why)
		}
		if r.Kept {
			kept++
		}
	}
	if _, err := os.Stat(filepath.Join(env.Dir(stages.KIT), RepliesFile)); err != nil || m.Facts["llm_calls"] == "" {
		t.Errorf("the replies behind it: %v, %v", err, m.Facts)
	}
	if len(sections) != 6 || kept == 0 || kept == len(rows) {
		t.Errorf("%d sections, %d of %d pairs kept", len(sections), kept, len(rows))
	}
	if m.Facts["pairs"] != fmt.Sprint(len(rows)) || m.Facts["kept"] != fmt.Sprint(kept) || m.Facts["keep_rate"] != fmt.Sprintf("%.4f", float64(kept)/float64(len(rows))) {
		t.Errorf("facts %v for %d of %d", m.Facts, kept, len(rows))
	}
	if p, err := domain.LoadModel(env.Dir(stages.KIT)); err != nil || p.Config.Vocab != dom.Tokenizer.Vocab() || m.Counters["steps"] != 1 {
		t.Errorf("model: %v, %v", err, m.Counters)
	}
}

func TestFilter_SectionWithoutAnAnswerIsDroppedAndCountedApart(t *testing.T) {
	dom := newDomain(t)
	rows, m := run(t, brief(), newRun(t, dom, &box{none: map[string]llm.Reason{"Act#2": llm.Refused}}))
	for _, r := range rows {
		if without := r.Section == "Act#2"; without == r.Kept || without && r.Why != "dropped: the black box gives no answer with it (refused)" {
			t.Errorf("%+v", r)
		}
	}
	if m.Facts["no_answer"] != "1 refused" {
		t.Errorf("facts %v", m.Facts)
	}
	env := newRun(t, dom, &box{none: map[string]llm.Reason{"Act#2": llm.Refused, "Act#8": llm.Unfinished}})
	err := New(brief()).Run(context.Background(), env)
	if !errors.Is(err, llm.ErrNoAnswer) || !strings.Contains(err.Error(), "1 refused, 1 unfinished of") || !strings.Contains(err.Error(), `: "cannot"`) {
		t.Error(err)
	}
}

func TestFilter_WithoutItNobodyIsAsked(t *testing.T) {
	b := &box{fails: llm.ErrBudget}
	cfg := brief()
	cfg.Filter = false
	rows, _ := run(t, cfg, newRun(t, newDomain(t), b))
	for _, r := range rows {
		if !r.Kept || !strings.Contains(r.Why, "filter is off") {
			t.Errorf("%+v", r)
		}
	}
	if b.opened != 0 || len(rows) == 0 {
		t.Errorf("opened %d times, %d pairs", b.opened, len(rows))
	}
}

func TestRun_ErrorOfTheBlackBoxEndsItWithoutACheckpoint(t *testing.T) {
	env := newRun(t, newDomain(t), &box{fails: llm.ErrBudget})
	if err := New(brief()).Run(context.Background(), env); !errors.Is(err, llm.ErrBudget) {
		t.Error(err)
	}
	if _, err := checkpoint.Load(env.Dir(stages.KIT)); !errors.Is(err, checkpoint.ErrMissing) {
		t.Errorf("a checkpoint was left: %v", err)
	}
}

func TestFilter_WhereEveryPairIsDroppedTheStageSaysSo(t *testing.T) {
	dom := newDomain(t)
	dom.Sections = slices.Delete(dom.Sections.(corpus.Slice), unasked, unasked+1) // its pairs would stay
	wrong := map[string]bool{}
	for _, s := range dom.Sections.All() {
		wrong[s.ID] = true
	}
	if err := New(brief()).Run(context.Background(), newRun(t, dom, &box{wrong: wrong})); err == nil || !strings.Contains(err.Error(), "dropped all") {
		t.Error(err)
	}
}

func TestPairs_OnlyTheTemplatesThatTheRecipeNamesAreUsed(t *testing.T) {
	dom := stagetest.Open(t, newDomain(t))
	for _, kinds := range [][]string{{pairs.Number}, {pairs.Quote}, {pairs.Number, pairs.Quote}} {
		cfg := brief()
		cfg.Pairs.Templates = kinds
		list, err := New(cfg).pairs(dom, reading(t, dom), 7)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for i := range list.refs {
			seen[at(t, list, i).Kind] = true
		}
		if len(seen) != len(kinds) || !seen[kinds[0]] {
			t.Errorf("%v gives %v", kinds, seen)
		}
	}
	cfg := brief()
	cfg.Pairs.Templates = []string{pairs.Heading} // no section has a heading of its own
	if _, err := New(cfg).pairs(dom, reading(t, dom), 7); err == nil {
		t.Error("no pair, no error")
	}
}

// questions writes a file of pairs that ask these questions.
func questions(t *testing.T, ask ...string) string {
	t.Helper()
	path, lines := filepath.Join(t.TempDir(), "pairs.jsonl"), ""
	for _, q := range ask {
		lines += fmt.Sprintf("{\"question\":%q,\"knowledge\":\"what is to be known\"}\n", q)
	}
	if err := os.WriteFile(path, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPairs_ThatAskWhatTheExamHoldsOutAreRefused(t *testing.T) {
	dom := newDomain(t)
	for _, item := range dom.Items {
		if item.Split == exam.Train {
			continue
		}
		for _, q := range []string{item.Question, "  " + strings.ReplaceAll(item.Question, " ", " \t"), strings.ToUpper(item.Question)} {
			for _, from := range []string{"file", "both"} {
				cfg, b := brief(), &box{}
				cfg.Pairs.From, cfg.Pairs.File = from, questions(t, "Is this allowed?", q)
				env := newRun(t, dom, b)
				err := New(cfg).Run(context.Background(), env)
				if !errors.Is(err, ErrOverlap) || !strings.Contains(err.Error(), cfg.Pairs.File+":2: a question of the exam") || b.opened != 0 {
					t.Errorf("%s %q: %v", from, q, err)
				}
				if early := New(cfg).Check(env.Dir(stages.Data)); fmt.Sprint(early) != fmt.Sprint(err) {
					t.Errorf("%s %q: before the training: %v", from, q, early)
				}
			}
		}
	}
}

func TestStage_CheckTellsBadPairsBeforeTheTraining(t *testing.T) {
	dom := newDomain(t)
	env, cfg := newRun(t, dom, &box{}), brief()
	if err := New(cfg).Check(env.Dir(stages.Data)); err != nil {
		t.Errorf("without a file: %v", err)
	}
	cfg.Pairs.From, cfg.Pairs.File = "both", questions(t, "Is this allowed?")
	if err := New(cfg).Check(env.Dir(stages.Data)); err != nil {
		t.Errorf("a file as it should be: %v", err)
	}
	bad := "{\"question\":\"?\",\"knowledge\":\"x\",\"place\":\"nowhere\"}\n{\"question\":\" \",\"knowledge\":\"x\"}\n"
	if err := os.WriteFile(cfg.Pairs.File, []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := New(cfg).Check(env.Dir(stages.Data)); !errors.Is(err, pairs.ErrFormat) || !strings.Contains(err.Error(), cfg.Pairs.File+":1: ") || !strings.Contains(err.Error(), cfg.Pairs.File+":2: ") {
		t.Error(err)
	}
}

func TestPairs_FromAFileAreKeptAndSaySo(t *testing.T) {
	dom := newDomain(t)
	cfg := brief()
	cfg.Pairs.From, cfg.Pairs.File = "file", questions(t, "Is this allowed?", dom.Items[0].Question) // the second is a training question
	rows, _ := run(t, cfg, newRun(t, dom, &box{}))
	if len(rows) != 2 {
		t.Fatalf("%d pairs", len(rows))
	}
	for _, r := range rows {
		if !r.Kept || r.Kind != pairs.File || !strings.Contains(r.Why, "from a file") {
			t.Errorf("%+v", r)
		}
	}
}

func newLesson(t *testing.T, dom *domain.Domain, change func(*Config)) *lesson {
	t.Helper()
	cfg := Default()
	if change != nil {
		change(&cfg)
	}
	dom = stagetest.Open(t, dom)
	list, err := New(cfg).pairs(dom, reading(t, dom), 7)
	if err != nil {
		t.Fatal(err)
	}
	return &lesson{cfg: cfg, dom: dom, read: list.read, pairs: list, seed: 7, context: 512}
}

func reading(t *testing.T, dom *domain.Domain) *domain.Reading {
	t.Helper()
	read, err := dom.Read(512, false)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func at(t *testing.T, list pairList, i int) pairs.Pair {
	t.Helper()
	p, err := list.at(i)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// pass makes an epoch's examples.
func pass(t *testing.T, l *lesson, number int) pack.Examples {
	t.Helper()
	epoch, err := l.epoch(number)
	return stagetest.Examples(t, epoch, err)
}

// said decodes an example without its end mark.
func said(t *testing.T, dom *domain.Domain, ex pack.Example) string {
	t.Helper()
	last := len(ex.Tokens) - 1
	if ex.Tokens[last] != dom.EOS {
		t.Fatalf("%s does not end in the end mark", ex.ID)
	}
	return dom.Tokenizer.Decode(ex.Tokens[:last])
}

func TestReplay_RatioHolds(t *testing.T) {
	dom := newDomain(t)
	for _, replay := range []float64{0, 0.5, 1, 2.4} {
		l := newLesson(t, dom, func(c *Config) { c.Replay = replay })
		for epoch := range 3 {
			asked, read := map[string]int{}, map[string]int{}
			total := 0
			for _, ex := range pass(t, l, epoch) {
				got := said(t, dom, ex)
				if strings.HasPrefix(got, "Question: ") {
					asked[ex.ID]++
					continue
				}
				at := slices.IndexFunc(dom.Sections.(corpus.Slice), func(s corpus.Section) bool { return s.ID == ex.ID })
				if at < 0 || ex.Prompt != 0 || !slices.ContainsFunc(dom.Forms.Document, func(f string) bool {
					i := slices.Index(dom.Forms.Document, f)
					return got == form.Join(dom.Forms.DocumentOf(dom.Sections.At(at), i), dom.Sections.At(at).Text)
				}) {
					t.Fatalf("%s: %q is no section in a document form, or not trained whole", ex.ID, got)
				}
				read[ex.ID]++
				total++
			}
			if want := int(replay*float64(len(l.pairs.refs)) + 0.5); total != want {
				t.Errorf("replay %v: %d sections for %d pairs", replay, total, len(l.pairs.refs))
			}
			for i := range l.pairs.refs {
				p := at(t, l.pairs, i)
				if asked[p.ID] != 1 {
					t.Errorf("replay %v, epoch %d: pair %s is asked %d times", replay, epoch, p.ID, asked[p.ID])
				}
			}
			least, most := total, 0
			for _, s := range dom.Sections.All() {
				least, most = min(least, read[s.ID]), max(most, read[s.ID])
			}
			if most-least > 1 {
				t.Errorf("replay %v: a section is read %d times, another %d times", replay, most, least)
			}
		}
	}
}

// Sections that dp has read in parts are replayed in parts, and a quotation is answered with the place of its part.
func TestEpoch_LongSectionsAreReplayedInParts(t *testing.T) {
	dom := stagetest.Open(t, newDomain(t))
	read, err := dom.Read(60, false)
	if err != nil {
		t.Fatal(err)
	}
	list, err := New(Default()).pairs(dom, read, 7)
	if err != nil {
		t.Fatal(err)
	}
	l := &lesson{cfg: Default(), dom: dom, read: read, pairs: list, seed: 7, context: 512}
	replayed, quoted := map[string]bool{}, 0
	for epoch := range 6 {
		for _, ex := range pass(t, l, epoch) {
			said := dom.Tokenizer.Decode(ex.Tokens)
			if question, answer, asked := strings.Cut(said, "\nAnswer:"); asked {
				if strings.Contains(answer, " (part ") {
					quoted++
					quote := strings.Split(question, "\"")[1]
					if sec, _, ok := dom.Section(strings.TrimSuffix(strings.TrimSpace(answer), domain.EOS)); !ok || !strings.Contains(sec.Text, quote) {
						t.Errorf("%q is answered with %q", question, answer)
					}
				}
				continue
			}
			if len(ex.Tokens) > 60 {
				t.Errorf("%s is replayed with %d tokens", ex.ID, len(ex.Tokens))
			}
			for _, part := range []string{"(part 2 of ", "(part 3 of "} {
				replayed[part] = replayed[part] || strings.Contains(said, part)
			}
			replayed["the end"] = replayed["the end"] || strings.HasSuffix(said, domain.EOS)
		}
	}
	if len(replayed) != 3 || !replayed["(part 2 of "] || !replayed["(part 3 of "] || !replayed["the end"] || quoted == 0 {
		t.Errorf("replayed %v, %d quotations from later parts", replayed, quoted)
	}
}

func TestEpoch_IsAPureFunctionOfItsNumber(t *testing.T) {
	dom := newDomain(t)
	l := newLesson(t, dom, nil)
	zero, one := pass(t, l, 0), pass(t, l, 1)
	if !reflect.DeepEqual(pass(t, l, 1), one) || !reflect.DeepEqual(pass(t, newLesson(t, dom, nil), 0), zero) {
		t.Error("an epoch is another one now")
	}
	if reflect.DeepEqual(zero, one) {
		t.Error("two epochs are the same")
	}
}

// targets packs one example and gives what it trains.
func targets(t *testing.T, ex pack.Example) (trained []int32) {
	for _, target := range stagetest.Batch(t, pack.Examples{ex}, 1, 512, 0).Targets {
		if target >= 0 {
			trained = append(trained, target)
		}
	}
	return trained
}

func TestEpoch_LossIsOnTheAnswerAndItsEndMarkAlone(t *testing.T) {
	dom := newDomain(t)
	for _, steps := range []string{knowledge.TwoStep, knowledge.OneStep} {
		l := newLesson(t, dom, func(c *Config) { c.Knowledge, c.Replay = steps, 0 })
		byID := map[string]pairs.Pair{}
		for i := range l.pairs.refs {
			p := at(t, l.pairs, i)
			byID[p.ID] = p
		}
		for _, ex := range pass(t, l, 0) {
			p := byID[ex.ID]
			answer := form.Join(p.Place, p.Text)
			if steps == knowledge.TwoStep || p.Kind == pairs.Quote {
				answer = p.Place
			}
			got := targets(t, ex)
			if said(t, dom, ex) != form.Join(form.Ask(p.Question), answer) {
				t.Errorf("%s, %s: says %q", steps, ex.ID, said(t, dom, ex))
			}
			if got[len(got)-1] != dom.EOS || dom.Tokenizer.Decode(got[:len(got)-1]) != " "+answer {
				t.Errorf("%s, %s: trains %q", steps, ex.ID, dom.Tokenizer.Decode(got))
			}
		}
		held, dev := l.heldOut(), exam.Only(dom.Items, exam.Dev)
		if len(held) != len(dev) || len(dev) == 0 {
			t.Fatalf("%d held-out examples of %d questions", len(held), len(dev))
		}
		for i, ex := range held {
			answer := dev[i].Place
			if steps == knowledge.OneStep {
				answer = form.Join(answer, dev[i].Knowledge)
			}
			if got := targets(t, ex); dom.Tokenizer.Decode(got[:len(got)-1]) != " "+answer || !strings.Contains(said(t, dom, ex), dev[i].Question) {
				t.Errorf("%s, held out: trains %q", steps, dom.Tokenizer.Decode(got))
			}
		}
	}
}
