package stat

// Balanced is the balanced accuracy: the mean, over the classes that occur in gold, of the share of their items for which said is right. Classes are
// numbered from 0 to n-1; -1 in said is none of them. It is NaN without items (Brodersen et al., 2010).
func Balanced(gold, said []int, n int) float64 {
	sum, seen := 0.0, 0
	for _, c := range tally(gold, said, n) {
		if c.gold > 0 {
			sum, seen = sum+float64(c.both)/float64(c.gold), seen+1
		}
	}
	return sum / float64(seen)
}

// MacroF1 is the mean of the F1 of the classes that occur in gold or in said; that of a class is 2·both/(gold+said). It is NaN without items.
func MacroF1(gold, said []int, n int) float64 {
	sum, seen := 0.0, 0
	for _, c := range tally(gold, said, n) {
		if c.gold+c.said > 0 {
			sum, seen = sum+2*float64(c.both)/float64(c.gold+c.said), seen+1
		}
	}
	return sum / float64(seen)
}

// classCount is how often a class is right, is said, and both.
type classCount struct{ gold, said, both int }

func tally(gold, said []int, n int) []classCount {
	out := make([]classCount, n)
	for i, g := range gold {
		out[g].gold++
		if said[i] >= 0 {
			out[said[i]].said++
		}
		if said[i] == g {
			out[g].both++
		}
	}
	return out
}

// Kappa is Cohen's kappa of two judgements of the same items: their agreement beyond chance, 1 for the same judgements, 0 for independent ones. It is NaN
// where chance alone agrees in all (Cohen, 1960).
func Kappa(a, b []bool) float64 {
	n, agree, yesA, yesB := float64(len(a)), 0.0, 0.0, 0.0
	for i := range a {
		if a[i] == b[i] {
			agree++
		}
		if a[i] {
			yesA++
		}
		if b[i] {
			yesB++
		}
	}
	chance := (float64(yesA*yesB) + float64((n-yesA)*(n-yesB))) / (n * n)
	return (agree/n - chance) / (1 - chance)
}
