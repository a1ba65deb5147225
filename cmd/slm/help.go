package main

import (
	"strings"

	"github.com/spf13/cobra"

	"slm/internal/term"
)

// nameWidth is where the texts begin in cobra's list of commands.
const nameWidth = len("  completion  ")

// help wraps the texts of a command and of those below it: paragraphs to the width, lists and examples as they stand.
func help(cmd *cobra.Command, columns int) {
	if columns == 0 {
		columns = term.UsualWidth
	}
	columns = min(columns, 100)
	var parts []string
	for part := range strings.SplitSeq(cmd.Long, "\n\n") {
		if !strings.HasPrefix(part, " ") && !strings.HasPrefix(part, "EXIT STATUS") && part != "" {
			part = term.Wrap(part, columns, 0)
		}
		parts = append(parts, hang(part, columns))
	}
	cmd.Long = strings.Join(parts, "\n\n")
	for _, sub := range cmd.Commands() {
		sub.Short = term.Wrap(sub.Short, columns, nameWidth)
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
			lines[i] = line[:at] + term.Wrap(text, columns, at)
		}
	}
	return strings.Join(lines, "\n")
}
