package score

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// scripts/golden/answers.py makes the file.
func TestScore_AgreesWithSQuADAndRougeScore(t *testing.T) {
	file, err := os.ReadFile("testdata/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Said, Gold, Normal string
		Exact              int
		F1                 float64
		Rouge              float64 `json:"rouge_l"`
	}
	if err := json.Unmarshal(file, &cases); err != nil || len(cases) < 50 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		gold := []string{c.Gold}
		if got := strings.Join(Words(c.Said), " "); got != c.Normal {
			t.Errorf("%q is %q, want %q", c.Said, got, c.Normal)
		}
		if Exact(c.Said, gold) != (c.Exact == 1) || math.Abs(F1(c.Said, gold)-c.F1) > 1e-12 || math.Abs(L(c.Said, gold)-c.Rouge) > 1e-12 {
			t.Errorf("%q, %q: %v, %v, %v; want %+v", c.Said, c.Gold, Exact(c.Said, gold), F1(c.Said, gold), L(c.Said, gold), c)
		}
	}
}

func TestWords_CharactersOfScriptsWithoutSpacesStandAlone(t *testing.T) {
	if got := Words("《民法典》第54条，the MIT。"); !slices.Equal(got, []string{"民", "法", "典", "第", "54", "条", "the", "mit"}) {
		t.Errorf("%q", got)
	}
	if got := F1("三十日内", []string{"三十日"}); math.Abs(got-6./7) > 1e-12 {
		t.Error(got)
	}
}

func TestContains_AnswerStandsThereAsWords(t *testing.T) {
	for _, c := range []struct {
		said string
		gold []string
		want bool
	}{
		{"Yes, you may do so.", []string{"yes"}, true},
		{"It is known.", []string{"no"}, false},
		{"within 30 days of the notice", []string{"thirty days", "30 days"}, true},
		{"30 long days", []string{"30 days"}, false},
		{"应当在三十日内答复。", []string{"三十日"}, true},
		{"anything", []string{"the", ""}, false},
		{"anything", nil, false},
	} {
		if got := Contains(c.said, c.gold); got != c.want {
			t.Errorf("%q in %q: %v", c.gold, c.said, got)
		}
	}
}

func TestL_BestOfTheAnswersCounts(t *testing.T) {
	if got := L("b c", []string{"x", "b c d d"}); math.Abs(got-2*2./6) > 1e-12 || F1("b", nil) != 0 {
		t.Error(got)
	}
}

func TestFaithful_SentencesAreHeldByTheWordsOfThePassages(t *testing.T) {
	passage := "Each Contributor grants You a perpetual copyright license to reproduce and sublicense the Work. 个体工商户可以起字号。"
	for _, c := range []struct {
		said string
		want float64
		ok   bool
	}{
		{"You may sublicense the Work.", 1, true},
		{"You may sublicense the Work. Lawyers in Paris demand a fee!", .5, true},
		{"Yes.", 0, false},
		{"", 0, false},
		{"个体工商户可以起字号。外国公民不得经营。", .5, true},
	} {
		got, ok := Faithful(c.said, passage)
		if ok != c.ok || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%q: %v, %v", c.said, got, ok)
		}
	}
}

func TestSentences_EndAtMarksThatEndThem(t *testing.T) {
	got := Sentences("Version 2.0 grants it. Really?! Yes\nno。是的！对")
	if want := []string{"Version 2.0 grants it.", "Really?!", "Yes", "no。", "是的！", "对"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
