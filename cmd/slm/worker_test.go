package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"slm/experiment"
	"slm/pipeline/runtest"
	"slm/store/storetest"
)

// beKubectl is the variable by which the test binary is told to be a kubectl that runs the Jobs that it is given.
const beKubectl = "BE_KUBECTL"

// handful is an experiment of two runs.
func handful(more ...string) []string {
	args := []string{"ablate", "tiny", "--quick", "--yes", "--drop", "kit.filter", "--seeds", "1"}
	for _, s := range runtest.Smaller {
		args = append(args, "-s", s)
	}
	return append(args, more...)
}

// tool puts a program in front of the path, which is the test binary with more variables, or a script.
func tool(t *testing.T, bin, name, script string) {
	t.Helper()
	put(t, filepath.Join(bin, name), "#!/bin/sh\n"+script+"\n")
	if err := os.Chmod(filepath.Join(bin, name), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestAblate_OnEachLauncherEndsInTheItemsOfASerialRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	serial := t.TempDir()
	if o := slm(t, serial, handful()...); o.code != 0 {
		t.Fatalf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	want, err := os.ReadFile(filepath.Join(serial, "experiments", "tiny", experiment.ItemsFile))
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	schema, err := filepath.Abs("../../pipeline/launch/testdata/job.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	tool(t, bin, "slm", fmt.Sprintf("unset %s; %s=1 exec '%s' \"$@\"", beKubectl, asProgram, self))
	tool(t, bin, "kubectl", fmt.Sprintf("%s='%s' exec '%s' \"$@\"", beKubectl, schema, self))
	// An sbatch that runs the tasks of an array at once, the last first: a level may begin before all of the one before has ended well.
	tool(t, bin, "sbatch", `for a in "$@"; do case "$a" in --wrap=*) job="${a#--wrap=}";; --array=*) last="${a#--array=0-}"; last="${last%%\%*}";; esac; done
for i in $(seq "$last" -1 0); do SLURM_ARRAY_TASK_ID=$i sh -c "$job" >&2; done; echo 1`)
	env := stored(storetest.InProcess(t))
	for _, c := range []struct{ launcher, with, store string }{{"slurm", "partition=short", ""}, {"kubernetes", "image=slm:1", ""}, {"local", "", "s3://" + storetest.Bucket + "/work"}} {
		dir := t.TempDir()
		args := handful("--on", c.launcher, "--jobs", "2", "-o", "json")
		work := []string{"worker", "--experiment", "experiments/tiny"}
		if c.store != "" {
			args, work = append(args, "--store", c.store), []string{"worker", "--experiment", "tiny", "--store", c.store}
		}
		if c.with != "" {
			args = append(args, "--with", c.with)
		}
		if c.launcher == "kubernetes" {
			args = append(args, "--with", "claim=disk")
		}
		o := slmEnv(t, dir, append(env, "PATH="+bin+":"+os.Getenv("PATH")), args...)
		var out launched
		if err := json.Unmarshal([]byte(o.out), &out); err != nil || o.code != 0 || !out.Submitted || out.Runs != 2 {
			t.Errorf("%s: exit %d, %v\n%s%s", c.launcher, o.code, err, o.out, o.err)
			continue
		}
		got, err := os.ReadFile(filepath.Join(dir, "experiments", "tiny", experiment.ItemsFile))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, or the items are others\n%s", c.launcher, err, o.err)
		}
		if o := slmEnv(t, dir, env, work...); o.code != 0 || !strings.Contains(o.out, "0 stages") || strings.Contains(o.out, "table") {
			t.Errorf("%s: a worker finds something to do: exit %d\n%s%s", c.launcher, o.code, o.out, o.err)
		}
		if o := slm(t, dir, "verify", "tiny"); o.code != 0 {
			t.Errorf("%s: verify: exit %d\n%s%s", c.launcher, o.code, o.out, o.err)
		}
	}
}

func TestAblate_WithoutTheClustersProgramItSaysWhatSubmits(t *testing.T) {
	dir := t.TempDir()
	o := slmEnv(t, dir, []string{"PATH=" + t.TempDir()}, handful("--on", "slurm")...)
	script := filepath.Join("experiments", "tiny", "slurm.sh")
	if o.code != 0 || !strings.Contains(o.out, "submit it   sh ") || !strings.Contains(o.out, script) {
		t.Errorf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, script)); err != nil || !strings.Contains(string(text), "sbatch") {
		t.Errorf("%v\n%s", err, text)
	}
	for args, want := range map[string]string{
		"--on frob": "local, slurm, kubernetes", "--with cpus=4": "--on", "--on kubernetes": "image", "--on local --with cpus=4": "no options", "--on kubernetes --with image=a": "claim", "--store s3://a": "--on", "--on local --store a": "s3://",
	} {
		if o := slm(t, dir, handful(strings.Fields(args)...)...); o.code != 2 || !strings.Contains(o.err, want) {
			t.Errorf("%s: exit %d\n%s", args, o.code, o.err)
		}
	}
	for args, want := range map[string]string{"worker": "--experiment", "worker --experiment .": "no experiment for workers", "worker --experiment experiments/tiny --index 99": "stages 0 to"} {
		if o := slm(t, dir, strings.Fields(args)...); o.code != 2 || !strings.Contains(o.err, want) {
			t.Errorf("%s: exit %d\n%s", args, o.code, o.err)
		}
	}
}

// kubectl checks a Job by the schema and runs its pods, as many side by side as it says, each index once.
func kubectl(schema string, args []string) error {
	if len(args) != 3 || args[0] != "apply" || args[1] != "-f" {
		return fmt.Errorf("kubectl %v", args)
	}
	text, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	var doc any
	var job struct {
		Spec struct {
			Completions, Parallelism int
			Template                 struct {
				Spec struct{ Containers []struct{ Command []string } }
			}
		}
	}
	s, err := jsonschema.NewCompiler().Compile(schema)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	if err := s.Validate(doc); err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, &job); err != nil {
		return err
	}
	command := job.Spec.Template.Spec.Containers[0].Command
	failed := make([]error, job.Spec.Completions)
	slots := make(chan struct{}, job.Spec.Parallelism)
	var pods sync.WaitGroup
	for i := range job.Spec.Completions {
		slots <- struct{}{}
		pods.Go(func() {
			defer func() { <-slots }()
			args := slices.Clone(command)
			for k := range args {
				args[k] = strings.ReplaceAll(args[k], "$(STAGE)", strconv.Itoa(i))
			}
			if said, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				failed[i] = fmt.Errorf("pod %d: %w\n%s", i, err, said)
			}
		})
	}
	pods.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}
