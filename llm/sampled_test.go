package llm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/model/kernel"
	"slm/model/weights/weightstest"
)

const drawnReply = `{"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}`

func TestSampled_AsksForADrawAndNotForOptions(t *testing.T) {
	s, asked := peeking(t, 200, drawnReply, nil)
	if _, err := Write(context.Background(), Sampled(s, 0.7, 3), []string{"Why?"}, 5); err != nil {
		t.Fatal(err)
	}
	if a := *asked; a["temperature"] != 0.7 || a["seed"] != 3.0 {
		t.Error(a)
	}
	if _, err := Write(context.Background(), s, []string{"Why?"}, 5); err != nil {
		t.Fatal(err)
	}
	if a := *asked; a["temperature"] != 0.0 || a["seed"] != nil {
		t.Errorf("the likeliest reply is another one: %v", a)
	}
	a, err := Request{Prompt: "Why?", Options: []string{"x"}, Temperature: 0.7, Sample: 3}.normal()
	if err != nil || a.Temperature != 0 || a.Sample != 0 {
		t.Errorf("options are not drawn: %+v", a)
	}
}

func TestSampled_IsStored(t *testing.T) {
	dir, url := t.TempDir(), ""
	s, _ := peeking(t, 200, drawnReply, func(c *Config, o *Options) { url, o.Journal = c.URL, filepath.Join(dir, "replies.wal") })
	want, err := Write(context.Background(), Sampled(s, 0.7, 3), []string{"Why?"}, 5)
	table := filepath.Join(dir, "replies.arrow")
	if err := errors.Join(err, s.ExportArrow(table), s.Close()); err != nil {
		t.Fatal(err)
	}
	s, _ = peeking(t, 500, "", func(c *Config, o *Options) { c.URL, o.Replay, o.Offline = url, []string{table}, true })
	got, err := Write(context.Background(), Sampled(s, 0.7, 3), []string{"Why?"}, 5)
	if want[0].Cached = true; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, other := range []Client{s, Sampled(s, 0.7, 4), Sampled(s, 0.8, 3)} {
		if _, err := Write(context.Background(), other, []string{"Why?"}, 5); !errors.Is(err, ErrOffline) {
			t.Errorf("another draw is not that one: %v", err)
		}
	}
}

func TestSampled_ServerWithoutSeedsIsAskedWithoutThem(t *testing.T) {
	d := &dialect{}
	r := Request{Temperature: 0.7, Sample: 3}
	sent := d.drawing(d.sampling(5, nil), r)
	f := d.adapt(sent, 400, &wireError{Message: "Unrecognized request argument supplied: seed", Param: "seed"}, "it", limits{})
	if again := d.drawing(d.sampling(5, nil), r); f == nil || !f.adapted || again.Seed != nil || *again.Temperature != 0.7 {
		t.Errorf("%+v, %+v", f, again)
	}
}

func TestSampled_LocalDrawsAreTheSameAgain(t *testing.T) {
	m, err := weightstest.Model(4)
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
	draw := func(share bool, sample int64) string {
		t.Helper()
		s, err := New(cfg, Options{Kernel: be, Dir: dir, Share: share, Getenv: os.Getenv})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		got, err := Write(context.Background(), Sampled(s, 1, sample), []string{"Why?"}, 12)
		if err != nil {
			t.Fatal(err)
		}
		return got[0].Text
	}
	one := draw(false, 1)
	if draw(false, 1) != one || draw(true, 1) != one || draw(false, 2) == one || strings.TrimSpace(one) == "" {
		t.Errorf("%q, again %q, beside others %q, another %q", one, draw(false, 1), draw(true, 1), draw(false, 2))
	}
}
