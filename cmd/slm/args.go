package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// usage is an error of wrong usage.
func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
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
