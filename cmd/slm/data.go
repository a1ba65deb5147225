package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"slm/data/source"
	"slm/internal/sanitize"
)

// partTimeout bounds the fetching of one part of a file.
const partTimeout = 2 * time.Minute

// pulled is the result of data pull.
type pulled struct {
	Set    string          `json:"set"`
	Folder string          `json:"folder"`
	Files  []source.Pulled `json:"files"`
}

func newData(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "data", GroupID: "before", Short: "Fetch public data that recipes read", Args: known,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	var base, folder string
	var files []string
	pull := &cobra.Command{
		Use: "pull NAME", Args: exact(1, "a set's name"), Short: "Fetch a set of data from its public sources, by commit and checksum",
		Long: "Fetches the missing files of a data set (available: " + strings.Join(source.Names(), ", ") + ") from public repositories, each file at a fixed commit, and checks\n" +
			"its sha256. A file appears complete or not at all; the same command continues an interrupted one.\n" +
			"Recipes find the files by ${SLM_DATA}, which is that variable's folder, shared/data beside the recipe's folder, or the cache." + exits(exitData, exitInterrupted),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.pull(cmd.Context(), args[0], folder, base, files)
		},
	}
	pull.Flags().StringVar(&folder, "to", "", "folder for the files (default: $"+source.Variable+", or the cache)")
	pull.Flags().StringVar(&base, "base", source.Base, "address of a server that has the repositories' files as owner/name/commit/path")
	pull.Flags().StringSliceVar(&files, "file", nil, "fetch only this file of the set, such as lexeval/prc_codes.txt; may be repeated")
	cmd.AddCommand(pull)
	return cmd
}

func (a *app) pull(ctx context.Context, name, folder, base string, files []string) error {
	set, err := source.Lookup(name)
	if err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if !strings.HasPrefix(base, "http://") && !strings.HasPrefix(base, "https://") {
		return usage("--base %s: want an address that begins with http:// or https://", base)
	}
	if set, err = set.Only(files); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	getenv := func(name string) string { return a.getenv(name, "") }
	if folder == "" {
		if folder = getenv(source.Variable); folder == "" {
			folder = source.Cache(getenv)
		}
	}
	got, err := set.Pull(ctx, source.Options{
		Folder: folder, Base: base, Client: &http.Client{Timeout: partTimeout},
		Progress: func(text string) {
			if !a.quiet && a.output == "text" {
				_, _ = fmt.Fprintln(a.err, sanitize.Line(text))
			}
		},
	})
	if err != nil {
		return err
	}
	return a.print(pulled{name, folder, got}, func(w io.Writer) {
		for _, f := range got {
			what := "there already"
			if f.Fetched {
				what = "fetched"
			}
			_, _ = fmt.Fprintf(w, "%s/%s  %d bytes  %s\n", sanitize.Line(folder), f.Path, f.Bytes, what)
		}
	})
}
