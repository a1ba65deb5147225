package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"slm/internal/grid"
	"slm/result"
	"slm/stages/systems"
)

// Table prints a summary for a terminal, exam by exam: what it comes to and what would help, then a line a system, some 90 columns wide unless a
// name is long. The words of the tables are explained once, at the end.
func Table(s *result.Summary) string {
	var parts []string
	help := helpsOf(s)
	for i, exam := range s.Exams() {
		parts = append(parts, examTable(exam, help[i]))
	}
	return strings.Join(append(parts, legend(s)), "\n")
}

// examTable is the table of one exam.
func examTable(s *result.Summary, help []string) string {
	cols := slices.DeleteFunc(figuresOf(s), func(c column) bool { return c.name == "" })
	rows := [][]string{{"system"}}
	for _, c := range cols {
		rows[0] = append(rows[0], c.name)
	}
	for _, sys := range s.Systems {
		row := []string{sys.System}
		for _, c := range cols {
			row = append(row, plain(strings.ReplaceAll(c.cell(sys), "\u202f", "")))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	if s.Title != "" {
		b.WriteString(wrap("Questions "+s.Title, 80) + "\n")
	}
	for _, line := range Opening(s) {
		b.WriteString(plain(wrap(line, 80)))
	}
	if len(help) > 0 {
		b.WriteString("\nWhat would help:\n")
		for _, line := range help {
			b.WriteString(plain(bullet(line, 80)))
		}
	}
	b.WriteString("\n" + plain(wrap(counts(s), 80)) + "\n")
	b.WriteString(grid.Align(rows, 1))
	recalled := [][]string{{"recall", "place right", fmt.Sprintf("first %d characters exact", result.StartLen), "option by text"}}
	for _, r := range s.Recall {
		recalled = append(recalled, []string{r.System, of(r.Place, r.Items), of(r.Start, r.Items), of(r.Option, r.Items)})
	}
	if len(s.Recall) > 0 {
		b.WriteString("\n" + grid.Align(recalled, 1))
	}
	b.WriteString(retrieved(s.Retrieval))
	b.WriteString(routingTable(s.Routing))
	if j := s.Judge; j != nil {
		b.WriteString("\n" + plain(wrap(judgeLine(j), 80)))
	}
	for _, n := range s.Notes {
		b.WriteString("\n" + wrap("note: "+n, 80))
	}
	return b.String()
}

// legend explains the words of the tables that are not plain, and the names of the method's systems.
func legend(s *result.Summary) string {
	lines := [][2]string{}
	add := func(shown bool, word, text string) {
		if shown {
			lines = append(lines, [2]string{word, text})
		}
	}
	any := func(has func(result.System) bool) bool {
		return slices.ContainsFunc(s.Exams(), func(one *result.Summary) bool { return slices.ContainsFunc(one.Systems, has) })
	}
	for _, spec := range systems.All {
		add(spec.Kind == systems.Ours && any(func(sys result.System) bool { return sys.System == spec.Name }), spec.Name, spec.Label)
	}
	add(any(func(sys result.System) bool { return sys.McNemarP != nil }), "p vs llm", pMeans)
	add(any(func(sys result.System) bool { return sys.Headroom != nil }), "of possible", possibleMeans)
	add(any(func(sys result.System) bool { return sys.Harm != nil }), "harm", harmMeans)
	add(any(func(sys result.System) bool { return sys.Evidence != nil }), "evidence", evidenceMeans)
	wide := 0
	for _, l := range lines {
		wide = max(wide, len([]rune(l[0])))
	}
	var b strings.Builder
	for _, l := range lines {
		for i, line := range strings.SplitAfter(strings.TrimSuffix(plain(wrap(l[1], 78-wide)), "\n"), "\n") {
			word := ""
			if i == 0 {
				word = l[0]
			}
			fmt.Fprintf(&b, "%-*s  %s", wide, word, line)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// What the words of the tables mean.
const (
	pMeans        = "how often chance alone makes a difference this large, if both are equally good (McNemar’s exact test)"
	possibleMeans = "share of the possible improvement: of the way from llm to oracle, which has the right text"
	harmMeans     = "share of the questions that llm has right and the system has wrong"
	evidenceMeans = "share of the questions with a right section among the texts that the LLM is given; first: it is the first of them"
)

// bullet is an entry of a list.
func bullet(text string, width int) string {
	return "- " + strings.ReplaceAll(strings.TrimSuffix(wrap(text, width-2), "\n"), "\n", "\n  ") + "\n"
}

// retrieved is the table of the run's retrievers.
func retrieved(list []result.Retrieval) string {
	if len(list) == 0 {
		return ""
	}
	rows := [][]string{{"search", "right first", "95 % interval", "among 3", "among 5", "among 20", "MRR", "nDCG@10"}}
	for _, r := range list {
		row := []string{r.Retriever, grid.Percent(r.Recall1.Value), grid.Percent(r.Recall1.Low) + " – " + grid.Percent(r.Recall1.High),
			grid.Percent(r.Recall3.Value), grid.Percent(r.Recall5.Value), grid.Percent(r.Recall20.Value), grid.Decimals(r.MRR.Value), grid.Decimals(r.NDCG10.Value)}
		for i := range row {
			row[i] = plain(row[i])
		}
		rows = append(rows, row)
	}
	return "\n" + grid.Align(rows, 1)
}

// judgeLine says who judged free answers, and how far that agrees with the metrics.
func judgeLine(j *result.Judge) string {
	text := fmt.Sprintf("judge: %s, of %d replies", j.LLM, j.Replies)
	if j.Kappa == nil {
		return text + "; Cohen’s kappa with \"contains an accepted answer\" is not defined: one of them says the same of all"
	}
	return text + fmt.Sprintf("; Cohen’s kappa with \"contains an accepted answer\" is %s", grid.Minus(strconv.FormatFloat(*j.Kappa, 'f', 2, 64)))
}

// counts says how many questions there are, and of how many what is known.
func counts(s *result.Summary) string {
	text := fmt.Sprintf("%d questions", s.Items)
	if judged(s).Written && s.Title == "" {
		text += ", written by the program from the text itself"
	}
	if s.Scored() > 0 {
		text += ", chance " + grid.Percent(s.Chance)
		if s.KnowsDocument != nil {
			text += ", " + grid.Percent(*s.KnowsDocument) + " for one who knows only the document"
		}
	}
	switch {
	case s.Unscored == s.Items:
		text += ", of which evidence alone is scored"
	case s.Unscored > 0:
		text += fmt.Sprintf("; evidence alone is scored of %d", s.Unscored)
	}
	if s.Evidence > 0 && s.Evidence < s.Items {
		text += fmt.Sprintf("; the places of the answers are known of %d", s.Evidence)
	}
	return text
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

// plain replaces the page's special spaces by ordinary ones.
func plain(s string) string {
	return strings.NewReplacer(nbsp, " ", "\u202f", " ", "’", "'").Replace(s)
}

// wrap breaks a text at spaces, but not at those that do not break, into lines of at most width characters, each ended by a newline.
func wrap(s string, width int) string {
	var b strings.Builder
	n := 0
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' }) {
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
