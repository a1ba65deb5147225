package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process starts the program in a folder; the caller waits for it. It is killed when the test has hung for minutes.
func process(t *testing.T, dir string, stdout *os.File, args ...string) (cmd *exec.Cmd, stderr io.Reader) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = []string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + dir}
	if stdout != nil {
		cmd.Stdout = stdout
	}
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { stop.Stop() })
	return cmd, pipe
}

// until reads lines up to one that holds a text.
func until(t *testing.T, r io.Reader, text string) {
	t.Helper()
	var seen strings.Builder
	for s := bufio.NewScanner(r); s.Scan(); {
		seen.WriteString(s.Text() + "\n")
		if strings.Contains(s.Text(), text) {
			return
		}
	}
	t.Fatalf("never said %q:\n%s", text, &seen)
}

func TestTrain_SecondProcessOnARunIsToldOfTheFirstWhoseLockDiesWithIt(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "r.yaml"), small)
	first, stderr := process(t, dir, nil, "train", "r.yaml", "--until", "dp")
	until(t, stderr, "loss")
	if err := first.Process.Signal(syscall.SIGSTOP); err != nil { // so that it cannot end meanwhile
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	who := fmt.Sprintf("process %d on %s", first.Process.Pid, host)
	for args, code := range map[string]int{
		"train r.yaml --until dp": 9, "runs rm small --yes": 9, "verify small": 0, "runs list": 0, "runs show small": 0,
	} {
		if o := slm(t, dir, strings.Fields(args)...); o.code != code || !strings.Contains(o.out+o.err, who) {
			t.Errorf("slm %s: exit %d, want %d and %q\n%s%s", args, o.code, code, who, o.out, o.err)
		}
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed
	if o := slm(t, dir, "train", "r.yaml", "--until", "dp"); o.code != 0 {
		t.Errorf("after the first was killed: %+v", o)
	}
}

// TestTrain_SecondSignalEndsTheProgramAtOnce lets the program wait for ever, for a reader of its output, so that it cannot stop in good order.
func TestTrain_SecondSignalEndsTheProgramAtOnce(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "r.yaml"), small)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(r.Close(), w.Close()) }()
	if _, err := w.Write(make([]byte, 1<<16)); err != nil { // the pipe is full
		t.Fatal(err)
	}
	cmd, stderr := process(t, dir, w, "train", "r.yaml", "--until", "data", "-o", "jsonl")
	for begun := false; !begun; time.Sleep(5 * time.Millisecond) {
		found, _ := filepath.Glob(filepath.Join(dir, "runs", "*", "events.jsonl")) // the pattern is well-formed
		if len(found) > 0 {
			text, err := os.ReadFile(found[0])
			begun = err != nil || bytes.Contains(text, []byte("\n"))
		}
		if cmd.Process.Signal(syscall.Signal(0)) != nil {
			t.Fatal("ended before its first event")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	until(t, stderr, "once more stops at once")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code is the result
	if code := cmd.ProcessState.ExitCode(); code != 143 {
		t.Errorf("exit %d, want 143", code)
	}
}

// stranger runs the program as somebody who may not write where the modes of files say so, also when the tests run as root.
func stranger(t *testing.T, program, dir string, args ...string) outcome {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + dir}
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

func TestSlm_RunInAReadOnlyFolderIsReadAndSaysWhatCannotBe(t *testing.T) {
	dir := t.TempDir()
	old, home, free := filepath.Join(dir, "old"), filepath.Join(dir, "new"), filepath.Join(dir, "free")
	if err := errors.Join(os.Mkdir(old, 0o755), os.Mkdir(free, 0o777), os.Chmod(free, 0o777), os.Chmod(dir, 0o755), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	run := trainTiny(t, old)
	if err := os.Rename(old, home); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "slm")
	if data, err := os.ReadFile(self); err != nil || os.WriteFile(program, data, 0o755) != nil {
		t.Fatal("no copy of the program: ", err)
	}
	mode := func(files, folders os.FileMode) {
		t.Helper()
		err := filepath.WalkDir(home, func(path string, e os.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				return os.Chmod(path, folders)
			}
			return errors.Join(err, os.Chmod(path, files))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	mode(0o444, 0o555)
	defer mode(0o644, 0o755)
	train := "train tiny -q " + lesser
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"verify tiny", 0, "every byte is what was written"},
		{"runs list", 0, "finished"},
		{"runs show tiny", 0, "finished"},
		{"diff " + run + " " + run, 0, "no difference"},
		{train, 0, "nothing to do"},
		{train + " -s eval.items=5", 1, "put runs elsewhere with --dir"},
		{"reproduce tiny -q", 1, "--into"},
		{"reproduce tiny -q --into " + free, 0, "reproduced, bit for bit"},
		{"runs rm tiny --yes", 1, "no permission"},
	} {
		if o := stranger(t, program, home, strings.Fields(c.args)...); o.code != c.code || !strings.Contains(o.out+o.err, c.want) {
			t.Errorf("slm %s: exit %d, want %d and %q\n%s%s", c.args, o.code, c.code, c.want, o.out, o.err)
		}
	}
}
