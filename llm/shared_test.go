package llm

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"slm/model/kernel"
	"slm/model/weights/weightstest"
)

func TestLocal_TextsOfManyAreTheSameTogether(t *testing.T) {
	m, err := weightstest.Model(11)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := weightstest.Toy.Write(filepath.Join(dir, "small"), m); err != nil {
		t.Fatal(err)
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.Model = "toy:small"
	open := func(share bool) *Service {
		s, err := New(cfg, Options{Kernel: be, Dir: dir, Share: share})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	request := func(i int) []Request {
		r := []Request{{Prompt: fmt.Sprintf("Which town is number %d?", i), MaxTokens: 8 + i, Chat: true}}
		if i%3 == 0 {
			r = append(r, Request{Prompt: "the rule", Options: []string{" of the town", " of the sea"}})
		}
		return r
	}
	alone, together := open(false), open(true)
	var wg sync.WaitGroup
	for i := range 16 {
		want, err := alone.Do(context.Background(), request(i))
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			got, err := together.Do(context.Background(), request(i))
			if fmt.Sprint(got, err) != fmt.Sprint(want, nil) {
				t.Errorf("request %d: %+v, %v; alone %+v", i, got, err, want)
			}
		})
	}
	wg.Wait()
	w, ok, err := together.Weights()
	if err != nil || !ok || w.Config.Vocab != m.Params.Config.Vocab || w.Scheduler.Stats().Answered != 16 {
		t.Errorf("%v %v %+v", ok, err, w.Scheduler.Stats())
	}
	gone, leave := context.WithCancel(context.Background())
	leave()
	if _, err := together.Do(gone, request(99)); err == nil {
		t.Error("who went away is answered")
	}
	for _, s := range []*Service{alone, together} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
