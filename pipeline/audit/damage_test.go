package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/report"
	"slm/rng"
	"slm/stages"
	"slm/stages/all"
)

// damager flips bytes of a run's files in their places and cuts their ends off.
type damager struct {
	run         string
	every       bool // each byte and each length, which takes minutes
	flips, cuts int
}

// file damages one file and puts it in all.Names() again.
func (d *damager) file(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for at := 0; at < len(data); at += d.step(len(data)) {
		bit := byte(1) << (at % 8)
		if _, err := f.WriteAt([]byte{data[at] ^ bit}, int64(at)); err != nil {
			t.Fatal(err)
		}
		d.notices(t, path, "with a flipped byte", at)
		if _, err := f.WriteAt(data[at:at+1], int64(at)); err != nil {
			t.Fatal(err)
		}
		d.flips++
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for n := len(data) - 1; n >= 0; n -= d.step(len(data)) {
		if err := os.Truncate(path, int64(n)); err != nil {
			t.Fatal(err)
		}
		d.notices(t, path, "cut", n)
		d.cuts++
	}
	put(t, path, data)
}

func (d *damager) step(size int) int {
	if d.every {
		return 1
	}
	return max(1, size/3)
}

// notices demands that Verify does not call a run with one damaged file sound and names the file or its stage, and that nothing that loads
// the file panics.
func (d *damager) notices(t *testing.T, path, what string, at int) {
	t.Helper()
	name := filepath.Base(path)
	dir := filepath.Dir(path)
	found, err := d.differences(path, at)
	if err == nil && len(found) == 0 {
		t.Errorf("%s %s at %d: not noticed", path, what, at)
	}
	if len(found) > 0 && dir != d.run && !strings.Contains(found[0].String(), filepath.Base(dir)) && !strings.Contains(found[0].String(), name) {
		t.Errorf("%s %s at %d: told as %s", path, what, at, found[0])
	}
	// Whatever they say, they must say it.
	if !d.every || at%251 == 0 {
		_ = rundir.Look(d.run)
		_, _ = rundir.Summary(d.run)
		_, _ = report.Load(d.run)
		_, _ = Compare(dir, dir)
	}
	if strings.HasSuffix(path, ".arrow") && (!d.every || at < 4096 || at%61 == 0) {
		_, _ = checkpoint.CompareTables(path, path)
		if w, err := checkpoint.OpenWeights(path); err == nil {
			_ = w.Close()
		}
	}
}

// differences is what Verify finds in a run with one damaged file. Where every byte is damaged, only the part of Verify that reads the file
// is run, which is to notice it without the help of the others; all of Verify is for the files by which fingerprints go, and for some places of
// each file.
func (d *damager) differences(path string, at int) ([]Difference, error) {
	v := newVerifier(d.run)
	name, stage := filepath.Base(path), filepath.Base(filepath.Dir(path))
	switch {
	case !d.every, at%61 == 0, name == rundir.RecipeFile, name == rundir.PlanFile, name == rundir.SealFile:
		all, err := Verify(d.run)
		if err != nil {
			return nil, err
		}
		return all.Differences, nil
	case name == rundir.ReportFile:
		v.sealed = &rundir.Seal{} // there is one, so a page without a checksum is damaged
		v.report()
	case slices.Contains(all.Names(), stage):
		var a audited
		if a.manifest, a.faults, a.err = checkpoint.Audit(filepath.Dir(path)); v.stage(stage, a) != nil {
			return nil, a.err
		}
	default:
		if err := v.contents(); err != nil {
			return nil, err
		}
	}
	return v.out.Differences, nil
}

// least is a recipe whose run of all stages is about 200 KB, most of it report.html.
const least = `slm: 1
name: least
seed: 7
model: {layers: 1, width: 8, heads: 1, hidden: 8, context: 64}
tokenizer: {train: {vocab: 300}}
data:
  corpus: {path: [code.jsonl]}
  forms: {document: ["{title} {number}."], question: ["What says {number} of {title}?"], heading: [], quote: []}
  exam: {chars: 20, choices: 2, split: {dev: 40%, test: 25%}}
llm: {provider: overlap, model: character-trigrams, budget: {calls: 5k}}
stages:
  dp: {tokens: 1024, batch: 512, max_section: 60}
  kit: {epochs: 1, batch: 512}
  bpo: {soft: {tokens: 1, dim: 1}, init: 1, trials: 1, items: {ladder: [2]}, controls: [none, random], validate: {best: 1, share: 34%}}
eval: {systems: [llm, blade, oracle], items: 2, knowledge: 8, intervals: {n: 100}}
`

// leastRun is a run with real stages that is small enough for each of its bytes to be damaged.
func leastRun(t *testing.T) string {
	t.Helper()
	words := strings.Fields("amber basalt cedar delta ember fjord garnet harbor indigo jasper kelp lagoon maple nickel onyx pewter quartz raven slate timber")
	var code strings.Builder
	stream := rng.New(1, "least")
	for i := range 20 {
		var text []string
		for j := range 8 {
			text = append(text, words[stream.At(uint64(8*i+j)).IntN(len(words))])
		}
		fmt.Fprintf(&code, "{\"title\":\"Code\",\"number\":%d,\"text\":\"%s.\"}\n", i+1, strings.Join(text, " "))
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "code.jsonl"), []byte(code.String()))
	put(t, filepath.Join(dir, "least.yaml"), []byte(least))
	r, err := recipe.Load(recipe.Source{Name: filepath.Join(dir, "least.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtest.Train(t.Context(), r, dir)
	if err == nil {
		_, err = pipeline.Report(run)
	}
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestVerify_EveryDamagedByteIsNoticed flips bytes of every file of a run and cuts every file. SLM_TEST_ALL=1 takes every byte and every
// length instead of some.
func TestVerify_EveryDamagedByteIsNoticed(t *testing.T) {
	run := leastRun(t)
	d := damager{run: run, every: os.Getenv("SLM_TEST_ALL") != ""}
	for _, path := range filesBelow(t, run) {
		d.file(t, path)
		if d.every {
			t.Logf("%s: %d flipped bytes, %d cuts so far", strings.TrimPrefix(path, run), d.flips, d.cuts)
		}
	}
	if v := verified(t, run); !v.OK {
		t.Fatal("the run was not put in all.Names() again")
	}
	t.Logf("%d flipped bytes, %d cuts", d.flips, d.cuts)
}

// TestVerify_DamagedByteIsNoticedAlsoAfterAKill flips bytes of what a killed process has left. Cuts are left out: a shorter file of events or
// replies is what an earlier kill leaves.
func TestVerify_DamagedByteIsNoticedAlsoAfterAKill(t *testing.T) {
	every := os.Getenv("SLM_TEST_ALL") != ""
	for _, at := range []moment{{stages.DP, "step", 3}, {stages.BPO, "trial", 2}, {stages.Eval, "step", 2}} {
		run := killedRun(t, at)
		if v := verified(t, run); !v.OK || len(v.Notes) == 0 {
			t.Fatalf("killed in %s: %+v", at.stage, v)
		}
		flips := 0
		for _, path := range filesBelow(t, run) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			rel, _ := filepath.Rel(run, path)
			if len(data) == 0 || strings.HasPrefix(rel, ".") || strings.Contains(rel, "/.") {
				continue // temporary
			}
			places := []int{0, len(data) / 2, len(data) - 1, max(0, len(data)-9)}
			if every && (filepath.Dir(path) == run || strings.HasPrefix(rel, rundir.WorkFolder)) && len(data) < 1<<16 {
				places = nil
				for i := range data {
					places = append(places, i)
				}
			}
			for _, i := range places {
				hurt := bytes.Clone(data)
				hurt[i] ^= 1 << (i % 8)
				put(t, path, hurt)
				if v, err := Verify(run); err == nil && v.OK {
					t.Errorf("killed in %s: %s: a flip at %d of %d: not noticed", at.stage, rel, i, len(data))
				}
				flips++
			}
			put(t, path, data)
		}
		t.Logf("killed in %s: %d flipped bytes", at.stage, flips)
	}
}

// moment is the nth event of a type in a stage.
type moment struct {
	stage, event string
	nth          int
}

// shot copies a run's folder at a moment.
type shot struct {
	moment
	from func() string
	to   string
	err  error
}

func (s *shot) Event(e stages.Event) {
	if e.Stage != s.stage || e.Type != s.event {
		return
	}
	if s.nth--; s.nth == 0 {
		s.err = os.CopyFS(s.to, os.DirFS(s.from()))
	}
}
func (*shot) Close() {}

// killedRun is what kill -9 at a moment leaves of the tiny run.
func killedRun(t *testing.T, at moment) string {
	t.Helper()
	whole := runtest.Tiny(t)
	p, deps := planOf(t, filepath.Join(whole, rundir.RecipeFile), t.TempDir())
	s := &shot{moment: at, from: p.Folder, to: filepath.Join(t.TempDir(), "runs", filepath.Base(whole))}
	deps.View = s
	_, err := p.Execute(context.Background(), deps)
	if err := errors.Join(err, deps.Box.Close(), s.err); err != nil {
		t.Fatal(err)
	}
	if s.nth > 0 {
		t.Fatalf("%s had no such %s", at.stage, at.event)
	}
	return s.to
}

// filesBelow lists the files of a run but for its lock.
func filesBelow(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != rundir.LockFile {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
