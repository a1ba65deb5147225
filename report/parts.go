package report

import (
	"fmt"

	"slm/internal/grid"
	"slm/stages/bpo"
)

// part is a row of the table of what was searched.
type part struct{ Name, Share, Worth, Best, Chosen string }

// parts say what each thing that was searched is believed to be worth.
func parts(knobs []bpo.KnobRow) (out []part) {
	for _, k := range knobs {
		p := part{Name: k.Name, Share: fmt.Sprintf("%.0f %%", 100*k.Share), Worth: grid.Minus(fmt.Sprintf("%+.3f ± %.3f", k.Worth, k.WorthSD))}
		if len(k.Levels) == 0 {
			p.Best, p.Chosen = fmt.Sprintf("trial %d", k.Best), fmt.Sprintf("trial %d", k.Chosen)
		} else {
			p.Best, p.Chosen = levelOf(k, k.Best), levelOf(k, k.Chosen)
		}
		out = append(out, p)
	}
	return out
}

// levelOf names a level of a knob, and says if it is the recipe's.
func levelOf(k bpo.KnobRow, level int64) string {
	if level < 0 || level >= int64(len(k.Levels)) {
		return ""
	}
	if level == k.Default {
		return k.Levels[level] + " (recipe)"
	}
	return k.Levels[level]
}
