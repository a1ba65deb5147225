package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"
)

var codeLine = regexp.MustCompile(`(?m)^ {2,4}(\d+)  `)

// commands lists what can be called, as typed after slm, with the exit codes that its help promises.
func commands() map[string][]int {
	out := map[string][]int{}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		if _, text, ok := strings.Cut(cmd.Long, "EXIT STATUS"); ok {
			name := strings.TrimPrefix(cmd.CommandPath(), "slm ")
			for _, m := range codeLine.FindAllStringSubmatch(text, -1) {
				if code, err := strconv.Atoi(m[1]); err == nil {
					out[name] = append(out[name], code)
				}
			}
		}
	}
	walk((&app{}).root())
	return out
}

// TestEveryCommandEndsInTheExitCodesThatItsHelpPromises calls each command so that it ends in each of the codes that need neither a broken
// disk (1), a signal, nor a black box that fails (3, 5, 6: TestEveryErrorHasItsExitCode maps those for all commands alike).
func TestEveryCommandEndsInTheExitCodesThatItsHelpPromises(t *testing.T) {
	dir := t.TempDir()
	run := trainTiny(t, dir)
	other := trainTiny(t, dir, "-s", "seed=9", "--until", "data")
	damaged := trainTiny(t, dir, "-s", "seed=11", "--until", "data")
	locked := trainTiny(t, dir, "-s", "seed=13", "--until", "data")
	newer := trainTiny(t, dir, "-s", "seed=15", "--until", "data")
	swapped := filepath.Join(dir, damaged, "data") // whole, and another run's
	if err := errors.Join(os.RemoveAll(swapped), os.CopyFS(swapped, os.DirFS(filepath.Join(dir, other, "data")))); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, newer, "data", "manifest.json"), `{"version": 99}`)
	put(t, filepath.Join(dir, "nodata.yaml"), "slm: 1\ndata: {corpus: {path: gone/*.txt}}\n")
	put(t, filepath.Join(dir, "items.jsonl"), "{\"id\":\"a\"\n")
	l := flock.New(filepath.Join(dir, locked, "lock"))
	if ok, err := l.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer func() { _ = l.Unlock() }()
	tiny := "tiny " + lesser + " "
	calls := map[string]map[int]string{
		"ask":         {0: run + " what --no-llm", 8: "nope what"},
		"check":       {0: "tiny", 4: "nodata.yaml", 5: "legal -s llm.model=gguf:gone.gguf"},
		"config keys": {0: ""}, "config schema": {0: ""}, "config show": {0: "tiny"},
		"data pull":   {4: "statutes-cn --base http://127.0.0.1:9 --to pulled"},
		"diff":        {0: run + " " + run, 7: run + "/data " + other + "/data", 8: run + " nope"},
		"doctor":      {0: ""},
		"eval":        {4: run + " --items items.jsonl", 8: "nope"},
		"inspect":     {0: run + "/dp", 8: "nope"},
		"plan":        {0: "tiny --quick", 4: "nodata.yaml", 5: "legal --quick -s llm.model=gguf:gone.gguf", 8: tiny + "--quick -s seed=15"},
		"recipe copy": {0: "tiny copied.yaml"}, "recipe list": {0: ""}, "recipe show": {0: "tiny"},
		"reproduce": {7: damaged, 8: "nope"},
		"runs diff": {0: run + " " + run, 7: run + " " + other, 8: run + " nope"},
		"runs list": {0: ""},
		"runs rm":   {0: other + " --yes", 8: "nope --yes", 9: locked + " --yes"},
		"runs show": {0: run, 8: "nope"},
		"train":     {0: tiny, 4: "nodata.yaml", 5: "legal", 8: tiny + "--until data -s seed=15", 9: tiny + "-s seed=13"},
		"verify":    {0: run, 7: damaged, 8: "nope"},
		"version":   {0: ""},
	}
	for name, promised := range commands() {
		if o := slm(t, dir, append(strings.Fields(name), "--frob")...); o.code != exitUsage || o.out != "" {
			t.Errorf("slm %s --frob: %+v", name, o)
		}
		for code := range calls[name] {
			if !slices.Contains(promised, code) {
				t.Errorf("slm %s: its help does not say %d", name, code)
			}
		}
		if calls[name] == nil {
			t.Errorf("slm %s has no row in this table", name)
		}
		for _, code := range []int{exitDiffers, exitCheckpoint} {
			if _, ok := calls[name][code]; !ok && slices.Contains(promised, code) {
				t.Errorf("slm %s: its help says %d, and no row ends in it", name, code)
			}
		}
	}
	for _, code := range []int{exitDiffers, exitCheckpoint, exitLocked, exitData, exitLLM, exitDone} { // what removes a run comes last
		for name, byCode := range calls {
			args, ok := byCode[code]
			if !ok || name == "runs rm" && code == exitDone {
				continue
			}
			if o := slm(t, dir, append(strings.Fields(name), strings.Fields(args)...)...); o.code != code {
				t.Errorf("slm %s %s: exit %d, want %d\n%s%s", name, args, o.code, code, o.out, o.err)
			}
		}
	}
	if o := slm(t, dir, append([]string{"runs", "rm"}, strings.Fields(calls["runs rm"][0])...)...); o.code != exitDone {
		t.Errorf("runs rm: %+v", o)
	}
	if _, err := os.Stat(filepath.Join(dir, other)); err == nil {
		t.Error("a removed run is there")
	}
}
