package main

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const usualWidth = 80 // columns, where nothing says how many there are

// width is how many columns a writer has; 0 = it is no terminal, and lines are left whole.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil || n < 20 {
		return usualWidth
	}
	return n
}

// wrap breaks text at spaces so that each line has at most width columns; all lines but the first begin with an indent. 0 = it stays whole.
func wrap(text string, width, indent int) string {
	if width <= indent+20 {
		return text
	}
	var b strings.Builder
	at := indent // the first line stands behind a label of that width
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case at+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	return b.String()
}

// nameWidth is where the texts begin in cobra's list of commands.
const nameWidth = len("  completion  ")

// help wraps the texts of a command and of those below it: paragraphs to the width, lists and examples as they stand.
func help(cmd *cobra.Command, columns int) {
	if columns == 0 {
		columns = usualWidth
	}
	columns = min(columns, 100)
	var parts []string
	for part := range strings.SplitSeq(cmd.Long, "\n\n") {
		if !strings.HasPrefix(part, " ") && !strings.HasPrefix(part, "EXIT STATUS") && part != "" {
			part = wrap(part, columns, 0)
		}
		parts = append(parts, hang(part, columns))
	}
	cmd.Long = strings.Join(parts, "\n\n")
	for _, sub := range cmd.Commands() {
		sub.Short = wrap(sub.Short, columns, nameWidth)
		help(sub, columns)
	}
}

// hang wraps the lines of a list of exit codes under their texts.
func hang(part string, columns int) string {
	if !strings.HasPrefix(part, "EXIT STATUS") {
		return part
	}
	lines := strings.Split(part, "\n")
	for i, line := range lines {
		if text := strings.TrimLeft(line, " 0123456789/"); i > 0 {
			at := len(line) - len(text)
			lines[i] = line[:at] + wrap(text, columns, at)
		}
	}
	return strings.Join(lines, "\n")
}
