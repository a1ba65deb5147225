package serve

import (
	"context"
	"net/http"
	"os"
	"testing"

	"slm/pipeline/runtest"
)

// TestWarm_RunAnswersWhenItsFolderIsGone: what a newer run has replaced may be removed while requests are under way there.
func TestWarm_RunAnswersWhenItsFolderIsGone(t *testing.T) {
	folder := runtest.Tiny(t)
	s, h := serving(t, config(), nil)
	run := tinyRun(t, s, folder)
	if err := Warm(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	s.Put(run)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	names, _, err := run.Systems(context.Background())
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if status, _, got := post(t, h.URL+"/v1/chat/completions", question(name, "Who may distribute?", `"slm":{"choices":["Nobody","A contributor"]}`)); status != http.StatusOK {
			t.Errorf("%s: %d %s", name, status, got)
		}
	}
	if status, _, got := post(t, h.URL+"/v1/completions", `{"model":"small-model","prompt":"A Contributor is","max_tokens":3}`); status != http.StatusOK {
		t.Errorf("%d %s", status, got)
	}
}
