package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"slm/checkpoint"
)

// torture kills trainings and compares them with one that was left alone.
type torture struct {
	slm, dir, recipe string
	say              func(format string, args ...any)
	chance           *rand.Rand
	digests          string                // of the run that was left alone, as verify prints them
	replies          map[string]bool       // keys of the replies that it asked for
	lasts            map[int]time.Duration // each part of a run, by its index in parts
	rounds           int
}

// figures are what a series of kills came to.
type figures struct {
	Kills   int
	Parts   []int         // of the kills: by the part of the run that they struck
	Writing []int         // of these: while files were renamed
	Runs    int           // that came to their end
	Orderly int           // of the kills: the program said good-bye with the signal's exit code
	Differ  int           // of the runs: their digests, or what verify finds
	Lost    int           // replies
	Twice   int           // replies
	Longest time.Duration // from the signal to the end of the process
}

// String is the figures as a table.
func (f figures) String(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIG%s: %d kills, %d runs to the end, %d differences, %d replies lost, %d paid for twice", name, f.Kills, f.Runs, f.Differ, f.Lost, f.Twice)
	if name != "KILL" {
		fmt.Fprintf(&b, ", %d times with state saved, at the latest after %s", f.Orderly, f.Longest.Round(10*time.Millisecond))
	}
	b.WriteString("\n")
	fmt.Fprintf(&b, "  %-12s %5s  while files are renamed\n", "struck in", "kills")
	for p, name := range parts {
		fmt.Fprintf(&b, "  %-12s %5d  %5d\n", name, f.Parts[p], f.Writing[p])
	}
	return b.String()
}

// newTorture trains once without a kill.
func newTorture(slm, dir, recipe string, seed uint64, say func(string, ...any)) (*torture, error) {
	t := &torture{slm: slm, dir: dir, recipe: recipe, say: say, chance: rand.New(rand.NewPCG(seed, 0))}
	home := filepath.Join(dir, "alone")
	start := time.Now()
	if out, err := t.command(home, "train", recipe, "-q").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("train without a kill: %w\n%s", err, out)
	}
	end := time.Now()
	var err error
	if t.digests, err = t.verify(home); err != nil {
		return nil, err
	}
	t.lasts = durations(home, start, end)
	keys, twice, err := repliesOf(home)
	if err != nil {
		return nil, err
	}
	if twice > 0 || len(t.lasts) < len(parts) {
		return nil, fmt.Errorf("left alone it has stored %d replies twice and told of %d parts", twice, len(t.lasts))
	}
	t.replies = keys
	say("left alone it takes %s and asks for %d replies", end.Sub(start).Round(time.Millisecond), len(keys))
	return t, nil
}

func (t *torture) command(home string, args ...string) *exec.Cmd {
	return exec.Command(t.slm, append(args, "--dir", home)...)
}

// verify returns the digests of a run; an error when it is not sound.
func (t *torture) verify(home string) (string, error) {
	out, err := t.command(home, "verify", t.recipe, "-o", "json", "-q").Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("verify: exit %d: %s%s", exit.ExitCode(), exit.Stderr, out)
	}
	return string(out), err
}

// run kills trainings n times.
func (t *torture) run(sig syscall.Signal, n int) (figures, error) {
	f := figures{Parts: make([]int, len(parts)), Writing: make([]int, len(parts))}
	for f.Kills < n {
		t.rounds++
		home := filepath.Join(t.dir, fmt.Sprintf("round-%d", t.rounds))
		if err := t.round(home, sig, n, &f); err != nil {
			return f, fmt.Errorf("round %d, kept in %s: %w", t.rounds, home, err)
		}
		if err := os.RemoveAll(home); err != nil {
			return f, err
		}
		t.say("%s: %d of %d", sig, f.Kills, n)
	}
	return f, nil
}

// round starts one training again and again until it is done, and compares it.
func (t *torture) round(home string, sig syscall.Signal, n int, f *figures) error {
	for {
		killed, err := t.start(home, sig, t.target(home, n, f), f)
		if err != nil {
			return err
		}
		if !killed {
			break
		}
		if _, err := os.Stat(filepath.Join(home, "runs")); err != nil {
			continue // killed before it had written anything
		}
		if _, err := t.verify(home); err != nil && !strings.Contains(err.Error(), "exit 8") { // 8: there is no run yet
			f.Differ++
			return fmt.Errorf("after a kill: %w", err)
		}
	}
	// What the last kill has left is put in order by the next command.
	if out, err := t.command(home, "train", t.recipe, "-q").CombinedOutput(); err != nil {
		return fmt.Errorf("train a finished run: %w\n%s", err, out)
	}
	f.Runs++
	digests, err := t.verify(home)
	if err != nil {
		f.Differ++
		return err
	}
	if digests != t.digests {
		f.Differ++
		return fmt.Errorf("the digests differ from those of the run that was left alone:\n%s\n%s", digests, t.digests)
	}
	if left := leftovers(home); len(left) > 0 {
		return fmt.Errorf("left over: %s", strings.Join(left, ", "))
	}
	keys, twice, err := repliesOf(home)
	if err != nil {
		return err
	}
	f.Twice += twice
	for k := range t.replies {
		if !keys[k] {
			f.Lost++
		}
	}
	if f.Lost+f.Twice > 0 {
		return fmt.Errorf("%d replies lost, %d stored twice", f.Lost, f.Twice)
	}
	return nil
}

// target draws the part of a run that the next kill is to strike, among those that are left of it: the less often one was struck, the
// likelier it is. -1: none, because enough was killed, or so that runs come to their ends.
func (t *torture) target(home string, n int, f *figures) int {
	first := remaining(home)
	if f.Kills >= n || t.chance.Float64() < 0.05 || first == part("report") && t.chance.Float64() < 0.5 {
		return -1
	}
	most := slices.Max(f.Parts)
	var draw []int
	for p := range parts {
		if p > 0 && p < first {
			continue
		}
		for range (1 + most - f.Parts[p]) * (1 + most - f.Parts[p]) {
			draw = append(draw, p)
		}
	}
	return draw[t.chance.IntN(len(draw))]
}

// start runs the training once. It is killed after a random time in the target, half of the times close behind a moment at which files
// are renamed.
func (t *torture) start(home string, sig syscall.Signal, target int, f *figures) (killed bool, err error) {
	cmd := t.command(home, "train", t.recipe, "-q")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	events := follow(home)
	if err := cmd.Start(); err != nil {
		return false, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit code is the result
		close(ended)
	}()
	var sent time.Time
	where, files := 0, false
	if target >= 0 && t.wait(home, events, target, ended) {
		where, files = events.now(), writing(home)
		sent = time.Now()
		if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return false, err
		}
	}
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		_ = cmd.Process.Kill() // the error below says more
		return false, fmt.Errorf("still running two minutes after the signal (in %s):\n%s", parts[where], &out)
	}
	code := cmd.ProcessState.ExitCode()
	if code == 0 {
		return false, nil
	}
	want := 128 + int(sig)
	byUs := cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
	switch {
	case sent.IsZero(), sig == syscall.SIGKILL && !byUs, sig != syscall.SIGKILL && code != want && !byUs:
		return false, fmt.Errorf("exit %d (in %s):\n%s", code, parts[where], &out)
	}
	f.Kills++
	f.Parts[where]++
	if files {
		f.Writing[where]++
	}
	if code == want {
		f.Orderly++
	}
	f.Longest = max(f.Longest, time.Since(sent))
	return true, nil
}

// wait returns true at the moment of a kill, false when the program ended before.
func (t *torture) wait(home string, events *follower, target int, ended chan struct{}) bool {
	share, aimed := t.chance.Float64(), t.chance.Float64() < 0.5
	behind := time.Duration(t.chance.Float64() * float64(15*time.Millisecond))
	var until time.Time
	for {
		select {
		case <-ended:
			t.lasts[target] /= 2 // the machine has become faster
			return false
		case <-time.After(500 * time.Microsecond):
		}
		at := events.now()
		if at < target {
			continue
		}
		if until.IsZero() {
			until = time.Now().Add(time.Duration(share * float64(t.lasts[target])))
		}
		if at == target && time.Now().Before(until) {
			continue
		}
		if !aimed {
			return true
		}
		if writing(home) || time.Now().After(until.Add(t.lasts[target])) {
			time.Sleep(behind)
			return true
		}
	}
}

// leftovers lists what a finished run should not hold.
func leftovers(home string) []string {
	var left []string
	_ = filepath.WalkDir(filepath.Join(home, "runs"), func(path string, e fs.DirEntry, err error) error { // what cannot be read is told by verify
		if err == nil && (strings.Contains(e.Name(), ".tmp-") || strings.Contains(e.Name(), ".old-") || e.Name() == "work") {
			left = append(left, path)
		}
		return nil
	})
	return left
}

// repliesOf reads the keys of a run's replies, and how many are stored more than once.
func repliesOf(home string) (keys map[string]bool, twice int, err error) {
	files, err := filepath.Glob(filepath.Join(home, "runs", "*", "replies.wal"))
	if err != nil || len(files) != 1 {
		return nil, 0, errors.Join(fmt.Errorf("%d journals of replies", len(files)), err)
	}
	frames, _, skipped, err := checkpoint.ReadJournal(files[0])
	if err != nil || skipped > 0 {
		return nil, 0, errors.Join(fmt.Errorf("%s: %d damaged bytes", files[0], skipped), err)
	}
	keys = map[string]bool{}
	for _, frame := range frames {
		var e struct {
			Key  string `json:"key"`
			Paid bool   `json:"paid"`
		}
		if err := json.Unmarshal(frame, &e); err != nil {
			return nil, 0, err
		}
		if e.Key == "" {
			continue // a mark of a further use
		}
		if keys[e.Key] && e.Paid {
			twice++
		}
		keys[e.Key] = true
	}
	return keys, twice, nil
}
