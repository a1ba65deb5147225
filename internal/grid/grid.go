// Package grid sets tables of text for terminals, spreadsheets, documents and pages: one table, five forms. It knows nothing of what stands in them.
package grid

import (
	"encoding/csv"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

// Forms are the names that Render takes.
var Forms = []string{"text", "csv", "markdown", "latex", "html"}

// Table is rows of cells under a head of the same length. Columns that are not Left are figures and stand to the right.
type Table struct {
	Title string
	Head  []string
	Left  int // so many columns from the left are words
	Rows  [][]string
}

// Without is the table without a column that says one value in every row, since then it says nothing.
func (t Table) Without(column, value string) Table {
	at := slices.Index(t.Head, column)
	if at < 0 || slices.ContainsFunc(t.Rows, func(row []string) bool { return row[at] != value }) {
		return t
	}
	cut := func(row []string) []string { return slices.Delete(slices.Clone(row), at, at+1) }
	if t.Head = cut(t.Head); at < t.Left {
		t.Left--
	}
	t.Rows = slices.Clone(t.Rows)
	for i, row := range t.Rows {
		t.Rows[i] = cut(row)
	}
	return t
}

// Render sets tables in a form, with notes after the last. It panics at a form that is none of Forms.
func Render(form string, tables []Table, notes []string) string {
	var b strings.Builder
	tables = slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return len(t.Rows) == 0 })
	switch form {
	case "text":
		for _, t := range tables {
			b.WriteString(t.Title + "\n\n" + Align(append([][]string{t.Head}, t.Rows...), t.Left) + "\n")
		}
		for _, n := range notes {
			b.WriteString("note: " + n + "\n")
		}
	case "csv":
		w := csv.NewWriter(&b)
		head := []string{"table"} // one for all tables, so that data frames read it: a table's cells stand under its own names
		for _, t := range tables {
			for _, name := range t.Head {
				if !slices.Contains(head, name) {
					head = append(head, name)
				}
			}
		}
		_ = w.Write(head) // to memory
		for _, t := range tables {
			for _, row := range t.Rows {
				line := make([]string, len(head))
				line[0] = t.Title
				for i, cell := range row {
					line[slices.Index(head, t.Head[i])] = bare(cell)
				}
				_ = w.Write(line)
			}
		}
		w.Flush()
	case "markdown":
		for _, t := range tables {
			b.WriteString("**" + markdown(t.Title) + "**\n\n" + bar(t.Head, markdown) + "|")
			for i := range t.Head {
				b.WriteString(map[bool]string{true: "---|", false: "---:|"}[i < t.Left])
			}
			b.WriteString("\n")
			for _, row := range t.Rows {
				b.WriteString(bar(row, markdown))
			}
			b.WriteString("\n")
		}
		for _, n := range notes {
			b.WriteString("- " + markdown(n) + "\n")
		}
	case "latex": // it takes booktabs and graphicx; a table that is wider than the text is made smaller
		for _, t := range tables {
			fmt.Fprintf(&b, "\\begin{table}\n\\centering\\small\\setlength{\\tabcolsep}{4pt}\n\\caption{%s}\n\\setbox0\\hbox{\\begin{tabular}{%s%s}\n\\toprule\n", latex(t.Title), strings.Repeat("l", t.Left), strings.Repeat("r", len(t.Head)-t.Left))
			b.WriteString(latexRow(t.Head) + "\\midrule\n")
			for _, row := range t.Rows {
				b.WriteString(latexRow(row))
			}
			b.WriteString("\\bottomrule\n\\end{tabular}}\n\\ifdim\\wd0>\\linewidth\\resizebox{\\linewidth}{!}{\\box0}\\else\\box0\\fi\n\\end{table}\n\n")
		}
		for _, n := range notes {
			b.WriteString("\\noindent " + latex(n) + "\n\n")
		}
	case "html":
		b.WriteString("<!doctype html>\n<meta charset=\"utf-8\">\n<title>slm compare</title>\n<style>body{font:15px/1.4 sans-serif;margin:2em}table{border-collapse:collapse;margin-bottom:2em}" +
			"caption{text-align:left;font-weight:bold}td,th{padding:.2em .8em;border-top:1px solid #ccc;text-align:right;vertical-align:top}.w{text-align:left;max-width:40em}</style>\n")
		for _, t := range tables {
			b.WriteString("<table><caption>" + html.EscapeString(t.Title) + "</caption>\n<thead>" + t.page("th", t.Head) + "</thead>\n<tbody>\n")
			for _, row := range t.Rows {
				b.WriteString(t.page("td", row))
			}
			b.WriteString("</tbody></table>\n")
		}
		for _, n := range notes {
			b.WriteString("<p>" + html.EscapeString(n) + "</p>\n")
		}
	default:
		panic("grid: no form " + form)
	}
	return b.String()
}

// Align sets rows for a terminal: the first columns to the left, figures to the right, two spaces between.
func Align(rows [][]string, left int) string {
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(line(cell))))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var cells []string
		for i, cell := range row {
			cell = line(cell)
			gap := strings.Repeat(" ", width[i]-len([]rune(cell)))
			if i < left {
				cells = append(cells, cell+gap)
			} else {
				cells = append(cells, gap+cell)
			}
		}
		b.WriteString(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
	}
	return b.String()
}

// bare is a figure as programs read it: no value is empty, a minus is ASCII, and percent is no part of a number.
func bare(cell string) string {
	if cell == "–" {
		return ""
	}
	number := strings.TrimSuffix(strings.Replace(cell, "−", "-", 1), " %")
	if _, err := strconv.ParseFloat(number, 64); err == nil {
		return number
	}
	return cell
}

// line is a cell without breaks.
func line(cell string) string { return strings.Join(strings.Fields(cell), " ") }

func bar(row []string, escape func(string) string) string {
	var b strings.Builder
	for _, cell := range row {
		b.WriteString("| " + escape(cell) + " ")
	}
	return b.String() + "|\n"
}

// markdown keeps a cell from being read as anything but text.
func markdown(cell string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "&", "&amp;", "~", `\~`).Replace(line(cell))
}

// latex does so for LaTeX; dashes and minus signs are those of pdfLaTeX too.
func latex(cell string) string {
	return strings.NewReplacer(`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "_", `\_`, "%", `\%`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`,
		"−", "$-$", "–", "--", "<", "$<$", ">", "$>$", "±", `$\pm$`).Replace(line(cell))
}

func latexRow(row []string) string {
	var cells []string
	for _, cell := range row {
		cells = append(cells, latex(cell))
	}
	return strings.Join(cells, " & ") + ` \\` + "\n"
}

// page is a row of a page.
func (t Table) page(tag string, row []string) string {
	var b strings.Builder
	for i, cell := range row {
		class := ""
		if i < t.Left {
			class = ` class="w"`
		}
		b.WriteString("<" + tag + class + ">" + html.EscapeString(cell) + "</" + tag + ">")
	}
	return "<tr>" + b.String() + "</tr>\n"
}
