package ablate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/experiment"
	"slm/model/kernel"
	"slm/pipeline"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/pipeline/study"
	"slm/result"
	"slm/stages"
	"slm/store"
	"slm/store/storetest"
)

// By these variables the test binary is told to be a worker, and where the run is whose checkpoints its stages copy.
const (
	beWorker  = "BE_A_WORKER"
	beAt      = "AT_THE_STORE" // its endpoint
	beIn      = "IN_THE_FOLDER"
	likeness  = "OF_THE_LIKENESS_OF"
	madeNames = "made" // file beside runs/ with a line for each stage that was made
)

func TestMain(m *testing.M) {
	folder := os.Getenv(beWorker)
	if folder == "" {
		os.Exit(runtest.Main(m))
	}
	build = buildInstant(os.Getenv(likeness))
	var depot *store.Store
	var err error
	if at := os.Getenv(beAt); at != "" {
		leaseTerm = patient
		depot, err = store.Open("s3://"+storetest.Bucket+"/lab", storetest.Environment(at))
	}
	if err == nil {
		_, err = Serve(context.Background(), folder, depot, All, site(os.Getenv(beIn)), quiet())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func quiet() study.How {
	return study.How{Jobs: 1, Log: slog.New(slog.DiscardHandler), Code: func(error) int { return 1 }}
}

// instant is a stage that copies the checkpoint of another run; what it evaluates depends on what it is made from.
type instant struct{ name, like string }

func (s instant) Name() string { return s.name }
func (s instant) Ready() error { return nil }
func (s instant) Run(_ context.Context, env *stages.Env) (err error) {
	like := filepath.Join(s.like, s.name)
	m, err := checkpoint.Load(like)
	if err != nil {
		return err
	}
	pending, err := checkpoint.Begin(env.Dir(s.name))
	if err != nil {
		return err
	}
	for _, f := range m.Files {
		if err := checkpoint.Link(filepath.Join(like, f.Name), pending.Path(f.Name)); err != nil {
			return errors.Join(err, pending.Abort())
		}
	}
	if s.name == stages.Eval {
		_, rows, err := result.Read(like)
		if err != nil {
			return errors.Join(err, pending.Abort())
		}
		for i := range rows {
			rows[i].Correct = (env.Fingerprint[i%len(env.Fingerprint)]+byte(i))%2 == 0
		}
		if err := errors.Join(os.Remove(pending.Path("items.arrow")), checkpoint.WriteTable(pending.Path("items.arrow"), rows, nil)); err != nil {
			return errors.Join(err, pending.Abort())
		}
	}
	made := env.Manifest(s.name)
	made.Counters, made.Facts = m.Counters, m.Facts
	if err := pending.Commit(made); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(filepath.Dir(env.Run)), madeNames), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, env.Fingerprint)
	return errors.Join(err, f.Close())
}

// buildInstant builds jobs whose stages take no time.
func buildInstant(like string) func(*recipe.Loaded, string, kernel.Class, map[string]string, func() time.Time) (*pipeline.Job, error) {
	return func(r *recipe.Loaded, dir string, class kernel.Class, versions map[string]string, now func() time.Time) (*pipeline.Job, error) {
		job, err := pipeline.Build(r, dir, class, versions, now)
		if err == nil {
			for i := range job.Steps {
				job.Steps[i].Stage = instant{job.Steps[i].Name, like}
			}
		}
		return job, err
	}
}

// instantly makes all plans of a test ones of instant stages.
func instantly(t *testing.T) (like string) {
	t.Helper()
	like = runtest.Tiny(t)
	build = buildInstant(like)
	t.Cleanup(func() { build = pipeline.Build })
	return like
}

// handed is an experiment that waits for workers.
func handed(t *testing.T, spec Spec) (*Plan, *Work) {
	t.Helper()
	p := planned(t, t.TempDir(), spec)
	w := p.Work(false)
	if err := p.Hand(w); err != nil {
		t.Fatal(err)
	}
	return p, w
}

func TestWorker_ManyOfWhichSomeAreKilledMakeEachStageOnceAndTheTableOfASerialRun(t *testing.T) {
	variants, seeds, workers := 2, 4, 4
	if os.Getenv("SLM_TEST_ALL") != "" {
		variants, seeds, workers = 10, 20, 20
	}
	like := instantly(t)
	values := make([]string, variants)
	for i := range values {
		values[i] = fmt.Sprint(4096 + 512*i) // the first is the recipe's own
	}
	spec := Spec{Vary: []string{"stages.dp.tokens=" + strings.Join(values[1:], ",")}, Count: seeds}
	serial := planned(t, t.TempDir(), spec)
	if _, err := executed(t, serial, 1); err != nil {
		t.Fatal(err)
	}
	p, w := handed(t, spec)
	if len(w.Members) != variants*seeds {
		t.Fatalf("%d cells", len(w.Members))
	}
	kills := max(2, workers*3/10)
	team := &gang{t: t, env: []string{beWorker + "=" + p.Path(), likeness + "=" + like}, shared: p.Dir}
	team.start(workers)
	team.kill(kills, len(w.Stages))
	team.wait()
	times := map[string]int{}
	for line := range strings.Lines(string(team.made())) {
		times[strings.TrimSpace(line)]++
	}
	for _, s := range w.Stages {
		m, err := checkpoint.Load(filepath.Join(p.Dir, "runs", w.Members[s.Member].Run, s.Stage))
		if err != nil || m.Fingerprint != s.Fingerprint || times[s.Fingerprint] > 1 {
			t.Errorf("%s of %s was made %d times: %v", s.Stage, w.Members[s.Member].Run, times[s.Fingerprint], err)
		}
	}
	if len(times) < len(w.Stages)-kills {
		t.Errorf("%d of %d stages were made", len(times), len(w.Stages))
	}
	sameTable(t, serial.Path(), p.Path())
	if left, _ := os.ReadDir(filepath.Join(p.Path(), leasesDir)); slices.ContainsFunc(left, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") }) {
		t.Errorf("leases are left: %v", left)
	}
}

// sameTable compares what two experiments came to.
func sameTable(t *testing.T, want, got string) {
	t.Helper()
	for _, name := range []string{experiment.ItemsFile, "questions.arrow", "table.txt", "table.csv"} {
		one, err := os.ReadFile(filepath.Join(want, name))
		two, err2 := os.ReadFile(filepath.Join(got, name))
		two = bytes.ReplaceAll(two, []byte(filepath.Dir(filepath.Dir(got))), []byte(filepath.Dir(filepath.Dir(want)))) // in what failed
		if err != nil || err2 != nil || len(one) == 0 || withoutSeconds(one) != withoutSeconds(two) {
			t.Errorf("%s is another (%v, %v)\n%s\n%s", name, err, err2, one, two)
		}
	}
}

// withoutSeconds leaves out the note on what runs took.
func withoutSeconds(text []byte) string {
	lines := slices.Collect(strings.Lines(string(text)))
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "not equal: seconds") }), "")
}

func TestWorker_AStageThatFailsIsNotedAndTheTableSaysWhatASerialRunSays(t *testing.T) {
	spec := Spec{Vary: []string{"stages.kit.optim.lr=2e-3,3e-3"}, Count: 1}
	block := func(p *Plan) *Plan { // a file where a stage wants to work
		bad := p.Members[2].Run()
		if err := errors.Join(os.MkdirAll(bad, 0o755), os.WriteFile(filepath.Join(bad, rundir.WorkFolder), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		return p
	}
	instantly(t)
	serial := block(planned(t, t.TempDir(), spec))
	want, err := executed(t, serial, 1)
	if err != nil || want.Units[2].Failed == "" {
		t.Fatalf("%v %+v", err, want.Units)
	}
	p, w := handed(t, spec)
	block(p)
	out, err := Serve(context.Background(), p.Path(), nil, All, site(""), quiet())
	if err != nil || !out.Table || len(out.Made) != len(w.Stages)-len(p.Members[2].plan.Stages)+2 {
		t.Fatalf("%v %+v", err, out)
	}
	sameTable(t, serial.Path(), p.Path())
	text, err := os.ReadFile(filepath.Join(p.Path(), SummaryFile))
	var sum Summary
	if err == nil {
		err = json.Unmarshal(text, &sum)
	}
	if failed := strings.ReplaceAll(sum.Units[2].Failed, p.Dir, serial.Dir); err != nil || failed != want.Units[2].Failed {
		t.Errorf("%v: it says %q, a serial run %q", err, failed, want.Units[2].Failed)
	}
	goal := slices.IndexFunc(w.Stages, func(s WorkStage) bool { return s.Member == 2 && s.Stage == stages.Eval })
	if _, err := Serve(context.Background(), p.Path(), nil, goal, site(""), quiet()); err == nil || !strings.Contains(err.Error(), "has failed") {
		t.Errorf("the job of a stage behind the one that failed: %v", err)
	}
	if err := os.Remove(filepath.Join(p.Members[2].Run(), rundir.WorkFolder)); err != nil {
		t.Fatal(err)
	}
	if err := p.Hand(w); err != nil { // what failed is tried again
		t.Fatal(err)
	}
	if out, err := Serve(context.Background(), p.Path(), nil, All, site(""), quiet()); err != nil || !out.Table || len(out.Made) != len(p.Members[2].plan.Stages)-2 {
		t.Errorf("once more: %v %+v", err, out)
	}
}

func TestWorker_AJobMakesItsStageAndWhatThatIsMadeFrom(t *testing.T) {
	instantly(t)
	p, w := handed(t, Spec{Drop: []string{"kit"}, Count: 2})
	last := len(w.Stages) - 1
	out, err := Serve(context.Background(), p.Path(), nil, last, site(""), quiet())
	if err != nil || out.Table || len(out.Made) != w.Stages[last].Level+1 {
		t.Fatalf("%v %+v", err, out)
	}
	made := 0
	for i := range w.Stages {
		out, err := Serve(context.Background(), p.Path(), nil, i, site(""), quiet())
		if err != nil || len(out.Made) > 1 {
			t.Fatalf("stage %d: %v %+v: each level is behind those before it", i, err, out)
		}
		made += len(out.Made)
	}
	if made != len(w.Stages)-w.Stages[last].Level-1 {
		t.Errorf("%d made", made)
	}
	if out, err := Serve(context.Background(), p.Path(), nil, len(w.Stages), site(""), quiet()); err != nil || !out.Table || len(out.Made) != 0 {
		t.Errorf("the table: %v %+v", err, out)
	}
	if _, err := Serve(context.Background(), p.Path(), nil, len(w.Stages)+1, site(""), quiet()); !errors.Is(err, rundir.ErrUsage) {
		t.Error(err)
	}
}

func TestWorker_AMachineThatWouldMakeSomethingElseSaysSo(t *testing.T) {
	instantly(t)
	p, w := handed(t, Spec{Drop: []string{"kit"}, Count: 1})
	w.Stages[0].Fingerprint = strings.Repeat("0", 64)
	for i := range w.Members {
		w.Members[i].Stages[0] = w.Stages[0].Fingerprint
	}
	if err := study.WriteJSON(p.Path(), WorkFile, w); err != nil {
		t.Fatal(err)
	}
	if _, err := Serve(context.Background(), p.Path(), nil, All, site(""), quiet()); !errors.Is(err, ErrWork) {
		t.Error(err)
	}
	if _, err := Serve(context.Background(), t.TempDir(), nil, All, site(""), quiet()); !errors.Is(err, rundir.ErrUsage) {
		t.Error(err)
	}
}
