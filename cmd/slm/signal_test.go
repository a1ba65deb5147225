package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// small is a recipe whose training takes seconds.
const small = `slm: 1
name: small
model: {layers: 1, width: 32, heads: 2, context: 64}
tokenizer: {train: {vocab: 400}}
data: {corpus: {from: builtin:licenses, only: [Apache-2.0, MPL-2.0], numbered: true}}
stages: {dp: {tokens: 40k, batch: 256, max_section: 60, save: {minutes: 0.001}}}
`

var digestLine = regexp.MustCompile(`(?m)^dp    done in .*, digest (\w+)$`)

// interrupt starts training and sends a signal once the first step of dp is shown. It returns the exit code, −1 for a kill.
func interrupt(t *testing.T, dir string, sig syscall.Signal) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "train", "r.yaml", "--until", "dp")
	cmd.Dir = dir
	cmd.Env = []string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + dir}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	var text strings.Builder
	sent := false
	for s := bufio.NewScanner(stderr); s.Scan(); {
		text.WriteString(s.Text() + "\n")
		if !sent && strings.HasPrefix(s.Text(), "dp    ") && strings.Contains(s.Text(), "/") && strings.Contains(s.Text(), "loss") {
			sent = true
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // its exit code is the result
	if !sent {
		t.Fatalf("dp never showed a step:\n%s", text.String())
	}
	return cmd.ProcessState.ExitCode()
}

func TestTrain_SignalSavesStateAndTheNextStartEndsInTheSameDigest(t *testing.T) {
	digest := func(o outcome) string {
		m := digestLine.FindStringSubmatch(o.err)
		if o.code != 0 || m == nil {
			t.Fatalf("%+v", o)
		}
		return m[1]
	}
	whole := t.TempDir()
	put(t, filepath.Join(whole, "r.yaml"), small)
	want := digest(slm(t, whole, "train", "r.yaml", "--until", "dp"))
	dir := t.TempDir()
	put(t, filepath.Join(dir, "r.yaml"), small)
	for sig, code := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130, syscall.SIGKILL: -1} {
		if got := interrupt(t, dir, sig); got != code {
			t.Fatalf("%s: exit %d, want %d", sig, got, code)
		}
	}
	last := slm(t, dir, "train", "r.yaml", "--until", "dp")
	if !strings.Contains(last.err, "goes on where it was interrupted") {
		t.Errorf("did not go on:\n%s", last.err)
	}
	if got := digest(last); got != want {
		t.Errorf("interrupted three times it ends in %s, in one go in %s", got, want)
	}
}
