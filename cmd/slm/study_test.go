package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"slm/experiment"
	"slm/pipeline/runtest"
	"slm/pipeline/sweep"
)

// killed runs a command in dir and kills it, so many times, at moments that together span what it takes undisturbed: where it dies is left to chance, what it
// ends in is not.
func killed(t *testing.T, dir string, times int, took time.Duration, args ...string) {
	t.Helper()
	for i := range times {
		cmd, stderr := process(t, dir, nil, args...)
		var said bytes.Buffer
		read := make(chan struct{})
		go func() { defer close(read); _, _ = said.ReadFrom(stderr) }()
		time.Sleep(time.Duration(rand.Float64() * float64(took) / float64(times)))
		_ = cmd.Process.Kill() // it may have ended
		<-read
		if err := cmd.Wait(); err != nil && cmd.ProcessState.Exited() {
			t.Fatalf("call %d ended by itself: %v\n%s", i, err, &said)
		}
	}
}

// sameFiles compares files of an experiment below two folders.
func sameFiles(t *testing.T, name, one, two string, files ...string) {
	t.Helper()
	for _, file := range files {
		a, err := os.ReadFile(filepath.Join(one, experiment.Folder, name, file))
		b, err2 := os.ReadFile(filepath.Join(two, experiment.Folder, name, file))
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("%s is another below %s (%v, %v)", file, two, err, err2)
		}
	}
}

func TestSweep_KilledAnywhereItEndsInTheSameTrials(t *testing.T) {
	args := []string{"sweep", "tiny", "--quick", "--yes", "--over", "stages.dp.optim.lr=log(1e-4,3e-2)", "--over", "model.width={8,16}", "--trials", "6", "--risk", ".3"}
	for _, s := range runtest.Smaller {
		args = append(args, "-s", s)
	}
	calm, dead := t.TempDir(), t.TempDir()
	began := time.Now()
	if o := slm(t, calm, args...); o.code != 0 {
		t.Fatalf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	killed(t, dead, 4, time.Since(began), args...)
	if o := slm(t, dead, args...); o.code != 0 {
		t.Fatalf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	sameFiles(t, "tiny-sweep", calm, dead, sweep.TrialsFile, sweep.RecipeFile, sweep.SummaryFile)
}
