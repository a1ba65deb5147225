package systems

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/llm"
	"slm/retrieve"
	"slm/stages/knowledge"
)

// guide is a small model that is right about questions that it says it is sure of, and has made up its texts about odd ones.
type guide struct{ named, said int }

func (g *guide) Name(_ context.Context, questions []string) ([]knowledge.Piece, error) {
	out := make([]knowledge.Piece, len(questions))
	for i, q := range questions {
		var n int
		if _, err := fmt.Sscanf(q, "sure %d", &n); err == nil {
			out[i] = knowledge.Piece{Question: q, Place: fmt.Sprintf("Section %d:", n), LogProb: -.01}
		} else if _, err := fmt.Sscanf(q, "unsure %d", &n); err == nil {
			out[i] = knowledge.Piece{Question: q, Place: fmt.Sprintf("Section %d:", n+1), LogProb: -3}
		} else {
			out[i] = knowledge.Piece{Question: q, Place: "nowhere:", LogProb: -9}
		}
		g.named++
	}
	return out, nil
}

func (g *guide) Say(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
	out, err := g.Name(ctx, questions)
	for i := range out {
		g.said++
		var n int
		_, _ = fmt.Sscanf(out[i].Place, "Section %d:", &n)
		if out[i].Text, out[i].Verified = fmt.Sprintf("own text %d", n), true; n%2 == 1 {
			out[i].Text, out[i].Verified = "made up", false
		}
	}
	return out, err
}

func (g *guide) Score(context.Context, []knowledge.Piece, [][]string) ([][]float64, error) {
	return nil, nil
}

// library has sections 0 to 99; a search is sure of a question with "find N" in it.
type library struct{}

func (library) At(place string) (Passage, bool) {
	var n int
	if _, err := fmt.Sscanf(place, "Section %d:", &n); err != nil || n > 99 {
		return Passage{}, false
	}
	return library{}.Passage(n), true
}
func (library) Passage(n int) Passage {
	return Passage{fmt.Sprintf("Section %d:", n), fmt.Sprintf("own text %d", n), fmt.Sprintf("file:%d", n)}
}
func (library) Names(string, string) Naming { return Nothing }
func (library) Named(q string) (int, bool) {
	var n int
	_, err := fmt.Sscanf(q, "named %d", &n)
	return n, err == nil
}
func (library) Head(text string) string                                  { return text }
func (library) Subject(string, []string, []string) (known, best float64) { return 0, 0 }
func (library) Covered(question, text string) float64                    { return float64(strings.Count(text, question)) }
func (library) Close() error                                             { return nil }
func (library) Search(_ context.Context, q string, _ int) ([]retrieve.Hit, error) {
	var n int
	if at := strings.Index(q, "find "); at >= 0 {
		_, _ = fmt.Sscanf(q[at:], "find %d", &n)
		return []retrieve.Hit{{Section: n, Score: 30}, {Section: 98, Score: 5}}, nil
	}
	return []retrieve.Hit{{Section: 97, Score: 5}, {Section: 98, Score: 4.9}}, nil
}

// asked is what checked answers, with questions that it was calibrated on.
func asked(t *testing.T, r *Resources, question string) Answer {
	t.Helper()
	system, err := checked.Open(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := system.Answer(context.Background(), []Question{{Text: question}})
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	return got[0]
}

func resources(g *guide, box llm.Client) *Resources {
	return &Resources{
		Speakers: map[string]Speaker{"blade": g}, Latest: "blade", Corpus: library{}, Search: library{}, Places: true, Box: box,
		Dev: func() (out []Known) {
			for i := range 40 {
				out = append(out, Known{fmt.Sprintf("sure %d", i), fmt.Sprintf("Section %d:", i)}, Known{fmt.Sprintf("unsure %d", i), fmt.Sprintf("Section %d:", i)},
					Known{fmt.Sprintf("find %d", i), fmt.Sprintf("Section %d:", i)})
			}
			return out
		},
	}
}

func TestChecked_GivesOnlyWhatItCanStandFor(t *testing.T) {
	g := &guide{}
	r := resources(g, &talker{reply: llm.Reply{Text: "Yes.", OutputTokens: 2}})
	for question, want := range map[string]Answer{
		"sure 8":            {Place: "Section 8:", Source: "file:8", Given: []string{"Section 8:"}, Knowledge: "own text 8", InCorpus: true, Origin: Recited, Named: "Section 8:"},
		"sure 7":            {Place: "Section 7:", Source: "file:7", Given: []string{"Section 7:"}, Knowledge: "own text 7", InCorpus: true, Origin: Cited, Named: "Section 7:"}, // it had made up a text
		"unsure 7":          {Named: "Section 8:"},
		"unsure 7, find 31": {Place: "Section 31:", Source: "file:31", Given: []string{"Section 31:"}, Knowledge: "own text 31", InCorpus: true, Origin: Found, Named: "Section 8:"},
		"bake find 31":      {Place: "Section 31:", Source: "file:31", Given: []string{"Section 31:"}, Knowledge: "own text 31", InCorpus: true, Origin: Found, Named: "nowhere:"},
		"named 5":           {Place: "Section 5:", Source: "file:5", Given: []string{"Section 5:"}, Knowledge: "own text 5", InCorpus: true, Origin: Asked, Named: "nowhere:"},
		"how do I bake":     {Named: "nowhere:"},
	} {
		got := asked(t, r, question)
		if got.Confidence == nil || (*got.Confidence >= .5) != strings.HasPrefix(question, "sure") || (got.Named == "nowhere:") != (*got.Confidence == 0) || *got.Confidence >= 1 {
			t.Errorf("%q: a confidence of %v", question, got.Confidence)
		}
		if (got.Hit != nil) != (want.Origin == Found) || got.Hit != nil && (*got.Hit < goodFrom || *got.Hit >= 1) {
			t.Errorf("%q: a confidence of the search of %v", question, got.Hit)
		}
		if got.Text != "Yes." || got.Written != 2 {
			t.Errorf("%q: the black box says %q in %d tokens", question, got.Text, got.Written)
		}
		got.Confidence, got.Hit, got.Text, got.Picked, got.Calls, got.Tokens, got.Written = nil, nil, "", 0, 0, 0, 0
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %+v, want %+v", question, got, want)
		}
	}
	if g.said > 7 || len(r.Confidences) != 2 {
		t.Errorf("%d texts were recited, and %d confidences fitted", g.said, len(r.Confidences))
	}
	named := g.named
	if asked(t, r, "sure 3"); g.named != named+1 {
		t.Errorf("the confidence was fitted again: %d places for one question", g.named-named)
	}
}

func TestConfidence_ItsFitIsToldFromBeginningToEndAndOnce(t *testing.T) {
	r := resources(&guide{}, nil)
	var told []int
	r.Fitting = func(step, of int) {
		if of != 120 {
			t.Errorf("%d of %d questions", step, of)
		}
		told = append(told, step)
	}
	for range 2 {
		asked(t, r, "sure 3")
	}
	if !slices.IsSorted(told) || len(told) < 3 || told[0] != 0 || told[len(told)-1] != 120 || slices.Contains(told[1:], 0) {
		t.Errorf("told: %v", told)
	}
}

func TestChecked_WithoutDevelopmentQuestionsConfidenceIsUnknown(t *testing.T) {
	r := resources(&guide{}, nil)
	r.Dev = nil
	if a := asked(t, r, "unsure 7"); a.Confidence != nil || a.Place != "Section 8:" || !a.InCorpus {
		t.Errorf("%+v", a)
	}
	if a := asked(t, r, "bake find 31"); a.Confidence == nil || *a.Confidence != 0 || a.Knowledge != "" {
		t.Errorf("%+v", a)
	}
	r.Places = false
	if _, err := checked.Open(context.Background(), r); err == nil {
		t.Error("a run without places is checked")
	}
}
