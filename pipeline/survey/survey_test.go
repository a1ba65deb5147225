package survey

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/data/corpus/read"
)

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// page is a Markdown page with a text under each heading.
func page(title, text string, headings ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", title)
	for i, h := range headings {
		fmt.Fprintf(&b, "## %s\n\n%s (%d)\n\n", h, text, i)
	}
	return b.String()
}

const english, german = "The hotel may cost up to ninety euros for a night and this is what we pay, but no more than that, if there is no other house near the place of work.", "Das Hotel darf bis zu neunzig Euro für eine Nacht kosten und wird von uns bezahlt, aber nicht mehr, wenn es kein anderes Haus in der Nähe gibt."

func TestFolder_KindAndLanguageAreThoseOfTheTexts(t *testing.T) {
	numbered := func(word string) string {
		var b strings.Builder
		for i := 1; i <= 6; i++ {
			fmt.Fprintf(&b, "%s %d. Rule about things\n\n%s\n\n", word, i, english)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		file, text, language, word string
		kind                       Kind
	}{
		"prose":     {"a.md", page("Travel", english, "Hotels", "Trains", "Meals and drinks"), "en", "", Handbook},
		"German":    {"a.md", page("Reisen", german, "Hotels", "Züge", "Essen"), "de", "", Handbook},
		"Chinese":   {"a.md", page("差旅", "酒店每晚的费用最多可以是九百元，由公司支付，但是必须事先得到批准，并且在回来以后的两个星期之内交出所有的发票和车票。", "酒店", "火车"), "zh", "", Handbook},
		"commands":  {"a.md", page("Travel", english+"\n\n    cobra add serve --config file\n", "Adding a command", "Trains", "Meals"), "en", "", Manual},
		"questions": {"a.md", page("FAQ", english, "How do I book a hotel?", "Who pays", "What about trains?"), "en", "", FAQ},
		"names":     {"a.md", page("Rules", english, "`add-constant`", "argument-limit", "Options"), "en", "", Code},
		"Sections":  {"a.txt", numbered("Section"), "en", "Section", Statutes},
		"ARTICLES":  {"a.txt", numbered("ARTICLE"), "en", "Article", Statutes},
		"signs":     {"a.txt", numbered("§"), "en", "§", Statutes},
	} {
		s, err := Folder(folder(t, map[string]string{c.file: c.text}))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Kind != c.kind || s.Language != c.language || s.Word != c.word {
			t.Errorf("%s: kind %s, language %s, word %q; want %s, %s, %q", name, s.Kind, s.Language, s.Word, c.kind, c.language, c.word)
		}
	}
}

func TestFolder_CountsWhatIsReadAndSaysWhatIsNot(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.md": page("Travel", english, "Hotels", "Trains"), "b.md": page("Travel", english, "Hotels", "Trains"), "c.txt": "A text of no heading, which is long enough to be a section of its own: it says that the garden is open for all, and that the house is not.", "logo.svg": "<svg/>",
	})
	s, err := Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Files.String() + "; " + s.Left.String(); got != "2 Markdown, 1 text; 1 no reader for .svg" {
		t.Error(got)
	}
	if s.Documents != 2 || s.Sections != 3 || s.Headed != 3 || s.Tokens != int64(float64(s.Bytes)/BytesPerToken) || s.Bytes < 100 {
		t.Errorf("%+v", s)
	}
	if len(s.Dropped) != 1 || s.Dropped[0].Why != "exact copy" {
		t.Errorf("dropped: %+v", s.Dropped)
	}
	if w := strings.Join(s.Warnings(), "; "); !strings.Contains(w, "only 3 sections") || strings.Contains(w, "no heading") {
		t.Errorf("warnings: %s", w)
	}
}

func TestFolder_FolderOfNothingReadableIsAnError(t *testing.T) {
	if _, err := Folder(folder(t, map[string]string{"logo.svg": "<svg/>"})); !errors.Is(err, read.ErrUnreadable) || !strings.Contains(err.Error(), "1 no reader for .svg") {
		t.Error(err)
	}
}

func TestWarnings_TextsWithoutHeadingsAndOfUnknownLanguageAreTold(t *testing.T) {
	s := &Survey{Sections: 100, Headed: 10, Kind: Handbook}
	w := strings.Join(s.Warnings(), "; ")
	for _, want := range []string{"90 of 100 sections have no heading", "the recipe asks in English"} {
		if !strings.Contains(w, want) {
			t.Errorf("%q is not in %s", want, w)
		}
	}
	if w := (&Survey{Sections: 100, Headed: 10, Kind: Statutes, Language: "de"}).Warnings(); len(w) > 0 {
		t.Errorf("numbered sections need no headings: %q", w)
	}
}
