package llm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"slm/checkpoint"
)

// lent writes a checkpoint whose table answers the questions, each with the text of the reply.
func lent(t *testing.T, answers map[string]string) (table string) {
	t.Helper()
	s := emptyStore(false)
	info := echo{}.info()
	for prompt, text := range answers {
		r, err := Request{Prompt: prompt, MaxTokens: 1}.normal()
		if err != nil {
			t.Fatal(err)
		}
		key, err := info.key(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.put("", entry{V: entryVersion, Key: key, Info: info, Request: r, Reply: Reply{Text: text, PromptTokens: 1, OutputTokens: 1}}); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(t.TempDir(), "eval")
	pending, err := checkpoint.Begin(folder)
	if err == nil {
		err = s.export(pending.Path("replies.arrow"), "", nil)
	}
	if err == nil {
		err = pending.Commit(&checkpoint.Manifest{Stage: "eval"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, "replies.arrow")
}

// offline asks what is stored, a question at a time, and gives the replies together; "-" is none.
func offline(t *testing.T, s *Service, prompts ...string) (said string) {
	t.Helper()
	for _, p := range prompts {
		got, err := s.Do(context.Background(), []Request{{Prompt: p, MaxTokens: 1}})
		switch {
		case errors.Is(err, ErrOffline):
			said += "-"
		case err != nil:
			t.Fatal(err)
		default:
			said += got[0].Text
		}
	}
	return said
}

func TestBorrow_TheFirstWholeTableAnswersWhenItIsAsked(t *testing.T) {
	first, second := lent(t, map[string]string{"a": "1", "b": "1"}), lent(t, map[string]string{"b": "2", "c": "2"})
	open := func() *Service {
		s, err := assemble(Config{}, Options{Borrow: []string{first, second, filepath.Join(t.TempDir(), "none.arrow")}, Offline: true}, echo{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if said := offline(t, open(), "c", "b", "a", "d"); said != "211-" {
		t.Errorf("whole tables say %s", said)
	}
	late := open() // damage and loss after a box was opened are seen as well
	data, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(data); at += 97 {
		bad := append([]byte(nil), data...)
		bad[at] ^= 1
		if err := os.WriteFile(first, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if said := offline(t, open(), "a", "b", "c"); said != "-22" {
			t.Fatalf("byte %d differs: it says %s", at, said)
		}
	}
	if err := os.RemoveAll(filepath.Dir(first)); err != nil {
		t.Fatal(err)
	}
	for i, s := range []*Service{late, open()} {
		if said := offline(t, s, "b", "a", "c"); said != "2-2" {
			t.Errorf("%d: without the first they say %s", i, said)
		}
	}
}
