package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/stages"
	"slm/stages/prep"
)

// prepare makes a corpus of that many megabytes, runs the data stage and returns the most memory that was live at any time, bytes.
func prepare(t *testing.T, mb int) (peak uint64, m *checkpoint.Manifest) {
	t.Helper()
	dir := t.TempDir()
	texts := filepath.Join(dir, "texts")
	if err := makeTexts(texts, int64(mb)<<20); err != nil {
		t.Fatal(err)
	}
	cfg, tok := prep.Default(), prep.DefaultTokenizer()
	cfg.Corpus.Path, cfg.Corpus.Dedup.Near, cfg.Forms.Document = []string{filepath.Join(texts, "*")}, 0.8, nil
	env := &stages.Env{
		Run: dir, Seed: 7, Emit: func(e stages.Event) { t.Log(e.Type, e.Step, e.Message) }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Now: func() time.Time { return time.Unix(0, 0) },
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // what is sampled is then live, but for a tenth
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	err := prep.New(cfg, tok).Run(context.Background(), env)
	close(stop)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if m, err = checkpoint.Load(env.Dir(stages.Data)); err != nil {
		t.Fatal(err)
	}
	return peak, m
}

// The exam keeps a sample of the sections and the tokenizer reads one; a corpus larger than both, as the long form has, may add only what
// de-duplication keeps of a document.
func TestMemoryIsBoundedByTheSamplesNotTheCorpus(t *testing.T) {
	if os.Getenv("SLM_TEST_ALL") == "" {
		t.Skip("a corpus larger than both samples takes minutes: SLM_TEST_ALL=1")
	}
	a, first := prepare(t, 96)
	b, second := prepare(t, 192)
	if more := uint64(second.Counters["documents"] - first.Counters["documents"]); b > a+more*1024 {
		t.Errorf("%d bytes live for 96 MB of text, %d for 192 MB, which have %d documents more", a, b, more)
	}
}
