// Package mpitest starts ranks for tests, by the mpirun of Open MPI.
package mpitest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Command starts n ranks of a program, on this machine or as flags of mpirun say. Where Open MPI is not installed the test is skipped, and says so.
func Command(t testing.TB, n int, flags []string, program string, args ...string) *exec.Cmd {
	t.Helper()
	mpirun, err := exec.LookPath("mpirun")
	if err == nil {
		var out []byte
		if out, err = exec.Command(mpirun, "--version").Output(); err == nil && !strings.Contains(string(out), "Open MPI") {
			t.Skipf("not tested: %s is not Open MPI's: %.60s", mpirun, out)
		}
	}
	if err != nil {
		t.Skipf("not tested: ranks need Open MPI (scripts/setup-test installs openmpi-bin where it can): %v", err)
	}
	flags = append([]string{"--oversubscribe", "-n", strconv.Itoa(n)}, flags...)
	if os.Getuid() == 0 {
		flags = append(flags, "--allow-run-as-root")
	}
	return exec.Command(mpirun, append(append(flags, program), args...)...)
}
