package stages

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slm/llm"
)

// counter is a client that has so many replies.
type counter struct {
	llm.Client
	replies int
}

func (c *counter) Used() int { return c.replies }

// reopened is what a journal holds for a key when so many replies are there.
func reopened(t *testing.T, path, key string, replies int) []string {
	t.Helper()
	p, pieces, err := OpenPartial[string](path, key, &counter{replies: replies})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return pieces
}

func TestPartial_PiecesBuiltOnMissingRepliesDoNotCount(t *testing.T) {
	path, client := filepath.Join(t.TempDir(), "work", "journal"), &counter{}
	p, _, err := OpenPartial[string](path, "key", client)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{"none", "three", "six"} {
		if err := p.Append(piece); err != nil {
			t.Fatal(err)
		}
		client.replies += 3
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for there, want := range [][]string{{"none"}, {"none"}, {"none"}, {"none", "three"}, {"none", "three"}, {"none", "three"}, {"none", "three", "six"}} {
		if got := reopened(t, path, "key", there); !slices.Equal(got, want) {
			t.Errorf("with %d replies: %v, want %v", there, got, want)
		}
	}
	if got := reopened(t, path, "another key", 9); len(got) > 0 {
		t.Errorf("took over %v of other work", got)
	}
	if got := reopened(t, path, "key", 9); len(got) > 0 {
		t.Errorf("%v is there again after other work", got)
	}
}

func TestPartial_FileThatIsNoJournalIsNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, []byte("no journal at all"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenPartial[string](path, "key", nil); err == nil {
		t.Error("it was taken")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "no journal at all" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestPartial_NilKeepsNothing(t *testing.T) {
	var p *Partial[string]
	if err := p.Append("a"); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
