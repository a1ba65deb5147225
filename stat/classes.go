package stat

// Balanced is the balanced accuracy: the mean, over the classes that occur in gold, of the share of their items for which said is right. Classes are
// numbered from 0 to n-1; -1 in said is none of them. It is NaN without items (Brodersen et al., 2010).
func Balanced(gold, said []int, n int) float64 {
	balanced, _ := ByClass(gold, said, n, nil)
	return balanced
}

// MacroF1 is the mean of the F1 of the classes that occur in gold or in said; that of a class is 2·both/(gold+said). It is NaN without items.
func MacroF1(gold, said []int, n int) float64 {
	_, f1 := ByClass(gold, said, n, nil)
	return f1
}

// ByClass is Balanced and MacroF1 of items that count several times, as they are drawn by Resample; nil = once each.
func ByClass(gold, said []int, n int, times []float64) (balanced, f1 float64) {
	counts := make([]classCount, n)
	for i, g := range gold {
		weight := 1.0
		if times != nil {
			weight = times[i]
		}
		counts[g].gold += weight
		if said[i] >= 0 {
			counts[said[i]].said += weight
		}
		if said[i] == g {
			counts[g].both += weight
		}
	}
	recalled, seen := 0, 0
	for _, c := range counts {
		if c.gold > 0 {
			balanced, recalled = balanced+c.both/c.gold, recalled+1
		}
		if c.gold+c.said > 0 {
			f1, seen = f1+float64(2*c.both)/(c.gold+c.said), seen+1
		}
	}
	return balanced / float64(recalled), f1 / float64(seen)
}

// classCount is how often a class is right, is said, and both.
type classCount struct{ gold, said, both float64 }

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
