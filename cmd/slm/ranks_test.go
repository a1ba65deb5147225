package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slm/internal/mpi/mpitest"
	"slm/model/kernel"
	"slm/pipeline/runtest"
)

// smallerRanks is smaller on n ranks, started with flags of mpirun. A rank by itself needs no launcher.
func smallerRanks(t *testing.T, n int, flags []string, dir string, class kernel.Class, more ...string) *exec.Cmd {
	t.Helper()
	alone := smaller(dir, class, way{"", 1}, more...)
	if n == 1 {
		return alone
	}
	for _, v := range alone.Env { // of other hosts, too
		name, _, _ := strings.Cut(v, "=")
		flags = append(flags, "-x", name)
	}
	cmd := mpitest.Command(t, n, flags, alone.Path, alone.Args[1:]...)
	cmd.Env = append(alone.Env, "PATH="+os.Getenv("PATH"))
	return cmd
}

func TestTrain_AnyNumberOfRanksEndsInTheCommittedDigests(t *testing.T) {
	classes, numbers := []kernel.Class{kernel.ClassF32}, []int{2}
	if os.Getenv("SLM_TEST_ALL") != "" {
		classes, numbers = kernel.Contracts(), []int{2, 3, 4, 8}
	}
	want := readDigests(t)
	for _, class := range classes {
		for _, n := range numbers {
			dir := t.TempDir()
			if out, err := smallerRanks(t, n, nil, dir, class).CombinedOutput(); err != nil {
				t.Fatalf("class %s, %d ranks: %v\n%s", class, n, err, out)
			}
			for stage, got := range digestsOf(t, dir, class, way{"", 1}) {
				if line := fmt.Sprintf("%s %s", class, stage); got != want[line] {
					t.Errorf("class %s, %d ranks: %s is %s, on one it is %s", class, n, stage, got, want[line])
				}
			}
			toldRanks(t, dir, n)
		}
	}
}

// localLLM has a run of tiny be the black box of others: weights in the process, which every rank answers by.
func localLLM(t *testing.T, dir string, class kernel.Class) []string {
	t.Helper()
	cmd := smaller(dir, class, way{"", 1}, "--until", "dp", "-s", "model.context=512")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	runs, _ := filepath.Glob(filepath.Join(dir, "runs", "tiny-*")) // the pattern is sound
	return []string{"-s", "llm.provider=local", "-s", "llm.model=run:" + runs[0], "-s", "stages.find.fuse=learned", "-s", "stages.find.bridge=true", "-s", "stages.find.gate=true"}
}

// All stages that ask the black box share its work with the other ranks; stopped anywhere, they go on with other numbers of them.
func TestTrain_RanksAnswerForEveryStageWithTheDigestsOfOne(t *testing.T) {
	class := kernel.ClassF32
	with := localLLM(t, t.TempDir(), class)
	digests := func(dir string) map[string]string { return digestsOf(t, dir, class, way{"", 1}) }
	alone := t.TempDir()
	if out, err := smallerRanks(t, 1, nil, alone, class, with...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := digests(alone)
	if want["eval"] == "" || want["bpo"] == "" || want["find"] == "" {
		t.Fatalf("%v", want)
	}
	whole, kills := []int{2}, []int{3}
	if os.Getenv("SLM_TEST_ALL") != "" {
		whole, kills = []int{2, 3}, []int{2, 3, 1, 3, 2}
	}
	for _, n := range whole {
		dir := t.TempDir()
		if out, err := smallerRanks(t, n, nil, dir, class, with...).CombinedOutput(); err != nil {
			t.Fatalf("%d ranks: %v\n%s", n, err, out)
		}
		if got := digests(dir); !maps.Equal(got, want) {
			t.Errorf("%d ranks: %v, on one %v", n, got, want)
		}
	}
	cut, killed := t.TempDir(), 0
	for i, n := range kills {
		cmd := smallerRanks(t, n, nil, cut, class, with...)
		before := size(cut)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); time.Now().Before(end) && size(cut) < before+int64(2000*(i+1)); {
			time.Sleep(time.Millisecond)
		}
		if n == 1 {
			_ = cmd.Process.Kill() // it may be over
		} else {
			killRank(t, cmd.Process.Pid, i%n)
		}
		if cmd.Wait() != nil {
			killed++
		}
	}
	if out, err := smallerRanks(t, 2, nil, cut, class, with...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := digests(cut); !maps.Equal(got, want) || killed == 0 {
		t.Errorf("after %d kills: %v, without %v", killed, got, want)
	}
}

// size is that of the journals of replies below dir.
func size(dir string) (n int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "runs", "*", "replies.wal")) // the pattern is sound
	for _, f := range files {
		if stat, err := os.Stat(f); err == nil {
			n += stat.Size()
		}
	}
	return n
}

// toldRanks checks that the events of a run say how many ranks trained.
func toldRanks(t *testing.T, dir string, n int) {
	t.Helper()
	events, _ := filepath.Glob(filepath.Join(dir, "runs", "*", "events.jsonl")) // the pattern is sound
	if text, err := os.ReadFile(events[0]); err != nil || !bytes.Contains(text, fmt.Appendf(nil, `"ranks":%d`, n)) {
		t.Errorf("the events do not say %d ranks: %v", n, err)
	}
}

// Two hosts, each with a network of its own, joined by a gigabit.
func TestTrain_RanksOnTwoHostsEndInTheCommittedDigests(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("long: set SLM_TEST_ALL=1")
	}
	flags, want := mpitest.TwoHosts(t, 1000), readDigests(t)
	for _, class := range kernel.Contracts() {
		for _, n := range []int{2, 3, 4} {
			dir := t.TempDir()
			if out, err := smallerRanks(t, n, flags, dir, class, "--until", "kit").CombinedOutput(); err != nil {
				t.Fatalf("class %s, %d ranks: %v\n%s", class, n, err, out)
			}
			toldRanks(t, dir, n)
			got := digestsOf(t, dir, class, way{"", 1})
			for _, stage := range []string{"dp", "kit"} {
				if line := fmt.Sprintf("%s %s", class, stage); got[stage] != want[line] {
					t.Errorf("class %s, %d ranks on two hosts: %s is %s, on one it is %s", class, n, stage, got[stage], want[line])
				}
			}
		}
	}
}

// A rank that is killed ends all of them, and the run goes on from the last save with other numbers of ranks.
func TestTrain_KilledRankEndsAllAndTheRunGoesOn(t *testing.T) {
	class := kernel.ClassF32
	long := []string{"--until", "dp", "-s", "stages.dp.tokens=64k", "-s", "stages.dp.save.minutes=0.0005"}
	whole, cut := t.TempDir(), t.TempDir()
	if out, err := smallerRanks(t, 1, nil, whole, class, long...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	kills := [][2]int{{2, 1}, {3, 0}} // ranks, and which of them
	if os.Getenv("SLM_TEST_ALL") != "" {
		kills = [][2]int{{2, 1}, {3, 0}, {4, 2}, {8, 7}, {2, 0}, {3, 1}, {8, 0}, {4, 3}, {2, 1}, {3, 2}}
	}
	killed := 0
	for _, k := range kills {
		cmd := smallerRanks(t, k[0], nil, cut, class, long...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		before := savesBelow(cut)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); time.Now().Before(end) && savesBelow(cut) == before; {
			time.Sleep(time.Millisecond)
		}
		found := killRank(t, cmd.Process.Pid, k[1])
		began := time.Now()
		err := cmd.Wait()
		if !found || err == nil {
			continue // it was over before
		}
		killed++
		if took := time.Since(began); took > 30*time.Second || !strings.Contains(out.String(), fmt.Sprintf("rank %d", k[1])) {
			t.Errorf("rank %d of %d was killed: the others ended after %v with %s", k[1], k[0], took, out.String())
		}
	}
	if killed == 0 {
		t.Fatal("training ended before a rank was killed")
	}
	if out, err := smallerRanks(t, 2, nil, cut, class, long...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if a, b := digestsOf(t, whole, class, way{"", 1})["dp"], digestsOf(t, cut, class, way{"", 1})["dp"]; a != b || a == "" {
		t.Errorf("after %d killed ranks dp is %s; without a break it is %s", killed, b, a)
	}
}

// savesBelow is the newest save of dp below dir, by its name.
func savesBelow(dir string) string {
	found, _ := filepath.Glob(filepath.Join(dir, "runs", "*", "work", "dp", "save-?????????")) // the pattern is sound
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

// killRank kills a rank among the children of an mpirun.
func killRank(t *testing.T, mpirun, rank int) (found bool) {
	t.Helper()
	all, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is sound
	for _, file := range all {
		env, err := os.ReadFile(file)
		stat, serr := os.ReadFile(filepath.Join(filepath.Dir(file), "stat"))
		if err != nil || serr != nil || !bytes.Contains(env, fmt.Appendf(nil, "OMPI_COMM_WORLD_RANK=%d\x00", rank)) {
			continue
		}
		var pid, parent int
		var state string
		_, behind, _ := bytes.Cut(stat, []byte(") "))
		if _, err := fmt.Sscan(string(behind), &state, &parent); err != nil || parent != mpirun {
			continue
		}
		if _, err := fmt.Sscan(string(stat), &pid); err != nil {
			t.Fatal(err)
		}
		if p, err := os.FindProcess(pid); err == nil && p.Kill() == nil {
			found = true
		}
	}
	return found
}

func TestTrain_OtherLaunchersAreRefusedByName(t *testing.T) {
	o := slmEnv(t, t.TempDir(), []string{"PMI_SIZE=2", "PMI_RANK=0"}, "train", "tiny")
	if o.code != exitUsage || !strings.Contains(o.err, "MPICH") {
		t.Errorf("%+v", o)
	}
}

func TestApp_CommandOfOneProcessIsNotStartedByMpirun(t *testing.T) {
	env := []string{"OMPI_COMM_WORLD_SIZE=4", "OMPI_COMM_WORLD_RANK=2"}
	if o := slmEnv(t, t.TempDir(), env, "eval", "tiny"); o.code != exitUsage || !strings.Contains(o.err, "4 processes") || !strings.Contains(o.err, "slm eval") {
		t.Errorf("%+v", o)
	}
	if o := slmEnv(t, t.TempDir(), env, "version"); o.code != exitDone {
		t.Errorf("%+v", o)
	}
}

func TestPlan_TellsWhatRanksBringOverTheLinkBetweenThem(t *testing.T) {
	dir := t.TempDir()
	args := []string{"plan", "tiny", "--dir", dir, "-o", "json", "--ranks", "3", "--link", "measured"}
	for _, s := range runtest.Smaller {
		args = append(args, "-s", s)
	}
	if o := slm(t, dir, args...); o.code != exitUsage || !strings.Contains(o.err, "mpirun -n 2") {
		t.Errorf("without mpirun: %+v", o)
	}
	cmd := mpitest.Command(t, 2, nil, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+dir)
	out, err := cmd.Output()
	var got planned
	if jerr := json.Unmarshal(out, &got); err != nil || jerr != nil { // rank 1 prints nothing
		t.Fatalf("%v, %v\n%s", err, jerr, out)
	}
	if len(got.Ranks) != 2 || len(got.Ranks[0].Steps) != 3 || got.Ranks[0].Link.Bits <= 0 || got.Ranks[0].Link.Latency <= 0 {
		t.Fatalf("%+v", got.Ranks)
	}
	for i, s := range got.Ranks[0].Steps {
		if s.Ranks != i+1 || s.Seconds <= 0 || (s.Sent > 0) != (i > 0) {
			t.Errorf("%+v", s)
		}
	}
}
