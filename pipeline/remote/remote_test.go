package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/pipeline"
	"slm/pipeline/audit"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages"
	"slm/store"
	"slm/store/storetest"
)

var ctx = context.Background()

func TestMain(m *testing.M) { os.Exit(runtest.Main(m)) }

func opened(t *testing.T, endpoint string, f *storetest.Faults) *store.Store {
	t.Helper()
	var via http.RoundTripper
	if f != nil {
		via = f
	}
	s, err := store.OpenVia("s3://"+storetest.Bucket+"/lab", storetest.Environment(endpoint), via)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sameTree compares two runs, file by file, but for what is no part of them.
func sameTree(t *testing.T, want, got string) {
	t.Helper()
	list := func(dir string) map[string]string {
		files := map[string]string{}
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || e.Name() == rundir.LockFile {
				return err
			}
			text, err := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			files[rel] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	one, two := list(want), list(got)
	for name, text := range one {
		if two[name] != text {
			t.Errorf("%s is another", name)
		}
	}
	if len(one) != len(two) || len(one) == 0 {
		t.Errorf("%d files, want %d", len(two), len(one))
	}
}

func TestPush_ARunComesBackAsItWasThroughFaults(t *testing.T) {
	run := runtest.Tiny(t)
	name := filepath.Base(run)
	storetest.Each(t, func(t *testing.T, endpoint string) {
		s := opened(t, endpoint, &storetest.Faults{Fail: 40, Drop: 40, Cut: 40, Slow: 2 * time.Millisecond})
		first, err := Push(ctx, s, run)
		if err != nil || first.Bytes == 0 || len(first.Stages) != 5 {
			t.Fatalf("%+v %v", first, err)
		}
		if again, err := Push(ctx, s, run); err != nil || again.Bytes != 0 {
			t.Errorf("again: %+v %v", again, err)
		}
		dir := t.TempDir()
		pulled, err := Pull(ctx, s, dir, name)
		if err != nil {
			t.Fatal(err)
		}
		got := filepath.Join(dir, "runs", name)
		sameTree(t, run, got)
		if v, err := audit.Verify(got); err != nil || !v.OK {
			t.Errorf("%+v %v", v, err)
		}
		if again, err := Pull(ctx, s, dir, name); err != nil || again.Bytes != 0 || pulled.Bytes == 0 {
			t.Errorf("again: %+v %v", again, err)
		}
		if v, err := Verify(ctx, s, name); err != nil || len(v.Differences) > 0 || v.Files == 0 {
			t.Errorf("%+v %v", v, err)
		}
		if _, err := Pull(ctx, s, dir, "other"); !errors.Is(err, checkpoint.ErrMissing) {
			t.Error(err)
		}
		if _, err := Pull(ctx, s, dir, "../x"); !errors.Is(err, rundir.ErrUsage) {
			t.Error(err)
		}
	})
}

// stopAt ends a run's context when a stage has come to a step.
type stopAt struct {
	stage string
	step  int
	stop  func()
}

func (s stopAt) Event(e stages.Event) {
	if e.Stage == s.stage && e.Type == "step" && e.Step >= s.step {
		s.stop()
	}
}
func (stopAt) Close() {}

func TestPull_ARunThatWasInterruptedGoesOnElsewhereToTheSameDigests(t *testing.T) {
	whole := runtest.Tiny(t)
	endpoint := storetest.InProcess(t)
	s := opened(t, endpoint, nil)
	r, err := runtest.Load()
	if err != nil {
		t.Fatal(err)
	}
	here, there := t.TempDir(), t.TempDir()
	stopped, stop := context.WithCancel(ctx)
	p, deps, err := runtest.Prepare(r, here)
	if err != nil {
		t.Fatal(err)
	}
	deps.View = stopAt{stages.DP, 3, stop}
	if _, err := p.Execute(stopped, deps); err == nil {
		t.Fatal("it was not interrupted")
	}
	if err := deps.Box.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(p.Folder())
	if _, err := Push(ctx, s, p.Folder()); err != nil {
		t.Fatal(err)
	}
	x, _, err := ReadIndex(ctx, s, name)
	if err != nil || x.Find(stages.Data) == nil || x.Find(stages.DP) != nil || !slices.ContainsFunc(x.Files, func(f File) bool { return strings.HasPrefix(f.Name, "work/dp/") }) {
		t.Fatalf("the work of dp is not in the store: %+v %v", x, err)
	}
	if _, err := Pull(ctx, s, there, name); err != nil {
		t.Fatal(err)
	}
	q, err := pipeline.New(jobOf(t, there), pipeline.Choice{})
	if err != nil || q.Stages[0].Action != pipeline.Reuse || q.Stages[1].Action != pipeline.Resume {
		t.Fatalf("%+v %v", q.Stages, err)
	}
	folder, err := runtest.Train(ctx, r, there)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Report(folder); err != nil {
		t.Fatal(err)
	}
	for stage, digest := range rundir.Look(whole).Done {
		if got := rundir.Look(folder).Done[stage]; got != digest {
			t.Errorf("%s ends in %s, want %s", stage, got, digest)
		}
	}
	if _, err := Push(ctx, s, folder); err != nil {
		t.Fatal(err)
	}
	if out, err := Push(ctx, s, p.Folder()); err != nil || out.Bytes != 0 || len(out.Stages) != 5 { // who is behind takes nothing back
		t.Errorf("%+v %v", out, err)
	}
	if _, err := Pull(ctx, s, here, name); err != nil {
		t.Fatal(err)
	}
	sameTree(t, folder, p.Folder())
	if _, err := os.Stat(filepath.Join(p.Folder(), "work", "dp", "step")); err == nil {
		t.Error("work that the store's run is past is left")
	}
}

func jobOf(t *testing.T, dir string) *pipeline.Job {
	t.Helper()
	r, err := runtest.Load()
	if err != nil {
		t.Fatal(err)
	}
	job, err := pipeline.Build(r, dir, runtest.Kernel().Class(), runtest.Versions, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// copied is a run elsewhere, which has gone on by some events.
func copied(t *testing.T, run string, more string) (dir, folder string) {
	t.Helper()
	dir = t.TempDir()
	folder = filepath.Join(dir, "runs", filepath.Base(run))
	if err := os.CopyFS(folder, os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(folder, rundir.EventsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(more)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, folder
}

func TestPush_RunsThatHaveGoneOnApartAreKeptApart(t *testing.T) {
	s := opened(t, storetest.InProcess(t), nil)
	run := runtest.Tiny(t)
	name := filepath.Base(run)
	_, one := copied(t, run, "{\"type\":\"one\"}\n{\"torn")
	dir, two := copied(t, run, "{\"type\":\"two\"}\n")
	for _, folder := range []string{run, one} {
		if _, err := Push(ctx, s, folder); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Push(ctx, s, two); !errors.Is(err, ErrApart) {
		t.Error(err)
	}
	if _, err := Pull(ctx, s, dir, name); !errors.Is(err, ErrApart) {
		t.Error(err)
	}
	base := filepath.Dir(filepath.Dir(run))
	if _, err := Pull(ctx, s, base, name); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(run, rundir.EventsFile))
	if err != nil || !bytes.HasSuffix(text, []byte("{\"type\":\"one\"}\n")) { // without the line that was torn
		t.Errorf("%v: events end in %q", err, text[max(0, len(text)-40):])
	}
}

func TestPush_TwoAtOnceLeaveOneOfThemWhole(t *testing.T) {
	run := runtest.Tiny(t)
	storetest.Each(t, func(t *testing.T, endpoint string) {
		s := opened(t, endpoint, nil)
		if _, err := Push(ctx, s, run); err != nil {
			t.Fatal(err)
		}
		lines := []string{"{\"type\":\"one\"}\n", "{\"type\":\"two\"}\n", "{\"type\":\"three\"}\n"}
		errs := make(chan error, len(lines))
		for _, line := range lines {
			_, folder := copied(t, run, line)
			go func() {
				_, err := Push(ctx, opened(t, endpoint, nil), folder)
				errs <- err
			}()
		}
		done := 0
		for range lines {
			switch err := <-errs; {
			case err == nil:
				done++
			case !errors.Is(err, store.ErrChanged) && !errors.Is(err, ErrApart):
				t.Error(err)
			}
		}
		if v, err := Verify(ctx, s, filepath.Base(run)); err != nil || len(v.Differences) > 0 || done != 1 {
			t.Errorf("%d of them: %+v %v", done, v, err)
		}
	})
}

func TestVerify_NamesWhatIsMissingOrDamaged(t *testing.T) {
	s := opened(t, storetest.InProcess(t), nil)
	run := runtest.Tiny(t)
	name := filepath.Base(run)
	if _, err := Push(ctx, s, run); err != nil {
		t.Fatal(err)
	}
	m, err := checkpoint.Load(filepath.Join(run, stages.DP))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(m.Files, func(f checkpoint.File) bool { return f.Name == "weights.arrow" })
	f := m.Files[i]
	if err := s.Set(ctx, "blobs/"+f.SHA256[:2]+"/"+f.SHA256, make([]byte, f.Size)); err != nil {
		t.Fatal(err)
	}
	v, err := Verify(ctx, s, name)
	if err != nil || len(v.Differences) != 1 || !strings.Contains(v.Differences[0], "dp/weights.arrow") {
		t.Errorf("%+v %v", v, err)
	}
	dir := t.TempDir()
	if _, err := Pull(ctx, s, dir, name); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Error(err)
	}
	if _, err := checkpoint.Load(filepath.Join(dir, "runs", name, stages.DP)); err == nil {
		t.Error("a damaged checkpoint is put in place")
	}
}

func TestPush_ADamagedCheckpointIsNotPushed(t *testing.T) {
	s := opened(t, storetest.InProcess(t), nil)
	run := runtest.Tiny(t)
	path := filepath.Join(run, stages.DP, "weights.arrow")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Push(ctx, s, run); !errors.Is(err, checkpoint.ErrCorrupt) || !strings.Contains(err.Error(), "weights.arrow") {
		t.Error(err)
	}
	if _, _, err := ReadIndex(ctx, s, filepath.Base(run)); !errors.Is(err, checkpoint.ErrMissing) {
		t.Error("the index is there:", err)
	}
}

// anIndex is the index of a small run.
func anIndex() *Index {
	sum := checkpoint.HashBytes(nil)
	return &Index{
		Version: 1, Run: "tiny-00000001", Stages: []Stage{{"data", "f1", "d1", File{"manifest.json", 0, sum}}},
		Files: []File{{"events.jsonl", 0, sum}, {"recipe.yaml", 0, sum}, {"work/dp/step", 0, sum}},
	}
}

func TestIndex_GoldenFileIsReadAndWhatLeadsElsewhereIsRefused(t *testing.T) {
	golden := filepath.Join("testdata", "index.json")
	text, err := json.MarshalIndent(anIndex(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != string(text)+"\n" {
		t.Errorf("%v: an index is written as\n%s", err, text)
	}
	if _, err := decodeIndex(want); err != nil {
		t.Error(err)
	}
	for cut := range len(want) - 2 {
		if _, err := decodeIndex(want[:cut]); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("cut at byte %d: %v", cut, err)
		}
	}
	for name, spoil := range map[string]func(*Index){
		"a path":          func(x *Index) { x.Files[1].Name = "../recipe.yaml" },
		"the lock":        func(x *Index) { x.Files[1].Name = "lock" },
		"a stage's file":  func(x *Index) { x.Files[1].Name = "data/x" },
		"no stage":        func(x *Index) { x.Stages[0].Stage = "date" },
		"twice":           func(x *Index) { x.Files[1] = x.Files[0] },
		"no digest":       func(x *Index) { x.Files[1].SHA256 = "AB" },
		"less than empty": func(x *Index) { x.Files[1].Size = -1 },
		"hidden":          func(x *Index) { x.Files[1].Name = "work/.x" },
		"another run":     func(x *Index) { x.Run = "a/b" },
		"newer":           func(x *Index) { x.Version = 2 },
	} {
		x := anIndex()
		spoil(x)
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeIndex(text); !errors.Is(err, checkpoint.ErrCorrupt) && !errors.Is(err, checkpoint.ErrNewer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeIndex_NamesStayInTheRun(f *testing.F) {
	text, err := json.Marshal(anIndex())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		x, err := decodeIndex(text)
		if err != nil {
			return
		}
		for _, f := range x.Files {
			if !filepath.IsLocal(f.Name) {
				t.Errorf("%q leads elsewhere", f.Name)
			}
		}
	})
}
