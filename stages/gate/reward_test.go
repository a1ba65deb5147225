package gate

import (
	"testing"

	"slm/rng"
)

// readings are questions whose passages are right with the probability that the gate says. A right one makes the black box right, a wrong one wrong;
// alone it is right in a share of cases. all is how often a right answer survives further passages.
func readings(n int, alone, all float64) (out []Reading) {
	for i := range n {
		s := rng.New(6, "readings").At(uint64(i))
		x := Reading{Sure: s.Float64(), Alone: s.Float64() < alone, Fold: i % 5}
		x.First = s.Float64() < x.Sure
		x.All = x.First && s.Float64() < all
		out = append(out, x)
	}
	return out
}

func TestTrust_GivesWhatTheBlackBoxDoesNotKnow(t *testing.T) {
	for _, c := range []struct {
		alone, all, low, high float64
		most                  int
	}{
		{0.05, 1, 0, 0.25, 1},   // it knows nothing: nearly everything helps
		{0.5, 1, 0.35, 0.65, 1}, // it guesses as well as that
		{0.95, 1, 0.85, 1, 1},   // it knows: only what is sure
		{0.3, 0.5, 0.1, 0.5, 1}, // more passages distract it
	} {
		var g Gate
		list := readings(2000, c.alone, c.all)
		g.Trust(list)
		if g.GiveChoices < c.low || g.GiveChoices > c.high || g.MostChoices != c.most {
			t.Errorf("%+v: from %v, %d passages", c, g.GiveChoices, g.MostChoices)
		}
		r := g.Reward
		if r == nil || r.Questions != len(list) || r.Gate < max(r.Alone, r.Always)-20 || r.Harmed > r.Alone {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

func TestTrust_SeveralPassagesAreGivenWhereTheyHelp(t *testing.T) {
	list := readings(400, 0.2, 1)
	for i := range list {
		list[i].All = list[i].All || i%3 == 0
	}
	var g Gate
	if g.Trust(list); g.MostChoices != 0 {
		t.Errorf("%d passages, all of which help", g.MostChoices)
	}
}

func TestTrust_FewReadingsChangeNothing(t *testing.T) {
	g := Gate{GiveChoices: 0.4}
	if g.Trust(readings(fewestRead-1, 0.5, 1)); g.GiveChoices != 0.4 || g.Reward != nil {
		t.Errorf("%+v", g)
	}
}
