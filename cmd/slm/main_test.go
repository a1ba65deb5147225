package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"slm/stages/all"
)

// asProgram is the variable by which the test binary is told to be the program.
const asProgram = "BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(withToyStage) != "" {
		all.Add(toyStage)
	}
	if schema := os.Getenv(beKubectl); schema != "" {
		if err := kubectl(schema, os.Args[1:]); err != nil {
			_, _ = os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		return
	}
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	code := m.Run()
	if finished.dir != "" {
		_ = os.RemoveAll(finished.dir)
	}
	os.Exit(code)
}

// outcome is what a call of the program ended in.
type outcome struct {
	code     int
	out, err string
}

// slm runs the program in a folder, with its runs there and an empty cache of models.
func slm(t *testing.T, dir string, args ...string) outcome {
	t.Helper()
	return slmEnv(t, dir, nil, args...)
}

// slmEnv is slm with more variables.
func slmEnv(t *testing.T, dir string, env []string, args ...string) outcome {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = []string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + dir, "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "TMPDIR=" + os.TempDir()}
	cmd.Env = append(cmd.Env, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o := outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
	if strings.Contains(o.err, "goroutine ") || strings.Contains(o.err, "panic:") {
		t.Errorf("slm %v shows a stack trace:\n%s", args, o.err)
	}
	return o
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestSlm_WhatAUserCanMeetHasAMessageAndAnExitCode(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "typo.yaml"), "slm: 1\nstages:\n  dp:\n    optim:\n      learning_rat: 3e-4\ndata: {corpus: {from: builtin:licenses}}\n")
	put(t, filepath.Join(dir, "nodata.yaml"), "slm: 1\ndata: {corpus: {path: gone/*.txt}}\n")
	put(t, filepath.Join(dir, "file"), "")
	put(t, filepath.Join(dir, "team.yaml"), "slm: 1\nexperts: [a, b]\n")
	put(t, filepath.Join(dir, "items.jsonl"), "{\"id\":\"a\"\n")
	put(t, filepath.Join(dir, "bad.gguf"), "GGUF")
	for _, c := range []struct {
		args string
		code int
		want string // in stderr
	}{
		{"frob", 2, "unknown command"},
		{"trian legal", 2, "did you mean train?"},
		{"train", 2, "takes a recipe"},
		{"train legal extra", 2, "takes a recipe"},
		{"train legal --frob", 2, "unknown flag"},
		{"train legal -o xml", 2, "text|json|jsonl"},
		{"train legal --only frob", 2, "there are: data, dp, kit, find, bpo, eval"},
		{"train legal --resume maybe", 2, "auto or never"},
		{"train nope", 2, "legal"},
		{"train typo.yaml", 2, "typo.yaml:5:7: unknown field \"learning_rat\""},
		{"check typo.yaml", 2, "did you mean \"lr\"?"},
		{"check legal -s seed", 2, "KEY=VALUE"},
		{"check nodata.yaml", 4, "gone/*.txt"},
		{"plan nodata.yaml", 4, "gone/*.txt"},
		{"train legal", 5, "make setup"},
		{"train legal -s llm.model=gguf:bad.gguf", 5, "bad.gguf"},
		{"train legal -s llm.model=gguf:gone.gguf", 5, "gone.gguf"},
		{"train legal --only kit -s stages.kit.filter=false", 8, "--until"},
		{"train legal --until data --dir file", 1, "file"},
		{"eval nope", 8, "no such folder"},
		{"ask nope x", 8, "no such folder"},
		{"ask nope", 2, "a run and a question"},
		{"draft nope", 2, "a run and a message"},
		{"draft nope -", 2, "the message is empty"},
		{"draft team.yaml x", 2, "name one of those"},
		{"inspect nope", 8, "no such folder"},
		{"recipe show nope", 2, "there are: gdpr, genetics, legal"},
		{"recipe copy legal file", 1, "is there already"},
		{"eval nope --items items.jsonl", 4, "items.jsonl:1"},
		{"eval nope --items gone.jsonl", 4, "gone.jsonl"},
	} {
		o := slm(t, dir, strings.Fields(c.args)...)
		if o.code != c.code || !strings.Contains(o.err, c.want) {
			t.Errorf("slm %s: exit %d, want %d and %q; stderr:\n%s", c.args, o.code, c.code, c.want, o.err)
		}
		if o.out != "" {
			t.Errorf("slm %s: an error leaves %q on stdout", c.args, o.out)
		}
	}
}

func TestSlm_ResultsAreOnStdoutAndAreJSONWhenAsked(t *testing.T) {
	dir := t.TempDir()
	for args, want := range map[string]string{
		"check legal": "ok", "plan legal --quick": "stages", "plan tiny": "estimate", "recipe list": "", "recipe show legal": "text", "runs list": "", "version": "version",
		"recipe copy legal mine.yaml": "file", "doctor": "kernel",
	} {
		o := slm(t, dir, append(strings.Fields(args), "-o", "json")...)
		var v any
		if err := json.Unmarshal([]byte(o.out), &v); err != nil || o.code != 0 || o.err != "" {
			t.Errorf("slm %s -o json: exit %d, %v\n%s%s", args, o.code, err, o.out, o.err)
			continue
		}
		if m, ok := v.(map[string]any); want != "" && (!ok || m[want] == nil) {
			t.Errorf("slm %s -o json has no %q: %s", args, want, o.out)
		}
	}
	if o := slm(t, dir, "check", "mine.yaml"); o.code != 0 || o.out != "mine.yaml: no problem\n" {
		t.Errorf("a copied recipe: %+v", o)
	}
	var e struct {
		Error string
		Code  int
	}
	if o := slm(t, dir, "train", "nope", "-o", "json"); json.Unmarshal([]byte(o.err), &e) != nil || e.Code != 2 || e.Error == "" {
		t.Errorf("an error with -o json: %+v", o)
	}
	if o := slm(t, dir, "completion", "bash"); o.code != 0 || !strings.Contains(o.out, "slm") {
		t.Errorf("completion: %+v", o)
	}
}

// folder is where the program would put a run.
func folder(t *testing.T, dir string) string {
	t.Helper()
	var p struct{ Run string }
	if o := slm(t, dir, "plan", "tiny", "-o", "json"); json.Unmarshal([]byte(o.out), &p) != nil {
		t.Fatalf("%+v", o)
	}
	return filepath.Join(dir, p.Run)
}

func TestTrain_LockedRunIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	run := folder(t, dir)
	put(t, filepath.Join(run, "lock"), `{"pid":4711,"host":"elsewhere"}`)
	l := flock.New(filepath.Join(run, "lock"))
	if ok, err := l.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer func() { _ = l.Unlock() }()
	if o := slm(t, dir, "train", "tiny", "--until", "data"); o.code != 9 || !strings.Contains(o.err, "process 4711 on elsewhere") {
		t.Errorf("%+v", o)
	}
}

func TestTrain_CheckpointOfANewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(folder(t, dir), "data", "manifest.json"), `{"version": 99}`)
	if o := slm(t, dir, "train", "tiny", "--until", "data"); o.code != 8 || !strings.Contains(o.err, "newer") {
		t.Errorf("%+v", o)
	}
}

func TestTrain_ReadOnlyFolderIsNamed(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "ro"), 0o555); err != nil {
		t.Fatal(err)
	}
	if o := slm(t, dir, "train", "legal", "--until", "data", "--dir", "ro"); o.code != 1 || !strings.Contains(o.err, "no permission for ro") {
		t.Errorf("%+v", o)
	}
}

func TestTrain_FinishedStageIsReused(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "r.yaml"), "slm: 1\nname: quick\ntokenizer: {train: {vocab: 400}}\ndata: {corpus: {from: builtin:licenses, only: [Apache-2.0, MPL-2.0], numbered: true}}\n")
	first := slm(t, dir, "train", "r.yaml", "--until", "data")
	if first.code != 0 {
		t.Fatalf("%+v", first)
	}
	second := slm(t, dir, "train", "r.yaml", "--until", "data")
	if second.code != 0 || !strings.Contains(second.out, "nothing to do") {
		t.Errorf("%+v", second)
	}
	o := slm(t, dir, "inspect", "quick")
	if o.code != 0 || !strings.Contains(o.out, "missing: dp, kit, bpo, eval") {
		t.Errorf("%+v", o)
	}
	if o := slm(t, dir, "runs", "list"); o.code != 0 || !strings.Contains(o.out, "next: dp") {
		t.Errorf("%+v", o)
	}
}
