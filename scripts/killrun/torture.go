package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
	digests          string          // of the run that was left alone, as verify prints them
	replies          map[string]bool // keys of the replies that it asked for
	took             time.Duration
	lasts            map[int]time.Duration // each part of a run, by its place in stageNames
	rounds           int
}

// figures are what a series of kills came to.
type figures struct {
	Kills   int
	Phases  map[string]int // where they struck
	Runs    int            // that came to their end
	Orderly int            // of the kills: the program said good-bye with the signal's exit code
	Differ  int            // of the runs: their digests, or what verify finds
	Lost    int            // replies
	Twice   int            // replies
	Longest time.Duration  // from the signal to the end of the process
}

// String is the figures as a table.
func (f figures) String(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIG%s: %d kills, %d runs to the end, %d differences, %d replies lost, %d paid for twice", name, f.Kills, f.Runs, f.Differ, f.Lost, f.Twice)
	if name != "KILL" {
		fmt.Fprintf(&b, ", %d times with state saved, at the latest after %s", f.Orderly, f.Longest.Round(10*time.Millisecond))
	}
	b.WriteString("\n")
	for _, p := range slices.Sorted(maps.Keys(f.Phases)) {
		fmt.Fprintf(&b, "  %4d  %s\n", f.Phases[p], p)
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
	t.took = time.Since(start)
	var err error
	if t.digests, err = t.verify(home); err != nil {
		return nil, err
	}
	t.lasts = durations(readEvents(home, 0))
	keys, twice, err := repliesOf(home)
	if err != nil {
		return nil, err
	}
	if twice > 0 || len(t.lasts) < len(stageNames) {
		return nil, fmt.Errorf("left alone it has stored %d replies twice and told of %d parts", twice, len(t.lasts))
	}
	t.replies = keys
	say("left alone it takes %s and asks for %d replies", t.took.Round(time.Millisecond), len(keys))
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
	f := figures{Phases: map[string]int{}}
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
		// After some kills the run is left to end: else those late in it would be rare.
		killed, err := t.start(home, sig, f.Kills < n && t.chance.Float64() < 0.92, f)
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

// start runs the training once. It is killed after a random time, half of the times close behind a moment at which files take their places.
func (t *torture) start(home string, sig syscall.Signal, kill bool, f *figures) (killed bool, err error) {
	cmd := t.command(home, "train", t.recipe, "-q")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return false, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // the exit code is the result
		close(ended)
	}()
	var sent time.Time
	where, old := "", int64(len(readEvents(home, 0)))
	if kill {
		if t.wait(home, ended) {
			where = phase(home, readEvents(home, old))
			sent = time.Now()
			if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return false, err
			}
		}
	}
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		_ = cmd.Process.Kill() // the error below says more
		return false, fmt.Errorf("still running two minutes after the signal (in %s):\n%s", where, &out)
	}
	code := cmd.ProcessState.ExitCode()
	if code == 0 {
		return false, nil
	}
	want := 128 + int(sig)
	byUs := cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled()
	switch {
	case sent.IsZero(), sig == syscall.SIGKILL && !byUs, sig != syscall.SIGKILL && code != want && !byUs:
		return false, fmt.Errorf("exit %d (in %s):\n%s", code, where, &out)
	}
	f.Kills++
	f.Phases[where]++
	if code == want {
		f.Orderly++
	}
	f.Longest = max(f.Longest, time.Since(sent))
	return true, nil
}

// wait returns true at the moment of a kill, false when the program ended before. The moment lies in a stage that is drawn first, so that
// short ones are struck as often as long ones, and half of the times close behind the next file that takes its place.
func (t *torture) wait(home string, ended chan struct{}) bool {
	targets := slices.Sorted(maps.Keys(t.lasts))
	target := targets[t.chance.IntN(len(targets))]
	share, aimed := t.chance.Float64(), t.chance.Float64() < 0.5
	behind := time.Duration(t.chance.Float64() * float64(15*time.Millisecond))
	old := int64(len(readEvents(home, 0)))
	var until time.Time
	for {
		select {
		case <-ended:
			return false
		case <-time.After(500 * time.Microsecond):
		}
		if until.IsZero() {
			if stageOf(readEvents(home, old)) < target {
				continue
			}
			until = time.Now().Add(time.Duration(share * float64(t.lasts[target])))
		}
		if time.Now().Before(until) {
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

// stageNames are the parts of a run in their order; a run is in the first before it has told anything, and in the last when its stages are done.
var stageNames = []string{"start", "data", "dp", "kit", "bpo", "eval", "end"}

// stageOf is the number of the part of a run that its events have come to.
func stageOf(events []byte) int {
	at := 0
	for _, line := range bytes.Split(events, []byte("\n")) {
		var e struct{ Type, Stage string }
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		switch e.Type {
		case "exit":
			at = len(stageNames) - 1
		case "stage":
			at = max(0, slices.Index(stageNames, e.Stage))
		}
	}
	return at
}

// readEvents returns a run's events from an offset on.
func readEvents(home string, from int64) []byte {
	files, _ := filepath.Glob(filepath.Join(home, "runs", "*", "events.jsonl")) // the pattern is well-formed
	if len(files) == 0 {
		return nil
	}
	data, err := os.ReadFile(files[0])
	if err != nil || int64(len(data)) < from {
		return nil
	}
	return data[from:]
}

// durations is how long each part of a run took, by its events.
func durations(events []byte) map[int]time.Duration {
	lasts := map[int]time.Duration{0: 100 * time.Millisecond, len(stageNames) - 1: 50 * time.Millisecond}
	var since time.Time
	at := 0
	for _, line := range bytes.Split(events, []byte("\n")) {
		var e struct {
			T           time.Time
			Type, Stage string
		}
		if json.Unmarshal(line, &e) != nil || e.Type != "stage" && e.Type != "exit" {
			continue
		}
		if at > 0 {
			lasts[at] = e.T.Sub(since)
		}
		at, since = slices.Index(stageNames, e.Stage), e.T
	}
	return lasts
}

// writing reports whether a checkpoint, or a file, is just being put in its place.
func writing(home string) bool {
	for _, pattern := range []string{"runs/*/.*.tmp-*", "runs/*/work/*/.*.tmp-*"} {
		if found, err := filepath.Glob(filepath.Join(home, filepath.FromSlash(pattern))); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// phase is the last stage, and part of it, that the events tell of.
func phase(home string, events []byte) string {
	at := "before the first event"
	for _, line := range bytes.Split(events, []byte("\n")) {
		var e struct{ Type, Stage, Phase string }
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		switch e.Type {
		case "stage":
			at = e.Stage
		case "step":
			at = e.Stage + " steps"
			if e.Phase == "filter" {
				at = e.Stage + " filter"
			}
		case "trial":
			at = e.Stage + " trials"
		case "checkpoint":
			at = e.Stage + " after a save"
		case "exit":
			at = "report"
		}
	}
	if writing(home) {
		at += ", while files take their places"
	}
	return at
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
