package task

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"slm/checkpoint"
	"slm/data/gocode"
	"slm/internal/sandbox"
)

// What becomes of a body, from the worst.
const (
	unclosed = "does not parse"
	broken   = "does not compile"
	wrong    = "fails"
	endless  = "is stopped" // by a limit of the sandbox
	passes   = "passes"
)

// compiled reports whether a verdict is of a body that compiles.
func compiled(verdict string) bool {
	return verdict == wrong || verdict == endless || verdict == passes
}

// ruling is an entry of the journal: what became of a program.
type ruling struct {
	Key   string   `json:"key"` // digest of the program and the toolchain
	Is    string   `json:"is"`
	Tests []string `json:"tests,omitempty"` // that passed, of the package as it is
}

// judge compiles bodies with the packages that they belong to, and runs the packages' own tests, in the sandbox. What it has judged it never runs again.
//
// The toolchain is trusted and its cache is its own; what it has compiled sees the module, read-only, and nothing else.
type judge struct {
	machine
	toolchain toolchain
	work      string
	journal   *checkpoint.Journal
	known     map[string]ruling
}

// machine is what a judge works with.
type machine struct {
	find func(ctx context.Context) (toolchain, error)
	run  func(ctx context.Context, c sandbox.Command) (sandbox.Result, error)
}

// here is this machine.
var here = machine{find, sandbox.Run}

// toolchain is what the command go says of itself.
type toolchain struct{ GOROOT, GOMODCACHE, GOVERSION string }

// find finds the Go of this machine, and makes sure that it has a sandbox.
func find(ctx context.Context) (t toolchain, err error) {
	cmd := exec.CommandContext(ctx, "go", "env", "-json", "GOROOT", "GOMODCACHE", "GOVERSION")
	cmd.Dir = os.TempDir() // no module chooses another toolchain
	text, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	if err != nil {
		return t, fmt.Errorf("task: %w: what is written is compiled by the command go, which cannot be asked: %w", sandbox.ErrUnavailable, err)
	}
	return t, sandbox.Check(ctx)
}

// openJudge opens the judge of a stage's work folder.
func openJudge(ctx context.Context, on machine, work string) (*judge, error) {
	tools, err := on.find(ctx)
	if err != nil {
		return nil, err
	}
	j := &judge{machine: on, toolchain: tools, work: filepath.Join(work, "go"), known: map[string]ruling{}}
	for _, dir := range []string{"cache", "tmp"} {
		if err := os.MkdirAll(filepath.Join(j.work, dir), 0o777); err != nil {
			return nil, fmt.Errorf("task: %w", err)
		}
	}
	journal, entries, err := checkpoint.OpenJournal(filepath.Join(work, "verdicts.journal"))
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	j.journal = journal
	for _, e := range entries {
		var v ruling
		if json.Unmarshal(e, &v) == nil {
			j.known[v.Key] = v
		}
	}
	return j, nil
}

// close closes the journal and removes what was compiled.
func (j *judge) close() error { return errors.Join(j.journal.Close(), os.RemoveAll(j.work)) }

// Limits of a compiler, and of the tests that it has made. Processor time decides, not the clock: a busy machine fails nobody.
var (
	compiling = sandbox.Limits{Wall: 10 * time.Minute, CPU: 2 * time.Minute, Memory: 4 << 30, Output: 64 << 10}
	running   = sandbox.Limits{Wall: 4 * time.Minute, CPU: 10 * time.Second, Memory: 1 << 30, Output: 4 << 20}
)

// own judges the package of a function as it is, and says which of its tests pass.
func (j *judge) own(ctx context.Context, f gocode.Func) (ruling, error) {
	return j.rule(ctx, f, "", nil)
}

// body judges a function with another body. Tests are those that pass with its own: all of them have to.
func (j *judge) body(ctx context.Context, f gocode.Func, body string, tests []string) (string, error) {
	body, ok := gocode.Normal(body)
	if !ok {
		return unclosed, nil
	}
	v, err := j.rule(ctx, f, string(f.With(body)), tests)
	return v.Is, err
}

// rule judges a package, of which one file is replaced if there is a source.
func (j *judge) rule(ctx context.Context, f gocode.Func, source string, tests []string) (ruling, error) {
	sum := sha256.New()
	file := filepath.Base(f.File)
	if source == "" {
		file = "" // the package as it is
	}
	for _, part := range []string{j.toolchain.GOVERSION, f.Package, file, source} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	v := ruling{Key: hex.EncodeToString(sum.Sum(nil))}
	if known, ok := j.known[v.Key]; ok {
		return known, nil
	}
	v.Is = broken
	program, made, err := j.compile(ctx, f, source)
	if err == nil && made {
		v.Is, v.Tests, err = j.tests(ctx, f, program)
		if source != "" && v.Is == passes && slices.ContainsFunc(tests, func(t string) bool { return !slices.Contains(v.Tests, t) }) {
			v.Is = wrong // a program that ends before its tests do has not passed them
		}
	}
	if err != nil {
		return ruling{}, err
	}
	if source != "" {
		v.Tests = nil
	}
	entry, err := json.Marshal(v)
	if err == nil {
		err = j.journal.Append(entry)
	}
	if err != nil {
		return ruling{}, fmt.Errorf("task: %w", err)
	}
	j.known[v.Key] = v
	return v, nil
}

// compile makes the program of a package's tests. made = it compiles.
func (j *judge) compile(ctx context.Context, f gocode.Func, source string) (program string, made bool, err error) {
	program = filepath.Join(j.work, "tests")
	args := []string{filepath.Join(j.toolchain.GOROOT, "bin", "go"), "test", "-c", "-vet=off", "-buildvcs=false", "-o", program}
	if source != "" {
		file, overlay := filepath.Join(j.work, "body.go"), filepath.Join(j.work, "overlay.json")
		text, err := json.Marshal(map[string]map[string]string{"Replace": {f.File: file}})
		if err = errors.Join(err, os.WriteFile(file, []byte(source), 0o666), os.WriteFile(overlay, text, 0o666)); err != nil {
			return "", false, fmt.Errorf("task: %w", err)
		}
		args = append(args, "-overlay", overlay)
	}
	if err := os.RemoveAll(program); err != nil {
		return "", false, fmt.Errorf("task: %w", err)
	}
	res, err := j.run(ctx, sandbox.Command{
		Args: append(args, f.Package), Dir: f.Root, Read: j.sees(f), Write: []string{j.work}, Forks: true, Limits: compiling,
		Env: []string{
			"GOROOT=" + j.toolchain.GOROOT, "GOCACHE=" + filepath.Join(j.work, "cache"), "GOMODCACHE=" + j.toolchain.GOMODCACHE, "GOTMPDIR=" + filepath.Join(j.work, "tmp"), "HOME=/tmp", "PATH=/nowhere",
			"GOENV=off", "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local", "GOTELEMETRY=off", "GOWORK=off", "CGO_ENABLED=0",
		},
	})
	if err != nil {
		return "", false, err
	}
	if source == "" && !res.OK() {
		return "", false, fmt.Errorf("task: %w: the package %s does not compile as it is: %s", ErrRows, f.Package, res.Output)
	}
	_, err = os.Stat(program)
	return program, res.OK() && err == nil, nil // a package without tests has no program
}

// tests runs the tests. What it prints is theirs and is not kept: it may hold addresses and times.
func (j *judge) tests(ctx context.Context, f gocode.Func, program string) (is string, tests []string, err error) {
	res, err := j.run(ctx, sandbox.Command{
		Args: []string{program, "-test.v", "-test.short", "-test.timeout=0"}, Dir: filepath.Dir(f.File), Read: append(j.sees(f), program), Limits: running,
		Env: []string{"GOROOT=" + j.toolchain.GOROOT, "HOME=/tmp", "TMPDIR=/tmp", "GOTRACEBACK=none"},
	})
	switch {
	case err != nil:
		return "", nil, err
	case res.Stopped != "" || res.Exit > 128: // by a signal
		return endless, nil, nil
	case res.Exit != 0:
		return wrong, nil, nil
	}
	for _, m := range passed.FindAllStringSubmatch(string(res.Output), -1) {
		tests = append(tests, m[1])
	}
	return passes, tests, nil
}

var passed = regexp.MustCompile(`(?m)^--- PASS: (\S+) \(`)

// sees are the folders that a program sees: the module, its dependencies and the toolchain.
func (j *judge) sees(f gocode.Func) []string {
	dirs := []string{j.toolchain.GOROOT}
	for _, dir := range []string{f.Root, j.toolchain.GOMODCACHE} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && !strings.HasPrefix(dir+string(filepath.Separator), j.toolchain.GOROOT+string(filepath.Separator)) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}
