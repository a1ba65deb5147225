package serve

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/pipeline/session"
)

// TestWatch_RetrainedCheckpointAnswers trains the served recipe anew with another seed, while clients ask: no request fails, and at last the new
// weights answer.
func TestWatch_RetrainedCheckpointAnswers(t *testing.T) {
	folder := runtest.Tiny(t)
	dir := filepath.Dir(filepath.Dir(folder))
	body := `{"model":"small-model","prompt":"A Contributor is","max_tokens":12,"echo":true,"logprobs":1}`
	answer := func(url string) string {
		status, _, got := post(t, url+"/v1/completions", body)
		if status != http.StatusOK {
			t.Error(status, got)
		}
		return transcript(got)
	}
	s, url := opened(t, folder)
	before := answer(url)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		s.Watch(ctx, 10*time.Millisecond, func() string {
			at, err := rundir.Find(dir, "tiny")
			if err != nil || rundir.Look(at).Locked != "" {
				return ""
			}
			return session.Stamp(at)
		}, func(_ context.Context, _ Run) (Run, error) {
			at, err := rundir.Find(dir, "tiny")
			if err != nil {
				return nil, err
			}
			run := tinyRun(t, s, at)
			return run, Warm(ctx, run)
		})
	})
	other := make(chan string, 1)
	wg.Go(func() {
		for ctx.Err() == nil {
			if got := answer(url); got != before {
				other <- got
				return
			}
			time.Sleep(50 * time.Millisecond) // the training has the machine
		}
	})
	r, err := runtest.Load("seed=9")
	if err != nil {
		t.Fatal(err)
	}
	retrained, err := runtest.Train(context.Background(), r, dir)
	if err != nil || retrained == folder {
		t.Fatal(retrained, err)
	}
	var got string
	select {
	case got = <-other:
	case <-time.After(time.Minute):
		t.Fatal("the new run does not answer")
	}
	if _, fresh := opened(t, retrained); got != answer(fresh) {
		t.Errorf("%s\nand the new run by itself\n%s", got, answer(fresh))
	}
}
