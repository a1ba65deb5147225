package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"slm/model/kernel"
)

// armLibraries is where Debian's libc6-arm64-cross has the C library that the dynamic loader wants.
const armLibraries = "/usr/aarch64-linux-gnu"

// TestTrain_OnARM64EndsInTheDigestsOfItsClass builds the program for arm64 and trains on an emulated processor. On a machine with one the other test of digests
// does so without.
func TestTrain_OnARM64EndsInTheDigestsOfItsClass(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("long: set SLM_TEST_ALL=1")
	}
	qemu, err := exec.LookPath("qemu-aarch64")
	if _, missing := os.Stat(armLibraries); err != nil || missing != nil {
		t.Skip("arm64 is not tested, there is no emulator: scripts/setup-arm64")
	}
	if runtime.GOOS != "linux" {
		t.Skip("qemu-user is for Linux")
	}
	program := filepath.Join(t.TempDir(), "slm")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := readDigests(t)
	for _, class := range kernel.Contracts() {
		dir := t.TempDir()
		cmd := exec.Command(qemu, append([]string{"-L", armLibraries, program}, smallerArgs(dir, class)...)...)
		cmd.Env = []string{"GOMAXPROCS=2", "HOME=" + dir, "TMPDIR=" + os.TempDir()}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("class %s on arm64: %v\n%s", class, err, out)
		}
		got := digestsOf(t, dir, class, way{"", 1})
		for _, stage := range []string{"data", "dp", "kit", "bpo", "eval"} {
			if line := fmt.Sprintf("%s %s", class, stage); got[stage] != want[line] {
				t.Errorf("class %s on arm64: the first stage that differs is %s: %q, and %s has %q", class, stage, got[stage], digestsFile, want[line])
				break
			}
		}
	}
}
