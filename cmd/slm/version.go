package main

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "version", GroupID: "look", Args: exact(0, "no arguments"), Short: "Print the program's version", Long: "Prints the program's version." + exits(),
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version, "revision": revision(), "go": runtime.Version(), "system": runtime.GOOS + "/" + runtime.GOARCH}
			return a.print(v, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "slm %s (%s, %s)\n", version, runtime.Version(), v["system"])
			})
		},
	}
}
