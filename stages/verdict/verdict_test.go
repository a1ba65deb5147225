package verdict

import (
	"testing"

	"slm/result"
)

func TestLearned_BoundsLieOnTheIntervalNotOnTheShare(t *testing.T) {
	for _, c := range []struct {
		place, text, of int
		want            result.Learned
	}{
		{90, 90, 117, result.Yes}, {117, 85, 117, result.Partly}, {85, 117, 117, result.Partly}, {60, 60, 80, result.Partly}, {0, 0, 80, result.No}, {19, 80, 80, result.Unclear}, {25, 80, 80, result.Partly}, {2, 15, 15, result.Unclear},
		{17, 80, 80, result.No}, {80, 17, 80, result.No}, {2, 2, 4, result.Unclear}, {9, 9, 9, result.Yes}, {5, 5, 5, result.Partly}, {0, 0, 3, result.Unclear},
	} {
		if got := learned(Share(c.place, c.of), Share(c.text, c.of)); got != c.want {
			t.Errorf("%d and %d of %d: %s, want %s", c.place, c.text, c.of, got, c.want)
		}
	}
	if got := learned(nil, Share(80, 80)); got != result.Yes {
		t.Errorf("without places: %s", got)
	}
}

// Recall of texts without a single place is that of a model that is not asked for places.
func TestOf_ModelWithoutPlacesIsJudgedByItsTexts(t *testing.T) {
	s := &result.Summary{Items: 80, Systems: []result.System{{System: "llm"}, {System: "blade"}}, Recall: []result.Recall{{System: "blade", Items: 80, Start: 76}}}
	if v := Of(s, nil); v.Learned != result.Yes || v.Place != nil || v.Text.Count != 76 {
		t.Errorf("%+v", v)
	}
	s.Recall[0].Start = 0
	if v := Of(s, nil); v.Learned != result.No || v.Place == nil {
		t.Errorf("%+v", v)
	}
}

func TestUse_PlainestSystemThatNoneIsShownToBeBetterThan(t *testing.T) {
	p := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		name          string
		search, blade float64 // accuracies; the LLM alone has .3
		pSearch, pOwn float64
		outcome       result.Outcome
		want          string
	}{
		{"search and model are equal", .8, .85, 0, 0, result.Neither, "rag1"},
		{"the model is better", .6, .85, 0, 0, result.Better, "blade"},
		{"nothing is shown to help", .35, .4, .5, .3, result.Neither, "llm"},
		{"only the model is shown to help", .35, .45, .5, .01, result.Neither, "blade"},
		{"the model is better than a search that harms, and no better than nothing", .1, .3, .001, 1, result.Better, "llm"},
	} {
		s := &result.Summary{Items: 80, Systems: []result.System{{System: "llm", Accuracy: .3}, {System: "blade", Accuracy: c.blade, McNemarP: p(c.pOwn)}, {System: "rag1", Accuracy: c.search, McNemarP: p(c.pSearch)}}}
		against := []result.Versus{{Comparison: result.Comparison{System: "blade", Over: "rag1", Difference: c.blade - c.search}, Outcome: c.outcome}}
		if v := Of(s, against); v.Use != c.want {
			t.Errorf("%s: use %s", c.name, v.Use)
		}
	}
}

func TestBest_OfEqualsThePlainerCounts(t *testing.T) {
	s := &result.Summary{Items: 80, Systems: []result.System{{System: "llm", Accuracy: .2}, {System: "slm", Accuracy: .9}, {System: "blade", Accuracy: .9}, {System: "rag1", Accuracy: .9}, {System: "rag3", Accuracy: .9}, {System: "oracle", Accuracy: 1}, {System: "shuffled", Accuracy: .95}}}
	if v := Of(s, nil); v.Best != "rag1" || v.Search != "rag1" {
		t.Errorf("%+v", v)
	}
}

func TestHelp_FollowsFromWhatWasMeasured(t *testing.T) {
	falls, rests := &result.Loss{Before: 2, Last: 1.5}, &result.Loss{Before: 2, Last: 1.95}
	for _, c := range []struct {
		name     string
		measured result.Measured
		want     []result.Help
	}{
		{"nothing was measured", result.Measured{}, nil},
		{"training questions are known", result.Measured{Loss: falls, Trained: Share(60, 64)}, []result.Help{result.MoreQuestions}},
		{"they are known better, and not well", result.Measured{Loss: falls, Trained: Share(30, 64)}, []result.Help{result.MoreQuestions, result.MorePasses}},
		{"they are not, and the loss fell", result.Measured{Loss: falls, Trained: Share(5, 64)}, []result.Help{result.MorePasses}},
		{"they are not, and it stood still", result.Measured{Loss: rests, Trained: Share(5, 64)}, []result.Help{result.OtherModel}},
		{"it stood still before it had begun", result.Measured{Loss: rests, Tokens: 59, Corpus: 10}, []result.Help{result.MorePasses}},
		{"a text that was hardly read, in too few steps for a loss", result.Measured{Tokens: 44, Corpus: 10, Trained: Share(0, 43)}, []result.Help{result.MorePasses}},
		{"it falls, after many", result.Measured{Loss: falls, Tokens: 201, Corpus: 10, Trained: Share(5, 64)}, []result.Help{result.MorePasses, result.OtherModel}},
		{"it stood still after enough", result.Measured{Loss: rests, Tokens: 61, Corpus: 10}, []result.Help{result.OtherModel}},
		{"much was not read", result.Measured{Sections: 100, Cut: 6}, []result.Help{result.UnreadText}},
		{"little was not read", result.Measured{Sections: 100, Cut: 5}, nil},
	} {
		s := &result.Summary{Items: 80, Measured: &c.measured, Systems: []result.System{{System: "llm"}, {System: "blade"}}, Recall: []result.Recall{{System: "blade", Items: 80, Place: 5, Start: 5}}}
		got := Of(s, nil).Help
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}
