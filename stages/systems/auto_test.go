package systems

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"slm/llm"
	"slm/retrieve"
	"slm/stages/gate"
	"slm/stages/knowledge"
	"slm/stages/search"
	"slm/stat"
)

// sage is a guide that judges sections: it holds the first that it is shown for the best.
type sage struct{ guide }

func (*sage) Judge(_ context.Context, _ string, sections []int) ([]knowledge.Judgement, error) {
	out := make([]knowledge.Judgement, len(sections))
	for i := range out {
		out[i] = knowledge.Judgement{Asked: float64(-i), Named: float64(-i)}
	}
	return out, nil
}

func (g *sage) Name(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
	out, err := g.guide.Name(ctx, questions)
	for i := range out {
		if _, err := fmt.Sscanf(out[i].Place, "Section %d:", &out[i].Section); err != nil {
			out[i].Section = -1
		}
	}
	return out, err
}

func (g *sage) Say(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
	return g.Name(ctx, questions)
}

// writer is a black box that counts what it is asked.
type writer struct{ asked int }

func (w *writer) Do(_ context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	w.asked += len(reqs)
	out := make([]llm.Reply, len(reqs))
	for i := range out {
		out[i].Text = "an answer"
	}
	return out, nil
}
func (*writer) Info() llm.Info { return llm.Info{} }

// level is a curve that says p whatever it sees.
func level(p float64) gate.Curve {
	return gate.Curve{True: stat.Isotonic{X: []float64{0}, Y: []float64{p}}}
}

func TestAuto_RefusesWhatTheCorpusIsNotAboutAndAsksNobody(t *testing.T) {
	box := &writer{}
	r := &Resources{
		Speakers: map[string]Speaker{"kit": &sage{}}, Corpus: library{}, Search: library{}, Box: box,
		Retrievers: map[string]retrieve.Retriever{search.Hybrid: library{}},
		Bridge:     &gate.Bridge{Speaker: "kit", Weights: []float64{1, 0, 0, 0, 0, 0}, Stop: .95},
		Gate:       &gate.Gate{Named: level(.9), First: level(.9), Among: level(.9), Give: .25, Refusal: &gate.Refusal{Score: stat.Logistic{Weights: []float64{0, 0, 9}, Bias: -3}, Below: .5}},
	}
	s, err := auto.Open(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	for near, refused := range map[float64]bool{.1: true, .8: false} {
		r.Near, box.asked = cosines{near}, 0
		got, err := s.Answer(context.Background(), []Question{{ID: "a", Text: "sure 4 find 7"}})
		if err != nil || (got[0].Way == gate.None) != refused || (box.asked == 0) != refused || refused && (got[0].Knowledge != "" || *got[0].Sure >= .5) {
			t.Errorf("with a cosine of %v: %+v, %v", near, got, err)
		}
	}
}

// cosines are those of every question.
type cosines []float64

func (c cosines) Scores(context.Context, string) ([]float64, error) { return c, nil }
func (cosines) Close() error                                        { return nil }

func TestBridge_SaysHowSureItIsWhereThereIsAGate(t *testing.T) {
	for _, g := range []*gate.Gate{nil, {Named: level(.3), First: level(.4), Among: level(.7)}} {
		r := &Resources{
			Speakers: map[string]Speaker{"kit": &sage{}}, Corpus: library{}, Search: library{}, Box: &writer{},
			Retrievers: map[string]retrieve.Retriever{search.Hybrid: library{}},
			Bridge:     &gate.Bridge{Speaker: "kit", Weights: []float64{1, 0, 0, 0, 0, 0}, Stop: .95}, Gate: g,
		}
		s, err := bridged.Open(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Answer(context.Background(), []Question{{ID: "a", Text: "sure 4 find 7"}})
		if err != nil {
			t.Fatal(err)
		}
		a := got[0]
		if a.Way != "" || (a.Sure == nil) != (g == nil) || g != nil && (*a.Sure != .7 || *a.Confidence != .3) {
			t.Errorf("%+v", a)
		}
	}
}

func TestAuto_TheCeilingLowersHowSureItIsAndTakesNoOtherWay(t *testing.T) {
	for bias, want := range map[float64]float64{0: .5, 9: .9} {
		r := &Resources{
			Speakers: map[string]Speaker{"kit": &sage{}}, Corpus: library{}, Search: library{}, Box: &writer{},
			Retrievers: map[string]retrieve.Retriever{search.Hybrid: library{}},
			Bridge:     &gate.Bridge{Speaker: "kit", Weights: []float64{1, 0, 0, 0, 0, 0}, Stop: .95},
			Gate:       &gate.Gate{Named: level(.1), First: level(.9), Among: level(.9), Give: .6, Ceiling: &stat.Logistic{Bias: bias, Weights: []float64{0}}},
		}
		s, err := auto.Open(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Answer(context.Background(), []Question{{ID: "a", Text: "sure 4 find 7"}})
		if err != nil || got[0].Way != gate.Found || *got[0].Sure != want || got[0].Bound != (want < .9) {
			t.Errorf("under a ceiling of bias %v: %+v, %v", bias, got, err)
		}
	}
}

func TestAuto_GivesWhatTheGateSaysAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		named, among float64
		question     string
		way          gate.Way
		given, asked int
	}{
		{.9, .3, "sure 4", gate.Small, 1, 1},
		{.1, .9, "sure 4 find 7", gate.Found, 2, 1},
		{.1, .1, "sure 4", gate.Alone, 0, 1},
		{.01, .02, "sure 4", gate.None, 0, 0},
	} {
		box := &writer{}
		r := &Resources{
			Speakers: map[string]Speaker{"kit": &sage{}}, Corpus: library{}, Search: library{}, Box: box,
			Retrievers: map[string]retrieve.Retriever{search.Hybrid: library{}},
			Bridge:     &gate.Bridge{Speaker: "kit", Weights: []float64{1, 0, 0, 0, 0, 0}, Stop: .95},
			Gate:       &gate.Gate{Named: level(c.named), First: level(c.among / 2), Among: level(c.among), Give: .25, GiveChoices: .5, None: .1},
		}
		s, err := auto.Open(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Answer(context.Background(), []Question{{Text: c.question}})
		if err != nil {
			t.Fatal(err)
		}
		if a := got[0]; a.Way != c.way || len(a.Given) != c.given || (a.Knowledge == "") != (c.given == 0) || box.asked != c.asked || a.Sure == nil || *a.Confidence != c.named {
			t.Errorf("%+v: %+v, the black box was asked %d times", c, a, box.asked)
		}
		if again, err := s.Answer(context.Background(), []Question{{Text: "unsure 9"}, {Text: c.question}}); err != nil || !slices.Equal(again[1].Given, got[0].Given) || again[1].Way != c.way {
			t.Errorf("%q beside another question: %+v, %v", c.question, again, err)
		}
	}
}

// TestAuto_GoesBySearchAloneWithoutASmallModel: nothing is named, nobody is sure of a place, and what was found is given, weighed and refused as ever.
func TestAuto_GoesBySearchAloneWithoutASmallModel(t *testing.T) {
	for _, spec := range []Spec{auto, bridged} {
		r := &Resources{
			Speakers: map[string]Speaker{}, Corpus: library{}, Search: library{}, Box: &writer{},
			Retrievers: map[string]retrieve.Retriever{search.Hybrid: library{}},
			Bridge:     &gate.Bridge{Speaker: Mute, Weights: []float64{1, 9, 9, 9, 9, 9}, Stop: .95},
			Gate:       &gate.Gate{Named: level(.9), First: level(.4), Among: level(.7), Give: .25, Refusal: &gate.Refusal{Score: stat.Logistic{Weights: []float64{0, 0, 9}, Bias: -3}, Below: .5}},
			Near:       cosines{.8},
		}
		s, err := spec.Open(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Answer(context.Background(), []Question{{ID: "a", Text: "sure 4 find 7"}})
		if err != nil {
			t.Fatal(err)
		}
		if a := got[0]; len(a.Given) == 0 || a.Given[0] != "Section 7:" || a.Named != "" || a.Confidence != nil || a.Sure == nil || *a.Sure != .7 {
			t.Errorf("%s: %+v", spec.Name, a)
		}
		if r.Near = (cosines{.1}); spec.Name == Auto {
			if got, err = s.Answer(context.Background(), []Question{{ID: "b", Text: "sure 4 find 7"}}); err != nil || got[0].Way != gate.None {
				t.Errorf("a foreign question: %+v, %v", got, err)
			}
		}
	}
}

func TestAuto_IsNotThereWithoutItsParts(t *testing.T) {
	r := &Resources{Speakers: map[string]Speaker{}, Corpus: library{}, Retrievers: map[string]retrieve.Retriever{search.Hybrid: library{}}}
	for range 2 {
		for _, s := range []Spec{auto, bridged} {
			if _, err := s.Open(context.Background(), r); !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
		r.Bridge = &gate.Bridge{Speaker: "kit"}
	}
}
