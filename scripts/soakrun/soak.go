package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"slm/rng"
)

// soak is a server and what happens to it.
type soak struct {
	slm, dir string
	clients  int
	lasts    time.Duration
	seed     uint64

	llm    *model
	url    string
	server *exec.Cmd
	log    bytes.Buffer
	bodies []request
}

// request is what clients ask, with the reply that it had alone.
type request struct {
	path, body, alone string
	needs             bool // the LLM: while that is away, the reply may say so
}

// run trains, serves, soaks and counts.
func (s *soak) run(ctx context.Context) (f *figures, err error) {
	f = &figures{}
	if s.llm, err = newModel(); err != nil {
		return f, err
	}
	defer s.llm.kill()
	train := s.command("train", "tiny", "-q", "-s", "llm.provider=openai", "-s", "llm.model=soak", "-s", "llm.answer=letter", "-s", "llm.url=http://"+s.llm.address+"/v1")
	if out, err := train.CombinedOutput(); err != nil {
		return f, fmt.Errorf("train: %w\n%s", err, out)
	}
	if err := s.serve(); err != nil {
		return f, err
	}
	defer func() {
		err = errors.Join(err, s.stop())
		f.kinds = kinds(s.log.String())
	}()
	s.bodies = requests()
	for i := range s.bodies { // alone, and again: the second time nothing may depend on what is stored
		for range 2 {
			status, text, err := s.ask(ctx, s.bodies[i])
			if err != nil || status != http.StatusOK || s.bodies[i].alone != "" && s.bodies[i].alone != text {
				return f, fmt.Errorf("%s alone: %d %s (%w), before %s", s.bodies[i].body, status, text, err, s.bodies[i].alone)
			}
			s.bodies[i].alone = text
		}
	}
	if f.before, err = s.idle(); err != nil {
		return f, err
	}
	soaking, end := context.WithTimeout(ctx, s.lasts)
	defer end()
	var all sync.WaitGroup
	for c := range s.clients {
		all.Go(func() { s.client(soaking, rng.New(s.seed, "client", fmt.Sprint(c)), f) })
	}
	all.Go(func() { s.outages(soaking, rng.New(s.seed, "outages"), f) })
	all.Go(func() { s.reloads(soaking, f) })
	all.Go(func() { s.measure(soaking, f) })
	all.Wait()
	f.after, err = s.idle()
	return f, err
}

// kind is why a request failed, in the server's log.
var kind = regexp.MustCompile(`level=ERROR .*status=(\d+) .*kind="?([^"\n]*)`)

// kinds counts the failures in a log.
func kinds(log string) map[string]int {
	out := map[string]int{}
	for _, m := range kind.FindAllStringSubmatch(log, -1) {
		out[m[1]+" "+m[2]]++
	}
	return out
}

func (s *soak) command(args ...string) *exec.Cmd {
	return exec.Command(s.slm, append([]string{"--dir", s.dir}, args...)...)
}

// serve starts the server and reads its address.
func (s *soak) serve() error {
	s.server = s.command("serve", "tiny", "--addr", "127.0.0.1:0", "--watch", "1s", "--waiting", "8", "--llm-timeout", "2s", "--timeout", "10m") // a slow machine is no fault
	s.server.Stderr = &s.log
	out, err := s.server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.server.Start(); err != nil {
		return err
	}
	if s.url, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		return fmt.Errorf("slm serve: %w: %s", errors.Join(err, s.server.Wait()), s.log.String())
	}
	s.url = strings.TrimSpace(s.url)
	return nil
}

// stop drains the server, which must end by itself and well.
func (s *soak) stop() error {
	if err := s.server.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := s.server.Wait(); err != nil {
		return fmt.Errorf("slm serve: %w", err)
	}
	return nil
}

// requests are of all kinds, each with one reply.
func requests() (all []request) {
	for i, text := range []string{"The licensor", "A Contributor may distribute", "Section 2", "You must cause any modified files to carry prominent notices", "é 一"} {
		for _, more := range []string{`,"echo":true,"logprobs":3`, `,"stream":true,"stop":"the"`, `,"temperature":1.2,"seed":3`, `,"max_tokens":0,"echo":true,"logprobs":1`} {
			if !strings.Contains(more, "max_tokens") {
				more += fmt.Sprintf(`,"max_tokens":%d`, 5+10*i)
			}
			all = append(all, request{path: "/v1/completions", body: fmt.Sprintf(`{"model":"small-model","prompt":%q%s}`, text, more)})
		}
	}
	for _, text := range []string{"What does section 2 of Apache-2.0 say?", "Who may distribute?", "What is a Contributor?"} {
		for _, m := range []string{"blade", "rag3", "checked"} {
			for _, more := range []string{"", `,"stream":true`} {
				body := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]%s}`, m, text, more)
				all = append(all, request{path: "/v1/chat/completions", body: body, needs: true})
			}
		}
	}
	return all
}

// changing is what differs between two replies to one request.
var changing = regexp.MustCompile(`"id":"(chatcmpl|cmpl)-[0-9a-f]{24}"|"created":\d+`)

// ask returns a reply, with what changes made even.
func (s *soak) ask(ctx context.Context, r request) (status int, text string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+r.path, strings.NewReader(r.body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, changing.ReplaceAllString(string(body), `"":0`), err
}

// client asks until the time is over. A fifth of its requests it gives up; a tenth of the others nobody has asked before, so that the LLM is needed.
func (s *soak) client(ctx context.Context, chance *rng.Stream, f *figures) {
	for i := uint64(0); ctx.Err() == nil; i++ {
		c := chance.At(i)
		r := s.bodies[c.At(1).IntN(len(s.bodies))]
		if r.needs && c.At(2).IntN(2) == 0 {
			r.body = strings.Replace(r.body, `"content":"`, fmt.Sprintf(`"content":"%d: `, c.At(3).IntN(1<<30)), 1)
			r.alone = ""
		}
		asking, cancel := context.Context(ctx), context.CancelFunc(func() {})
		givesUp := c.At(4).IntN(5) == 0
		if givesUp {
			asking, cancel = context.WithTimeout(ctx, time.Duration(c.At(5).IntN(300))*time.Millisecond)
		}
		status, text, err := s.ask(asking, r)
		cancel()
		if err == nil || ctx.Err() == nil && !givesUp {
			f.count(r, status, text, err)
			if status == http.StatusTooManyRequests {
				wait(ctx, time.Duration(c.At(6).IntN(500))*time.Millisecond)
			}
		} else {
			f.gaveUp.Add(1)
		}
	}
}

// outages takes the LLM's server away, and brings it back.
func (s *soak) outages(ctx context.Context, chance *rng.Stream, f *figures) {
	for i := uint64(0); ; i++ {
		if !wait(ctx, time.Duration(2+chance.At(2*i).IntN(10))*time.Second) {
			return
		}
		s.llm.kill()
		f.outages.Add(1)
		wait(ctx, time.Duration(chance.At(2*i+1).IntN(4000))*time.Millisecond)
		for s.llm.start() != nil && wait(ctx, 50*time.Millisecond) {
		}
	}
}

// reloads puts copies of the run beside it, whose names are later, and removes those before the last.
func (s *soak) reloads(ctx context.Context, f *figures) {
	runs := filepath.Join(s.dir, "runs")
	found, _ := filepath.Glob(filepath.Join(runs, "tiny-*"))
	for i := 1; wait(ctx, 10*time.Second); i++ {
		making, name := filepath.Join(s.dir, "making"), func(i int) string { return filepath.Join(runs, fmt.Sprintf("tiny-ffff%04x", i)) }
		err := os.CopyFS(making, os.DirFS(found[0]))
		if err == nil {
			err = os.Rename(making, name(i))
		}
		if err != nil {
			f.fail(fmt.Errorf("a newer run: %w", err))
			return
		}
		f.reloads.Add(1)
		if i > 3 {
			_ = os.RemoveAll(name(i - 3))
		}
	}
}

// wait sleeps; false = the time is over.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
