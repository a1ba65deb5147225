package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slm/experiment"
)

// slurmConf is a cluster of this machine alone.
const slurmConf = `ClusterName=here
SlurmctldHost=%[1]s(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthInfo=socket=%[2]s/munge.socket
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/spool
SlurmctldPidFile=%[2]s/slurmctld.pid
SlurmdPidFile=%[2]s/slurmd.pid
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=%[1]s Default=YES State=UP
`

// cluster starts SLURM on this machine. The long form alone does: it needs slurm-wlm and munge, and root.
func cluster(t *testing.T) (env []string) {
	t.Helper()
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("SLM_TEST_ALL is not set")
	}
	for _, program := range []string{"munged", "slurmctld", "slurmd"} {
		if _, err := exec.LookPath(program); err != nil || os.Getuid() != 0 {
			t.Skipf("%s is not installed (apt-get install slurm-wlm), or this is not root", program)
		}
	}
	dir, err := os.MkdirTemp("", "slurm-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	put(t, filepath.Join(dir, "slurm.conf"), fmt.Sprintf(slurmConf, host, dir))
	put(t, filepath.Join(dir, "munge.key"), strings.Repeat("not a secret, since it guards a test. ", 30))
	for _, folder := range []string{"state", "spool"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "munge.key"), 0o400); err != nil {
		t.Fatal(err)
	}
	env = []string{"SLURM_CONF=" + filepath.Join(dir, "slurm.conf"), "PATH=" + os.Getenv("PATH")}
	for _, args := range [][]string{
		{"munged", "--foreground", "--force", "--key-file=" + dir + "/munge.key", "--socket=" + dir + "/munge.socket", "--pid-file=" + dir + "/munged.pid", "--log-file=" + dir + "/munged.log", "--seed-file=" + dir + "/munge.seed"},
		{"slurmctld", "-D"}, {"slurmd", "-D"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), env...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		time.Sleep(time.Second)
	}
	for range 60 {
		if states, _ := sinfo(env, "sinfo", "-h", "-o", "%T"); strings.TrimSpace(states) == "idle" {
			return env
		}
		time.Sleep(time.Second)
	}
	t.Fatal("the node does not become idle")
	return nil
}

// sinfo is what a command of the cluster says.
func sinfo(env []string, args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	return string(out), err
}

func TestAblate_OnARealSLURMCancelledJobsAreMadeUpForAndTheItemsAreThoseOfASerialRun(t *testing.T) {
	env := cluster(t)
	serial, dir := t.TempDir(), t.TempDir()
	if o := slm(t, serial, handful("--drop", "kit")...); o.code != 0 {
		t.Fatalf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	if o := slmEnv(t, dir, env, handful("--drop", "kit", "--on", "slurm", "--jobs", "2", "--with", "cpus=1", "--with", "time=20")...); o.code != 0 || !strings.Contains(o.out, "submitted   sh") {
		t.Fatalf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	cancelled := 0
	for waited := 0; ; waited++ {
		queue, err := sinfo(env, "squeue", "-h", "-r", "-o", "%i %T")
		if err != nil || waited > 900 {
			t.Fatalf("%v: the queue does not end\n%s", err, queue)
		}
		if queue == "" {
			break
		}
		for line := range strings.Lines(queue) {
			job, state, _ := strings.Cut(strings.TrimSpace(line), " ")
			if state == "RUNNING" && cancelled < 2 && !strings.HasPrefix(line, "6_") {
				if _, err := sinfo(env, "scancel", "--signal=KILL", "--full", job); err == nil {
					cancelled++
				}
				break
			}
		}
		time.Sleep(time.Second)
	}
	want, err := os.ReadFile(filepath.Join(serial, "experiments", "tiny", experiment.ItemsFile))
	got, err2 := os.ReadFile(filepath.Join(dir, "experiments", "tiny", experiment.ItemsFile))
	if err != nil || err2 != nil || !bytes.Equal(want, got) || cancelled == 0 {
		t.Errorf("%d killed: the items are others: %v, %v", cancelled, err, err2)
	}
}
