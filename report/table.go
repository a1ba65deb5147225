package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"slm/result"
)

// Table prints a summary for a terminal: the headline, then a line a system, 80 columns wide unless a name is long.
func Table(s *result.Summary) string {
	rows := [][]string{{"system", "accuracy", "95 % interval", "p vs llm", "headroom", "harm", "calls", "tokens"}}
	missing := unanswered(s)
	if missing {
		rows[0] = append(rows[0], "no answer")
	}
	for _, sys := range s.Systems {
		row := []string{
			sys.System, plain(percent(sys.Accuracy)), plain(percent(sys.Low) + " – " + percent(sys.High)), optional(sys.McNemarP, pvalue),
			optional(sys.Headroom, percent), optional(sys.Harm, percent), strconv.Itoa(sys.Calls), strconv.Itoa(sys.Tokens),
		}
		if missing {
			row = append(row, reasons(sys))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	b.WriteString(wrap(plain(Headline(s)), 80))
	fmt.Fprintf(&b, "\n%d questions, chance %s\n\n", s.Items, plain(percent(s.Chance)))
	b.WriteString(align(rows))
	recalled := [][]string{{"recall", "place right", fmt.Sprintf("first %d characters exact", result.StartLen), "option by text"}}
	for _, r := range s.Recall {
		recalled = append(recalled, []string{r.System, of(r.Place, r.Items), of(r.Start, r.Items), of(r.Option, r.Items)})
	}
	if len(s.Recall) > 0 {
		b.WriteString("\n" + align(recalled))
	}
	for _, n := range s.Notes {
		b.WriteString("\n" + wrap("note: "+n, 80))
	}
	return b.String()
}

// unanswered says that the LLM gave no answer to some question.
func unanswered(s *result.Summary) bool {
	return slices.ContainsFunc(s.Systems, func(sys result.System) bool { return len(sys.NoAnswer) > 0 })
}

// reasons counts a system's questions without an answer, by reason.
func reasons(sys result.System) string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(sys.NoAnswer)) {
		parts = append(parts, fmt.Sprintf("%d %s", sys.NoAnswer[why], why))
	}
	if parts == nil {
		return "0"
	}
	return strings.Join(parts, ", ")
}

func of(n, all int) string { return fmt.Sprintf("%d of %d", n, all) }

// align sets a table: the first column to the left, figures to the right, two spaces between.
func align(rows [][]string) string {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", width[i]-len([]rune(cell)))
			if i == 0 {
				line.WriteString(cell + gap)
			} else {
				line.WriteString("  " + gap + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// plain replaces the page's special spaces by ordinary ones.
func plain(s string) string {
	return strings.NewReplacer(nbsp, " ", "\u202f", " ", "’", "'").Replace(s)
}

func optional(x *float64, print func(float64) string) string {
	if x == nil {
		return "–"
	}
	return plain(print(*x))
}

// wrap breaks a text at spaces into lines of at most width characters, each ended by a newline.
func wrap(s string, width int) string {
	var b strings.Builder
	n := 0
	for _, word := range strings.Fields(s) {
		l := len([]rune(word))
		switch {
		case n == 0:
		case n+1+l > width:
			b.WriteString("\n")
			n = 0
		default:
			b.WriteString(" ")
			n++
		}
		b.WriteString(word)
		n += l
	}
	return b.String() + "\n"
}
