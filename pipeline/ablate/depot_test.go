package ablate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/pipeline/remote"
	"slm/pipeline/rundir"
	"slm/store"
	"slm/store/storetest"
)

// patient is the term of leases in these tests.
const patient = 5 * time.Second

func depotAt(t *testing.T, endpoint string) *store.Store {
	t.Helper()
	s, err := store.Open("s3://"+storetest.Bucket+"/lab", storetest.Environment(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWorker_OnAStoreMachinesThatShareNothingElseEndInTheTableOfASerialRun(t *testing.T) {
	seeds, workers, kills := 2, 3, 1
	if os.Getenv("SLM_TEST_ALL") != "" {
		seeds, workers, kills = 10, 8, 3
	}
	like := instantly(t)
	spec := Spec{Vary: []string{"stages.dp.tokens=5120"}, Count: seeds}
	serial := planned(t, t.TempDir(), spec)
	if _, err := executed(t, serial, 1); err != nil {
		t.Fatal(err)
	}
	endpoint := storetest.InProcess(t)
	s := depotAt(t, endpoint)
	p, w := handed(t, spec)
	if err := p.Give(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	team := &gang{t: t, env: []string{beWorker + "=" + p.Name, likeness + "=" + like, beAt + "=" + endpoint}}
	team.start(workers)
	team.kill(kills, len(w.Stages))
	team.wait()
	if n := bytes.Count(team.made(), []byte("\n")); n > len(w.Stages)+kills || n < len(w.Stages)-kills { // what a killed machine has made and not brought is made again
		t.Errorf("%d stages were made, of %d", n, len(w.Stages))
	}
	for _, st := range w.Stages {
		x, _, err := remote.ReadIndex(context.Background(), s, w.Members[st.Member].Run)
		if err != nil || x.Find(st.Stage) == nil || x.Find(st.Stage).Fingerprint != st.Fingerprint {
			t.Errorf("%s of %s: %v", st.Stage, w.Members[st.Member].Run, err)
		}
	}
	last := filepath.Join(team.all[len(team.all)-1].dir, "experiments", p.Name)
	sameTable(t, serial.Path(), last)
	v, err := remote.Verify(context.Background(), s, w.Members[0].Run)
	if err != nil || len(v.Differences) > 0 {
		t.Errorf("%+v %v", v, err)
	}
}

func TestDepot_KeepWaitsForWhoTakesStagesOverFromTheRun(t *testing.T) {
	instantly(t)
	s, dir := depotAt(t, storetest.InProcess(t)), t.TempDir()
	p, w := handed(t, Spec{Count: 1})
	if err := p.Give(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := Serve(context.Background(), p.Name, s, 0, site(dir), quiet()); err != nil {
		t.Fatal(err)
	}
	run := w.Members[w.Stages[0].Member].Run
	held, err := rundir.TakeLock(filepath.Join(dir, "runs", run))
	if err != nil {
		t.Fatal(err)
	}
	kept := make(chan error)
	go func() { kept <- openDepot(s, p.Name, dir, "test", time.Now).keep(context.Background(), run) }()
	select {
	case err := <-kept:
		t.Fatalf("it does not wait: %v", err)
	case <-time.After(3 * lookSoon):
	}
	if err := held.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-kept; err != nil {
		t.Error(err)
	}
}

func TestWorker_OnAStoreGoesOnFromWhatAnotherMachineHasKeptAndDropsWhatItMadeApart(t *testing.T) {
	instantly(t)
	endpoint := storetest.InProcess(t)
	s := depotAt(t, endpoint)
	p, w := handed(t, Spec{Drop: []string{"kit"}, Count: 1})
	if _, err := Serve(context.Background(), p.Name, s, All, site(t.TempDir()), quiet()); !errors.Is(err, rundir.ErrUsage) || !strings.Contains(err.Error(), p.Name) {
		t.Errorf("before it was given: %v", err)
	}
	if err := p.Give(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	one, two := t.TempDir(), t.TempDir()
	goal := slices.IndexFunc(w.Stages, func(s WorkStage) bool { return s.Stage == "dp" })
	for _, dir := range []string{one, two} { // the second brings nothing new
		if _, err := Serve(context.Background(), p.Name, s, goal, site(dir), quiet()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(two, madeNames)); err == nil {
		t.Error("dp was made again")
	}
	next := slices.IndexFunc(w.Stages, func(s WorkStage) bool { return s.Stage == "kit" && s.Member == 0 })
	if out, err := Serve(context.Background(), p.Name, s, next, site(two), quiet()); err != nil || len(out.Made) != 1 {
		t.Fatalf("%+v %v", out, err)
	}
	run := filepath.Join(one, "runs", w.Members[0].Run)
	f, err := os.OpenFile(filepath.Join(run, rundir.EventsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintln(f, `{"type":"apart"}`)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{one, two} {
		if out, err := Serve(context.Background(), p.Name, s, All, site(dir), quiet()); err != nil || out.Table != (dir == one) {
			t.Fatalf("%+v %v", out, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(run, rundir.EventsFile)); err != nil || strings.Contains(string(text), "apart") {
		t.Errorf("%v: what was made apart is kept", err)
	}
	sameTable(t, filepath.Join(two, "experiments", p.Name), filepath.Join(one, "experiments", p.Name))
	if _, err := Serve(context.Background(), "../x", s, All, site(one), quiet()); !errors.Is(err, rundir.ErrUsage) {
		t.Error(err)
	}
}
