package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"slm/checkpoint"
)

func prompts(n int) []Request {
	reqs := make([]Request, n)
	for i := range reqs {
		reqs[i] = Request{Prompt: fmt.Sprint("prompt ", i), MaxTokens: 10}
	}
	return reqs
}

func TestService_SecondRunAsksNothingAndSaysTheSame(t *testing.T) {
	f := serve(t)
	journal := filepath.Join(t.TempDir(), "replies.wal")
	qs := someQuestions(5)
	box := openBox(t, f.config(), Options{Journal: journal})
	first, err := Answer(context.Background(), box, Cloze, qs)
	if err != nil {
		t.Fatal(err)
	}
	calls := f.calls()
	if calls != 20 || first[0].Calls != 4 {
		t.Errorf("%d calls for 5 questions of 4 options", calls)
	}
	again := openBox(t, f.config(), Options{Journal: journal}) // the first was not closed: as after a kill
	second, err := Answer(context.Background(), again, Cloze, qs)
	if err != nil || f.calls() != calls || fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("%d more calls, %v, %v", f.calls()-calls, second, err)
	}
	if u := again.Usage(); u.Calls != 20 || u.Hits != 20 || u.PromptTokens != box.Usage().PromptTokens {
		t.Errorf("usage over all restarts is %+v", u)
	}
}

func TestService_EachRequestIsPaidOnceHoweverManyWantIt(t *testing.T) {
	f := serve(t)
	box := openBox(t, f.config(), Options{})
	reqs := append(prompts(5), prompts(5)...)
	var wg sync.WaitGroup
	replies := make([][]Reply, 8)
	for i := range replies {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var err error
			if replies[i], err = box.Do(context.Background(), reqs); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if f.calls() != 5 {
		t.Errorf("%d calls for 5 requests", f.calls())
	}
	for _, r := range replies {
		for i := range r {
			if r[i].Text == "" || r[i].Text != replies[0][i%5].Text {
				t.Fatalf("reply %d: %q", i, r[i].Text)
			}
		}
	}
}

func TestService_CallersCannotChangeWhatIsStored(t *testing.T) {
	box := openBox(t, serve(t).config(), Options{})
	req := []Request{{Prompt: "p:", Options: []string{" a", " b"}}}
	a, err := box.Do(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	want := a[0].Scores[1]
	a[0].Scores[1].LogProb = 99
	b, err := box.Do(context.Background(), req)
	if err != nil || b[0].Scores[1] != want || !b[0].Cached {
		t.Errorf("%+v %v", b, err)
	}
}

func TestService_OfflineAnswersFromWhatIsStoredAndNothingElse(t *testing.T) {
	f := serve(t)
	dir := t.TempDir()
	journal, export := filepath.Join(dir, "a.wal"), filepath.Join(dir, "replies.arrow")
	box := openBox(t, f.config(), Options{Journal: journal})
	want, err := box.Do(context.Background(), prompts(3))
	if err != nil {
		t.Fatal(err)
	}
	if err := box.ExportArrow(export); err != nil {
		t.Fatal(err)
	}
	f.Close()
	cfg := f.config()
	for name, opt := range map[string]Options{
		"journal": {Journal: journal, Offline: true},
		"replay":  {Journal: filepath.Join(dir, "b.wal"), Replay: []string{export}, Offline: true},
		"memory":  {Replay: []string{export}, Offline: true},
	} {
		cfg.KeyEnv = "SLM_TEST_NO_SUCH_VARIABLE" // nobody needs a key to read
		off := openBox(t, cfg, opt)
		got, err := off.Do(context.Background(), prompts(3))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range got {
			if got[i].Text != want[i].Text || !got[i].Cached {
				t.Errorf("%s: %+v, not %+v", name, got[i], want[i])
			}
		}
		if _, err := off.Do(context.Background(), prompts(4)); !errors.Is(err, ErrOffline) || !strings.Contains(err.Error(), "prompt 3") {
			t.Errorf("%s: %v", name, err)
		}
		if opt.Journal == "" {
			continue
		}
		again := filepath.Join(dir, name+".arrow")
		if err := off.ExportArrow(again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(mustRead(t, again), mustRead(t, export)) {
			t.Errorf("%s: another replies.arrow than that of the first run", name)
		}
	}
	if u := openBox(t, cfg, Options{Journal: filepath.Join(dir, "b.wal"), Offline: true}).Usage(); u.Calls != 0 {
		t.Errorf("replayed replies count as paid for by this run: %+v", u)
	}
}

func TestExport_DoesNotDependOnTheOrderOfCalls(t *testing.T) {
	dir := t.TempDir()
	var files [][]byte
	for i, reqs := range [][]Request{prompts(6), {prompts(6)[5], prompts(6)[2], prompts(6)[0], prompts(6)[4], prompts(6)[1], prompts(6)[3]}} {
		f := serve(t)
		cfg := f.config()
		cfg.URL = "http://always-the-same.test/v1"
		at, _ := hosts.at.Load(f.Listener.Addr().String() + ":80")
		hosts.at.Store("always-the-same.test:80", at)
		box := openBox(t, cfg, Options{})
		if _, err := box.Do(context.Background(), reqs); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := box.ExportArrow(path); err != nil {
			t.Fatal(err)
		}
		files = append(files, mustRead(t, path))
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the same replies gave two files")
	}
}

func TestExport_HasThePromisedColumns(t *testing.T) {
	f := serve(t)
	box := openBox(t, f.config(), Options{})
	req := []Request{{Prompt: "Q:", Options: []string{" yes", " no"}}, {Prompt: "say", MaxTokens: 3, Stop: []string{"\n"}}}
	if _, err := box.Do(context.Background(), req); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "replies.arrow")
	if err := box.ExportArrow(path); err != nil {
		t.Fatal(err)
	}
	type row struct {
		Key          string    `arrow:"key"`
		Prompt       string    `arrow:"prompt"`
		Options      []string  `arrow:"options"`
		Text         string    `arrow:"text"`
		LogProbs     []float64 `arrow:"logprobs"`
		Tokens       []int32   `arrow:"tokens"`
		PromptTokens int32     `arrow:"prompt_tokens"`
		OutputTokens int32     `arrow:"output_tokens"`
		Model        string    `arrow:"model"`
	}
	rows, _, err := checkpoint.ReadTable[row](path)
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	scored := 0
	for i, r := range rows {
		if i > 0 && rows[i-1].Key >= r.Key || len(r.Key) != 64 || r.Model != "fake-1" || r.PromptTokens == 0 {
			t.Errorf("%+v", r)
		}
		if len(r.Options) == 1 && len(r.LogProbs) == 1 && r.LogProbs[0] < 0 && r.Tokens[0] > 0 {
			scored++
		}
	}
	if scored != 2 {
		t.Errorf("%d scored rows", scored)
	}
	one := filepath.Join(t.TempDir(), "one.arrow")
	if err := box.ExportArrow(one, rows[1].Key); err != nil {
		t.Fatal(err)
	}
	if got, _, err := checkpoint.ReadTable[row](one); err != nil || len(got) != 1 || got[0].Key != rows[1].Key {
		t.Errorf("%+v %v", got, err)
	}
	if err := box.ExportArrow(one, "no such key"); err == nil {
		t.Error("exported a reply that does not exist")
	}
}

func TestReplay_RefusesRowsThatAreNotWhatTheirKeySays(t *testing.T) {
	box := openBox(t, serve(t).config(), Options{})
	if _, err := box.Do(context.Background(), prompts(1)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "replies.arrow")
	if err := box.ExportArrow(path); err != nil {
		t.Fatal(err)
	}
	rows, meta, err := checkpoint.ReadTable[replyRow](path)
	if err != nil {
		t.Fatal(err)
	}
	rows[0].Prompt = "another prompt"
	if err := checkpoint.WriteTable(path, rows, meta); err != nil {
		t.Fatal(err)
	}
	if _, err := tryBox(box.cfg, Options{Replay: []string{path}}); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Error(err)
	}
}

func TestBudget_StopsAndKeepsWhatWasBought(t *testing.T) {
	// A request of prompts is 8 bytes: at worst 72 prompt and 10 output tokens; the fake server reports 2 and 1.
	for name, c := range map[string]struct {
		budget Budget
		price  *Price
		bought int
	}{
		"calls":  {Budget{Calls: 7}, nil, 7},
		"tokens": {Budget{Tokens: 100}, nil, 7},                          // 7 × 3 + 82 > 100
		"usd":    {Budget{USD: 0.0006}, &Price{Input: 1, Output: 50}, 1}, // at worst 572 millionths, used 52
		"none":   {Budget{Calls: 1, Tokens: 81}, nil, 0},
	} {
		f := serve(t)
		cfg := f.config()
		cfg.Budget, cfg.Price, cfg.Concurrency = c.budget, c.price, 3
		journal := filepath.Join(t.TempDir(), "replies.wal")
		box := openBox(t, cfg, Options{Journal: journal})
		_, err := box.Do(context.Background(), prompts(10))
		if !errors.Is(err, ErrBudget) || f.calls() != c.bought {
			t.Errorf("%s: %d calls, %v", name, f.calls(), err)
			continue
		}
		u := box.Usage()
		if c.budget.Tokens > 0 && u.PromptTokens+u.OutputTokens > c.budget.Tokens || c.budget.USD > 0 && u.USD > c.budget.USD {
			t.Errorf("%s: over the limit: %+v", name, u)
		}
		_, err = openBox(t, cfg, Options{Journal: journal}).Do(context.Background(), prompts(10))
		if !errors.Is(err, ErrBudget) || f.calls() != c.bought {
			t.Errorf("%s, started again: %d calls, %v", name, f.calls(), err)
		}
		cfg.Budget = Budget{Calls: 10}
		got, err := openBox(t, cfg, Options{Journal: journal}).Do(context.Background(), prompts(10))
		if err != nil || len(got) != 10 || f.calls() != 10 || len(f.paidTwice()) > 0 {
			t.Errorf("%s, with a larger budget: %d calls, %v", name, f.calls(), err)
		}
	}
}

func TestService_CancelledRunKeepsTheRepliesUnderWay(t *testing.T) {
	f := serve(t)
	ctx, cancel := context.WithCancel(context.Background())
	f.fault = func(n int, _ string, _ http.ResponseWriter) bool {
		if n == 2 {
			cancel() // while this very call is served
		}
		return false
	}
	cfg := f.config()
	cfg.Concurrency = 1
	journal := filepath.Join(t.TempDir(), "replies.wal")
	_, err := openBox(t, cfg, Options{Journal: journal}).Do(ctx, prompts(10))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	calls := f.calls()
	if calls >= 10 {
		t.Fatal("the run went on")
	}
	got, err := openBox(t, cfg, Options{Journal: journal}).Do(context.Background(), prompts(10))
	if err != nil || len(got) != 10 || f.calls() != 10 || len(f.paidTwice()) > 0 {
		t.Errorf("%d calls at first, %d in all, paid twice %q, %v", calls, f.calls(), f.paidTwice(), err)
	}
}

func TestService_JournalThatCannotBeWrittenStopsTheRun(t *testing.T) {
	f := serve(t)
	box := openBox(t, f.config(), Options{Journal: filepath.Join(t.TempDir(), "replies.wal")})
	if err := box.store.journal.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := box.Do(context.Background(), prompts(1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestKey_DiffersWhereverTheAnswerCould(t *testing.T) {
	base := Info{Provider: "openai", Model: "m", Digest: "d"}
	seen := map[string]string{}
	add := func(name string, i Info, r Request) {
		k, err := i.key(r)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[k]; twice {
			t.Errorf("%s and %s have one key", name, other)
		}
		seen[k] = name
	}
	r := Request{Prompt: "a<b>", Options: []string{"x", "y"}, Stop: []string{"s"}, MaxTokens: 1}
	add("base", base, r)
	add("provider", Info{"local", "m", "d", false, false}, r)
	add("model", Info{"openai", "n", "d", false, false}, r)
	add("digest", Info{"openai", "m", "e", false, false}, r)
	for name, change := range map[string]func(*Request){
		"prompt": func(r *Request) { r.Prompt = "a" }, "options": func(r *Request) { r.Options = []string{"x"} }, "order": func(r *Request) { r.Options = []string{"y", "x"} },
		"stop": func(r *Request) { r.Stop = nil }, "tokens": func(r *Request) { r.MaxTokens = 2 }, "chat": func(r *Request) { r.Chat = true }, "temperature": func(r *Request) { r.Temperature = 0.5 }, "sample": func(r *Request) { r.Sample = 3 },
		"top": func(r *Request) { r.Top = 5 }, "prompt in tokens": func(r *Request) { r.Tokens = []int32{1} }, "along": func(r *Request) { r.Along = []int32{1} },
	} {
		c := r
		change(&c)
		add(name, base, c)
	}
	if k, err := base.key(r); err != nil || k != "7f12a6c5e2537796ca46b86bf5bfa42b1d77482eb4ca837fbea11a689322d94d" {
		t.Errorf("key %s: every stored reply in the world is lost (%v)", k, err)
	}
}

func TestService_RequestsThatMakeNoSenseAreRefused(t *testing.T) {
	f := serve(t)
	box := openBox(t, f.config(), Options{})
	for name, r := range map[string]Request{
		"empty": {MaxTokens: 1}, "no tokens": {Prompt: "p"}, "empty option": {Prompt: "p", Options: []string{" a", ""}}, "chat with options": {Prompt: "p", Chat: true, Options: []string{"a"}},
	} {
		if _, err := box.Do(context.Background(), []Request{r}); !errors.Is(err, ErrRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f.calls() != 0 {
		t.Errorf("%d calls were made", f.calls())
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestExport_EachUserOfTheBoxGetsWhatItUsed(t *testing.T) {
	f := serve(t)
	dir := t.TempDir()
	journal := filepath.Join(dir, "replies.wal")
	ctx := context.Background()
	count := func(s *Service, name string) int {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := s.ExportArrow(path); err != nil {
			t.Fatal(err)
		}
		rows, _, err := checkpoint.ReadTable[replyRow](path)
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	box := openBox(t, f.config(), Options{Journal: journal})
	Label(box, "kit", map[string]string{"b": "2", "a": "1"})
	if _, err := box.Do(ctx, prompts(3)); err != nil {
		t.Fatal(err)
	}
	kit := count(box, "kit.arrow")
	Label(box, "bpo")
	if _, err := box.Do(ctx, prompts(5)[2:]); err != nil { // one of kit's, and two more
		t.Fatal(err)
	}
	if bpo := count(box, "bpo.arrow"); kit != 3 || bpo != 3 {
		t.Errorf("kit used %d, bpo %d", kit, bpo)
	}
	again := openBox(t, f.config(), Options{Journal: journal, Replay: []string{filepath.Join(dir, "bpo.arrow")}}) // as after a kill
	if all := count(again, "all.arrow"); all != 5 {
		t.Errorf("%d in all", all)
	}
	Label(again, "bpo")
	if bpo := count(again, "bpo2.arrow"); bpo != 3 {
		t.Errorf("after a kill bpo has used %d", bpo)
	}
	one, err := os.ReadFile(filepath.Join(dir, "bpo.arrow"))
	two, err2 := os.ReadFile(filepath.Join(dir, "bpo2.arrow"))
	if err != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Error("another life exports other bytes", err, err2)
	}
	Label(again, "kit", map[string]string{"a": "1", "b": "2"})
	if kit := count(again, "kit2.arrow"); kit != 3 {
		t.Errorf("after a kill kit has used %d", kit)
	}
}

func TestService_ThoseWhoShareABlackBoxPayOnceAndKeepTheirOwnAccounts(t *testing.T) {
	f := serve(t)
	dir, ctx := t.TempDir(), context.Background()
	box := openBox(t, f.config(), Options{Journal: filepath.Join(dir, "replies.wal")})
	var told [2]int
	var share [2]*Service
	for i := range share {
		share[i] = box.Share(func(Call) { told[i]++ })
		Label(share[i], "bpo", i)
	}
	for i, reqs := range [][]Request{prompts(3), prompts(5)[2:]} {
		if _, err := share[i].Do(ctx, reqs); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := share[0].Used(), share[1].Used(); a != 3 || b != 3 {
		t.Errorf("one used %d replies, the other %d, want 3 each", a, b)
	}
	if calls := box.Usage().Calls; calls != 5 || told != [2]int{3, 2} {
		t.Errorf("%d calls, told of %v, want 5 calls, 3 and 2", calls, told)
	}
	if err := share[0].Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := share[1].Do(ctx, prompts(6)[5:]); err != nil {
		t.Errorf("after the other has ended: %v", err)
	}
}
