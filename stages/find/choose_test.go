package find

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"slm/data/exam"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/search"
	"slm/stages/systems"
)

func TestQuestions_AreNeverOfATestAndDoNotDependOnTheirOrder(t *testing.T) {
	env := run(t)
	dom, err := domain.Open(filepath.Join(env.Dir(stages.Data)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	test := map[string]bool{}
	for i := range dom.Items {
		if i%2 == 0 {
			dom.Items[i].Split = exam.Test
			test[dom.Items[i].Question] = true
		}
	}
	dom.Asked, dom.Items = dom.Items[:30], dom.Items[30:]
	got := questions(dom, parts(dom, nil), 1)
	n := map[string]int{}
	for _, p := range got {
		n[p.exam] += len(p.questions)
		if p.exam == "" && p.split != exam.Dev {
			t.Errorf("the small model has been trained on questions of %s", p.split)
		}
		for _, q := range p.questions {
			if test[q.Question] {
				t.Errorf("%q is a test question", q.Question)
			}
		}
	}
	if n[""] == 0 || n[exam.Asked] == 0 || n[""]+n[exam.Asked]+n[byRule] > mostChosen {
		t.Errorf("questions by exam: %v", n)
	}
	if all := fitted(dom, nil, 1); all != n[""]+n[exam.Asked]+n[byRule] {
		t.Errorf("%d questions are counted of %v", all, n)
	}
	slices.Reverse(dom.Items)
	slices.Reverse(dom.Asked)
	if again := questions(dom, parts(dom, nil), 1); !reflect.DeepEqual(got, again) {
		t.Error("another order of items gives other questions")
	}
}

func TestConfig_BridgeAndGateNeedWhatTheyStandOn(t *testing.T) {
	for _, c := range []Config{{Fuse: "none", Bridge: true}, {Fuse: "rrf", Gate: true}} {
		if c.Validate() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if err := (Config{Fuse: "rrf", Bridge: true, Gate: true}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestParts_NothingIsFittedOnQuestionsThatAnEncoderWasTaught(t *testing.T) {
	withLetters(t, &letters{})
	env := run(t)
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	for _, taught := range []bool{false, true} {
		search.Encoders[0].Taught = taught
		trained := false
		for _, p := range parts(dom, []string{"letters"}) {
			trained = trained || p.split == exam.Train
		}
		if trained == taught {
			t.Errorf("taught %v: training questions are used: %v", taught, trained)
		}
	}
}

// TestRun_WithoutASmallModelBridgeAndGateGoByTheSearch: there is no checkpoint of a stage that trains.
func TestRun_WithoutASmallModelBridgeAndGateGoByTheSearch(t *testing.T) {
	env := run(t)
	if err := New(Config{Fuse: search.RRF, Bridge: true, Gate: true}).Run(context.Background(), env); err != nil {
		t.Fatal(err)
	}
	b, err := gate.ReadBridge(env.Dir(stages.Find))
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.ReadGate(env.Dir(stages.Find))
	if err != nil {
		t.Fatal(err)
	}
	if b.Speaker != systems.Mute || b.Weights[gate.Asked]+b.Weights[gate.Named]+b.Weights[gate.Own] != 0 {
		t.Errorf("%+v", b)
	}
	if g.Questions == 0 || g.People == nil || len(g.Ways) == 0 {
		t.Errorf("%+v", g)
	}
	for _, taken := range g.Ways {
		if (taken.Way == gate.Small || taken.Way == gate.Both) && taken.Questions > 0 {
			t.Errorf("%+v: nobody names places", taken)
		}
	}
}
