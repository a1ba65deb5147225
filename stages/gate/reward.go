package gate

import "slices"

// Reading is how the black box answered a question with choices, alone and with what the gate would give it.
type Reading struct {
	Sure  float64 // of what would be given, by curves that have not seen the question's fold
	Alone bool    // right without knowledge,
	First bool    // with the first passage alone,
	All   bool    // and with all passages
	Fold  int
}

// Reward is what the gate comes to on questions with choices, as the black box answered them: each by the threshold and the number of passages that
// the other folds have chosen.
type Reward struct {
	Questions int `json:"questions"`
	Alone     int `json:"alone"`  // right without knowledge,
	Always    int `json:"always"` // with all that was found, however sure one may be of it,
	Gate      int `json:"gate"`   // and with what the gate lets through
	Harmed    int `json:"harmed"` // right without knowledge, and wrong with what the gate lets through
}

// fewestRead is how many readings a threshold is chosen by; with fewer it would be chance, and stays as Fit has estimated it.
const fewestRead = 20

// Trust chooses what questions with choices are given by what it did to the black box's answers: the threshold and the number of passages with the
// most right answers. Of several thresholds the one in the middle, and the fewest passages. O(folds · readings · thresholds).
func (g *Gate) Trust(readings []Reading) {
	if len(readings) < fewestRead {
		return
	}
	g.GiveChoices, g.MostChoices = trust(readings)
	r := &Reward{Questions: len(readings)}
	folds := map[int]Gate{}
	for _, x := range readings {
		of, ok := folds[x.Fold]
		if !ok {
			others := slices.DeleteFunc(slices.Clone(readings), func(y Reading) bool { return y.Fold == x.Fold })
			of.GiveChoices, of.MostChoices = trust(others)
			folds[x.Fold] = of
		}
		right := x.right(of.GiveChoices, of.MostChoices)
		for _, c := range []struct {
			is bool
			n  *int
		}{{x.Alone, &r.Alone}, {x.All, &r.Always}, {right, &r.Gate}, {x.Alone && !right, &r.Harmed}} {
			if c.is {
				*c.n++
			}
		}
	}
	g.Reward = r
}

// right says whether the black box answered right by a threshold and a number of passages.
func (x Reading) right(give float64, most int) bool {
	switch {
	case x.Sure < give:
		return x.Alone
	case most == 1:
		return x.First
	}
	return x.All
}

func trust(readings []Reading) (give float64, most int) {
	const steps = 20
	best := -1
	for _, passages := range []int{1, 0} {
		var right [steps + 1]int
		for s := range right {
			for _, x := range readings {
				if x.right(float64(s)/steps, passages) {
					right[s]++
				}
			}
		}
		top := slices.Max(right[:])
		if top <= best {
			continue
		}
		var at []int // the thresholds that are as good
		for s, n := range right {
			if n == top {
				at = append(at, s)
			}
		}
		give, most, best = float64(at[len(at)/2])/steps, passages, top
	}
	return give, most
}
