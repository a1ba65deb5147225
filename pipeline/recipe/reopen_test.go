package recipe

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReopen_TakesOnlyWhatConnects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recipe.yaml")
	text := "slm: 1\nname: a\ndata: {corpus: {from: builtin:licenses}}\nllm: {provider: openai, model: m, url: 'http://h/v1'}\neval: {answer: free, judge: {provider: openai, model: j, url: 'http://j/v1'}}\n"
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Reopen(file, []string{"eval.judge.url=http://k/v1", "llm.retries=2"}, []string{"SLM_LLM__RETRIES=9", "SLM_LLM__KEY_ENV=K", "SLM_SEED=7", "SLM_NAME=b", "HOME=/"}, true)
	if err != nil || r.Eval.Judge.URL != "http://k/v1" || r.LLM.Retries != 2 || r.LLM.KeyEnv != "K" || r.LLM.URL != "http://h/v1" || r.Seed != 1 || r.Name != "a" {
		t.Errorf("%+v %v", r, err)
	}
	for _, set := range []string{"seed=2", "name=b", "llm.model=n", "llm={url: x}", "stages.dp.recompute=true", "llm.nothing=1", "llm.url=http://k/v1", "retries"} {
		if _, err := Reopen(file, []string{set}, nil, false); err == nil || !strings.Contains(err.Error(), strings.Split(set, "=")[0]) || set != "retries" && !errors.Is(err, ErrUsage) {
			t.Errorf("%s: %v", set, err)
		}
	}
}
