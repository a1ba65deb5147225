package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"slm/model/kernel"
)

// SLURM starts ranks without mpirun, by PMIx.
func TestTrain_RanksUnderSrunEndInTheCommittedDigests(t *testing.T) {
	env := cluster(t)
	if kinds, _ := sinfo(env, "srun", "--mpi=list"); !strings.Contains(kinds, "pmix") {
		t.Skipf("not tested: this SLURM has no PMIx: %s", kinds)
	}
	class, dir := kernel.ClassF32, t.TempDir()
	alone := smaller(dir, class, way{"", 1}, "--until", "kit")
	cmd := exec.Command("srun", append([]string{"-n", "2", "--mpi=pmix", "--export=ALL", alone.Path}, alone.Args[1:]...)...)
	cmd.Env = append(append(os.Environ(), alone.Env...), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	toldRanks(t, dir, 2)
	want, got := readDigests(t), digestsOf(t, dir, class, way{"", 1})
	for _, stage := range []string{"dp", "kit"} {
		if line := fmt.Sprintf("%s %s", class, stage); got[stage] != want[line] {
			t.Errorf("%s is %s, on one rank it is %s", stage, got[stage], want[line])
		}
	}
}
