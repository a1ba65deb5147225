package rundir

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
	"slm/stages"
)

func FuzzSeal_AnyFileIsReadOrRefused(f *testing.F) {
	whole, err := Seal{Version: sealVersion, Stages: map[string]string{"dp": "12"}, Files: []Sealed{{RecipeFile, 7, "ab", false}, {PlanFile, 9, "cd", true}}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"v": 99}`))
	f.Add([]byte(`{"v":1,"files":[{"name":"../x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeSeal(data)
		if err != nil {
			if !errors.Is(err, checkpoint.ErrCorrupt) && !errors.Is(err, checkpoint.ErrNewer) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		if again, err := s.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("accepted what it would not write: %v", err)
		}
		_ = s.Differs(t.TempDir(), RecipeFile)
	})
}

func TestSeal_CoversTheJournalsOfOtherBlackBoxes(t *testing.T) {
	folder := t.TempDir()
	journal, _ := stages.OtherReplies("writer")
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put(journal, "a reply")
	if err := WriteSeal(folder, false, nil); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSeal(folder)
	if err != nil || !slices.Contains(s.Names(), journal) || !slices.Equal(Journals(folder), []string{RepliesFile, journal}) {
		t.Fatalf("%v, %v", s, err)
	}
	put(journal, "a reply, and one more")
	if what := s.Differs(folder, journal); what != "" {
		t.Errorf("a journal that has grown %s", what)
	}
	put(journal, "b reply")
	if s.Differs(folder, journal) == "" {
		t.Error("a changed journal passes")
	}
	if err := os.Remove(filepath.Join(folder, journal)); err != nil {
		t.Fatal(err)
	}
	if s.Differs(folder, journal) != "is gone" {
		t.Error("a journal may go")
	}
}
