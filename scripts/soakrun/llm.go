package main

import (
	"encoding/json"
	"hash/fnv"
	"net"
	"net/http"
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
	}
	if json.NewDecoder(r.Body).Decode(&q) != nil || len(q.Messages) == 0 {
		http.Error(w, `{"error":{"message":"no messages"}}`, http.StatusBadRequest)
		return
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(q.Messages[len(q.Messages)-1].Content))
	text := string("ABCD"[h.Sum64()%4])
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": "soak", "object": "chat.completion", "created": 0, "model": "soak",
		"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]string{"role": "assistant", "content": text}}},
		"usage":   map[string]int{"prompt_tokens": len(q.Messages[0].Content) / 4, "completion_tokens": 1, "total_tokens": len(q.Messages[0].Content)/4 + 1},
	})
}
