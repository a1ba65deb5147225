package term

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// UsualWidth is how many columns a terminal has where nothing says so.
const UsualWidth = 80

// Width is how many columns a writer has; 0 = it is no terminal, and lines are left whole.
func Width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !IsTerminal(f) {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil || n < 20 {
		return UsualWidth
	}
	return n
}

// Wrap breaks text at spaces so that each line has at most width columns; all lines but the first begin with an indent. 0 = it stays whole.
func Wrap(text string, width, indent int) string {
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

// IsTerminal reports whether a file is a terminal.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
