package cut

import (
	"fmt"
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

func head(level int, title string) doc.Block {
	return doc.Block{Kind: doc.Head, Level: level, Title: title, Text: strings.Repeat("#", level) + " " + title + "\n"}
}

func prose(text string) doc.Block { return doc.Block{Text: text + "\n\n"} }

// cutPage cuts a page and holds that nothing of it is lost, and no two pieces have one heading.
func cutPage(t *testing.T, longest int, blocks ...doc.Block) []Piece {
	t.Helper()
	d := doc.Document{Title: "Guide", Own: "Guide", Page: true, Outlined: true, Blocks: blocks}
	r := Document(d, Options{Longest: longest})
	chars, seen := 0, map[string]bool{}
	for _, b := range blocks {
		chars += doc.Chars(b.Text)
	}
	for _, p := range r.Pieces {
		if chars -= doc.Chars(p.Text) + p.Named; seen[p.Heading] || p.Heading == "" {
			t.Errorf("heading %q stands twice, or is empty", p.Heading)
		}
		seen[p.Heading] = true
	}
	for _, x := range r.Drops {
		chars -= x.Chars
	}
	if chars != 0 {
		t.Errorf("%d characters are lost", chars)
	}
	return r.Pieces
}

func headings(list []Piece) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Heading)
	}
	return strings.Join(out, " | ")
}

func TestDocument_LongSectionIsCutAtParagraphsAndItsPartsHaveNames(t *testing.T) {
	code := doc.Block{Kind: doc.Code, Text: "```go\n" + strings.Repeat("call()\n", 30) + "```\n"}
	list := cutPage(t, 400, head(2, "Flags"),
		prose("Flags change what a command does. "+strings.Repeat("They are read first. ", 10)),
		prose("Persistent flags use `PersistentFlags`, and `PersistentFlags` are inherited:"), code,
		prose(strings.Repeat("More is said of them. ", 15)))
	if got, want := headings(list), "Flags | Flags › PersistentFlags | Flags (3 of 3)"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	if !strings.Contains(list[1].Text, "inherited:\n```go\ncall()\n") || !strings.HasSuffix(list[1].Text, "```") {
		t.Errorf("code was cut, or parted from what announces it: %q", list[1].Text)
	}
	for _, p := range list {
		if len(p.Text) > 400 {
			t.Errorf("%d bytes: %q", len(p.Text), p.Text)
		}
	}
	if whole := cutPage(t, 0, head(2, "Flags"), code, code, code); len(whole) != 1 {
		t.Errorf("without a bound, %d pieces", len(whole))
	}
}

func TestDocument_PartsAreNotNamedByWordsThatSayNothing(t *testing.T) {
	more := strings.Repeat("More is said of them here. ", 11)
	list := cutPage(t, 400, head(2, "Flags"), prose(more),
		prose("Then `print` and `print` again, `True`, `http://localhost`, `www.example.com`. "+more),
		prose("A `~click.Context.scope` beside `None` and `None`. "+more))
	if got, want := headings(list), "Flags | Flags (2 of 3) | Flags › click.Context.scope"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDocument_ShortSectionJoinsItsNeighbour(t *testing.T) {
	long := prose(strings.Repeat("This is long enough to stand alone. ", 6))
	list := cutPage(t, 1000, prose("What this is."), head(2, "Levels"), long, head(3, "Debug"), prose("Everything."), head(3, "Trace"), prose("Even more."),
		head(2, "Off"), prose("Nothing."), head(2, "On"), prose("All."), head(2, "Other"), long)
	if got, want := headings(list), "Guide | Levels | Other"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if text := list[1].Text; !strings.HasSuffix(text, "\n### Debug\nEverything.\n### Trace\nEven more.\n## Off\nNothing.\n## On\nAll.") {
		t.Errorf("%q", text)
	}
	list = cutPage(t, 1000, head(2, "A"), prose("One."), head(2, "B"), prose("Two."))
	if got, want := headings(list), "A / B"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDocument_EntriesOfReferencesAreSections(t *testing.T) {
	var items, rows strings.Builder
	rows.WriteString("| key | meaning |\n|---|---|\n")
	for i := range 5 {
		fmt.Fprintf(&items, "- `--flag%c`: %s\n", 'a'+i, strings.Repeat("what it does ", 15))
		fmt.Fprintf(&rows, "| `key%c` | %s |\n", 'a'+i, strings.Repeat("what it means ", 15))
	}
	list := cutPage(t, 2000, head(2, "Options"), prose(items.String()), head(2, "Keys"), doc.Block{Kind: doc.Table, Text: rows.String()})
	if got, want := headings(list), "Options | Options › --flagb | Options › --flagc | Options › --flagd | Options › --flage | Keys | Keys › keyb | Keys › keyc | Keys › keyd | Keys › keye"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestDocument_RepeatedHeadingGetsItsParents(t *testing.T) {
	text := prose(strings.Repeat("This is long enough to stand alone. ", 6))
	list := cutPage(t, 1000, head(2, "Linux"), head(3, "Install"), text, head(2, "Windows"), head(3, "Install"), text, head(3, "Use"), text)
	if got, want := headings(list), "Linux › Install | Windows › Install | Use"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
