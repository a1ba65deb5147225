package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"slm/data/tokenizer"
	"slm/model/decode"
	"slm/model/gguf"
	"slm/model/kernel"
	"slm/model/schedule"
	"slm/model/weights"
	"slm/scripts/benchmark/duel"
)

// ask has every client ask one question after another; each returns when the tokens of an answer came. The long question begins when a quarter of the
// others is answered.
func ask(ctx context.Context, l load, one func(ctx context.Context, client int, prompt string, fresh int) ([]float64, error)) ([][]float64, error) {
	times, next := make([][]float64, len(l.prompts)), make(chan int)
	var failed error
	var mu sync.Mutex
	fail := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = errors.Join(failed, err)
	}
	var wg sync.WaitGroup
	for c := range l.clients {
		wg.Go(func() {
			for i := range next {
				t, err := one(ctx, c, l.prompts[i], l.fresh)
				if err != nil {
					fail(err)
				}
				times[i] = t
			}
		})
	}
	var long []float64
	for i := range l.prompts {
		if l.long != "" && i == len(l.prompts)/4 {
			wg.Go(func() {
				var err error
				if long, err = one(ctx, l.clients, l.long, 1); err != nil {
					fail(err)
				}
			})
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if l.long != "" {
		times = append(times, long)
	}
	return times, failed
}

// ours is the scheduler in this process.
type ours struct {
	s   *schedule.Scheduler
	tok *tokenizer.Tokenizer
}

func openOurs(o options, open func() (kernel.Backend, error)) (side, error) {
	f, err := gguf.Open(o.weights)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	p, err := weights.Params(f)
	if err != nil {
		return nil, err
	}
	tok, tokErr := f.Tokenizer()
	be, err := open()
	if err := errors.Join(tokErr, err); err != nil {
		return nil, err
	}
	var d *decode.Decoder
	switch o.format {
	case "int8":
		d, err = decode.NewInt8(p, be)
	case "file":
		d, err = decode.NewFile(p, be, f.Rows)
	case "full":
		d = decode.New(p, be)
	default:
		err = fmt.Errorf("%q is no format", o.format)
	}
	if err != nil {
		return nil, err
	}
	return &ours{schedule.New(d, schedule.Options{Places: o.places, Piece: o.piece, Memory: 4 << 30}), tok}, nil
}

func (o *ours) answer(ctx context.Context, l load) ([][]float64, error) {
	return ask(ctx, l, func(ctx context.Context, client int, prompt string, fresh int) (times []float64, err error) {
		began := time.Now()
		stream, err := o.s.Submit(ctx, schedule.Request{Client: fmt.Sprint(client), Prompt: o.tok.Encode(prompt), MaxNew: fresh})
		if err != nil {
			return nil, err
		}
		for range stream.Tokens() {
			times = append(times, time.Since(began).Seconds())
		}
		_, err = stream.Result()
		return times, err
	})
}

func (o *ours) processor() float64 { return duel.Processor() }
func (o *ours) stop()              { o.s.Close() }

// slots is llama.cpp with a batch of all sequences.
type slots struct{ *duel.Side }

func (s *slots) answer(_ context.Context, l load) ([][]float64, error) {
	task, err := json.Marshal(map[string]any{"clients": l.clients, "prompts": l.prompts, "tokens": l.fresh, "long": l.long})
	if err != nil {
		return nil, err
	}
	var times [][]float64
	return times, s.Ask(string(task), &times)
}

func (s *slots) processor() float64 { return processorOf(s.Pid()) }
func (s *slots) stop()              { s.Stop() }

// server speaks OpenAI's API.
type server struct {
	cmd *exec.Cmd
	url string
}

func openServer(ctx context.Context, program string, args ...string) (side, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		return nil, err
	}
	port := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
	_ = listener.Close()
	s := &server{exec.CommandContext(ctx, program, append(args, "--port", port)...), "http://127.0.0.1:" + port}
	var said bytes.Buffer
	s.cmd.Stderr, s.cmd.Stdout = &said, &said
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for range 600 {
		if resp, err := http.Get(s.url + "/v1/models"); err == nil {
			_ = resp.Body.Close()
			return s, nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("%s does not answer: %s", program, said.String())
}

// openSLM starts slm serve, which prints its address. A text is completed first, so that the black box is open; "" for none.
func openSLM(cmd *exec.Cmd, warm string) (*server, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	if s.url, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		s.stop()
		return nil, fmt.Errorf("slm serve ends: %w", err)
	}
	s.url = strings.TrimSpace(s.url)
	if warm != "" {
		_, err = s.complete(context.Background(), 0, warm, 1)
	}
	return s, err
}

func (s *server) answer(ctx context.Context, l load) ([][]float64, error) {
	return ask(ctx, l, s.complete)
}

// complete asks for a completion, which comes by server-sent events, one a token.
func (s *server) complete(ctx context.Context, _ int, prompt string, fresh int) (times []float64, err error) {
	body, err := json.Marshal(map[string]any{"model": "black-box", "prompt": prompt, "max_tokens": fresh, "temperature": 0, "stream": true})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true // llama-server ends idle connections, also at the moment when one is used again
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("%s: %s", resp.Status, text)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || data == "[DONE]" || len(times) == fresh {
			continue
		}
		var chunk struct{ Choices []struct{ Text string } }
		if json.Unmarshal([]byte(data), &chunk) == nil && len(chunk.Choices) > 0 && chunk.Choices[0].Text != "" {
			times = append(times, time.Since(began).Seconds())
		}
	}
	return times, lines.Err()
}

func (s *server) processor() float64 { return processorOf(s.cmd.Process.Pid) }

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// processorOf is the processor time of another process, in seconds, 0 where the system does not tell.
func processorOf(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var user, system float64
	_, err = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
	if err != nil {
		return 0
	}
	return (user + system) / 100 // USER_HZ
}
