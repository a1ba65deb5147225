package launch

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"slm/pipeline/rundir"
)

// work is an experiment whose names need quotes everywhere.
func work(t *testing.T, name string, given ...string) (Launcher, *Work) {
	t.Helper()
	l, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	set, err := l.Settings(given)
	if err != nil {
		t.Fatal(err)
	}
	return l, &Work{Name: "it's $HOME", Folder: "/data/it's $HOME `x`", Dir: "/data", Program: `/opt/my "slm"`, Experiment: []string{"--experiment", "/data/it's $HOME `x`"}, Levels: []int{1, 3, 1200}, Jobs: 8, Set: set}
}

func emitted(t *testing.T, l Launcher, w *Work) string {
	t.Helper()
	text, err := l.Emit(w)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLauncher_OptionsAreKnownNeededAndHaveValues(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"local", "cpus=4", "no options"}, {"slurm", "frob=1", "partition, account"}, {"slurm", "partition", "KEY=VALUE"}, {"slurm", "partition=a\nb", "KEY=VALUE"},
		{"kubernetes", "claim=disk", "image"},
	} {
		l, err := Lookup(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Settings([]string{c.given}); !errors.Is(err, rundir.ErrUsage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %q: %v", c.name, c.given, err)
		}
	}
	if _, err := Lookup("frob"); !errors.Is(err, rundir.ErrUsage) || !strings.Contains(err.Error(), "local, slurm, kubernetes") {
		t.Error(err)
	}
	for _, name := range Names() {
		if !strings.Contains(Help(), name) {
			t.Errorf("the help does not tell of %s", name)
		}
	}
}

// call is what a stub was called with.
const stub = "#!/bin/sh\nn=$(cat \"$CALLS.n\" 2>/dev/null || echo 100); n=$((n + 1)); echo $n >\"$CALLS.n\"\nfor a in \"$@\"; do printf '%s\\n' \"$a\" >>\"$CALLS\"; done\necho -- >>\"$CALLS\"\necho $n\n"

func TestSlurm_ArraysDependOnTheLevelBeforeAndEveryStageHasItsTask(t *testing.T) {
	l, w := work(t, "slurm", "partition=my part", "time=1:00:00")
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	script := filepath.Join(bin, "slurm.sh")
	if err := errors.Join(os.WriteFile(filepath.Join(bin, "sbatch"), []byte(stub), 0o755), os.WriteFile(script, []byte(emitted(t, l, w)), 0o644)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", script)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CALLS="+calls)
	said, err := cmd.CombinedOutput()
	text, rerr := os.ReadFile(calls)
	if err != nil || rerr != nil {
		t.Fatal(err, rerr, string(said))
	}
	jobs := strings.Split(strings.TrimSuffix(string(text), "--\n"), "--\n")
	want := []struct{ array, after, first string }{
		{"0-0", "", "0"}, {"0-2", "afterany:101", "1"}, {"0-999", "afterany:102", "4"}, {"0-199", "afterany:102", "1004"}, {"0-0", "afterany:103:104", "1204"},
	}
	if len(jobs) != len(want) {
		t.Fatalf("%d jobs\n%s", len(jobs), text)
	}
	for i, j := range want {
		args := strings.Split(jobs[i], "\n")
		has := func(arg string) bool {
			for _, a := range args {
				if a == arg {
					return true
				}
			}
			return false
		}
		if !has("--array="+j.array+"%8") || j.after != "" && !has("--dependency="+j.after) || j.after == "" && strings.Contains(jobs[i], "dependency") ||
			!has("--partition=my part") || !has("--time=1:00:00") || !has("--job-name=it's $HOME") || !has("--requeue") ||
			!has(`--wrap=exec '/opt/my "slm"' worker --quiet --experiment '/data/it'\''s $HOME `+"`x`' --index $(("+j.first+" + SLURM_ARRAY_TASK_ID))") {
			t.Errorf("job %d, want %+v:\n%s", i, j, jobs[i])
		}
	}
	if !strings.Contains(string(said), "1204 stages") {
		t.Errorf("it says %s", said)
	}
}

func TestLocal_StartsAsManyWorkersAsItIsToldAndFailsIfOneDoes(t *testing.T) {
	l, w := work(t, "local")
	dir := t.TempDir()
	w.Program, w.Experiment, w.Jobs = filepath.Join(dir, "it's slm"), []string{"--experiment", dir}, 3
	script := filepath.Join(dir, "local.sh")
	for _, code := range []string{"0", "4"} {
		if err := errors.Join(os.WriteFile(w.Program, []byte("#!/bin/sh\necho \"$@\"\nexit "+code+"\n"), 0o755), os.WriteFile(script, []byte(emitted(t, l, w)), 0o644)); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command("sh", script).Output()
		if n := strings.Count(string(said), "worker --quiet --experiment "+dir+"\n"); n != 3 || (err == nil) != (code == "0") {
			t.Errorf("%d workers of exit code %s: %v", n, code, err)
		}
	}
}

func TestKubernetes_TheJobIsOneByThePublishedSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/job.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	l, w := work(t, "kubernetes", "image=registry/slm:1", "claim=models", "namespace=lab", "secret=llm", "cpu=500m")
	text := emitted(t, l, w)
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	var j job
	if err := yaml.Unmarshal([]byte(text), &j); err != nil {
		t.Fatal(err)
	}
	c := j.Spec.Template.Spec.Containers[0]
	if j.Spec.Completions != 1205 || j.Spec.Parallelism != 8 || c.Command[4] != w.Folder || c.Command[6] != "$(STAGE)" || c.VolumeMounts[0].Path != "/data" || c.EnvFrom[0].SecretRef.Name != "llm" {
		t.Errorf("%+v", j)
	}
	w.Jobs, w.Levels = 100, []int{2}
	if text := emitted(t, l, w); !strings.Contains(text, "parallelism: 3\n") {
		t.Error("more pods than stages")
	}
	w.Set["claim"] = ""
	if _, err := l.Emit(w); !errors.Is(err, rundir.ErrUsage) || !strings.Contains(err.Error(), "claim") {
		t.Error("pods without a common volume or a store:", err)
	}
	w.Store = true
	if err := yaml.Unmarshal([]byte(emitted(t, l, w)), &doc); err != nil || schema.Validate(doc) != nil {
		t.Errorf("with a store: %v %v", err, schema.Validate(doc))
	}
	w.Set["memory"] = "lots"
	if _, err := l.Emit(w); !errors.Is(err, rundir.ErrUsage) {
		t.Error(err)
	}
}
