package term

import "fmt"

// Span is a number of seconds for reading: 0.4s, 12s, 3m20s, 2h05m.
func Span(seconds float64) string {
	switch {
	case seconds < 9.95:
		return fmt.Sprintf("%.1fs", seconds)
	case seconds < 59.5:
		return fmt.Sprintf("%.0fs", seconds)
	case seconds < 3599.5:
		s := int(seconds + 0.5)
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	m := int(seconds/60 + 0.5)
	return fmt.Sprintf("%dh%02dm", m/60, m%60)
}

// Amount is a number for reading: 950, 12.3k, 4.0M.
func Amount(x float64) string {
	switch {
	case x < 1e3:
		return fmt.Sprintf("%.0f", x)
	case x < 1e6:
		return fmt.Sprintf("%.1fk", x/1e3)
	case x < 1e9:
		return fmt.Sprintf("%.1fM", x/1e6)
	}
	return fmt.Sprintf("%.1fG", x/1e9)
}
