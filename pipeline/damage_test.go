package pipeline

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
	"time"

	"slm/checkpoint"
	"slm/pipeline/recipe"
	"slm/report"
	"slm/rng"
	"slm/stages"
)

// damager flips bytes of a run's files in their places and cuts their ends off.
type damager struct {
	run         string
	every       bool // each byte and each length, which takes minutes
	flips, cuts int
}

// file damages one file and puts it in order again.
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
		_ = Look(d.run)
		_, _ = Summary(d.run)
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
	case !d.every, at%61 == 0, name == recipeName, name == planName, name == sealName:
		all, err := Verify(d.run)
		if err != nil {
			return nil, err
		}
		return all.Differences, nil
	case name == reportName:
		v.sealed = &seal{} // there is one, so a page without a checksum is damaged
		v.report()
	case slices.Contains(order, stage):
		var a audit
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
	run, err := trainOf(context.Background(), dir, recipe.Source{Name: filepath.Join(dir, "least.yaml")})
	if err == nil {
		_, err = Report(run)
	}
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestEveryDamagedByteIsNoticed flips bytes of every file of a run and cuts every file. SLM_TEST_ALL=1 takes every byte and every
// length instead of some.
func TestEveryDamagedByteIsNoticed(t *testing.T) {
	run := leastRun(t)
	d := damager{run: run, every: os.Getenv("SLM_TEST_ALL") != ""}
	for _, path := range filesBelow(t, run) {
		d.file(t, path)
		if d.every {
			t.Logf("%s: %d flipped bytes, %d cuts so far", strings.TrimPrefix(path, run), d.flips, d.cuts)
		}
	}
	if v := verified(t, run); !v.OK {
		t.Fatal("the run was not put in order again")
	}
	t.Logf("%d flipped bytes, %d cuts", d.flips, d.cuts)
}

// TestADamagedByteIsNoticedAlsoAfterAKill flips bytes of what a killed process has left. Cuts are left out: a shorter file of events or
// replies is what an earlier kill leaves.
func TestADamagedByteIsNoticedAlsoAfterAKill(t *testing.T) {
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
			if every && (filepath.Dir(path) == run || strings.HasPrefix(rel, workName)) && len(data) < 1<<16 {
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
	whole := tinyRun(t)
	p, means := tinyPlan(t, filepath.Join(whole, recipeName), t.TempDir())
	s := &shot{moment: at, from: p.Folder, to: filepath.Join(t.TempDir(), "runs", filepath.Base(whole))}
	means.View = s
	_, err := p.Execute(context.Background(), means)
	if err := errors.Join(err, means.Box.Close(), s.err); err != nil {
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
		if err == nil && !e.IsDir() && e.Name() != lockName {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestADamagedCheckpointIsNotBuiltOn(t *testing.T) {
	job, made := chain(nil)
	job.Dir = t.TempDir()
	must(t, job, Choice{})
	path := filepath.Join(job.Folder(), "dp", "result.txt")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, []byte("dP")) // of the same size
	edited, again := chain(map[string]string{"kit": "x"})
	edited.Dir = job.Dir
	if _, err := execute(t, edited, Choice{Only: "kit"}); !errors.Is(err, checkpoint.ErrCorrupt) || !strings.Contains(err.Error(), "result.txt") {
		t.Fatal(err)
	}
	out := must(t, edited, Choice{})
	if calls(again) != "0 1 1" || !slices.Equal(out.Ran, []string{"dp", "kit"}) || calls(made) != "1 1 1" {
		t.Fatalf("%s %+v", calls(again), out)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, whole) {
		t.Fatalf("%s %v", now, err)
	}
}

func TestADamagedModelIsNotAskedAndDamagedRepliesAnswerNothing(t *testing.T) {
	run := tinyRun(t)
	flip := func(name string, at int64) {
		t.Helper()
		path := filepath.Join(run, filepath.FromSlash(name))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[(at+int64(len(data)))%int64(len(data))] ^= 1
		put(t, path, data)
	}
	box := &BlackBox{Others: filepath.Dir(filepath.Dir(run))}
	before := len(box.replays())
	flip("eval/replies.arrow", 2000)
	if after := len(box.replays()); before != 3 || after != 2 {
		t.Errorf("%d files of replies, and %d when one is damaged", before, after)
	}
	flip("kit/weights.arrow", 4000)
	s := use(t, run, true)
	defer func() { _ = s.Close() }()
	if _, err := s.Know(context.Background(), "What?"); !errors.Is(err, checkpoint.ErrCorrupt) || !strings.Contains(err.Error(), "weights.arrow") {
		t.Error(err)
	}
	if _, err := s.Evaluate(context.Background(), nil); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(run, reportName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Report(run); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Error(err)
	}
}

func FuzzSeal(f *testing.F) {
	whole, err := seal{Version: sealVersion, Stages: map[string]string{"dp": "12"}, Files: []sealed{{recipeName, 7, "ab", false}, {planName, 9, "cd", true}}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"v": 99}`))
	f.Add([]byte(`{"v":1,"files":[{"name":"../x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeSeal(data)
		if err != nil {
			if !errors.Is(err, checkpoint.ErrCorrupt) && !errors.Is(err, checkpoint.ErrNewer) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		if again, err := s.encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("accepted what it would not write: %v", err)
		}
		_ = s.differs(t.TempDir(), recipeName)
	})
}

func FuzzEvents(f *testing.F) {
	line, err := encodeEvent(stages.Event{V: EventVersion, T: clock().Format(time.RFC3339), Type: "step", Stage: "dp", Step: 3, Loss: 2.5, Message: `,"crc":"`})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line, 5)
	f.Add([]byte(`{"v":1,"t":"2026-01-02T03:04:05Z","type":"exit"}`), 1)
	f.Add([]byte(`{"v":2,"type":"exit"}`), 0)
	f.Fuzz(func(t *testing.T, text []byte, at int) {
		whole := eventIsWhole(text)
		if at < 0 || at >= len(text) {
			return
		}
		if whole && bytes.Contains(text, []byte(sumStart)) {
			if !eventIsCut(text[:at]) {
				t.Fatalf("%q is not taken for the beginning of a line", text[:at])
			}
			hurt := bytes.Clone(text)
			hurt[at] ^= 1 << (at % 8)
			if eventIsWhole(hurt) && !bytes.Contains(text, []byte(`"v":1`)) {
				t.Fatalf("%q is taken for whole", hurt)
			}
		}
		path := filepath.Join(t.TempDir(), eventsName)
		if err := os.WriteFile(path, append(append(bytes.Clone(line), '\n'), text...), 0o666); err != nil {
			t.Fatal(err)
		}
		log, err := openEvents(path, clock, nil)
		if err != nil {
			t.Fatal(err)
		}
		log.emit(stages.Event{Type: "exit"})
		if err := log.close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
		if !eventIsWhole(lines[0]) || !eventIsWhole(lines[len(lines)-1]) || bytes.Count(text, []byte("\n"))+2 != len(lines) {
			t.Fatalf("%q", data)
		}
	})
}

func TestAnEventCutAnywhereIsNoWholeEventAndIsCutOff(t *testing.T) {
	line, err := encodeEvent(stages.Event{V: EventVersion, T: "2026-01-02T03:04:05Z", Type: "step", Stage: "dp"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"v":2,"t":"2026-01-02T03:04:05Z","type":"step","stage":"dp","crc":"e54196b3"}`; string(line) != want {
		t.Errorf("%s", line)
	}
	for n := range line {
		if eventIsWhole(line[:n]) || !eventIsCut(line[:n]) {
			t.Errorf("%q", line[:n])
		}
	}
	for i := range line {
		hurt := bytes.Clone(line)
		hurt[i] ^= 2
		if eventIsWhole(hurt) {
			t.Errorf("%q", hurt)
		}
	}
}
