package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slm/llm"
	"slm/model/kernel"
	"slm/model/schedule"
	"slm/model/weights"
	"slm/model/weights/weightstest"
	"slm/pipeline/session"
)

func init() { weights.Register(weightstest.Toy) }

// writing is a run whose black box is a random model in this process.
type writing struct {
	fake
	box *llm.Service
}

func newWriting(t *testing.T) *writing {
	t.Helper()
	m, err := weightstest.Model(4)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range m.Params.Layers { // else it repeats the last token
		for _, w := range [][]float32{l.Out, l.Down} {
			for i := range w {
				w[i] *= 40
			}
		}
	}
	dir := t.TempDir()
	if err := weightstest.Toy.Write(filepath.Join(dir, "small"), m); err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	cfg := llm.Default()
	cfg.Model = "toy:small"
	box, err := llm.New(cfg, llm.Options{Kernel: be, Dir: dir, Share: true, Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	return &writing{box: box}
}

func (w *writing) Tell(ctx context.Context, message string, tokens int) (llm.Reply, error) {
	replies, err := llm.Write(ctx, w.box, []string{message}, tokens)
	if err != nil {
		return llm.Reply{}, err
	}
	return replies[0], nil
}

func (w *writing) Stats() map[string]schedule.Stats {
	s, _ := w.box.Stats()
	return map[string]schedule.Stats{BlackBox: s}
}

// remote is an LLM behind HTTP, which is asked once more where it breaks off.
func remote(t *testing.T, answer http.HandlerFunc) *llm.Service {
	t.Helper()
	h := httptest.NewServer(answer)
	t.Cleanup(h.Close)
	cfg := llm.Default()
	cfg.Provider, cfg.Model, cfg.URL, cfg.Retries, cfg.Timeout, cfg.Answer = llm.OpenAI, "toy", h.URL+"/v1", 1, 5*time.Second, llm.Letter
	s, err := llm.New(cfg, llm.Options{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// chunks are the texts of a streamed chat, one a chunk.
func chunks(t *testing.T, events string) (texts []string) {
	t.Helper()
	for line := range strings.Lines(events) {
		var c chatChunk
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: {")
		if ok && json.Unmarshal([]byte("{"+data), &c) == nil && len(c.Choices) > 0 && c.Choices[0].Delta.Content != nil {
			texts = append(texts, *c.Choices[0].Delta.Content)
		}
	}
	return texts
}

func TestStream_ChatIsTheUnstreamedOneWhateverStopsIt(t *testing.T) {
	whole := newWriting(t)
	_, h := serving(t, config(), whole)
	content := func(body string) string {
		var r chatResponse
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err, body)
		}
		return r.Choices[0].Message.Content
	}
	_, _, body := post(t, h.URL+"/v1/chat/completions", question(BlackBox, "How?", `"max_tokens":40`))
	if full := content(body); !strings.HasPrefix(full, "nnnnnnnnnnnhhhhhhh") {
		t.Fatalf("the model writes %q", full)
	}
	for _, stop := range []string{``, `"nh"`, `"n"`, `"hhhhhhhhhh"`, `["hhh","nnhhhhh"]`, `["nnhhhhhhhhhhhh","hhh"]`} {
		more := `"max_tokens":40`
		if stop != "" {
			more += `,"stop":` + stop
		}
		_, _, body := post(t, h.URL+"/v1/chat/completions", question(BlackBox, "How?", more))
		_, h := serving(t, config(), newWriting(t)) // where nothing is stored
		_, _, streamed := post(t, h.URL+"/v1/chat/completions", question(BlackBox, "How?", more+`,"stream":true`))
		texts := chunks(t, streamed)
		if got := strings.Join(texts, ""); got != content(body) || !strings.HasSuffix(streamed, "data: [DONE]\n\n") {
			t.Errorf("stop %s: streamed %q, else %q", stop, got, content(body))
		}
		_, _, stored := post(t, h.URL+"/v1/chat/completions", question(BlackBox, "How?", more+`,"stream":true`))
		if transcript(stored) != transcript(streamed) {
			t.Errorf("stop %s: streamed\n%s\nand when it is stored\n%s", stop, streamed, stored)
		}
	}
}

// TestStream_LeavingFreesThePlaceWithinOneStep leaves at the first text of a long reply.
func TestStream_LeavingFreesThePlaceWithinOneStep(t *testing.T) {
	run := newWriting(t)
	s, h := serving(t, config(), run)
	ctx, leave := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL+"/v1/chat/completions", strings.NewReader(question(BlackBox, "How?", `"max_tokens":900,"stream":true`)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(resp.Body)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, `"content":"`) && !strings.Contains(line, `"content":""`) {
			break
		}
	}
	leave()
	_ = resp.Body.Close()
	for range 1000 {
		if busy, _ := s.queue.state(); busy == 0 && run.Stats()[BlackBox].Live == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	busy, _ := s.queue.state()
	if got := run.Stats()[BlackBox]; busy != 0 || got.Live != 0 || got.Failed+got.Answered != 1 {
		t.Errorf("%d places, %+v", busy, got)
	}
}

// TestStream_ReplyThatBeginsAnewIsNoOther has a black box whose second attempt says something else.
func TestStream_ReplyThatBeginsAnewIsNoOther(t *testing.T) {
	for _, second := range []string{"It has a rule", "Nobody knows that"} {
		calls := 0
		server := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			say := func(text, finish string) {
				_, _ = fmt.Fprintf(w, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},\"finish_reason\":%s}]}\n\n", text, finish)
			}
			if calls++; calls == 1 {
				say("It has ", "null")
				say("a", "null")
				return
			}
			say(second, `"stop"`)
		}
		w := newWriting(t)
		w.box = remote(t, server)
		_, h := serving(t, config(), w)
		_, _, body := post(t, h.URL+"/v1/chat/completions", question(BlackBox, "Why?", `"stream":true`))
		text, done := strings.Join(chunks(t, body), ""), strings.HasSuffix(body, "data: [DONE]\n\n")
		if second == "It has a rule" && (text != second || !done) {
			t.Errorf("%q: %s", text, body)
		}
		if second != "It has a rule" && (text != "It has " || done || !strings.Contains(body, "reply_changed")) {
			t.Errorf("%q: %s", text, body)
		}
	}
}

func TestCompletions_ManyPromptsLeaveRoomForOthers(t *testing.T) {
	m, err := smallWith(schedule.Options{PerClient: atWork}) // one prompt more at work is an error
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	s, h := serving(t, config(), &fake{model: &m})
	texts := make([]string, mostPrompts)
	for i := range texts {
		texts[i] = fmt.Sprintf("the rule %d", i)
	}
	many, _ := json.Marshal(texts)
	_, _, body := post(t, h.URL+"/v1/completions", `{"model":"small-model","max_tokens":3,"prompt":`+string(many)+`}`)
	var got completionResponse
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Choices) != mostPrompts {
		t.Fatalf("%d choices, %v: %.200s", len(got.Choices), err, body)
	}
	for i, c := range got.Choices {
		if i%50 == 7 {
			if alone := completed(t, h.URL, fmt.Sprintf(`"max_tokens":3,"prompt":%q`, texts[i])); c.Index != i || c.Text != alone.Text {
				t.Errorf("prompt %d: %+v, alone %+v", i, c, alone)
			}
		}
	}
	if busy, waiting := s.queue.state(); busy+waiting != 0 {
		t.Error(busy, waiting)
	}
}

func TestMetrics_ShowWhatTheModelsDo(t *testing.T) {
	_, h := serving(t, config(), newWriting(t))
	post(t, h.URL+"/v1/chat/completions", question(BlackBox, "How?", `"max_tokens":5`))
	resp, err := http.Get(h.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got strings.Builder
	_, _ = bufio.NewReader(resp.Body).WriteTo(&got)
	for _, want := range []string{
		`slm_model_requests_total{model="black-box",outcome="answered"} 1`, `slm_model_requests{model="black-box",state="waiting"} 0`, `slm_model_rows_total{kind="written",model="black-box"} 5`,
		`slm_model_passes_total{model="black-box"} `, `slm_model_cache_bytes{model="black-box"} `, `slm_model_kept_prompts{model="black-box"} `,
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

var _ Run = (*session.Session)(nil)
