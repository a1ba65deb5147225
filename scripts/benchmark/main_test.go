package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRoot_EachPackageWithACommandIsASubcommandAndExplained(t *testing.T) {
	folders, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, folder := range folders {
		sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range sources {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), "func Command() *cobra.Command") {
				want = append(want, folder)
			}
		}
	}
	for _, cmd := range root().Commands() {
		got = append(got, strings.ReplaceAll(cmd.Name(), "-", ""))
		if cmd.Short == "" || cmd.Long == "" || !cmd.Runnable() {
			t.Errorf("%s: short %q, long %q, runnable %v", cmd.Name(), cmd.Short, cmd.Long, cmd.Runnable())
		}
	}
	slices.Sort(got)
	if len(want) < 8 || !slices.Equal(got, want) {
		t.Errorf("the subcommands are %v, the packages %v", got, want)
	}
}
