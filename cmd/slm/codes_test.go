package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"slm/store"
	"slm/store/storetest"
)

var codeLine = regexp.MustCompile(`(?m)^ {2,4}(\d+)(?:/143)?  `)

// commandsWithCodes lists what can be called, as typed after slm, with the exit codes that its help promises.
func commandsWithCodes() map[string][]int {
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

// TestExitCode_EveryCommandEndsInThoseThatItsHelpPromises calls each command so that it ends in each of the codes; 130 and 143 are
// TestSlm_ASignalStopsEachCommandThatWaitsForAServer's.
func TestExitCode_EveryCommandEndsInThoseThatItsHelpPromises(t *testing.T) {
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
	put(t, filepath.Join(dir, "own", "page.md"), "# Travel\n\n## Hotels\n\nA hotel is paid.\n")
	put(t, filepath.Join(dir, "nothing", "logo.svg"), "<svg/>")
	if err := os.CopyFS(filepath.Join(dir, "uneven"), os.DirFS(filepath.Join(repository, "experiment", "testdata", "golden"))); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "items.jsonl"), "{\"id\":\"a\"\n")
	put(t, filepath.Join(dir, "good.jsonl"), `{"question":"What?","choices":["a","b"],"answer":0,"split":"test"}`)
	// copied is the run elsewhere, with another recipe.
	copied := func(to string, edits ...string) {
		if err := os.CopyFS(filepath.Join(dir, to, run), os.DirFS(filepath.Join(dir, run))); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, to, run, "recipe.yaml")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		put(t, path, strings.NewReplacer(edits...).Replace(string(text)))
	}
	copied("poor", "calls: 5000", "calls: 1") // which is bought:
	if o := slm(t, dir, "ask", "tiny", "first", "--choice", "a", "--choice", "b", "--dir", "poor"); o.code != exitDone {
		t.Fatalf("%+v", o)
	}
	copied("remote", "provider: overlap", "provider: openai\n  url: http://127.0.0.1:9/v1", "retries: 5", "retries: 0") // where nobody listens
	var code strings.Builder
	for i, word := range strings.Fields("amber basalt cedar delta ember fjord garnet harbor indigo jasper kelp lagoon maple nickel onyx pewter") {
		fmt.Fprintf(&code, "{\"title\":\"T\",\"number\":%d,\"text\":\"%s.\"}\n", i, strings.Repeat(word+" ", 9))
	}
	put(t, filepath.Join(dir, "code.jsonl"), code.String())
	trainTiny(t, dir, "-s", "name=unread", "-s", "data.corpus.from=", "-s", "data.corpus.path=code.jsonl", "-s", "data.corpus.only=[]", "-s", "data.corpus.numbered=false", "--until", "data")
	if err := os.Remove(filepath.Join(dir, "code.jsonl")); err != nil {
		t.Fatal(err)
	}
	env := stored(storetest.InProcess(t))
	for _, to := range []string{"ahead", "apart"} {
		copied(to)
		f, err := os.OpenFile(filepath.Join(dir, to, run, "events.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = fmt.Fprintf(f, "{\"type\":%q}\n", to)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const spoilt = " --store s3://" + storetest.Bucket + "/spoilt"
	for _, args := range []string{"tiny --dir ahead", locked, other + spoilt} {
		if o := slmEnv(t, dir, env, append([]string{"store", "push"}, strings.Fields(args)...)...); o.code != exitDone {
			t.Fatalf("%+v", o)
		}
	}
	s, err := store.Open(strings.TrimPrefix(spoilt, " --store "), storetest.Environment(strings.TrimPrefix(env[2], "AWS_ENDPOINT_URL_S3=")))
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := s.List(t.Context(), "blobs")
	if err != nil || len(blobs) == 0 {
		t.Fatal(blobs, err)
	}
	if err := s.Set(t.Context(), "blobs/"+blobs[0], []byte("spoilt")); err != nil {
		t.Fatal(err)
	}
	l := flock.New(filepath.Join(dir, locked, "lock"))
	if ok, err := l.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer func() { _ = l.Unlock() }()
	put(t, filepath.Join(dir, "later.jsonl"), code.String())
	later := run + " --corpus later.jsonl -s data.corpus.only=[] -s data.corpus.numbered=false "
	if o := slm(t, dir, append([]string{"update"}, strings.Fields(later+"--name held --until data")...)...); o.code != exitDone {
		t.Fatalf("%+v", o)
	}
	held, err := filepath.Glob(filepath.Join(dir, "runs", "held-*", "lock"))
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	put(t, filepath.Join(dir, "experiments/held/lock"), "")
	for _, path := range append(held, filepath.Join(dir, "experiments/held/lock")) {
		h := flock.New(path)
		if ok, err := h.TryLock(); !ok || err != nil {
			t.Fatal(ok, err)
		}
		defer func() { _ = h.Unlock() }()
	}
	tiny := "tiny " + lesser + " "
	for _, name := range []string{"ready", "unread", "changed", "torn", "unarmed"} {
		more := map[string]string{"unread": " -s data.corpus.from= -s data.corpus.path=own.txt -s data.corpus.only=[]", "unarmed": " -s llm.provider=local -s llm.model=gguf:own.gguf"}[name]
		put(t, filepath.Join(dir, "own.txt"), "Some text.")
		put(t, filepath.Join(dir, "own.gguf"), "GGUF")
		if o := slm(t, dir, strings.Fields("ablate "+tiny+"--name "+name+" --drop kit --seeds 1 --quick --yes --on slurm"+more)...); o.code != exitDone {
			t.Fatalf("%+v", o)
		}
	}
	for _, file := range []string{"own.txt", "own.gguf"} {
		if err := os.Remove(filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "experiments/torn/work.json"), "{")
	work, err := os.ReadFile(filepath.Join(dir, "experiments/changed/work.json"))
	if err != nil {
		t.Fatal(err)
	}
	first := regexp.MustCompile("[0-9a-f]{64}").FindString(string(work))
	put(t, filepath.Join(dir, "experiments/changed/work.json"), strings.ReplaceAll(string(work), first, strings.Repeat("0", 64)))
	const at = "--experiment experiments/"
	const exploding = " -s stages.dp.optim.name=adamw -s stages.dp.optim.lr=1 -s stages.dp.optim.betas=[0.9999,0] -s stages.dp.optim.clip=0 -s stages.dp.optim.warmup=0 -s model.layers=16"
	const over = "--over stages.dp.optim.lr=log(1e-3,1e-2) --trials 1 "
	const asked = "MPL-2.0,section-2?" // one word here, and a question that names its section
	calls := map[string]map[int]string{
		"ablate": {
			0: tiny + "--drop kit --seeds 1 --quick --plan", 3: tiny + "--drop kit --seeds 1 -s seed=17 --quick --yes -s llm.budget.calls=1", 4: "nodata.yaml --quick --yes",
			5: "legal --quick --yes -s llm.model=gguf:gone.gguf", 8: tiny + "--drop kit --seeds 1 -s seed=15 --quick --yes", 9: tiny + "--name held --drop kit --seeds 1 --quick --yes",
		},
		"ask":         {0: run + " what --no-llm", 3: "tiny second --choice a --choice b --dir poor", 5: run + " never-asked --offline", 8: "nope what"},
		"draft":       {0: run + " what --no-llm", 3: "tiny " + asked + " --dir poor", 5: run + " " + asked + " --offline", 8: "nope what"},
		"check":       {0: "tiny", 4: "nodata.yaml", 5: "legal -s llm.model=gguf:gone.gguf"},
		"compare":     {0: "a=" + run + " b=" + run, 2: "a=" + run, 4: "uneven", 8: "nope other"},
		"config keys": {0: ""}, "config schema": {0: ""}, "config show": {0: "tiny"},
		"data pull":   {1: "statutes-cn --to items.jsonl", 4: "statutes-cn --base http://127.0.0.1:9 --to pulled"},
		"diff":        {0: run + " " + run, 7: run + "/data " + other + "/data", 8: run + " nope"},
		"doctor":      {0: ""},
		"eval":        {0: run, 3: "tiny --items good.jsonl --dir poor", 4: run + " --items items.jsonl", 5: run + " --items good.jsonl --offline", 8: "nope"},
		"export":      {0: run + " --to hf:exported --force", 2: run + " --to hf:items.jsonl", 8: "nope --to hf:elsewhere"},
		"import":      {0: "run:" + run + " --recipe tiny --name taken", 2: "gguf:gone.gguf --recipe tiny"},
		"init":        {0: "own --quick", 1: "own --quick --file nodata.yaml", 4: "nothing"},
		"inspect":     {0: run + "/dp", 8: "nope"},
		"classify":    {8: "nope text"},
		"summarise":   {8: "nope text"},
		"show":        {0: run + " sections", 8: "nope sections"},
		"plan":        {0: "tiny --quick", 4: "nodata.yaml", 5: "legal --quick -s llm.model=gguf:gone.gguf", 8: tiny + "--quick -s seed=15"},
		"recipe copy": {0: "tiny copied.yaml", 1: "tiny nodata.yaml"}, "recipe list": {0: ""}, "recipe show": {0: "tiny"},
		"reproduce": {0: run + " --stage data", 4: "unread", 5: "tiny --dir remote --live --stage kit", 7: damaged, 8: "nope"},
		"runs diff": {0: run + " " + run, 7: run + " " + other, 8: run + " nope"},
		"runs list": {0: ""},
		"runs rm":   {0: other + " --yes", 8: "nope --yes", 9: locked + " --yes"},
		"runs show": {0: run, 8: "nope"},
		"train": {
			0: tiny, 3: tiny + "-s seed=17 -s llm.budget.calls=3", 4: "nodata.yaml", 5: "legal", 6: tiny + "--until dp -s seed=19" + exploding,
			8: tiny + "--until data -s seed=15", 9: tiny + "-s seed=13",
		},
		"serve": {2: run + " --addr 0.0.0.0:80", 8: "nope"},
		"sweep": {
			0: tiny + over + "--quick --plan", 3: tiny + over + "--maximise accuracy -s seed=17 --quick --yes -s llm.budget.calls=1", 4: "nodata.yaml " + over + "--quick --yes",
			5: "legal " + over + "--maximise accuracy --quick --yes -s llm.model=gguf:gone.gguf", 8: tiny + over + "-s seed=15 --quick --yes", 9: tiny + over + "-s seed=13 --name other --quick --yes",
		},
		"update": {
			0: later + "--list", 3: later + "--name poor -s llm.budget.calls=1", 4: run + " --corpus gone.txt", 5: later + "--name far -s llm.provider=local -s llm.model=gguf:gone.gguf",
			6: later + "--name burst --anew --until dp" + exploding, 8: "nope --corpus later.jsonl", 9: later + "--name held",
		},
		"verify":     {0: run, 7: damaged, 8: "nope"},
		"store list": {0: ""}, "store pull": {0: filepath.Base(run) + " --dir pulled", 7: filepath.Base(run) + " --dir apart", 8: "nope", 9: filepath.Base(locked)},
		"store push": {0: run, 7: "tiny --dir apart", 8: "nope", 9: locked}, "store verify": {0: filepath.Base(run), 7: filepath.Base(other) + spoilt, 8: "nope"},
		"version": {0: ""},
		"worker":  {0: at + "ready --index 0", 4: at + "unread --index 0", 5: at + "unarmed --index 0", 7: at + "changed --index 0", 8: at + "torn"},
	}
	for name, promised := range commandsWithCodes() {
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
		for _, code := range promised {
			if _, ok := calls[name][code]; !ok && !slices.Contains([]int{exitDone, exitFailed, exitUsage, exitInterrupted}, code) {
				t.Errorf("slm %s: its help says %d, and no row ends in it", name, code)
			}
		}
	}
	for name, byCode := range calls {
		for code, args := range byCode {
			if name == "runs rm" && code == exitDone { // what removes a run comes last
				continue
			}
			if o := slmEnv(t, dir, env, append(strings.Fields(name), strings.Fields(args)...)...); o.code != code {
				t.Errorf("slm %s %s: exit %d, want %d\n%s%s", name, args, o.code, code, o.out, o.err)
			}
			if code == exitDone && name != "recipe copy" {
				if got := mute(t, dir, env, append(strings.Fields(name), strings.Fields(args)...)...); got != exitFailed {
					t.Errorf("slm %s %s with nowhere to write to: exit %d", name, args, got)
				}
			}
		}
	}
	if got := mute(t, dir, nil, "runs", "rm", newer, "--yes"); got != exitFailed {
		t.Errorf("runs rm with nowhere to write to: exit %d", got)
	}
	if o := slm(t, dir, append([]string{"runs", "rm"}, strings.Fields(calls["runs rm"][0])...)...); o.code != exitDone {
		t.Errorf("runs rm: %+v", o)
	}
	if _, err := os.Stat(filepath.Join(dir, other)); err == nil {
		t.Error("a removed run is there")
	}
}

// mute runs the program with a stdout that takes nothing, and returns its exit code.
func mute(t *testing.T, dir string, env []string, args ...string) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	closed, err := os.Open(self) // for reading
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closed.Close() }()
	cmd := exec.Command(self, args...)
	cmd.Dir, cmd.Stdout = dir, closed
	cmd.Env = append([]string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + dir, "TMPDIR=" + os.TempDir()}, env...)
	_ = cmd.Run() // its exit code is the result
	return cmd.ProcessState.ExitCode()
}
