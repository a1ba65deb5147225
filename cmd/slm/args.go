package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// usage is an error of wrong usage.
func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

// plainWord needs no quotes in a shell.
var plainWord = regexp.MustCompile(`^[\pL\pN_@%+=:,./-]+$`)

// inShell is a file's name as it is typed in a shell.
func inShell(name string) string {
	if strings.HasPrefix(name, "-") { // it would be a flag
		name = "./" + name
	}
	if plainWord.MatchString(name) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// exact demands n arguments and says what they are.
func exact(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s takes %s (slm %s --help)", cmd.CommandPath(), what, cmd.Name())
		}
		return nil
	}
}
