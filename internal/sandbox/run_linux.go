package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// tools are what a sandbox is made with.
var tools = []struct{ name, pkg string }{{"bwrap", "bubblewrap"}, {"prlimit", "util-linux"}}

// Check reports whether programs can be run here, by running one.
func Check(ctx context.Context) error {
	for _, t := range tools {
		if _, err := exec.LookPath(t.name); err != nil {
			return fmt.Errorf("sandbox: %w: %s is not installed (Debian: apt-get install %s)", ErrUnavailable, t.name, t.pkg)
		}
	}
	if _, err := filter(); err != nil {
		return err
	}
	// A program that is not there: bubblewrap says so only once all its namespaces stand.
	res, err := run(ctx, Command{Args: []string{absent}, Limits: Limits{Wall: 10 * time.Second}})
	if err == nil && !strings.Contains(string(res.Output), absent) {
		err = fmt.Errorf("sandbox: %w: bubblewrap cannot make namespaces here: %s", ErrUnavailable, strings.TrimSpace(string(res.Output)))
	}
	return err
}

const absent = "/no-such-program"

// Run runs a program. The error is about the sandbox or the context, not about the program.
func Run(ctx context.Context, c Command) (Result, error) {
	for _, t := range tools {
		if _, err := exec.LookPath(t.name); err != nil {
			return Result{}, Check(ctx)
		}
	}
	return run(ctx, c)
}

func run(ctx context.Context, c Command) (Result, error) {
	limits := c.Limits.filled()
	timed, cancel := context.WithTimeout(ctx, limits.Wall)
	defer cancel()
	told, tell, err := os.Pipe()
	if err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	defer func() { _ = told.Close() }() // read only
	files := []*os.File{tell}
	if !c.Forks {
		program, err := filter()
		if err == nil {
			var pipe *os.File
			pipe, err = passed(program)
			files = append(files, pipe)
		}
		if err != nil {
			return Result{}, errors.Join(err, tell.Close())
		}
	}
	out := &bounded{most: limits.Output, over: cancel}
	cmd := exec.CommandContext(timed, "prlimit", c.limited(limits)...)
	cmd.Env, cmd.ExtraFiles, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = []string{"PATH=" + os.Getenv("PATH")}, files, out, out, 5*time.Second
	inner := make(chan int, 1)
	cmd.Cancel = func() error {
		// With its first process all of a sandbox ends, and bubblewrap waits for that. Without bubblewrap it would end a little later, or, if it has only
		// begun, wait for ever: so its beginning is waited for.
		if pid, ok := <-inner; ok {
			if first, err := os.FindProcess(pid); err == nil {
				return first.Kill()
			}
		}
		return cmd.Process.Kill()
	}
	// What ends with its parent (--die-with-parent) ends with the thread that has started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Start()
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	go func() {
		var info struct {
			Pid int `json:"child-pid"`
		}
		if json.NewDecoder(told).Decode(&info) == nil && info.Pid > 1 {
			inner <- info.Pid
		}
		close(inner) // it has told, or it has ended
	}()
	err = cmd.Wait()
	res := Result{Output: out.bytes(), Exit: -1}
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return Result{}, context.Cause(ctx)
	case out.full():
		res.Stopped = OfOutput
	case timed.Err() != nil:
		res.Stopped = OfTime
	case err == nil || errors.As(err, &ended):
		res.Exit = cmd.ProcessState.ExitCode()
	default:
		return Result{}, fmt.Errorf("sandbox: %w", err)
	}
	return res, nil
}

// limited are the arguments of prlimit: bubblewrap and all below it are limited.
func (c Command) limited(l Limits) []string {
	args := []string{
		fmt.Sprintf("--cpu=%d", max(1, int64(l.CPU/time.Second))), fmt.Sprintf("--data=%d", l.Memory), fmt.Sprintf("--fsize=%d", max(l.Room, 1<<28)), "--nofile=1024", "--core=0",
		"bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--info-fd", "3", "--cap-drop", "ALL", "--clearenv", "--hostname", "sandbox",
		"--dev", "/dev", "--size", strconv.FormatInt(l.Room, 10), "--tmpfs", "/tmp",
	}
	for _, path := range c.Read {
		args = append(args, "--ro-bind", path, path)
	}
	for _, path := range c.Write {
		args = append(args, "--bind", path, path)
	}
	for _, v := range c.Env {
		name, value, _ := strings.Cut(v, "=")
		args = append(args, "--setenv", name, value)
	}
	if !c.Forks {
		args = append(args, "--seccomp", "4")
	}
	dir := c.Dir
	if dir == "" {
		dir = "/tmp"
	}
	// What stands above the bound folders is memory, too: it is closed last.
	return append(append(args, "--remount-ro", "/", "--chdir", dir, "--"), c.Args...)
}

// passed is a pipe from which bubblewrap reads.
func passed(data []byte) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, err = w.Write(data) // less than a pipe holds
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// bounded keeps the first bytes that are written, and tells when there are more.
type bounded struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	most int
	past bool
	over func()
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := b.most - b.buf.Len()
	b.buf.Write(p[:min(room, len(p))])
	if len(p) > room && !b.past {
		b.past = true
		b.over()
	}
	return len(p), nil
}

func (b *bounded) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

func (b *bounded) full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.past
}
