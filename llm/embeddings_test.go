package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// vectorServer makes up a vector of four values for each text, and gives them in the reverse order.
type vectorServer struct {
	*fakeServer
	mu    sync.Mutex
	calls []int                                                            // texts of each call
	fault func(n int, input []string, w http.ResponseWriter) bool          // true = it has answered the n-th call itself
	bend  func(reply map[string]any, data []map[string]any) map[string]any // changes a good reply
}

func serveVectors(t *testing.T) *vectorServer {
	v := &vectorServer{fakeServer: serve(t)}
	v.Config.Handler = http.HandlerFunc(v.handle)
	return v
}

func (v *vectorServer) handle(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Model string
		Input []string
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.URL.Path != "/v1/embeddings" || r.Header.Get("Authorization") != "Bearer "+testKey {
		http.Error(w, "bad call", http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	n := len(v.calls)
	v.calls = append(v.calls, len(body.Input))
	v.mu.Unlock()
	if v.fault != nil && v.fault(n, body.Input, w) {
		return
	}
	var data []map[string]any
	for i, text := range slices.Backward(body.Input) {
		data = append(data, map[string]any{"index": i, "embedding": []float64{float64(len(text)), 3, -1, 0.5}})
	}
	reply := map[string]any{"object": "list", "model": body.Model, "data": data, "usage": map[string]any{"prompt_tokens": 7 * len(body.Input), "total_tokens": 7 * len(body.Input)}}
	if v.bend != nil {
		reply = v.bend(reply, data)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply)
}

func (v *vectorServer) config() Config {
	c := v.fakeServer.config()
	c.Provider, c.Model, c.Retries = Embeddings, "vec-1", 2
	return c
}

func someTexts(n int) (texts []string) {
	for i := range n {
		texts = append(texts, strings.Repeat("x", i+1))
	}
	return texts
}

// right compares with what the server makes of the texts.
func right(t *testing.T, got [][]float32, texts []string) {
	t.Helper()
	if len(got) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(got), len(texts))
	}
	for i, text := range texts {
		n := float64(len(text))
		length := math.Sqrt(n*n + 9 + 1 + 0.25)
		for j, want := range []float64{n / length, 3 / length, -1 / length, 0.5 / length} {
			if math.Abs(float64(got[i][j])-want) > 1e-6 {
				t.Fatalf("text %d: %v", i, got[i])
			}
		}
	}
}

func TestVectors_BatchesAreStoredAndARerunAsksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := serveVectors(t)
		journal, texts := filepath.Join(t.TempDir(), "v.wal"), someTexts(75)
		s := openBox(t, v.config(), Options{Journal: journal})
		got, err := Vectors(context.Background(), s, texts)
		if err != nil {
			t.Fatal(err)
		}
		right(t, got, texts)
		if u := s.Usage(); u.Calls != 75 || u.PromptTokens != 75*7 || len(v.calls) != 3 || slices.Max(v.calls) != textsAtOnce {
			t.Errorf("%+v in calls of %v", u, v.calls)
		}
		if _, err := Vectors(context.Background(), s, texts[3:9]); err != nil || len(v.calls) != 3 {
			t.Errorf("stored ones are asked for again: %v, calls %v", err, v.calls)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := openBox(t, v.config(), Options{Journal: journal, Offline: true})
		stored, err := Vectors(context.Background(), again, texts)
		if err != nil || len(v.calls) != 3 {
			t.Fatalf("offline: %v", err)
		}
		for i := range got {
			if !slices.Equal(got[i], stored[i]) {
				t.Fatalf("vector %d has other bits", i)
			}
		}
		if _, err := Vectors(context.Background(), again, []string{"new"}); !errors.Is(err, ErrOffline) {
			t.Errorf("a new text offline: %v", err)
		}
		table := filepath.Join(t.TempDir(), "v.arrow")
		if err := again.ExportArrow(table); err != nil {
			t.Fatal(err)
		}
		replayed := openBox(t, v.config(), Options{Replay: []string{table}, Offline: true})
		if stored, err = Vectors(context.Background(), replayed, texts); err != nil || !slices.Equal(stored[74], got[74]) {
			t.Errorf("from the table: %v", err)
		}
	})
}

func TestVectors_FaultsAreRetriedOrToldByName(t *testing.T) {
	good := func(bend func(data []map[string]any)) func(map[string]any, []map[string]any) map[string]any {
		return func(reply map[string]any, data []map[string]any) map[string]any {
			bend(data)
			return reply
		}
	}
	for name, c := range map[string]struct {
		bend func(map[string]any, []map[string]any) map[string]any
		want error
		word string
	}{
		"a vector too few": {func(r map[string]any, d []map[string]any) map[string]any { r["data"] = d[1:]; return r }, ErrReply, "2 vectors for 3 texts"},
		"other dimension":  {good(func(d []map[string]any) { d[1]["embedding"] = []float64{1, 2} }), ErrReply, "vectors of 4 and of 2 values"},
		"null":             {good(func(d []map[string]any) { d[1]["embedding"] = []any{1, 2, nil, 3} }), ErrReply, "a value is null"},
		"NaN as text":      {good(func(d []map[string]any) { d[1]["embedding"] = []any{1, 2, "NaN", 3} }), ErrReply, "another protocol"},
		"zero":             {good(func(d []map[string]any) { d[1]["embedding"] = []float64{0, 0, 0, 0} }), ErrReply, "its length is 0"},
		"too large":        {good(func(d []map[string]any) { d[1]["embedding"] = []float64{1e200, 1e200, 0, 0} }), ErrReply, "its length is +Inf"},
		"no values": {good(func(d []map[string]any) {
			d[0]["embedding"], d[1]["embedding"], d[2]["embedding"] = []int{}, []int{}, []int{}
		}), ErrReply, "0 values"},
		"index twice":      {good(func(d []map[string]any) { d[0]["index"] = 0 }), ErrReply, "index 0"},
		"index beyond":     {good(func(d []map[string]any) { d[0]["index"] = 3 }), ErrReply, "index 3"},
		"another model":    {func(r map[string]any, _ []map[string]any) map[string]any { r["model"] = "gpt-9"; return r }, ErrReply, "gpt-9"},
		"another protocol": {func(map[string]any, []map[string]any) map[string]any { return map[string]any{"vectors": 1} }, ErrReply, `no field "data"`},
		"an error in 200":  {func(map[string]any, []map[string]any) map[string]any { return map[string]any{"error": "no such model"} }, ErrRequest, "no such model"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := serveVectors(t)
				v.bend = c.bend
				s := openBox(t, v.config(), Options{})
				_, err := Vectors(context.Background(), s, someTexts(3))
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.word) || strings.Contains(err.Error(), testKey) {
					t.Errorf("%v, want one with %q", err, c.word)
				}
			})
		})
	}
}

func TestVectors_PassingFaultsArePassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := serveVectors(t)
		v.fault = func(n int, _ []string, w http.ResponseWriter) bool {
			switch n {
			case 0:
				w.WriteHeader(http.StatusInternalServerError)
			case 1:
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusTooManyRequests)
			default:
				return false
			}
			return true
		}
		s, texts, start := openBox(t, v.config(), Options{}), someTexts(5), time.Now()
		got, err := Vectors(context.Background(), s, texts)
		if err != nil {
			t.Fatal(err)
		}
		right(t, got, texts)
		if waited := time.Since(start); waited < 7*time.Second || !slices.Equal(v.calls, []int{5, 5, 5}) {
			t.Errorf("after %s, calls of %v", waited, v.calls)
		}
	})
}

func TestVectors_ServerThatTakesFewerTextsGetsFewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := serveVectors(t)
		v.fault = func(_ int, input []string, w http.ResponseWriter) bool {
			if len(input) > 10 {
				http.Error(w, `{"error":{"message":"batch size is invalid, it should not be larger than 10","type":"invalid_request_error"}}`, http.StatusBadRequest)
			}
			return len(input) > 10
		}
		s, texts := openBox(t, v.config(), Options{}), someTexts(200)
		got, err := Vectors(context.Background(), s, texts)
		if err != nil {
			t.Fatal(err)
		}
		right(t, got, texts)
		if last := v.calls[len(v.calls)-1]; last > 8 || s.Usage().PromptTokens != 200*7 {
			t.Errorf("calls of %v, %+v", v.calls, s.Usage())
		}
	})
}

func TestVectors_TextThatIsRefusedEndsInAnErrorAndTheRestIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := serveVectors(t)
		v.fault = func(_ int, input []string, w http.ResponseWriter) bool {
			bad := slices.Contains(input, "xxx")
			if bad {
				http.Error(w, `{"error":{"message":"content_filter","code":"content_filter"}}`, http.StatusBadRequest)
			}
			return bad
		}
		s := openBox(t, v.config(), Options{})
		if _, err := Vectors(context.Background(), s, someTexts(8)); !errors.Is(err, ErrRequest) {
			t.Fatal(err)
		}
		calls := len(v.calls)
		if _, err := Vectors(context.Background(), s, someTexts(2)); err != nil || len(v.calls) != calls {
			t.Errorf("what came before is asked for again: %v", err)
		}
	})
}

func TestVectors_BudgetIsUsedUpToTheLastText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := serveVectors(t)
		cfg := v.config()
		cfg.Budget, cfg.Concurrency = Budget{Calls: 5}, 1
		s := openBox(t, cfg, Options{})
		if _, err := Vectors(context.Background(), s, someTexts(8)); !errors.Is(err, ErrBudget) {
			t.Fatal(err)
		}
		if u := s.Usage(); u.Calls != 5 {
			t.Errorf("%+v in calls of %v", u, v.calls)
		}
	})
}

func TestConfig_VectorsAndAnswersAreMadeByDifferentProviders(t *testing.T) {
	c := Default()
	c.Provider, c.Model, c.URL = Embeddings, "vec-1", "https://h/v1"
	if err := c.ValidateVectors(); err != nil {
		t.Error(err)
	}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "answers nothing") {
		t.Error(err)
	}
	if err := Default().ValidateVectors(); err == nil || !strings.Contains(err.Error(), "embeddings does") {
		t.Error(err)
	}
	if _, err := Vectors(context.Background(), noVectors{}, []string{"x"}); !errors.Is(err, ErrRequest) {
		t.Error(err)
	}
}

// noVectors is a client of another provider.
type noVectors struct{}

func (noVectors) Info() Info                                     { return Info{Provider: OpenAI} }
func (noVectors) Do(context.Context, []Request) ([]Reply, error) { return nil, fmt.Errorf("asked") }

func FuzzUnpackVector_AnyTextIsAVectorOrRefused(f *testing.F) {
	one := 1.0
	text, err := packVector([]*float64{&one, &one})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := unpackVector(text)
		if err != nil {
			return
		}
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if !(math.Abs(sum-1) < 2e-3) {
			t.Fatalf("%q has length %g", text, sum)
		}
	})
}
