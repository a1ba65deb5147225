package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// remoteTiny are the settings of a small run whose black box is a server.
func remoteTiny(url string) []string {
	return append(strings.Fields(lesser), "-s", "llm.provider=openai", "-s", "llm.model=m", "-s", "llm.answer=letter", "-s", "llm.retries=0", "-s", "llm.url="+url+"/v1")
}

func TestConnection_SettingsOfAFailedCommandDoNotStick(t *testing.T) {
	s := serveLetters(t, func(string, int) (int, string) { return 0, "" })
	dir := t.TempDir()
	train := func(more ...string) outcome {
		return slm(t, dir, append(append([]string{"train", "tiny", "-q"}, remoteTiny(s.URL)...), more...)...)
	}
	kept := func() string { // of the run's recipe, what the commands differ in
		files, err := filepath.Glob(filepath.Join(dir, "runs", "tiny-*", "recipe.yaml"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		var lines []string
		for line := range strings.Lines(readText(t, files[0])) {
			if strings.Contains(line, "key_env: ") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return strings.Join(lines, "\n")
	}
	if o := train("-s", "llm.key_env=NOBODY"); o.code != exitLLM || !strings.Contains(o.err, "NOBODY") {
		t.Fatalf("exit %d: %s", o.code, o.err)
	}
	if o := train(); o.code != exitDone {
		t.Fatalf("the next command asks with what the first was given: exit %d: %s", o.code, o.err)
	}
	before := kept()
	if o := train("--from", "eval", "-s", "llm.key_env=NOBODY"); o.code != exitLLM {
		t.Fatalf("exit %d: %s", o.code, o.err)
	}
	if after := kept(); after != before {
		t.Errorf("a command that failed leaves %q in recipe.yaml, where %q was", after, before)
	}
	if o := slm(t, dir, "verify", "tiny"); o.code != exitDone {
		t.Errorf("verify: exit %d: %s%s", o.code, o.out, o.err)
	}

	ask := func(env []string, more ...string) outcome {
		return slmEnv(t, dir, env, append([]string{"ask", "tiny", "What does section 1 say?", "--choice", "One", "--choice", "Another", "--system", "llm", "-o", "json"}, more...)...)
	}
	const gone = "http://127.0.0.1:1/v1"
	for _, c := range []struct {
		env, set []string
		code     int
		want     string
	}{
		{set: []string{"-s", "llm.url=" + gone}, code: exitLLM, want: "127.0.0.1:1"},
		{set: []string{"-s", "llm.key_env=NOBODY"}, code: exitLLM, want: "NOBODY"},
		{env: []string{"SLM_LLM__URL=" + gone}, code: exitLLM, want: "127.0.0.1:1"},
		{env: []string{"SLM_LLM__URL=" + gone, "SLM_STAGES__DP__TOKENS=2M"}, set: []string{"-s", "llm.url=" + s.URL + "/v1", "-s", "llm.budget.calls=3"}},
		{set: []string{"-s", "llm.model=other"}, code: exitUsage, want: "llm.model: that would be another run"},
		{set: []string{"-s", "stages.dp.tokens=2M"}, code: exitUsage, want: "stages.dp.tokens: that would be another run"},
		{set: []string{"-s", "llm.ulr=x"}, code: exitUsage, want: "did you mean"},
		{set: []string{"-s", "llm.key_env"}, code: exitUsage, want: "KEY=VALUE"},
	} {
		if o := ask(c.env, c.set...); o.code != c.code || !strings.Contains(o.err, c.want) {
			t.Errorf("ask %v %v: exit %d, want %d and %q: %s", c.env, c.set, o.code, c.code, c.want, o.err)
		}
	}
	items := filepath.Join(dir, "items.jsonl")
	put(t, items, `{"question": "What does section 1 say?", "choices": ["One", "Another"], "answer": 0}`+"\n")
	if o := slm(t, dir, "eval", "tiny", "--items", items, "-s", "llm.url="+gone); o.code != exitLLM || !strings.Contains(o.err, "127.0.0.1:1") {
		t.Errorf("eval: exit %d: %s", o.code, o.err)
	}
	for _, args := range [][]string{{"eval", "tiny", "-s", "llm.key_env=A"}, {"reproduce", "tiny", "-s", "llm.key_env=A"}, {"reproduce", "tiny", "--live", "-s", "llm.url=" + gone}} {
		if o := slm(t, dir, args...); o.code != exitUsage {
			t.Errorf("slm %v: exit %d: %s", args, o.code, o.err)
		}
	}
	s.Close()
	if o := train("--from", "eval"); o.code != exitDone { // all that it asks is stored
		t.Errorf("without the server: exit %d: %s", o.code, o.err)
	}
}
