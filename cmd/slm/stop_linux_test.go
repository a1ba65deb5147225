package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestSlm_ASignalStopsEachCommandThatWaitsForAServer lets a server that has answered all through a training say nothing any more. Each command that
// promises 130 and 143 is stopped while it waits for a call, of which there is one at a time.
func TestSlm_ASignalStopsEachCommandThatWaitsForAServer(t *testing.T) {
	r := serveRudely(t)
	var silent atomic.Bool
	called := make(chan struct{}, 1)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !silent.Load() {
			req.Header.Set("Authorization", "Bearer "+leakKey)
			r.handle(w, req)
			return
		}
		_, _ = io.Copy(io.Discard, req.Body) // only then is the end of the connection noticed
		called <- struct{}{}
		<-req.Context().Done()
	}))
	t.Cleanup(front.Close)
	dir := t.TempDir()
	put(t, filepath.Join(dir, "items.jsonl"), `{"question":"What?","choices":["a","b"],"answer":0,"split":"test"}`)
	remote := lesser + " -s llm.provider=openai -s llm.model=m -s llm.concurrency=1 -s llm.url=" + front.URL + "/v1"
	if o := slm(t, dir, append([]string{"train", "tiny"}, strings.Fields(remote)...)...); o.code != exitDone {
		t.Fatalf("%+v", o)
	}
	t.Setenv("PATH", "") // where no cluster takes jobs
	jobs := "ablate tiny " + remote + " -s seed=80 --drop kit --seeds 1 --quick --yes --name jobs --on slurm"
	if o := slm(t, dir, strings.Fields(jobs)...); o.code != exitDone {
		t.Fatalf("%+v", o)
	}
	silent.Store(true)
	stopped := map[string]bool{"import": true, "update": true} // they end in train
	for _, args := range []string{
		"ask tiny What? --choice a --choice b", "draft tiny MPL-2.0,section-2?", "eval tiny --items items.jsonl", "reproduce tiny --live --stage kit",
		"train tiny " + remote + " -s seed=77 --until kit", "ablate tiny " + remote + " -s seed=78 --drop kit --seeds 1 --quick --yes",
		"sweep tiny " + remote + " -s seed=79 --over stages.dp.optim.lr=log(1e-3,1e-2) --maximise accuracy --trials 1 --quick --yes", "data pull statutes-cn --to pulled --base " + front.URL,
		"worker --experiment experiments/jobs",
	} {
		for sig, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			cmd, stderr := process(t, dir, nil, strings.Fields(args)...)
			<-called
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(stderr)
			_ = cmd.Wait() // its exit code is the result
			if got := cmd.ProcessState.ExitCode(); got != code || err != nil {
				t.Errorf("slm %s: %s ends in %d, want %d\n%s%v", args, sig, got, code, text, err)
			}
		}
		for name := range commandsWithCodes() {
			stopped[name] = stopped[name] || strings.HasPrefix(args, name+" ")
		}
	}
	for name, promised := range commandsWithCodes() {
		for _, code := range promised {
			if code == exitInterrupted && !stopped[name] {
				t.Errorf("slm %s: its help promises %d, and it is not stopped here", name, code)
			}
		}
	}
}
