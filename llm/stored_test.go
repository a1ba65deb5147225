package llm

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"slm/checkpoint"
)

// storedSeeds are a journal's frames and an exported file with every kind of entry in them.
func storedSeeds(f *testing.F) (frames [][]byte, table []byte) {
	dir := f.TempDir()
	s, err := assemble(Config{Budget: Budget{Calls: 50}}, Options{Journal: filepath.Join(dir, "a.wal")}, overlap{})
	if err != nil {
		f.Fatal(err)
	}
	s.Label("kit")
	reqs := []Request{{Prompt: "knows a.\n\nQuestion: a?\nAnswer:", Options: []string{" a", " bee"}}, {Prompt: "q", Options: []string{" c"}}}
	if _, err := s.Do(context.Background(), reqs); err != nil {
		f.Fatal(err)
	}
	s.Label("bpo")
	if _, err := s.Do(context.Background(), reqs[:1]); err != nil {
		f.Fatal(err)
	}
	if err := s.store.spend(Usage{Calls: 1, PromptTokens: 7}); err != nil {
		f.Fatal(err)
	}
	s.Label("")
	if err := s.ExportArrow(filepath.Join(dir, "a.arrow")); err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	frames, _, _, err = checkpoint.ReadJournal(filepath.Join(dir, "a.wal"))
	if err != nil {
		f.Fatal(err)
	}
	if table, err = os.ReadFile(filepath.Join(dir, "a.arrow")); err != nil {
		f.Fatal(err)
	}
	return frames, table
}

// sound checks that nothing which a file gave could spoil a run: each reply answers its request, and what was spent is a number.
func sound(t *testing.T, s *store, used Usage) {
	for k, e := range s.entries {
		if e.Key != k || e.check() != nil {
			t.Fatalf("taken for a reply: %+v", e)
		}
		for _, sc := range e.Reply.Scores {
			if math.IsNaN(sc.LogProb) || math.IsInf(sc.LogProb, 0) || sc.Tokens < 1 {
				t.Fatalf("taken for a score: %+v", sc)
			}
		}
	}
	if used.Calls < 0 || used.PromptTokens < 0 || used.OutputTokens < 0 {
		t.Fatalf("spent %+v", used)
	}
}

// FuzzStored_AnyFrameIsReadOrRefused opens journals whose frames are whole and hold anything, one a line.
func FuzzStored_AnyFrameIsReadOrRefused(f *testing.F) {
	frames, _ := storedSeeds(f)
	f.Add(bytes.Join(frames, []byte("\n")))
	for _, frame := range frames {
		f.Add(frame)
	}
	f.Add([]byte(`{"v":1,"key":"","spent":{"calls":-9223372036854775808}}`))
	f.Add([]byte(`{"v":1,"spent":{"calls":9223372036854775807}}` + "\n" + `{"v":1,"spent":{"calls":9223372036854775807}}`))
	f.Fuzz(func(t *testing.T, lines []byte) {
		s, used := emptyStore(false), Usage{}
		for _, line := range bytes.Split(lines, []byte("\n")) {
			s.read(line, 0, &used)
		}
		sound(t, s, used)
		other := emptyStore(false)
		if other.replayFrames(bytes.Split(lines, []byte("\n"))) == nil {
			sound(t, other, Usage{})
		}
	})
}

// FuzzStored_AnyRepliesArrowIsReadOrRefused replays files of any content.
func FuzzStored_AnyRepliesArrowIsReadOrRefused(f *testing.F) {
	_, table := storedSeeds(f)
	f.Add(table)
	f.Add(table[:len(table)/2])
	f.Add([]byte("ARROW1\x00\x00"))
	path := filepath.Join(f.TempDir(), "replies.arrow")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s := emptyStore(false)
		if s.replay(path) == nil {
			sound(t, s, Usage{})
		}
	})
}

func TestStored_CutFileOfRepliesIsAnErrorAndEveryCutOfAJournalKeepsWhatIsWhole(t *testing.T) {
	dir := t.TempDir()
	journal, table := filepath.Join(dir, "a.wal"), filepath.Join(dir, "a.arrow")
	s, err := assemble(Config{Budget: Budget{Calls: 50}}, Options{Journal: journal}, overlap{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"q1", "q2"} { // two frames
		if _, err := s.Do(context.Background(), []Request{{Prompt: p, Options: []string{" a", " bee"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.ExportArrow(table); err != nil {
		t.Fatal(err)
	}
	whole := mustRead(t, table)
	for n := 0; n < len(whole); n += 61 { // at every byte in package checkpoint
		if err := os.WriteFile(table, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := emptyStore(false).replay(table); err == nil {
			t.Fatalf("%d of %d bytes are taken for replies", n, len(whole))
		}
	}
	whole = mustRead(t, journal)
	before := 0
	for n := range len(whole) + 1 {
		if err := os.WriteFile(journal, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		st := emptyStore(false)
		if err := st.replayJournal(journal); err != nil || len(st.entries) < before {
			t.Fatalf("%d bytes: %d replies, %v", n, len(st.entries), err)
		}
		before = len(st.entries)
	}
	if before != 2 {
		t.Errorf("%d replies in the whole journal", before)
	}
}
