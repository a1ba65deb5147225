package exam

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/corpus/minhash"
	"slm/data/form"
	"slm/data/pairs"
	"slm/rng"
)

var options = Options{Choices: 4, Dev: 0.15, Test: 0.3, Chars: 160, Seed: 7, Near: 0.8}

func sections(t *testing.T) []corpus.Section {
	t.Helper()
	out, _, err := corpus.Collect(corpus.Options{From: corpus.Licenses, Numbered: true, Only: []string{
		"Apache-2.0", "GPL-2.0", "GPL-3.0", "LGPL-2.1", "MPL-2.0", "EPL-2.0", "CC-BY-4.0", "CC-BY-SA-4.0",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var forms = form.Set{
	Place:    "{title} license\nSection {number}:",
	Document: []string{"{title} license\nSection {number}:"},
	Question: []string{"What does section {number} of the {title} license say?", "Quote section {number} of {title}."},
	Heading:  []string{"What does the section \"{heading}\" of the {title} license say?"},
	Quote:    []string{"Which section of which license says: \"{quote}\"?"},
	Exam:     "What does section {number} of the {title} license say?",
}

func build(t *testing.T, sections []corpus.Section, opt Options) []Item {
	t.Helper()
	items, _, err := Build(sections, forms, opt)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func TestMake_ItemsAreWellFormed(t *testing.T) {
	all := map[string]corpus.Section{}
	for _, s := range sections(t) {
		all[s.ID] = s
	}
	items := build(t, sections(t), options)
	right := make([]int, options.Choices)
	for _, item := range items {
		s := all[item.Section]
		if item.Knowledge != s.Text || item.Place != forms.PlaceOf(s) || len(item.Choices) != options.Choices {
			t.Errorf("%+v", item)
		}
		if answer := item.Choices[item.Answer]; !strings.HasPrefix(s.Text, answer) || len([]rune(answer)) > options.Chars {
			t.Errorf("%s: the right option is %q", item.ID, answer)
		} else if rest := s.Text[len(answer):]; rest != "" && rest[0] != ' ' {
			t.Errorf("%s: an option was cut in a word: %q", item.ID, answer)
		}
		right[item.Answer]++
	}
	if slices.Max(right)-slices.Min(right) > 1 {
		t.Errorf("the right answer stands at the places %v times", right)
	}
}

func TestMake_OptionsAreNeverNearCopies(t *testing.T) {
	items := build(t, sections(t), options)
	for _, item := range items {
		for i, a := range item.Choices {
			for _, b := range item.Choices[:i] {
				if alike(grams(a), grams(b)) {
					t.Errorf("%s: %q and %q", item.ID, a, b)
				}
			}
		}
	}
}

// The comparison here is of all pairs; Build's goes through an index.
func TestMake_OnlySectionsWithoutANearCopyAreExamined(t *testing.T) {
	all := sections(t)
	pool, _ := examined(all, forms, options)
	can := map[string]bool{}
	for _, c := range pool {
		can[c.section.ID] = true
	}
	for _, item := range build(t, all, options) {
		if !can[item.Section] {
			t.Errorf("%s is examined", item.Section)
		}
	}
	near := make([]bool, len(all))
	for i, a := range all {
		for j, b := range all[:i] {
			if minhash.Jaccard(head(a.Text, options.Chars), head(b.Text, options.Chars), 5) >= options.Near || minhash.Jaccard(a.Text, b.Text, 5) >= options.Near {
				near[i], near[j] = true, true
			}
		}
	}
	copies := 0
	for i, s := range all {
		if near[i] {
			copies++
		}
		if near[i] == can[s.ID] {
			t.Errorf("%s: near copy %v, can be examined %v", s.ID, near[i], can[s.ID])
		}
	}
	if copies < 10 {
		t.Errorf("only %d near copies: this test cannot see a mistake", copies)
	}
}

func TestMake_NoSectionIsInTwoSplitsAndNoHeldOutQuestionIsTrained(t *testing.T) {
	all := sections(t)
	items := build(t, all, options)
	split := map[string]string{}
	held := map[string]bool{}
	for _, item := range items {
		if other, twice := split[item.Section]; twice {
			t.Errorf("%s is in %s and %s", item.Section, other, item.Split)
		}
		split[item.Section] = item.Split
		if item.Split != Train {
			held[item.Question] = true
		}
	}
	n := float64(len(items))
	for name, want := range map[string]float64{Test: options.Test, Dev: options.Dev, Train: 1 - options.Test - options.Dev} {
		if got := float64(len(Only(items, name))); got < want*n-1 || got > want*n+1 {
			t.Errorf("%s has %v of %v items", name, got, n)
		}
	}
	if n := len(Held(items)); n != len(Only(items, Dev))+len(Only(items, Test)) {
		t.Errorf("%d sections are held out", n)
	}
	seen := map[string]bool{}
	for p := range pairs.Over(corpus.Slice(all), Held(items), forms, 7).All() {
		if s := split[p.Section]; s == Dev || s == Test || held[p.Question] {
			t.Errorf("%q about %s of %s is trained", p.Question, p.Section, s)
		}
		seen[p.Question] = true
	}
	for _, item := range Only(items, Train) {
		if !seen[item.Question] {
			t.Errorf("the training question %q is no pair: the check above compares nothing", item.Question)
		}
	}
}

func TestMake_DependsOnTheSeedAndNotOnTheOrder(t *testing.T) {
	all := sections(t)
	want := Digest(build(t, all, options))
	rng.New(3).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if got := Digest(build(t, all, options)); got != want {
		t.Error("another order gives another exam")
	}
	other := options
	other.Seed++
	if Digest(build(t, all, other)) == want {
		t.Error("another seed gives the same exam")
	}
}

func TestMake_ExamThatCannotBeMadeIsRefused(t *testing.T) {
	all := sections(t)
	for name, change := range map[string]func(*Options){
		"one choice": func(o *Options) { o.Choices = 1 }, "shares": func(o *Options) { o.Dev, o.Test = 0.6, 0.5 },
		"short options": func(o *Options) { o.Chars = 3 }, "threshold": func(o *Options) { o.Near = 0 },
	} {
		opt := options
		change(&opt)
		if _, _, err := Build(all, forms, opt); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, _, err := Build(all[:3], forms, options); !errors.Is(err, ErrTooSmall) {
		t.Error(err)
	}
	same := []corpus.Section{}
	for i := range 10 {
		same = append(same, corpus.Section{ID: fmt.Sprint(i), Title: fmt.Sprint(i), Number: "1", Text: all[0].Text})
	}
	if _, _, err := Build(same, forms, options); !errors.Is(err, ErrTooSmall) {
		t.Errorf("ten copies of one section: %v", err)
	}
}

func TestHead_IsCutAtAWord(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"one two three", 8, "one two"}, {"one two three", 7, "one two"}, {"one two three", 6, "one"}, {"民法典第一条", 3, "民法典"}, {"short", 9, "short"}, {"oneword", 3, "one"}} {
		if got := head(c.text, c.n); got != c.want {
			t.Errorf("%q at %d: %q", c.text, c.n, got)
		}
	}
}

func TestMake_LargeCorpusIsSampledTheSameWayAlways(t *testing.T) {
	all := sections(t)
	seq := func(yield func(corpus.Section, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
	some, err := Sample(seq, 20, 7)
	if err != nil || len(some) != 20 {
		t.Fatal(len(some), err)
	}
	slices.Reverse(all)
	again, err := Sample(seq, 20, 7)
	slices.Reverse(again)
	if err != nil || !slices.Equal(some, again) {
		t.Error("another order gives another sample")
	}
	if whole, err := Sample(seq, len(all), 7); err != nil || len(whole) != len(all) {
		t.Error(len(whole), err)
	}
}

func TestRead_QuestionsFromAFileAreDealtOut(t *testing.T) {
	items, err := Read("testdata/questions.jsonl", From{})
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 4 || items[0].ID != "q1" || items[0].Answer != 2 || items[1].Answer != 1 || items[2].ID != "4" || items[3].ID != "17" {
		t.Errorf("%+v", items)
	}
	if err := Assign(items, 0.25, 0.5, 1, nil); err != nil || len(Only(items, Test)) != 2 || len(Only(items, Dev)) != 1 {
		t.Errorf("%v, %+v", err, items)
	}
	if Assign(items, 1, 1, 1, nil) == nil {
		t.Error("two wholes were accepted")
	}
}

func TestLoad_ExamSurvivesItsFileAndNoDamageGoesUnseen(t *testing.T) {
	items := build(t, sections(t), options)[:3]
	path := filepath.Join(t.TempDir(), "exam.arrow")
	if err := Write(path, items, nil); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || Digest(got) != Digest(items) {
		t.Fatal(err)
	}
	golden, err := Load("testdata/exam.arrow")
	if err != nil || len(golden) != 2 || golden[1].Choices[golden[1].Answer] != "the right one" || golden[0].Split != Dev {
		t.Errorf("the golden exam: %v, %+v", err, golden)
	}
	whole, err := os.ReadFile("testdata/exam.arrow")
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("cut at %d of %d: %v", n, len(whole), err)
		}
	}
	items[0].Answer = 9
	if err := Write(path, items, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, ErrFormat) {
		t.Errorf("an answer beyond the choices: %v", err)
	}
}

func TestMake_LargePoolIsDrawnFromWithoutAPermutation(t *testing.T) {
	n, first := permuted+1, []int{}
	for i := range order(n, rng.New(1, "order")) {
		if i < 0 || i >= n {
			t.Fatal(i)
		}
		if first = append(first, i); len(first) == 5 {
			break
		}
	}
	again := slices.Collect(order(permuted, rng.New(1, "order")))
	slices.Sort(again)
	if len(first) != 5 || len(slices.Compact(again)) != permuted {
		t.Errorf("%v, %d", first, len(again))
	}
}
