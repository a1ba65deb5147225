package audit

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/pipeline"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages"
)

func TestCopy_FinishedRunThatHasMovedHasNothingToDo(t *testing.T) {
	if out := goOn(t, runtest.Tiny(t)); len(out.Ran) > 0 {
		t.Errorf("ran %v", out.Ran)
	}
}

func TestCopy_OfAKilledRunGoesOnElsewhere(t *testing.T) {
	run := killedRun(t, moment{stages.KIT, "step", 2})
	if out := goOn(t, run); len(out.Ran) != 3 {
		t.Errorf("ran %v", out.Ran)
	}
}

// A copy that is made beside a run has the replies of a moment and partial work of a later one, which builds on replies that the copy lacks.
func TestCopy_RepliesThatItLacksAreAskedForAgain(t *testing.T) {
	for _, at := range []moment{{stages.BPO, "trial", 3}, {stages.Eval, "step", 4}} {
		run := killedRun(t, at)
		replies := filepath.Join(run, rundir.RepliesFile)
		info, err := os.Stat(replies)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(replies, info.Size()*2/3); err != nil {
			t.Fatal(err)
		}
		goOn(t, run)
	}
}

// copier copies a run's folder each time some more events have come; with SLM_TEST_ALL=1 in the background, as cp -r would beside a process
// that writes, so that what it catches differs from time to time.
type copier struct {
	from   func() string
	to     string
	wg     sync.WaitGroup
	events int
	copies []string
}

func (c *copier) Event(stages.Event) {
	if c.events++; c.events%23 != 0 || len(c.copies) == 4 {
		return
	}
	to := filepath.Join(c.to, string(rune('a'+len(c.copies))), "runs", filepath.Base(c.from()))
	c.copies = append(c.copies, to)
	all := func() {
		_ = filepath.WalkDir(c.from(), func(path string, e fs.DirEntry, err error) error {
			rel, rerr := filepath.Rel(c.from(), path)
			if err != nil || rerr != nil {
				return nil // it is gone again: cp says so and goes on
			}
			if e.IsDir() {
				_ = os.MkdirAll(filepath.Join(to, rel), 0o777)
			} else if data, err := os.ReadFile(path); err == nil {
				_ = os.WriteFile(filepath.Join(to, rel), data, 0o666)
			}
			return nil
		})
	}
	if os.Getenv("SLM_TEST_ALL") != "" {
		c.wg.Go(all)
	} else {
		all()
	}
}
func (c *copier) Close() {}

func TestCopy_OfARunThatIsBeingWrittenIsSoundOrSaysWhyAndGoesOn(t *testing.T) {
	whole := runtest.Tiny(t)
	p, deps := planOf(t, filepath.Join(whole, rundir.RecipeFile), t.TempDir())
	c := &copier{from: p.Folder, to: t.TempDir()}
	deps.View = c
	_, err := p.Execute(context.Background(), deps)
	c.wg.Wait()
	if err := errors.Join(err, deps.Box.Close()); err != nil {
		t.Fatal(err)
	}
	if len(c.copies) < 2 {
		t.Fatalf("%d events", c.events)
	}
	for _, run := range c.copies {
		if v, err := Verify(run); err != nil || !v.OK && v.Differences[0].What == "" {
			t.Errorf("%+v %v", v, err)
		}
		goOn(t, run)
	}
}

func TestTrain_ClockThatGoesBackwardsChangesNothingButTimes(t *testing.T) {
	whole := runtest.Tiny(t)
	p, deps := planOf(t, filepath.Join(whole, rundir.RecipeFile), t.TempDir())
	now := time.Now()
	var mu sync.Mutex
	deps.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(-time.Minute).Round(0) // without the monotonic part
		return now
	}
	out, err := p.Execute(context.Background(), deps)
	if err := errors.Join(err, deps.Box.Close()); err != nil {
		t.Fatal(err)
	}
	for stage, digest := range rundir.Look(whole).Done {
		if out.Done[stage] != digest {
			t.Errorf("%s ends in another digest", stage)
		}
	}
	page, err := pipeline.Report(p.Folder())
	if err != nil {
		t.Fatal(err)
	}
	if v := verified(t, p.Folder()); !v.OK {
		t.Errorf("%+v", v.Differences)
	}
	// A page from the future is written again when a checkpoint is another one.
	old := readText(t, page)
	future := time.Now().Add(time.Hour)
	if err := errors.Join(os.Chtimes(page, future, future), os.RemoveAll(filepath.Join(p.Folder(), stages.Eval))); err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Report(p.Folder()); err != nil || readText(t, page) == old {
		t.Errorf("the old page stays: %v", err)
	}
}

// TestVerify_RunOfAnOlderProgramIsRead takes from a run what the first program did not write: the seal, checksums in events, page and manifests.
func TestVerify_RunOfAnOlderProgramIsRead(t *testing.T) {
	run := runtest.Tiny(t)
	drop := func(name, pattern, with string) {
		t.Helper()
		path := filepath.Join(run, name)
		put(t, path, []byte(regexp.MustCompile(pattern).ReplaceAllString(readText(t, path), with)))
	}
	drop(rundir.EventsFile, `(?m)^\{"v":2,(.*),"crc":"[0-9a-f]{8}"\}$`, `{"v":1,$1}`)
	page := regexp.MustCompile(`(?s)\n<!-- of .*`).ReplaceAllString(readText(t, filepath.Join(run, rundir.ReportFile)), "")
	put(t, filepath.Join(run, rundir.ReportFile), []byte(page+"\n<!-- sha256 "+checkpoint.HashBytes([]byte(page))+" -->\n"))
	for _, version := range []int{1, 0} { // a seal of the first version, and none
		if version == 0 {
			if err := os.Remove(filepath.Join(run, rundir.SealFile)); err != nil {
				t.Fatal(err)
			}
		} else {
			s := rundir.Seal{Version: version, Stages: rundir.Look(run).Done}
			for _, name := range rundir.SealedFiles(run) {
				sum, size, err := checkpoint.HashFile(filepath.Join(run, name))
				if err != nil {
					t.Fatal(err)
				}
				s.Files = append(s.Files, rundir.Sealed{Name: name, Size: size, SHA256: sum})
			}
			text, err := s.Encode()
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(run, rundir.SealFile), text)
		}
		if v := verified(t, run); !v.OK || len(v.Notes) != 1-version {
			t.Errorf("seal %d: %+v", version, v)
		}
	}
	if out := goOn(t, run); len(out.Ran) > 0 {
		t.Errorf("ran %v", out.Ran)
	}
	if rep, err := Reproduce(context.Background(), run, againIn(t)); err != nil || !rep.Exact {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestReproduce_LiveOneAsksAgainAndMayEndInTheSameBytes(t *testing.T) {
	how := againIn(t)
	how.Live = true
	rep, err := Reproduce(context.Background(), runtest.Tiny(t), how)
	if err != nil || !rep.Exact || len(rep.Stages) != 5 {
		t.Fatalf("%+v %v", rep, err)
	}
	frames, _, _, err := checkpoint.ReadJournal(filepath.Join(rep.Folder, rundir.RepliesFile))
	paid := 0
	for _, frame := range frames {
		var e struct{ Paid bool }
		if json.Unmarshal(frame, &e) == nil && e.Paid {
			paid++
		}
	}
	if err != nil || paid == 0 {
		t.Errorf("%d replies were asked for, %v", paid, err)
	}
}
