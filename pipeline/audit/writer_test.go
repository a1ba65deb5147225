package audit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/runtest"
	"slm/stages"
)

// madeUp is a server of OpenAI's protocol on the loopback address, in this process. Its model takes the words of a question from the text. It can be
// killed and started again.
type madeUp struct {
	address string
	most    int // calls that it answers before it dies; 0 = all

	mu     sync.Mutex
	served map[string]int // by prompt
	server *http.Server
}

var wordsOfText = regexp.MustCompile(`Text:\n(?:\S+\s+){3}(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)`)

func (m *madeUp) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", m.address)
	if err != nil {
		t.Fatal(err)
	}
	m.address = l.Addr().String()
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(m.handle)}
	m.server = server
	go func() { _ = server.Serve(l) }() // ends when it is closed
}

func (m *madeUp) kill() { _ = m.server.Close() } // what it breaks off is the test's purpose

func (m *madeUp) handle(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Messages []struct {
			Content string `json:"content"`
		} `json:"messages"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Messages) != 1 {
		http.Error(w, "one message", http.StatusBadRequest)
		return
	}
	prompt := body.Messages[0].Content
	m.mu.Lock()
	total := 0
	for _, n := range m.served {
		total += n
	}
	dies := m.most > 0 && total >= m.most
	if !dies {
		m.served[prompt]++
	}
	m.mu.Unlock()
	if dies {
		go m.kill()
		panic(http.ErrAbortHandler)
	}
	text := "three years"
	if f := wordsOfText.FindStringSubmatch(prompt); f != nil {
		text = fmt.Sprintf("1. Must %s without %s or %s?\nAnswer: Yes\n2. %s when %s whom %s?\nAnswer: %s %s", f[1], f[3], f[5], f[2], f[4], f[1], f[3], f[4])
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"message": map[string]any{"content": text}, "finish_reason": "stop"}}, "usage": map[string]int{"prompt_tokens": 50, "completion_tokens": 20}})
}

// llama is a process of llama-cpp-python with the weights of SmolLM2-135M-Instruct.
type llama struct {
	python, weights, port string
	process               *exec.Cmd
}

// newLlama is skipped where the packages are not there: scripts/venv venv-llm 'llama-cpp-python[server]==0.3.36'.
func newLlama(t *testing.T) *llama {
	t.Helper()
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("SLM_TEST_ALL=1 asks a model in a process of its own")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip(err)
	}
	s := &llama{python: filepath.Join(home, ".cache/slm/venv-llm/bin/python"), weights: filepath.Join(home, ".cache/slm/models/SmolLM2-135M-Instruct.Q4_1.gguf")}
	for _, file := range []string{s.python, s.weights} {
		if _, err := os.Stat(file); err != nil {
			t.Skip(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, s.port, _ = net.SplitHostPort(l.Addr().String()) // an address that it has given itself
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *llama) start(t *testing.T) {
	t.Helper()
	s.process = exec.Command(s.python, "-m", "llama_cpp.server", "--model", s.weights, "--model_alias", "scribe", "--host", "127.0.0.1", "--port", s.port, "--n_ctx", "2048", "--n_threads", "1", "--n_threads_batch", "1") //nolint:gosec // paths of the cache folder
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if r, err := http.Get("http://127.0.0.1:" + s.port + "/v1/models"); err == nil {
			_ = r.Body.Close()
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("the server does not come up")
}

func (s *llama) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait() // says that it was killed
}

// writing is a small run whose questions are written by the server at an address.
func writing(t *testing.T, dir, address string, calls int) (folder string, err error) {
	t.Helper()
	set := []string{
		"stages.kit.pairs.from=corpus+llm", "stages.kit.writer.provider=openai", "stages.kit.writer.url=http://" + address + "/v1", "stages.kit.writer.model=scribe",
		"stages.kit.writer.retries=1", "stages.kit.writer.timeout=2m", "stages.kit.writer.concurrency=1", fmt.Sprintf("stages.kit.writer.budget.calls=%d", calls),
		"stages.kit.written.most=6", "stages.kit.written.questions=2", "stages.kit.written.text=60",
	}
	r, err := runtest.Load(set...)
	if err != nil {
		t.Fatal(err)
	}
	return runtest.Train(t.Context(), r, dir)
}

func kitDigest(t *testing.T, folder string) (digest string, facts map[string]string) {
	t.Helper()
	m, err := checkpoint.Load(filepath.Join(folder, stages.KIT))
	if err != nil {
		t.Fatal(err)
	}
	return m.Digest(), m.Facts
}

// checkWritten demands that a run is whole and comes to the same from its stored replies, without the server.
func checkWritten(t *testing.T, folder string) {
	t.Helper()
	journal, table := stages.OtherReplies("writer")
	for _, name := range []string{journal, filepath.Join(stages.KIT, table), filepath.Join(stages.KIT, "written.jsonl")} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	if v := verified(t, folder); !v.OK {
		t.Errorf("%+v", v)
	}
	if got, err := Reproduce(t.Context(), folder, Again{Into: t.TempDir(), Class: runtest.Kernel().Class(), Versions: runtest.Versions, Deps: runtest.Deps()}); err != nil || !got.OK {
		t.Errorf("%+v, %v", got, err)
	}
}

// A run of which the budget ends, and whose server is killed and started again, pays no reply twice and ends in the bytes of one that nothing befell.
func TestWriter_BudgetAndADeadServerInterruptItAndChangeNothing(t *testing.T) {
	quiet := &madeUp{address: "127.0.0.1:0", served: map[string]int{}}
	quiet.start(t)
	defer quiet.kill()
	whole, err := writing(t, t.TempDir(), quiet.address, 100)
	if err != nil {
		t.Fatal(err)
	}
	want, facts := kitDigest(t, whole)
	if facts["written"] != "12" || facts["written_sections"] != "6" || facts["written_kept"] == "0" {
		t.Errorf("%v", facts)
	}
	checkWritten(t, whole)

	m := &madeUp{served: map[string]int{}}
	m.address = quiet.address // the address is a part of what a reply is kept under
	quiet.kill()
	m.start(t)
	defer func() { m.kill() }()
	dir := t.TempDir()
	if _, err := writing(t, dir, m.address, 2); !errors.Is(err, llm.ErrBudget) || !strings.Contains(err.Error(), "2 of 2 calls") {
		t.Fatal(err)
	}
	m.most = 4
	if _, err := writing(t, dir, m.address, 100); !errors.Is(err, llm.ErrUnavailable) {
		t.Fatal(err)
	}
	m.most = 0
	m.start(t)
	folder, err := writing(t, dir, m.address, 100)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := kitDigest(t, folder); got != want {
		t.Errorf("interrupted, it ends in %s, not %s", got, want)
	}
	for prompt, n := range m.served {
		if n != 1 {
			t.Errorf("asked %d times: %.80q", n, prompt)
		}
	}
	checkWritten(t, folder)
}

func TestWriter_ARealModelInAProcessThatIsKilledAndStartedAgain(t *testing.T) {
	s := newLlama(t)
	s.start(t)
	defer func() { s.kill() }()
	dir, address := t.TempDir(), "127.0.0.1:"+s.port
	start := time.Now()
	if _, err := writing(t, dir, address, 1); !errors.Is(err, llm.ErrBudget) {
		t.Fatal(err)
	}
	t.Logf("the budget of one call ended it after %v", time.Since(start))
	journal, _ := stages.OtherReplies("writer")
	folders, err := filepath.Glob(filepath.Join(dir, "runs", "*", journal))
	if err != nil || len(folders) != 1 {
		t.Fatal(folders, err)
	}
	size := func() int64 {
		info, err := os.Stat(folders[0])
		if err != nil {
			t.Error(err)
			return 0
		}
		return info.Size()
	}
	before, killed := size(), make(chan struct{})
	go func() { // in the middle of the third call
		defer close(killed)
		for size() == before {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(300 * time.Millisecond)
		s.kill()
	}()
	_, err = writing(t, dir, address, 100)
	<-killed
	if !errors.Is(err, llm.ErrUnavailable) {
		t.Fatalf("killed, and %v", err)
	}
	t.Log(err)
	s.start(t)
	folder, err := writing(t, dir, address, 100)
	if err != nil {
		t.Fatal(err)
	}
	_, facts := kitDigest(t, folder)
	for _, name := range []string{"written_sections", "written", "written_kept", "written_no_question", "written_unread_lines", "llm_calls", "llm_tokens", "no_answer"} {
		t.Logf("%s %s", name, cmp.Or(facts[name], "–"))
	}
	checkWritten(t, folder)
}
