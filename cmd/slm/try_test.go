package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestTrain_ABlackBoxThatCannotBeUsedIsKnownBeforeAnythingIsTrained(t *testing.T) {
	r := serveRudely(t)
	k := &keyed{t: t, dir: t.TempDir()}
	train := func(args ...string) outcome {
		return k.slm(append(append([]string{"train", "tiny", "-q"}, remoteTiny(r.URL)...), append([]string{"-s", "llm.key_env=LEAK_KEY", "-s", "llm.answer=cloze"}, args...)...)...)
	}
	says := func(status int, text string) func(int, http.ResponseWriter) bool {
		return func(_ int, w http.ResponseWriter) bool { return says(w, status, text) }
	}
	for name, c := range map[string]struct {
		fails func(int, http.ResponseWriter) bool
		set   string
		calls int
		want  string
	}{
		"key":               {set: "llm.key_env=HOME", calls: 1, want: "check the key in HOME, the variable that llm.key_env names"},
		"model":             {fails: says(404, `{"error":{"message":"no such model"}}`), set: "llm.model=n", calls: 1, want: "check llm.model and llm.url"},
		"log-probabilities": {fails: says(200, `{"model":"m","choices":[{"text":"x"}]}`), set: "llm.timeout=9s", calls: 1, want: "llm.answer: letter needs no log-probabilities"},
		"address":           {set: "llm.url=http://127.0.0.1:1/v1", want: "check llm.url"},
	} {
		r.behave(c.fails)
		before := r.calls
		o := train("-s", c.set)
		if o.code != exitLLM || !strings.Contains(o.err, "tried before anything was run") || !strings.Contains(o.err, c.want) || r.calls != before+c.calls {
			t.Errorf("%s: exit %d after %d calls: %s", name, o.code, r.calls-before, o.err)
		}
	}
	if made, err := filepath.Glob(filepath.Join(k.dir, "runs", "*", "d[ap]*")); err != nil || len(made) > 0 {
		t.Errorf("%v was made before", made)
	}
	r.behave(nil)
	if o := k.slm(append([]string{"plan", "tiny", "--quick"}, remoteTiny(r.URL)...)...); o.code != exitDone || !strings.Contains(o.out, "tries it first, by one call") {
		t.Errorf("plan: exit %d: %s%s", o.code, o.out, o.err)
	}
	before := r.calls
	if o := train("--until", "dp"); o.code != exitDone || r.calls != before {
		t.Errorf("what asks nothing: exit %d after %d calls: %s", o.code, r.calls-before, o.err)
	}
	if o := train("--offline"); o.code != exitLLM || strings.Contains(o.err, "tried") || r.calls != before {
		t.Errorf("offline: exit %d after %d calls: %s", o.code, r.calls-before, o.err)
	}
}
