package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// leakHeader is the value of a header that the recipe adds to every call.
const leakHeader = "tenant/+9876543210"

// leakKey has characters that are written otherwise in addresses.
const leakKey = "sk-leak/+me=0123456789"

// rude is a server of OpenAI's protocol that scores by the words that an option shares with the knowledge, and fails as it is told, with the
// key in whatever it says.
type rude struct {
	*httptest.Server
	mu     sync.Mutex
	fails  func(n int, w http.ResponseWriter) bool // true = it has answered the n-th call (from 0)
	header bool                                    // it wants the header as well
	calls  int
	served map[string]int
}

func serveRudely(t *testing.T) *rude {
	r := &rude{served: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(r.handle))
	t.Cleanup(r.Close)
	return r
}

// behave changes how it fails from now on.
func (r *rude) behave(fails func(n int, w http.ResponseWriter) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = fails
}

func (r *rude) handle(w http.ResponseWriter, req *http.Request) {
	var body struct{ Model, Prompt string }
	_ = json.NewDecoder(req.Body).Decode(&body)
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.calls
	r.calls++
	if req.Header.Get("Authorization") != "Bearer "+leakKey || r.header && req.Header.Get("X-Tenant") != leakHeader {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.fails != nil && r.fails(n, w) {
		return
	}
	r.served[body.Prompt]++
	const seam = "\nAnswer:"
	at := strings.LastIndex(body.Prompt, seam)
	if at < 0 {
		_, _ = fmt.Fprint(w, `{"model":"m","choices":[{"text":"it writes nothing"}]}`)
		return
	}
	before, option := body.Prompt[:at+len(seam)], body.Prompt[at+len(seam):]
	knowledge, _, _ := strings.Cut(before, "\n\nQuestion: ")
	words, shared := strings.Fields(option), 0
	for _, word := range words {
		if strings.Contains(knowledge, word) {
			shared++
		}
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(body.Prompt))
	p := -4*(1-float64(shared)/float64(max(1, len(words)))) - float64(sum.Sum32()%1000)/1e5 - 1e-3
	_ = json.NewEncoder(w).Encode(map[string]any{
		"model": body.Model, "usage": map[string]int{"prompt_tokens": len(body.Prompt) / 4, "completion_tokens": 1},
		"choices": []any{map[string]any{"text": body.Prompt + " x", "logprobs": map[string]any{
			"tokens": []string{before, option, " x"}, "token_logprobs": []any{-1, p, -2}, "text_offset": []int{0, len([]rune(before)), len([]rune(body.Prompt))},
		}}},
	})
}

// keyed runs the program with the key in its environment, and keeps what it prints for the search.
type keyed struct {
	t   *testing.T
	dir string
	all bytes.Buffer
}

func (k *keyed) slm(args ...string) outcome {
	k.t.Helper()
	self, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = k.dir
	cmd.Env = []string{asProgram + "=1", "SLM_KERNEL=go", "HOME=" + k.dir, "LEAK_KEY=" + leakKey, "LEAK_HEADER=" + leakHeader}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		k.t.Fatal(err)
	}
	k.all.Write(out.Bytes())
	k.all.Write(errs.Bytes())
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// forms are the key as it may stand in an address, quoted text or a header.
func forms(key string) []string {
	return []string{key, url.QueryEscape(key), url.PathEscape(key), base64.StdEncoding.EncodeToString([]byte(key)), strings.ReplaceAll(key, "/", `\/`)}
}

// search looks for the key in all that was printed and in every byte of every file.
func (k *keyed) search() (files int) {
	k.t.Helper()
	look := func(where string, data []byte) {
		for _, form := range append(forms(leakKey), forms(leakHeader)...) {
			if i := bytes.Index(data, []byte(form)); i >= 0 {
				k.t.Errorf("%s holds the key or the header at byte %d: …%q", where, i, data[max(0, i-60):i])
			}
		}
	}
	look("what was printed", k.all.Bytes())
	err := filepath.WalkDir(k.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		look(path, data)
		files++
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return files
}

// says writes a status and a text with the key in it.
func says(w http.ResponseWriter, status int, text string) bool {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, text, leakKey+" of "+leakHeader)
	return true
}

func TestTrain_TheKeyIsInNothingThatARunLeavesAndARunGoesOnAfterEveryFailure(t *testing.T) {
	r := serveRudely(t)
	r.header = true
	k := &keyed{t: t, dir: t.TempDir()}
	remote := append(strings.Fields(lesser), "-s", "llm.provider=openai", "-s", "llm.model=m", "-s", "llm.url="+r.URL+"/v1", "-s", "llm.key_env=LEAK_KEY", "-s", "llm.headers={X-Tenant: LEAK_HEADER}", "-o", "jsonl")
	train := func(budget int, more ...string) outcome {
		return k.slm(append(append([]string{"train", "tiny", "-s", fmt.Sprint("llm.budget.calls=", budget)}, remote...), more...)...)
	}
	expect := func(o outcome, code int, want string) {
		t.Helper()
		if o.code != code || !strings.Contains(o.out+o.err, want) {
			t.Fatalf("exit %d, want %d and %q\n%s", o.code, code, want, o.err)
		}
	}
	troubles := []func(w http.ResponseWriter) bool{
		func(w http.ResponseWriter) bool { return says(w, 500, `{"error":{"message":"key %s failed"}}`) },
		func(w http.ResponseWriter) bool { return says(w, 502, "<p>%s</p>") },
		func(w http.ResponseWriter) bool { return says(w, 200, "{%q") },
		func(w http.ResponseWriter) bool {
			w.Header().Set("Location", "://"+leakKey) // the client's own error repeats it
			return says(w, 307, "%s")
		},
		func(w http.ResponseWriter) bool {
			w.Header().Set("Retry-After", "1")
			return says(w, 429, `{"error":{"message":"%s is too fast"}}`)
		},
	}
	r.behave(func(n int, w http.ResponseWriter) bool { return n%4 == 2 && n/4 < len(troubles) && troubles[n/4](w) })
	expect(train(30), exitStopped, "30 of 30 calls are used; bought so far: 30 calls")
	if r.calls != 30 {
		t.Errorf("%d calls", r.calls)
	}
	for _, c := range []struct {
		fails func(w http.ResponseWriter) bool
		want  string
	}{
		{func(w http.ResponseWriter) bool { return says(w, 401, `{"error":{"message":"bad key %s"}}`) }, "not authorised"},
		{func(w http.ResponseWriter) bool { return says(w, 402, "pay for %s") }, "quota used up"},
		{func(w http.ResponseWriter) bool {
			w.Header().Set("Location", r.URL+"/?key="+url.QueryEscape(leakKey))
			return says(w, 307, "<a href='?key=%s'>")
		}, "request refused"},
		{func(w http.ResponseWriter) bool { return says(w, 200, `{"model":"not-%s","choices":[{"text":"x"}]}`) }, "unusable reply"},
		{func(w http.ResponseWriter) bool {
			return says(w, 200, `{"model":"m","choices":[{"text":"%s","logprobs":null}]}`)
		}, "unusable reply"},
	} {
		before := r.calls
		r.behave(func(n int, w http.ResponseWriter) bool { return n >= before+5 && c.fails(w) })
		expect(train(50_000), exitLLM, c.want)
	}
	r.behave(nil)
	expect(train(50_000), exitDone, "")
	for prompt, n := range r.served {
		if n > 1 && !strings.Contains(prompt, "Which of these is a colour?") { // by which each command tries the server
			t.Errorf("paid %d times: %.80q", n, prompt)
		}
	}
	expect(k.slm("verify", "tiny"), exitDone, "every byte is what was written")
	expect(k.slm("ask", "tiny", "Which section?", "-v"), exitLLM, "without a message") // a chat is not what it can do
	if files := k.search(); files < 20 {
		t.Errorf("only %d files were searched", files)
	}
}

func TestCheck_KeyInTheWrongFieldIsRefusedAndNotRepeated(t *testing.T) {
	k := &keyed{t: t, dir: t.TempDir()}
	head := "slm: 1\ndata: {corpus: {from: builtin:licenses}}\n"
	for name, c := range map[string]struct{ text, want string }{
		"as its own name":  {"llm:\n  provider: openai\n  model: m\n  url: http://h/v1\n  key_env: " + leakKey + "\n", "key_env: takes the name"},
		"in the address":   {"llm:\n  provider: openai\n  model: m\n  url: http://h/v1?key=" + leakKey + "\n", "url: holds more"},
		"in its path":      {"llm:\n  provider: openai\n  model: m\n  url: http://h/" + leakKey + "/v1\n", "looks like a key"},
		"beside a mistake": {"llm: {provider: openai, model: m, url: 'http://h/v1', key_env: '" + leakKey + "', budget: {calls: -1}}\n", "calls: must be"},
		"as a header":      {"llm:\n  provider: openai\n  model: m\n  url: http://h/v1\n  headers: {X-Auth: " + leakKey + "}\n", "headers.X-Auth: takes the name"},
		"as its name":      {"llm:\n  provider: openai\n  model: m\n  url: http://h/v1\n  headers: {" + leakKey + ": A}\n", "headers: a header's name"},
		"in the query":     {"llm:\n  provider: openai\n  model: m\n  url: http://h/v1\n  query: {api_key: " + leakKey + "}\n", "query.api_key: may hold a key"},
		"as a header's":    {"llm:\n  provider: openai\n  model: m\n  url: http://h/v1\n  key_header: " + leakKey + "\n", "key_header: takes the name"},
		"without a server": {"llm: {key_env: '" + leakKey + "'}\n", "key_env: provider local does not read it"},
	} {
		file := filepath.Join(t.TempDir(), "bad.yaml") // outside the folder that is searched
		put(t, file, head+c.text)
		if o := k.slm("train", file); o.code != exitUsage || !strings.Contains(o.err, c.want) {
			t.Errorf("%s: exit %d\n%s", name, o.code, o.err)
		}
	}
	if o := k.slm("train", "tiny", "-s", "llm.key_env="+leakKey); o.code != exitUsage || !strings.Contains(o.err, "key_env") {
		t.Errorf("by -s: exit %d\n%s", o.code, o.err)
	}
	k.search()
}

func TestCheck_BudgetInDollarsNeedsAPrice(t *testing.T) {
	k := &keyed{t: t, dir: t.TempDir()}
	for _, price := range []string{"", "price: {input: 1}, "} {
		put(t, filepath.Join(k.dir, "r.yaml"), "slm: 1\ndata: {corpus: {from: builtin:licenses}}\nllm: {provider: openai, model: m, url: 'http://h/v1', "+price+"budget: {usd: 5}}\n")
		if o := k.slm("check", "r.yaml"); o.code != exitUsage || !strings.Contains(o.err, "r.yaml:3:") || !strings.Contains(o.err, "price: ") {
			t.Errorf("%q: exit %d\n%s", price, o.code, o.err)
		}
	}
}
