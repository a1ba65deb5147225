package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slm/model/kernel"
	"slm/pipeline/runtest"
	"slm/stages/all"
)

// digestsFile holds the digest of each stage of a small run of recipes/tiny.yaml, for each class: lines "class stage digest"; and those of what
// recipes/legal.yaml makes in 300,000 tokens of dp, behind legalRun.
const digestsFile = "testdata/digests.txt"

// way is how to compute a run: a level, "" for the machine's own, and a number of threads.
type way struct {
	level   string
	threads int
}

func (c way) env() []string {
	env := []string{fmt.Sprint("GOMAXPROCS=", c.threads)}
	if c.level != "" {
		env = append(env, "SLM_CPU="+c.level)
	}
	return env
}

// waysToCompute are those that a class is computed in. Products in bfloat16 are slow in plain Go, and many threads on a busy machine wait for each other:
// the short form has few of either.
func waysToCompute(class kernel.Class) []way {
	if os.Getenv("SLM_TEST_ALL") != "" {
		var out []way
		for _, level := range []string{"", "avx512", "avx2", "generic"} {
			out = append(out, way{level, 1}, way{level, 3})
		}
		return out
	}
	if class == kernel.ClassF32 {
		return []way{{"", 1}, {"avx2", 3}, {"generic", 1}}
	}
	return []way{{"", 1}, {"avx2", 1}}
}

// TestTrain_EndsInTheDigestsOfItsClassOnEveryLevel trains all stages in processes of their own, because the level is chosen when a program starts.
// A level that the machine lacks is the highest below it.
func TestTrain_EndsInTheDigestsOfItsClassOnEveryLevel(t *testing.T) {
	if *update {
		updateDigests(t)
	}
	want := readDigests(t)
	for _, class := range kernel.Contracts() {
		for _, c := range waysToCompute(class) {
			dir := t.TempDir()
			trainSmaller(t, dir, class, c)
			got := digestsOf(t, dir, class, c)
			for _, stage := range []string{"data", "dp", "kit", "bpo", "eval"} {
				if line := fmt.Sprintf("%s %s", class, stage); got[stage] != want[line] {
					t.Errorf("class %s, SLM_CPU=%q, %d threads: the first stage that differs is %s: %q, and %s has %q.\n"+
						"If results were meant to change: go test ./cmd/slm -run EndsInTheDigests -update", class, c.level, c.threads, stage, got[stage], digestsFile, want[line])
					break
				}
			}
		}
	}
}

// legalRun stands before the stages of recipes/legal.yaml in digestsFile.
const legalRun = "legal-300k-"

// TestTrain_LegalEndsInTheDigestsOfItsClass does for 300,000 tokens of a recipe that people run what is done above for a small one: some minutes of two
// cores each.
func TestTrain_LegalEndsInTheDigestsOfItsClass(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("long: set SLM_TEST_ALL=1")
	}
	want := readDigests(t)
	for _, class := range kernel.Contracts() {
		for _, c := range []way{{"", 2}, {"avx512", 1}, {"avx2", 3}, {"", 8}} {
			t.Run(fmt.Sprintf("%s/%s/%d", class, c.level, c.threads), func(t *testing.T) {
				got := trainLegal(t, class, c)
				for _, stage := range []string{"data", "dp"} {
					if line := fmt.Sprintf("%s %s%s", class, legalRun, stage); got[stage] != want[line] {
						t.Errorf("stage %s is %q, and %s has %q", stage, got[stage], digestsFile, want[line])
					}
				}
			})
		}
	}
}

func trainLegal(t *testing.T, class kernel.Class, c way) map[string]string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "train", "legal", "--dir", dir, "-q", "--until", "dp", "-s", "stages.dp.tokens=300k", "-s", "numerics="+string(class))
	cmd.Env = append(c.env(), asProgram+"=1", "HOME="+dir, "TMPDIR="+os.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return digestsOfRun(t, dir, "legal", class, c)
}

// TestTrain_ResumedOnAnotherLevelEndsInTheSameDigest kills pretraining after its first save and goes on with other instructions.
func TestTrain_ResumedOnAnotherLevelEndsInTheSameDigest(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("long: set SLM_TEST_ALL=1")
	}
	long := []string{"--until", "dp", "-s", "stages.dp.tokens=256k", "-s", "stages.dp.save.minutes=0.001"}
	for _, class := range kernel.Contracts() {
		whole, cut := t.TempDir(), t.TempDir()
		trainSmaller(t, whole, class, way{"avx2", 1}, long...)
		first := smaller(cut, class, way{"avx512", 1}, long...)
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		saved := func() bool {
			found, _ := filepath.Glob(filepath.Join(cut, "runs", "*", "work", "dp", "*", "*")) // the pattern is sound
			return len(found) > 0
		}
		for end := time.Now().Add(time.Minute); !saved() && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := first.Wait(); err == nil {
			t.Fatalf("class %s: training ended before it was killed", class)
		}
		trainSmaller(t, cut, class, way{"avx2", 1}, long...)
		if a, b := digestsOf(t, whole, class, way{"", 1})["dp"], digestsOf(t, cut, class, way{"", 1})["dp"]; a != b || a == "" {
			t.Errorf("class %s: killed on avx512 and resumed on avx2, dp is %s; without a break it is %s", class, b, a)
		}
	}
}

// smaller is the command that trains a small form of recipes/tiny.yaml below dir.
func smaller(dir string, class kernel.Class, c way, more ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], smallerArgs(dir, class, more...)...)
	cmd.Env = append(c.env(), asProgram+"=1", "HOME="+dir, "TMPDIR="+os.TempDir())
	return cmd
}

func smallerArgs(dir string, class kernel.Class, more ...string) []string {
	args := []string{"train", "tiny", "--dir", dir, "-q"}
	for _, s := range append(append([]string{}, runtest.Smaller...), "numerics="+string(class)) {
		args = append(args, "-s", s)
	}
	return append(args, more...)
}

func trainSmaller(t *testing.T, dir string, class kernel.Class, c way, more ...string) {
	t.Helper()
	if out, err := smaller(dir, class, c, more...).CombinedOutput(); err != nil {
		t.Fatalf("class %s, SLM_CPU=%q, %d threads: %v\n%s", class, c.level, c.threads, err, out)
	}
}

// digestsOf are the digests of the run of tiny below dir as slm verify computes them from its files.
func digestsOf(t *testing.T, dir string, class kernel.Class, c way) map[string]string {
	t.Helper()
	return digestsOfRun(t, dir, "tiny", class, c)
}

func digestsOfRun(t *testing.T, dir, run string, class kernel.Class, c way) map[string]string {
	t.Helper()
	o := slmEnv(t, dir, c.env(), "verify", run, "-o", "json")
	var v struct {
		Numerics kernel.Class
		Digests  map[string]string
	}
	if err := json.Unmarshal([]byte(o.out), &v); err != nil || o.code != 0 {
		t.Fatalf("%v: %+v", err, o)
	}
	if v.Numerics != class {
		t.Errorf("slm verify says that the run is of class %q, want %q", v.Numerics, class)
	}
	return v.Digests
}

// readDigests maps "class stage" to the digest.
func readDigests(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(digestsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 3 {
			want[f[0]+" "+f[1]] = f[2]
		}
	}
	return want
}

func updateDigests(t *testing.T) {
	t.Helper()
	text := "# The digests of a small run of recipes/tiny.yaml (runtest.Smaller): class, stage, digest. go test ./cmd/slm -run EndsInTheDigests -update\n" +
		"# Behind " + legalRun + " those of 300,000 tokens of recipes/legal.yaml, which are made anew with SLM_TEST_ALL=1.\n"
	before, long := readDigests(t), os.Getenv("SLM_TEST_ALL") != ""
	for _, class := range kernel.Contracts() {
		dir := t.TempDir()
		trainSmaller(t, dir, class, way{"avx2", 1})
		got := digestsOf(t, dir, class, way{"", 1})
		for _, stage := range all.Names() {
			if got[stage] != "" {
				text += fmt.Sprintf("%s %s %s\n", class, stage, got[stage])
			}
		}
		if long {
			got = trainLegal(t, class, way{"", 2})
		}
		for _, stage := range []string{"data", "dp"} {
			digest := before[fmt.Sprintf("%s %s%s", class, legalRun, stage)]
			if long {
				digest = got[stage]
			}
			text += fmt.Sprintf("%s %s%s %s\n", class, legalRun, stage, digest)
		}
	}
	if err := os.WriteFile(digestsFile, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
