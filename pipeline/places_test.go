package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/pipeline/recipe"
	"slm/stages"
)

// tinyPlan plans a recipe below a folder, with the means to execute it.
func tinyPlan(t *testing.T, file, dir string) (*Plan, Means) {
	t.Helper()
	r, err := recipe.Load(recipe.Source{Name: file})
	if err != nil {
		t.Fatal(err)
	}
	job, err := Build(r, dir, tiny.be.Name(), map[string]string{"slm": "test"}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(job, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	means := realMeans(tiny.be)
	means.Box = &BlackBox{Config: r.LLM, Seed: r.Seed, Keep: p.Folder()}
	return p, means
}

// goOn trains a run that lies in another place and demands the digests of the tiny run.
func goOn(t *testing.T, folder string) *Outcome {
	t.Helper()
	want := Look(tinyRun(t)).Done
	p, means := tinyPlan(t, filepath.Join(folder, recipeName), filepath.Dir(filepath.Dir(folder)))
	if p.Folder() != folder {
		t.Fatalf("%s goes on in %s", folder, p.Folder())
	}
	out, err := p.Execute(context.Background(), means)
	if err := errors.Join(err, means.Box.Close()); err != nil {
		t.Fatal(err)
	}
	for stage, digest := range want {
		if out.Done[stage] != digest {
			t.Errorf("%s ends in another digest", stage)
		}
	}
	if v := verified(t, folder); !v.OK {
		t.Errorf("%+v", v.Differences)
	}
	return out
}

func TestAFinishedRunThatHasMovedHasNothingToDo(t *testing.T) {
	if out := goOn(t, tinyRun(t)); len(out.Ran) > 0 {
		t.Errorf("ran %v", out.Ran)
	}
}

func TestACopyOfAKilledRunGoesOnElsewhere(t *testing.T) {
	run := killedRun(t, moment{stages.KIT, "step", 2})
	if out := goOn(t, run); len(out.Ran) != 3 {
		t.Errorf("ran %v", out.Ran)
	}
}

// A copy that is made beside a run has the replies of a moment and partial work of a later one, which builds on replies that the copy lacks.
func TestRepliesThatACopyLacksAreAskedForAgain(t *testing.T) {
	for _, at := range []moment{{stages.BPO, "trial", 3}, {stages.Eval, "step", 4}} {
		run := killedRun(t, at)
		replies := filepath.Join(run, repliesName)
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

func TestARunThatIsCopiedWhileItIsWrittenIsSoundOrSaysWhyAndGoesOn(t *testing.T) {
	whole := tinyRun(t)
	p, means := tinyPlan(t, filepath.Join(whole, recipeName), t.TempDir())
	c := &copier{from: p.Folder, to: t.TempDir()}
	means.View = c
	_, err := p.Execute(context.Background(), means)
	c.wg.Wait()
	if err := errors.Join(err, means.Box.Close()); err != nil {
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

func TestAClockThatGoesBackwardsChangesNothingButTimes(t *testing.T) {
	whole := tinyRun(t)
	p, means := tinyPlan(t, filepath.Join(whole, recipeName), t.TempDir())
	now := time.Now()
	var mu sync.Mutex
	means.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(-time.Minute).Round(0) // without the monotonic part
		return now
	}
	out, err := p.Execute(context.Background(), means)
	if err := errors.Join(err, means.Box.Close()); err != nil {
		t.Fatal(err)
	}
	for stage, digest := range Look(whole).Done {
		if out.Done[stage] != digest {
			t.Errorf("%s ends in another digest", stage)
		}
	}
	page, err := Report(p.Folder())
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
	if _, err := Report(p.Folder()); err != nil || readText(t, page) == old {
		t.Errorf("the old page stays: %v", err)
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestALockOfADeadProcessHoldsNothing(t *testing.T) {
	run := tinyRun(t)
	put(t, filepath.Join(run, lockName), []byte(`{"pid":1,"host":"elsewhere"}`+"\n"))
	if by, locked := Locked(run); locked {
		t.Errorf("locked by %s", by)
	}
	held, err := takeLock(run)
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if _, err := takeLock(run); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") || !strings.Contains(err.Error(), " on "+host) {
		t.Error(err)
	}
	if err := held.release(); err != nil {
		t.Error(err)
	}
}

// TestARunOfAnOlderProgramIsRead takes from a run what the first program did not write: the seal, checksums in events, page and manifests.
func TestARunOfAnOlderProgramIsRead(t *testing.T) {
	run := tinyRun(t)
	drop := func(name, pattern, with string) {
		t.Helper()
		path := filepath.Join(run, name)
		put(t, path, []byte(regexp.MustCompile(pattern).ReplaceAllString(readText(t, path), with)))
	}
	drop(eventsName, `(?m)^\{"v":2,(.*),"crc":"[0-9a-f]{8}"\}$`, `{"v":1,$1}`)
	page := regexp.MustCompile(`(?s)\n<!-- of .*`).ReplaceAllString(readText(t, filepath.Join(run, reportName)), "")
	put(t, filepath.Join(run, reportName), []byte(page+"\n<!-- sha256 "+hashOf([]byte(page))+" -->\n"))
	for _, version := range []int{1, 0} { // a seal of the first version, and none
		if version == 0 {
			if err := os.Remove(filepath.Join(run, sealName)); err != nil {
				t.Fatal(err)
			}
		} else {
			s := seal{Version: version, Stages: Look(run).Done}
			for _, name := range sealedNames {
				sum, size, err := checkpoint.HashFile(filepath.Join(run, name))
				if err != nil {
					t.Fatal(err)
				}
				s.Files = append(s.Files, sealed{Name: name, Size: size, SHA256: sum})
			}
			text, err := s.encode()
			if err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(run, sealName), text)
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

func TestALiveReproductionAsksAgainAndMayEndInTheSameBytes(t *testing.T) {
	how := againIn(t)
	how.Live = true
	rep, err := Reproduce(context.Background(), tinyRun(t), how)
	if err != nil || !rep.Exact || len(rep.Stages) != 5 {
		t.Fatalf("%+v %v", rep, err)
	}
	frames, _, _, err := checkpoint.ReadJournal(filepath.Join(rep.Folder, repliesName))
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

func TestWhatAKilledReportLeavesIsRemovedByTheNextCommand(t *testing.T) {
	job, _ := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	left := filepath.Join(job.Folder(), "."+reportName+".tmp-123")
	put(t, left, nil)
	must(t, job, Choice{})
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
}
