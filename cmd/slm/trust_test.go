package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gofrs/flock"
)

// lesser makes recipes/tiny.yaml a run of a second or two.
const lesser = "-s model.layers=1 -s model.width=16 -s model.context=64 -s tokenizer.train.vocab=320 -s data.corpus.only=[Apache-2.0,MPL-2.0,EPL-2.0] " +
	"-s stages.dp.tokens=4096 -s stages.dp.batch=512 -s stages.dp.max_section=60 -s stages.kit.batch=512 -s stages.bpo.trials=1 -s stages.bpo.init=1 " +
	"-s stages.bpo.items.ladder=[2,4] -s eval.items=4 -s eval.knowledge=8 -s eval.intervals.n=100"

// finished is a whole run of the tiny recipe, made once; removed by TestMain.
var finished struct {
	once     sync.Once
	dir, run string
}

// trainTiny is a run of the tiny recipe below dir, whose folder it returns, relative to dir. A run with no more settings is a copy of the same one.
func trainTiny(t *testing.T, dir string, more ...string) string {
	t.Helper()
	if len(more) > 0 {
		return trainAnew(t, dir, more...)
	}
	finished.once.Do(func() {
		var err error
		if finished.dir, err = os.MkdirTemp("", "slm-finished-"); err != nil {
			t.Fatal(err)
		}
		finished.run = trainAnew(t, finished.dir)
	})
	if finished.run == "" {
		t.Fatal("there is no finished run")
	}
	if err := os.CopyFS(filepath.Join(dir, finished.run), os.DirFS(filepath.Join(finished.dir, finished.run))); err != nil {
		t.Fatal(err)
	}
	return finished.run
}

func trainAnew(t *testing.T, dir string, more ...string) string {
	t.Helper()
	var result struct{ Run string }
	args := append(append([]string{"train", "tiny", "-o", "json", "-q"}, strings.Fields(lesser)...), more...)
	if o := slm(t, dir, args...); o.code != 0 || json.Unmarshal([]byte(o.out), &result) != nil {
		t.Fatalf("%+v", o)
	}
	return result.Run
}

func TestSlm_RunIsVerifiedReproducedComparedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	run := trainTiny(t, dir)
	expect := func(code int, want string, args ...string) outcome {
		t.Helper()
		o := slm(t, dir, args...)
		if o.code != code || !strings.Contains(o.out+o.err, want) {
			t.Errorf("slm %s: exit %d, want %d and %q\n%s%s", strings.Join(args, " "), o.code, code, want, o.out, o.err)
		}
		return o
	}
	first := expect(0, "every byte is what was written", "verify", "tiny")
	if first.err != "" {
		t.Errorf("stderr: %s", first.err)
	}
	var v struct {
		OK      bool
		Digests map[string]string
	}
	o := expect(0, "", "verify", run, "-o", "json")
	if json.Unmarshal([]byte(o.out), &v) != nil || !v.OK || len(v.Digests) != 5 || strings.Contains(o.out, dir) {
		t.Errorf("%s", o.out)
	}
	o = expect(0, "reproduced, bit for bit", "reproduce", "tiny", "-q")
	if left, _ := filepath.Glob(filepath.Join(dir, "runs", ".again-*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	expect(0, `"exact": true`, "reproduce", "tiny", "--stage", "bpo", "-o", "json")
	expect(2, "there is no such stage", "reproduce", "tiny", "--stage", "frob")
	expect(0, "no difference", "diff", run, run)
	other := trainTiny(t, dir, "-s", "seed=9")
	o = expect(7, "seed: 7 → 9", "runs", "diff", filepath.Base(run), filepath.Base(other))
	if !strings.Contains(o.out, "of its norm") || !strings.Contains(o.out, "metrics differ from step 1") {
		t.Errorf("%s", o.out)
	}
	if !strings.HasPrefix(o.out, "scores  4 questions, by accuracy: ") || !strings.Contains(o.out, "\n        method  blade ") {
		t.Errorf("it does not begin with scores: %s", o.out)
	}
	expect(0, "\n    since "+filepath.Base(run)+": seed 7 → 9\n", "runs", "list")
	expect(7, "dp", "diff", run+"/dp", other+"/dp")
	expect(0, "finished", "runs", "show", filepath.Base(run))
	expect(2, "can be any of", "runs", "show", "tin")
	expect(8, "no such folder", "runs", "show", "nope")

	path := filepath.Join(dir, run, "dp", "weights.arrow")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 4
	put(t, path, string(data))
	o = expect(7, "dp/weights.arrow: tensor ", "verify", run)
	if !strings.Contains(o.out, "DIFFERS") || !strings.Contains(o.out, "index ") {
		t.Errorf("%s", o.out)
	}

	expect(2, "nothing was deleted", "runs", "rm", run)
	l := flock.New(filepath.Join(dir, run, "lock"))
	if ok, err := l.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	expect(9, "locked", "runs", "rm", run, "--yes")
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	expect(0, "deleted", "runs", "rm", run, "--yes")
	expect(8, "", "verify", run)
}

// TestCiMD_WorkflowFailsWhenACheckpointNoLongerReproduces runs the script of docs/ci.md as CI does.
func TestCiMD_WorkflowFailsWhenACheckpointNoLongerReproduces(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "ci.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, script, ok := strings.Cut(string(text), "```bash\n")
	script, _, closed := strings.Cut(script, "```")
	if !ok || !closed {
		t.Fatal("docs/ci.md has no script")
	}
	dir := t.TempDir()
	run := trainTiny(t, dir)
	bin := filepath.Join(dir, "bin")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(bin, "slm"), "#!/bin/sh\nexec '"+self+"' \"$@\"\n")
	if err := os.Chmod(filepath.Join(bin, "slm"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "reproduce.sh"), script)
	summary := filepath.Join(dir, "summary.md")
	call := func() (int, string) {
		t.Helper()
		put(t, summary, "")
		code := shell(t, dir, "GITHUB_STEP_SUMMARY="+summary, "PATH="+bin+":"+os.Getenv("PATH"), "bash", "reproduce.sh", run)
		text, err := os.ReadFile(summary)
		if err != nil {
			t.Fatal(err)
		}
		return code, string(text)
	}
	if code, text := call(); code != 0 || !strings.Contains(text, "reproduced, bit for bit") || !strings.Contains(text, "| dp | same |") {
		t.Errorf("sound: exit %d\n%s", code, text)
	}
	put(t, filepath.Join(dir, run, "recipe.yaml"), strings.Replace(readText(t, filepath.Join(dir, run, "recipe.yaml")), "seed: 7", "seed: 8", 1))
	if code, text := call(); code != 7 || !strings.Contains(text, "recipe.yaml") {
		t.Errorf("damaged: exit %d\n%s", code, text)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// shell runs a command with settings of the environment in front of it, and returns its exit code.
func shell(t *testing.T, dir string, args ...string) int {
	t.Helper()
	env := []string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + dir}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		env, args = append(env, args[0]), args[1:]
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	t.Logf("%s", out)
	return cmd.ProcessState.ExitCode()
}
