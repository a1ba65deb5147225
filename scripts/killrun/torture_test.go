package main

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestTorture_AFewKillsAndSignalsChangeNoByte(t *testing.T) {
	dir := t.TempDir()
	slm := filepath.Join(dir, "slm")
	if out, err := exec.Command("go", "build", "-o", slm, "slm/cmd/slm").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	torture, err := newTorture(slm, dir, "tiny", 1, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	for sig, kills := range map[syscall.Signal]int{syscall.SIGKILL: 4, syscall.SIGTERM: 1, syscall.SIGINT: 1} {
		f, err := torture.run(sig, kills)
		if err != nil {
			t.Fatal(err)
		}
		if f.Kills < kills || f.Runs < 1 || sig != syscall.SIGKILL && f.Orderly == 0 {
			t.Errorf("%s: %+v", sig, f)
		}
	}
}
