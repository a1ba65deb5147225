package audit

import (
	"encoding/json"
	"errors"
	"hash/fnv"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/recipe"
	"slm/pipeline/runtest"
	"slm/result"
	"slm/stages"
	"slm/stages/search"
)

// vectorServer makes vectors on the loopback address: a text is the sum of its words, each in one of 16 directions.
type vectorServer struct {
	address string

	mu    sync.Mutex
	most  int // texts that it takes before it dies; 0 = all
	asked map[string]int
	http  *http.Server
}

func (s *vectorServer) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(s.handle)}
	s.address, s.http = l.Addr().String(), server
	go func() { _ = server.Serve(l) }() // ends when it is closed
}

func (s *vectorServer) kill() { _ = s.http.Close() } // what it breaks off is the test's purpose

func (s *vectorServer) handle(w http.ResponseWriter, r *http.Request) {
	var body struct{ Input []string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != "/v1/embeddings" {
		http.Error(w, "texts for /v1/embeddings", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.most > 0 && len(s.asked)+len(body.Input) > s.most {
		go s.kill()
		panic(http.ErrAbortHandler)
	}
	var data []map[string]any
	for i, text := range body.Input {
		s.asked[text]++
		v := make([]float64, 16)
		for word := range strings.FieldsSeq(strings.ToLower(text)) {
			h := fnv.New32a()
			_, _ = h.Write([]byte(word)) // never fails
			v[h.Sum32()%16]++
		}
		v[0] += 0.1
		data = append(data, map[string]any{"index": i, "embedding": v})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

// finding is a small run that finds sections by the server at an address, beside keywords.
func finding(address string, set ...string) (*recipe.Loaded, error) {
	return runtest.Load(append([]string{
		"stages.find.fuse=rrf", "stages.find.dense=[server]", "stages.find.server.provider=embeddings", "stages.find.server.url=http://" + address + "/v1",
		"stages.find.server.model=words", "stages.find.server.retries=0", "stages.find.server.concurrency=1",
		"data.asked.from=rules", "eval.systems=[llm, rag1, dense3, hybrid1]", "eval.knowledge=8",
	}, set...)...)
}

// A run whose server dies, and is started again, pays no vector twice and ends in the bytes of one that nothing befell; it is reproduced, and goes on,
// without the server.
func TestServer_OfVectorsDiesAndChangesNothing(t *testing.T) {
	quiet := &vectorServer{address: "127.0.0.1:0", asked: map[string]int{}}
	quiet.start(t)
	defer func() { quiet.kill() }()
	r, err := finding(quiet.address)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := runtest.Train(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	quiet.kill()

	m := &vectorServer{address: quiet.address, most: 40, asked: map[string]int{}} // the address is a part of what a reply is kept under
	m.start(t)
	defer func() { m.kill() }()
	dir := t.TempDir()
	if _, err := runtest.Train(t.Context(), r, dir); !errors.Is(err, llm.ErrUnavailable) {
		t.Fatal(err)
	}
	sections := len(m.asked)
	m.most = 0
	m.start(t)
	folder, err := runtest.Train(t.Context(), r, dir)
	if err != nil {
		t.Fatal(err)
	}
	m.kill()
	if sections < 2 || len(m.asked) != len(quiet.asked) {
		t.Errorf("%d texts before it died and %d in all, of %d", sections, len(m.asked), len(quiet.asked))
	}
	for text, n := range m.asked {
		if n != 1 {
			t.Errorf("asked %d times: %.80q", n, text)
		}
	}
	journal, table := stages.OtherReplies(search.ServerName)
	for _, name := range []string{journal, filepath.Join(stages.Find, table), filepath.Join(stages.BPO, table), filepath.Join(stages.Eval, table)} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	for _, stage := range []string{stages.Find, stages.BPO, stages.Eval} {
		want, err := checkpoint.Load(filepath.Join(whole, stage))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := checkpoint.Load(filepath.Join(folder, stage)); err != nil || got.Digest() != want.Digest() {
			t.Errorf("%s: interrupted, it ends in another digest (%v)", stage, err)
		}
	}
	sum, err := result.ReadSummary(filepath.Join(folder, stages.Eval))
	if err != nil || sum.Asked == nil || !strings.Contains(sum.Asked.Title, "written by the program") {
		t.Errorf("the second exam: %+v, %v", sum.Asked, err)
	}
	if v := verified(t, folder); !v.OK {
		t.Errorf("%+v", v)
	}
	if got, err := Reproduce(t.Context(), folder, Again{Into: t.TempDir(), Class: runtest.Kernel().Class(), Versions: runtest.Versions, Deps: runtest.Deps()}); err != nil || !got.OK {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestServer_MistakesStandAtTheRecipesLine(t *testing.T) {
	for set, want := range map[string]string{
		"stages.find.dense=[]": "stages.find.server: is read where dense names server only",
		"stages.find.server={provider: openai, model: m, url: http://127.0.0.1:1/v1}":             "stages.find.server.provider: openai makes no vectors of texts",
		"stages.find.server={provider: embeddings, model: m, url: http://127.0.0.1:1/v1, mdl: 1}": "mdl",
	} {
		if _, err := finding("127.0.0.1:1", set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", set, err)
		}
	}
	if _, err := runtest.Load("stages.find={fuse: rrf, dense: [server]}"); err == nil || !strings.Contains(err.Error(), "stages.find.dense: server is the model of a server") {
		t.Error(err)
	}
}
