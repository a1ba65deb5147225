package main

import (
	"encoding/json"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// model is a server of OpenAI's protocol that can be taken away. Its replies are a function of the message alone.
type model struct {
	address string

	mu     sync.Mutex
	server *http.Server
}

func newModel() (*model, error) {
	m := &model{address: "127.0.0.1:0"}
	return m, m.start()
}

func (m *model) start() error {
	l, err := net.Listen("tcp", m.address)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.address = l.Addr().String()
	m.server = &http.Server{Handler: http.HandlerFunc(reply), ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(l) }(m.server) // it ends by kill
	return nil
}

// kill breaks all connections.
func (m *model) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.server.Close()
}

func reply(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Messages []struct{ Content string }
		Stream   bool
		Most     int `json:"max_tokens"`
	}
	if json.NewDecoder(r.Body).Decode(&q) != nil || len(q.Messages) == 0 {
		http.Error(w, `{"error":{"message":"no messages"}}`, http.StatusBadRequest)
		return
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(q.Messages[len(q.Messages)-1].Content))
	words := make([]string, 4+h.Sum64()%20)
	for i := range words {
		words[i] = []string{"the", "licence", "says", "so,", "and", "a", "Contributor", "may", "distribute", "é", "条。", "it."}[h.Sum64()>>(i%16*4)%12]
	}
	if q.Most <= 16 { // it is asked for a letter
		words = []string{string("ABCD"[h.Sum64()%4])}
	}
	if q.Stream {
		stream(w, words)
		return
	}
	text := strings.Join(words, " ")
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": "soak", "object": "chat.completion", "created": 0, "model": "soak",
		"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]string{"role": "assistant", "content": text}}},
		"usage":   map[string]int{"prompt_tokens": 100, "completion_tokens": len(words), "total_tokens": 100 + len(words)},
	})
}

// stream writes a reply word by word.
func stream(w http.ResponseWriter, words []string) {
	w.Header().Set("Content-Type", "text/event-stream")
	out, control := json.NewEncoder(w), http.NewResponseController(w)
	event := func(choices []any, more map[string]any) {
		_, _ = io.WriteString(w, "data: ")
		more["object"], more["model"], more["choices"] = "chat.completion.chunk", "soak", choices
		_ = out.Encode(more) // the client may be gone
		_, _ = io.WriteString(w, "\n")
		_ = control.Flush()
	}
	for i, word := range words {
		if i > 0 {
			word = " " + word
		}
		event([]any{map[string]any{"index": 0, "delta": map[string]string{"content": word}}}, map[string]any{})
		time.Sleep(3 * time.Millisecond)
	}
	event([]any{map[string]any{"index": 0, "delta": map[string]string{}, "finish_reason": "stop"}}, map[string]any{})
	event([]any{}, map[string]any{"usage": map[string]int{"prompt_tokens": 100, "completion_tokens": len(words), "total_tokens": 100 + len(words)}})
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}
