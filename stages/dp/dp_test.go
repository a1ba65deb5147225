package dp

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/tokenizer"
	"slm/model"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

const (
	sectionCount = 14
	longest      = 512 // tokens of an example: none is cut
)

var forms = form.Set{
	Place:    "{title}, {heading}:",
	Document: []string{"{title}, {heading}:", "From \"{heading}\" in {title}.", "[{title} | {heading}]"},
	Question: []string{
		"What does {title} say about {heading}?", "What does {title} say under \"{heading}\"?", "Quote the part \"{heading}\" of {title}.",
		"In {title}, what is written under \"{heading}\"?", "What stands in {title}, {heading}?", "Please recite {title}, \"{heading}\".",
	},
	Heading: []string{"What is written under the heading \"{heading}\" in {title}?", "{title}: what does \"{heading}\" say?"},
	Quote:   []string{"Which part of which document says: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
	Exam:    "What does {title} say about {heading}?",
}

// acts is a domain of two acts; every third section is held out, for dev or test in turn.
func acts(t *testing.T) *domain.Domain {
	t.Helper()
	spec := stagetest.Spec{Forms: forms, Item: func(i int, item *exam.Item) bool {
		if i%3 == 1 {
			item.Split = []string{exam.Dev, exam.Test}[i%2]
		}
		return true
	}}
	for i := range sectionCount {
		spec.Sections = append(spec.Sections, corpus.Section{
			ID: fmt.Sprintf("Act %d#%d", i%2, i), Title: fmt.Sprintf("Act %d", i%2), Number: strconv.Itoa(i), Heading: "Matter of " + stagetest.Text(i)[:12], Text: stagetest.Text(i), Source: "made",
		})
	}
	return stagetest.Open(t, stagetest.Domain(t, spec))
}

// mixture cuts sections that are longer than an example.
func mixture(t *testing.T, dom *domain.Domain, mix Mix, maxSection int, seed uint64) *Mixture {
	t.Helper()
	m, err := NewMixture(dom, mix, maxSection, true, seed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pass makes an epoch's examples.
func pass(t *testing.T, m *Mixture, number int) pack.Examples {
	t.Helper()
	epoch, err := m.Epoch(number)
	return stagetest.Examples(t, epoch, err)
}

var mixed = Mix{Corpus: 0.7, Pairs: 0.2, Places: 0.1, Other: 0.25}

// said decodes an example; it must end with the one end mark.
func said(t *testing.T, dom *domain.Domain, ex pack.Example) string {
	t.Helper()
	last := len(ex.Tokens) - 1
	if ex.Tokens[last] != dom.EOS || slices.Contains(ex.Tokens[:last], dom.EOS) {
		t.Fatalf("%s: the end mark is not where it belongs", ex.ID)
	}
	return dom.Tokenizer.Decode(ex.Tokens[:last])
}

func TestEpoch_IsAPureFunctionOfItsNumber(t *testing.T) {
	dom := acts(t)
	m := mixture(t, dom, mixed, longest, 7)
	first := map[int]pack.Examples{}
	for _, e := range []int{0, 1, 2, 3} {
		first[e] = pass(t, m, e)
	}
	for _, e := range []int{3, 0, 2, 2} {
		if !reflect.DeepEqual(pass(t, m, e), first[e]) || !reflect.DeepEqual(pass(t, mixture(t, dom, mixed, longest, 7), e), first[e]) {
			t.Errorf("epoch %d is another one now", e)
		}
	}
	order := func(ex pack.Examples) (ids []string) {
		for _, e := range ex {
			ids = append(ids, e.ID)
		}
		return ids
	}
	if slices.Equal(order(first[0]), order(first[1])) || slices.Equal(order(first[0]), order(pass(t, mixture(t, dom, mixed, longest, 8), 0))) {
		t.Error("another epoch, or another seed, has the same order")
	}
}

func TestEpoch_EverySectionIsReadOnce(t *testing.T) {
	dom := acts(t)
	m := mixture(t, dom, mixed, longest, 7)
	forms := map[int]int{}
	const epochs = 60
	for epoch := range epochs {
		read := map[string]int{}
		for _, ex := range pass(t, m, epoch) {
			got := said(t, dom, ex)
			for _, s := range dom.Sections.All() {
				for i := range dom.Forms.Document {
					if got == form.Join(dom.Forms.DocumentOf(s, i), s.Text) {
						if ex.Prompt != 0 || ex.ID != s.ID {
							t.Errorf("%s: prompt %d", ex.ID, ex.Prompt)
						}
						read[s.ID]++
						forms[i]++
					}
				}
			}
		}
		for _, s := range dom.Sections.All() {
			if read[s.ID] != 1 {
				t.Fatalf("epoch %d: %s stands there %d times as text", epoch, s.ID, read[s.ID])
			}
		}
	}
	// Other forms share a quarter of the draws; four standard deviations are allowed.
	n := float64(epochs * sectionCount)
	if other := n - float64(forms[0]); math.Abs(other-0.25*n) > 4*math.Sqrt(n*0.25*0.75) {
		t.Errorf("%.0f of %.0f sections are read in another form", other, n)
	}
	for i := range dom.Forms.Document {
		if forms[i] == 0 {
			t.Errorf("form %d never comes up", i)
		}
	}
}

func TestEpoch_AsksNothingThatTheExamHoldsOut(t *testing.T) {
	dom := acts(t)
	m := mixture(t, dom, Mix{Corpus: 1, Pairs: 3, Places: 3}, longest, 7)
	held := map[string]bool{}
	var forbidden []string
	for i, item := range dom.Items {
		if item.Split == exam.Train {
			continue
		}
		held[item.Section] = true
		forbidden = append(forbidden, item.Question)
		for j := range dom.Forms.Question {
			forbidden = append(forbidden, dom.Forms.QuestionOf(dom.Sections.At(i), j))
		}
		for j := range dom.Forms.Heading {
			forbidden = append(forbidden, dom.Forms.HeadingOf(dom.Sections.At(i), j))
		}
	}
	asked, trained := 0, map[string]bool{}
	for epoch := range 40 {
		for _, ex := range pass(t, m, epoch) {
			got := said(t, dom, ex)
			for _, f := range forbidden {
				if strings.Contains(got, f) {
					t.Fatalf("epoch %d: %q is in %q", epoch, f, got)
				}
			}
			question, answer, ok := strings.Cut(got, "\nAnswer:")
			if !ok {
				continue
			}
			asked++
			for i, s := range dom.Sections.All() {
				// Not even words of a held-out text may be asked about, or be an answer.
				if held[s.ID] && (strings.Contains(answer, s.Text[:20]) || strings.Contains(answer, dom.Forms.PlaceOf(s)) || strings.Contains(question, s.Text[:20])) {
					t.Fatalf("epoch %d: %q gives %s away", epoch, got, s.ID)
				}
				if strings.Contains(question, dom.Items[i].Question) {
					trained[s.ID] = true
				}
			}
		}
	}
	if asked == 0 || len(trained) != sectionCount-len(held) {
		t.Errorf("%d questions, the exam's form for %d sections of %d: the test proves nothing", asked, len(trained), sectionCount-len(held))
	}
}

func TestMix_HoldsOnAverage(t *testing.T) {
	dom := acts(t)
	train := dom.Sections.Len() - len(exam.Held(dom.Items))
	for _, mix := range []Mix{mixed, {Corpus: 0.5, Pairs: 0.9, Places: 0.1}, {Corpus: 1, Pairs: 2}, {Corpus: 1}} {
		m := mixture(t, dom, mix, longest, 7)
		const epochs = 150
		full, places := 0, 0
		for epoch := range epochs {
			for _, ex := range pass(t, m, epoch) {
				_, answer, asked := strings.Cut(said(t, dom, ex), "\nAnswer: ")
				if !asked {
					continue
				}
				place, ok := dom.Forms.ParsePlace(answer)
				if !ok {
					t.Fatalf("%q names no place", answer)
				}
				if answer == place {
					places++
				} else {
					full++
				}
			}
		}
		n := float64(epochs * train)
		for what, c := range map[string]struct{ got, rate float64 }{"full answers": {float64(full), mix.Pairs / mix.Corpus}, "places": {float64(places), mix.Places / mix.Corpus}} {
			share := c.rate - math.Floor(c.rate) // whole draws are certain, the rest is a coin
			if math.Abs(c.got-c.rate*n) > 4*math.Sqrt(n*share*(1-share)) {
				t.Errorf("%+v: %.0f %s of %.0f draws, want %.0f", mix, c.got, what, n, c.rate*n)
			}
		}
	}
}

func TestExamples_AreCutAndTheCutIsCounted(t *testing.T) {
	dom := acts(t)
	whole := mixture(t, dom, mixed, longest, 7)
	if long, parts, cut := whole.Long(); long != 0 || parts != 0 || cut != 0 {
		t.Fatalf("%d sections in %d parts, %d are cut at %d tokens", long, parts, cut, longest)
	}
	m := mixture(t, dom, mixed, 60, 7)
	if long, parts, cut := m.Long(); long != 0 || parts != 0 || cut != sectionCount {
		t.Errorf("%d sections in %d parts, %d are cut", long, parts, cut)
	}
	want := pass(t, whole, 5)
	for i, ex := range pass(t, m, 5) {
		if !slices.Equal(ex.Tokens, want[i].Tokens[:min(60, len(want[i].Tokens))]) {
			t.Errorf("%s: not the beginning of the example", ex.ID)
		}
	}
	for _, c := range [][3]int{{0, 256, 256}, {100, 256, 100}, {300, 256, 256}} {
		if got := (Config{MaxSection: c[0]}).maxSection(c[1]); got != c[2] {
			t.Errorf("max_section %d in a context of %d: %d", c[0], c[1], got)
		}
	}
}

// The default: sections that are longer than an example are read to their end, in parts that carry their place.
func TestEpoch_ReadsLongSectionsToTheirEnd(t *testing.T) {
	dom := acts(t)
	m, err := NewMixture(dom, Mix{Corpus: 1, Places: 1, Other: 0.25}, 60, Default().Long == Cut, 7)
	if err != nil {
		t.Fatal(err)
	}
	if long, parts, cut := m.Long(); long != sectionCount || parts <= 2*long || cut != 0 {
		t.Fatalf("%d sections of %d in %d parts, %d are cut", long, sectionCount, parts, cut)
	}
	for epoch := range 4 {
		read := map[string]string{}
		for _, ex := range pass(t, m, epoch) {
			if len(ex.Tokens) > 60 {
				t.Fatalf("%s: %d tokens", ex.ID, len(ex.Tokens))
			}
			read[ex.ID] += dom.Tokenizer.Decode(ex.Tokens) + "\n"
		}
		for _, s := range dom.Sections.All() {
			words, last := strings.Fields(s.Text), 0
			for i, word := range words {
				if strings.Contains(read[s.ID], " "+word) {
					last = i
				} else {
					t.Errorf("epoch %d: word %d of %s, %q, is not read", epoch, i, s.ID, word)
				}
			}
			if last != len(words)-1 || !strings.Contains(read[s.ID], words[last]+domain.EOS) {
				t.Errorf("epoch %d: %s is read to word %d of %d", epoch, s.ID, last, len(words))
			}
			if place := dom.Forms.PlaceOf(s); strings.Count(read[s.ID], "(part 2 of ") != 1 || m.mix.Other == 0 && !strings.Contains(read[s.ID], place) {
				t.Errorf("epoch %d: %s is read as %q", epoch, s.ID, read[s.ID])
			}
		}
	}
}

func TestHeldOut_LossIsThatOfTheAnswerAlone(t *testing.T) {
	dom := acts(t)
	dev := exam.Only(dom.Items, exam.Dev)
	held := HeldOut(dom)
	if len(held) != len(dev) || len(dev) == 0 {
		t.Fatalf("%d examples of %d questions", len(held), len(dev))
	}
	for i, ex := range held {
		checkTargets(t, dom, ex, form.Ask(dev[i].Question), dev[i].Place)
	}
	dom.Items[1].Place, dom.Items[4].Place = "", "" // one of each split
	dev, held = exam.Only(dom.Items, exam.Dev), HeldOut(dom)
	texts := 0
	for i, ex := range held {
		if dev[i].Place == "" {
			texts++
			checkTargets(t, dom, ex, form.Ask(dev[i].Question), dev[i].Knowledge)
		}
	}
	if texts != 1 {
		t.Errorf("%d questions without a place", texts)
	}
}

// checkTargets packs one example and reads its targets: exactly the answer and the end mark.
func checkTargets(t *testing.T, dom *domain.Domain, ex pack.Example, prompt, answer string) {
	t.Helper()
	b := stagetest.Batch(t, pack.Examples{ex}, 1, longest, 0)
	var read, trained []int32
	for i, target := range b.Targets[:b.Docs[0].Len] {
		if target >= 0 {
			trained = append(trained, target)
		} else {
			read = append(read, b.Tokens[i])
		}
	}
	read = append(read, b.Tokens[len(read)]) // the prompt's last token, which has the answer's first as its target
	if dom.Tokenizer.Decode(read) != prompt || trained[len(trained)-1] != dom.EOS || dom.Tokenizer.Decode(trained[:len(trained)-1]) != " "+answer {
		t.Errorf("read %q, trained %q", dom.Tokenizer.Decode(read), dom.Tokenizer.Decode(trained))
	}
}

func TestRun_WritesAModelThatFitsItsTokenizer(t *testing.T) {
	dom := acts(t)
	run := stagetest.NewRun(t, "go")
	env := run.Env
	stagetest.WriteData(t, env, dom)
	cfg := Default()
	cfg.Tokens, cfg.Epochs, cfg.Batch, cfg.MaxSection = 0, 0.01, 128, 64
	shape := stagetest.Shape(dom)
	shape.Vocab = 0 // the tokenizer decides
	if err := New(cfg, shape).Run(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	got, err := domain.LoadModel(env.Dir(stages.DP))
	if err != nil || got.Config.Vocab != dom.Tokenizer.Vocab() {
		t.Fatalf("vocab %d of %d, %v", got.Config.Vocab, dom.Tokenizer.Vocab(), err)
	}
	tok, err := tokenizer.Load(filepath.Join(env.Dir(stages.DP), domain.TokenizerFile))
	if err != nil || tok.Digest() != dom.Tokenizer.Digest() {
		t.Errorf("tokenizer: %v", err)
	}
	m, err := checkpoint.Load(env.Dir(stages.DP))
	if err != nil || m.Counters["steps"] != 1 || m.Facts["held_out_loss"] == "" {
		t.Errorf("%v, %v", m, err)
	}
	if len(run.Warnings()) != 0 || m.Facts["long_sections"] != fmt.Sprint(sectionCount) || m.Facts["cut_sections"] != "0" || m.Facts["max_section"] != "64" || m.Facts["places_over"] != "0" {
		t.Errorf("warnings %v, facts %v", run.Warnings(), m.Facts)
	}
	read, err := dom.ReadAs(env.Dir(stages.DP), 128)
	if err != nil || read.Parts(0) < 2 || read.Facts()["max_section"] != "64" {
		t.Errorf("what comes behind reads %v, %v", read, err)
	}
}

func TestRun_WarnsOfWhatIsNotRead(t *testing.T) {
	dom := acts(t)
	longest, _ := domain.MeasurePlaces(dom.Tokenizer, dom.Forms, dom.Sections.All(), 0)
	for what, change := range map[string]func(*Config, *model.Config){
		"14 of 14 sections are longer than 64 tokens": func(c *Config, _ *model.Config) { c.Long, c.MaxSection = Cut, 64 },
		"leave no room for a text in a context of":    func(c *Config, m *model.Config) { m.Context = longest + 4 },
	} {
		run := stagetest.NewRun(t, "go")
		env := run.Env
		stagetest.WriteData(t, env, dom)
		cfg, shape := Default(), stagetest.Shape(dom)
		cfg.Tokens, cfg.Epochs, cfg.Batch = 0, 0.01, 128
		change(&cfg, &shape)
		if err := New(cfg, shape).Run(context.Background(), env); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(run.Warnings(), func(w stages.Event) bool { return strings.Contains(w.Message, what) }) {
			t.Errorf("%s: warnings %v", what, run.Warnings())
		}
		read, err := dom.ReadAs(env.Dir(stages.DP), shape.Context)
		if err != nil || cfg.Long == Cut && read.Parts(0) != 1 {
			t.Errorf("%s: what comes behind reads %v, %v", what, read, err)
		}
	}
}

func TestConfig_TokensAndEpochsExcludeEachOther(t *testing.T) {
	for _, c := range []struct {
		change func(*Config)
		says   string
	}{
		{func(*Config) {}, ""},
		{func(c *Config) { c.Epochs = 2 }, "tokens"},
		{func(c *Config) { c.Tokens = 0 }, "tokens"},
		{func(c *Config) { c.Mix.Corpus = 0 }, "mix.corpus"},
	} {
		cfg := Default()
		c.change(&cfg)
		if err := cfg.Validate(); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", c.says, err)
		}
	}
}
