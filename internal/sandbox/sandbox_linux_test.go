package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// hostile is what programs try that nobody should run. The test's own program is each of them: it knows by a variable which.
var hostile = map[string]func(arg string) error{
	"socket": func(addr string) error {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err
	},
	"write": func(path string) error { return os.WriteFile(path, []byte("x"), 0o666) },
	"read":  func(path string) error { _, err := os.ReadFile(path); return err },
	"fork":  func(string) error { return exec.Command(os.Args[0]).Run() },
	"rawfork": func(string) error {
		if pid, _, wrong := syscall.RawSyscall(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0); wrong != 0 {
			return wrong
		} else if pid == 0 {
			_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
		}
		return nil
	},
	"threads": func(string) error {
		done := make(chan int)
		for i := range 8 { // all of a Go program needs them
			go func() { _, _ = syscall.Select(0, nil, nil, nil, &syscall.Timeval{Usec: 1000}); done <- i }()
		}
		for range 8 {
			<-done
		}
		return nil
	},
	"allocate": func(string) error {
		for {
			b := make([]byte, 64<<20)
			for i := range b {
				b[i] = 1
			}
			kept = append(kept, b)
		}
	},
	"fill": func(string) error {
		b := make([]byte, 1<<20)
		for i := range 64 {
			if err := os.WriteFile(fmt.Sprintf("/tmp/%d", i), b, 0o666); err != nil {
				return err
			}
		}
		return nil
	},
	"loop": func(string) error {
		for {
			kept = kept[:0]
		}
	},
	"print": func(string) error {
		for {
			fmt.Println(strings.Repeat("x", 4096))
		}
	},
	"survive": func(string) error {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE, syscall.SIGXCPU)
		_, _ = syscall.Setsid()
		_ = os.Stdout.Close()
		_ = os.Stderr.Close()
		time.Sleep(time.Hour)
		return nil
	},
	"signal": func(pid string) error {
		n, err := strconv.Atoi(pid)
		if err == nil {
			err = syscall.Kill(n, 0)
		}
		return err
	},
	"quiet": func(string) error { return nil },
}

var kept [][]byte

const which = "SLM_HOSTILE"

func TestMain(m *testing.M) {
	if name := os.Getenv(which); name != "" {
		if err := hostile[name](os.Getenv("SLM_ARG")); err != nil {
			fmt.Println(err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var can = sync.OnceValue(func() error { return Check(context.Background()) })

func needed(t *testing.T) {
	t.Helper()
	if err := can(); err != nil {
		t.Skipf("no sandbox here: %v", err)
	}
}

// attempt runs one of the hostile programs.
func attempt(t *testing.T, name, arg string, limits Limits) Result {
	t.Helper()
	needed(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if limits.Wall == 0 {
		limits.Wall = time.Minute
	}
	res, err := Run(t.Context(), Command{Args: []string{self, "hostile-" + t.Name()}, Env: []string{which + "=" + name, "SLM_ARG=" + arg}, Read: []string{self}, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	if left := running(t, "hostile-"+t.Name()); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	return res
}

// running are the processes that have a word among their arguments.
func running(t *testing.T, word string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if text, err := os.ReadFile(name); err == nil && strings.Contains(string(text), word) {
			found = append(found, name)
		}
	}
	return found
}

func TestRun_AQuietProgramEndsWell(t *testing.T) {
	for _, name := range []string{"quiet", "threads"} {
		if res := attempt(t, name, "", Limits{}); !res.OK() {
			t.Errorf("%s: %+v %s", name, res, res.Output)
		}
	}
}

func TestRun_NothingOutsideIsReached(t *testing.T) {
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = at.Close() }()
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("known"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, arg string }{
		{"socket", at.Addr().String()}, {"read", outside}, {"read", "/etc/passwd"}, {"read", "/proc/self/status"}, {"write", outside}, {"write", "/usr/x"}, {"write", "/x"}, {"fork", ""}, {"rawfork", ""}, {"signal", strconv.Itoa(os.Getpid())},
	} {
		if res := attempt(t, c.name, c.arg, Limits{}); res.Exit != 3 {
			t.Errorf("%s %s: %+v %s", c.name, c.arg, res, res.Output)
		}
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "known" {
		t.Errorf("%q %v", text, err)
	}
}

func TestRun_ReadOnlyFilesStayAsTheyAre(t *testing.T) {
	needed(t)
	self, _ := os.Executable()
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	c := Command{Args: []string{self}, Env: []string{which + "=write", "SLM_ARG=" + path}, Read: []string{self, dir}}
	if res, err := Run(t.Context(), c); err != nil || res.Exit != 3 {
		t.Errorf("%+v %v", res, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("it has been written")
	}
	c.Read, c.Write = []string{self}, []string{dir}
	if res, err := Run(t.Context(), c); err != nil || !res.OK() {
		t.Errorf("%+v %s %v", res, res.Output, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestRun_WhatIsWithoutEndIsStopped(t *testing.T) {
	short := 300 * time.Millisecond
	for _, name := range []string{"loop", "survive"} {
		if res := attempt(t, name, "", Limits{Wall: short}); res.Stopped != OfTime || res.OK() {
			t.Errorf("%s: %d %s", name, res.Exit, res.Stopped)
		}
	}
	if res := attempt(t, "print", "", Limits{Output: 10000}); res.Stopped != OfOutput || len(res.Output) != 10000 {
		t.Errorf("print: %s, %d bytes", res.Stopped, len(res.Output))
	}
	if res := attempt(t, "allocate", "", Limits{Memory: 160 << 20}); res.OK() || res.Stopped != "" {
		t.Errorf("allocate: %d %s", res.Exit, res.Stopped)
	}
	if res := attempt(t, "fill", "", Limits{Room: 8 << 20}); res.Exit != 3 || !strings.Contains(string(res.Output), "no space") {
		t.Errorf("fill: %d %s", res.Exit, res.Output)
	}
}

func TestRun_ProcessorTimeIsLimited(t *testing.T) {
	if res := attempt(t, "loop", "", Limits{CPU: time.Second}); res.OK() || res.Exit != 137 {
		t.Errorf("%+v", res)
	}
}

func TestRun_AStoppedRunLeavesNothing(t *testing.T) {
	needed(t)
	self, _ := os.Executable()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the user stops")
	time.AfterFunc(200*time.Millisecond, func() { cancel(why) })
	if _, err := Run(ctx, Command{Args: []string{self, "hostile-stopped"}, Env: []string{which + "=loop"}, Read: []string{self}}); !errors.Is(err, why) {
		t.Error(err)
	}
	if left := running(t, "hostile-stopped"); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
}

func TestRun_RefusesWhereThereIsNoSandbox(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Run(t.Context(), Command{Args: []string{"/bin/true"}})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "apt-get install bubblewrap") {
		t.Error(err)
	}
}
