package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"slm/internal/grid"
	"slm/result"
	"slm/stages/systems"
)

const nbsp = "\u00a0"

// signed is points with a plus where there is no minus.
func signed(x float64) string {
	if s := grid.Points(x); strings.HasPrefix(s, "−") || s == "0.0" {
		return s
	} else {
		return "+" + s
	}
}

// pvalue prints a p value the way papers do.
func pvalue(p float64) string { return strings.Replace(grid.PValue(p), " ", nbsp, 1) }

// whole prints an integer with thin spaces between thousands.
func whole[T int | int64 | int32](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// duration prints seconds for people.
func duration(seconds float64) string {
	switch {
	case seconds <= 0:
		return "–"
	case seconds < 10:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + nbsp + "s"
	case seconds < 100:
		return strconv.FormatFloat(seconds, 'f', 0, 64) + nbsp + "s"
	}
	m := int(math.Round(seconds / 60))
	if m < 100 {
		return strconv.Itoa(m) + nbsp + "min"
	}
	return fmt.Sprintf("%d%sh%s%02d%smin", m/60, nbsp, nbsp, m%60, nbsp)
}

// megabytes prints a size in memory.
func megabytes(bytes uint64) string { return whole(int64(bytes/1e6)) + nbsp + "MB" }

// label is the chart's name of a system.
func label(system string) string {
	if spec, ok := systems.Lookup(system); ok {
		return spec.Label
	}
	return system
}

// interval prints a paired difference with its interval, in points.
func interval(c result.Comparison) string {
	return fmt.Sprintf("%s%spoints, 95%s%% interval %s to %s", signed(c.Difference), nbsp, nbsp, grid.Points(c.Low), grid.Points(c.High))
}

// versus is interval with the p that decides, where the interval alone would show a difference.
func versus(c result.Versus) string {
	text := interval(c.Comparison)
	if c.Outcome == result.Neither && c.Shown() {
		text += fmt.Sprintf(", but p%s%s after correction", nbsp, pvalue(c.HolmP))
	}
	return text
}
