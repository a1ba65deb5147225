package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"slm/internal/sanitize"
	"slm/internal/term"
	"slm/pipeline/audit"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/result"
)

func (a *app) listRuns() error {
	runs, err := audit.List(a.dir)
	if err != nil {
		return err
	}
	return a.print(runs, func(w io.Writer) {
		if len(runs) == 0 {
			_, _ = fmt.Fprintf(w, "no runs below %s; slm train RECIPE makes one\n", sanitize.Line(filepath.Join(a.dir, "runs")))
			return
		}
		showRuns(w, runs, a.now(), term.Width(a.out))
	})
}

// showRuns prints a line for each run and exam, and below it what the columns have no room for. 0 columns = lines are left whole.
func showRuns(w io.Writer, runs []audit.Listed, now time.Time, columns int) {
	longest := len("run")
	for _, r := range runs {
		longest = max(longest, len([]rune(sanitize.Line(r.Name))))
	}
	const others = "  %-9s  %-7s  %-15s  %-7s  %7s  %6s"
	narrow := columns > 0 && longest+len(fmt.Sprintf(others, "", "", "", "", "", "")) > columns
	line := func(name string, cells ...any) {
		switch {
		case narrow && name != "":
			_, _ = fmt.Fprintf(w, "%s\n", name)
		case !narrow:
			_, _ = fmt.Fprintf(w, "%-*s", longest, name)
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf(others, cells...), " "))
	}
	more := func(format string, args ...any) {
		_, _ = fmt.Fprintf(w, "    %s\n", term.Wrap(sanitize.Line(fmt.Sprintf(format, args...)), columns, 4))
	}
	line("RUN", "STATE", "LEARNED", "BEST", "METHOD", "SIZE", "AGE")
	for _, r := range runs {
		word, why := state(r.Entry)
		first := audit.Score{}
		if len(r.Scores) > 0 {
			first = r.Scores[0]
		}
		line(sanitize.Line(r.Name), append(append([]any{word}, scoreCells(first)...), term.Amount(float64(r.Bytes))+"B", age(r.Last, now))...)
		for _, s := range r.Scores[min(1, len(r.Scores)):] {
			line("", append(append([]any{"  " + s.Exam}, scoreCells(s)...), "", "")...)
		}
		if why != "" {
			more("%s", why)
		}
		for _, why := range r.Unread {
			first, _, _ := strings.Cut(why, "\n")
			more("cannot be read: %s", first)
		}
		if r.Before != "" {
			more("since %s: %s", r.Before, shortChanges(r.Changes))
		}
	}
}

// state says in a word or two how far a run is, and what there is to say about that.
func state(r rundir.Entry) (word, why string) {
	switch {
	case r.Locked != "":
		return "running", "running: " + r.Locked
	case r.Damaged != "":
		return "damaged", "damaged: " + r.Damaged
	case len(r.Missing) > 0:
		return "next: " + r.Missing[0], ""
	}
	return "finished", ""
}

// scoreCells are the columns of a score.
func scoreCells(s audit.Score) []any {
	best, method := "", ""
	if s.Best != nil {
		best = s.Best.System + " " + share(s.Best.Value)
	}
	if s.Method != nil {
		method = share(s.Method.Value)
	}
	learned := map[result.Learned]string{result.Yes: "yes", result.Partly: "partly", result.No: "no", result.Unclear: "unclear", result.NoModel: "none"}[s.Learned]
	return []any{learned, best, method}
}

func share(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// age is how long ago a time in RFC 3339 is; "" = it is not known.
func age(at string, now time.Time) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ""
	}
	passed := max(now.Sub(t), 0)
	if days := int(passed.Hours() / 24); days >= 2 {
		return strconv.Itoa(days) + "d"
	}
	return term.Span(passed.Seconds())
}

// shownChanges is how many changed keys of a run the list names; -o json has all.
const shownChanges = 2

// shortChanges names changed keys and counts the rest.
func shortChanges(changes []audit.KeyDiff) string {
	if len(changes) == 0 {
		return "the same recipe"
	}
	var parts []string
	for i, c := range changes {
		if i == shownChanges {
			parts = append(parts, fmt.Sprintf("+%d", len(changes)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s %s → %s", c.Key, shortValue(c.A), shortValue(c.B)))
	}
	return strings.Join(parts, ", ")
}

// shortValue prints a value of a recipe, given as JSON: whole numbers as a recipe may have them (2M), texts without quotes, long ones cut.
func shortValue(text string) string {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return schema.ShortCount(n)
	}
	var s string
	if json.Unmarshal([]byte(text), &s) == nil && s != "" {
		text = s
	}
	const longest = 32
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest-1]) + "…"
	}
	return cmp.Or(text, "(not set)")
}
