// Package duel is what benchmarks share, above all those that time this program beside another: a side is a process that does tasks on request,
// so that both are warm and can be timed in turn.
package duel

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// Side is a process that reads tasks, a line each, and answers each with a line of JSON. It ends with its input.
type Side struct {
	Name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *json.Decoder
	folder string // of its script, to remove
}

// Start runs a program as a side, until the context ends. What it writes to standard error is shown.
func Start(ctx context.Context, name, program string, args ...string) (*Side, error) {
	s := &Side{Name: name, cmd: exec.CommandContext(ctx, program, args...)}
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = json.NewDecoder(bufio.NewReader(out))
	return s, s.cmd.Start()
}

// Python runs a script as a side, from a file so that a traceback shows its lines, in a folder of its own because Python imports from there first.
func Python(ctx context.Context, name, python, script string, args ...string) (s *Side, err error) {
	folder, err := os.MkdirTemp("", "peer-")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(folder, "peer.py")
	if err = os.WriteFile(file, []byte(script), 0o644); err == nil {
		s, err = Start(ctx, name, python, append([]string{file}, args...)...)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	s.folder = folder
	return s, nil
}

// Self runs this program as a side.
func Self(ctx context.Context, name string, args ...string) (*Side, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return Start(ctx, name, self, args...)
}

// Ask has a task done and reads the answer.
func (s *Side) Ask(task string, answer any) error {
	if _, err := fmt.Fprintln(s.in, task); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	if err := s.out.Decode(answer); err != nil {
		return fmt.Errorf("%s: answer: %w", s.Name, err)
	}
	return nil
}

// Pid is its process.
func (s *Side) Pid() int { return s.cmd.Process.Pid }

// Stop ends a side and waits for it.
func (s *Side) Stop() {
	_ = s.in.Close()
	_ = s.cmd.Wait()
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
	}
}

// Processor is the processor time of this process so far, of all threads, in seconds.
func Processor() float64 {
	u := usage()
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// PeakMemory is the most that this process has had in memory, in bytes.
func PeakMemory() float64 { return float64(usage().Maxrss) * 1024 }

func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // which does not fail
	return u
}

// Mean is the mean; x is not empty.
func Mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

// Median is the value in the middle, or the mean of two; x is not empty.
func Median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
