package domain

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/form"
	"slm/data/pairs"
	"slm/data/tokenizer"
	"slm/rng"
)

// longDomain has sections of growing length, in words or in a script without spaces.
func longDomain(t *testing.T, spaces bool) *Domain {
	t.Helper()
	d := &Domain{Forms: form.Set{
		Place: "{title}, section {number}:", Document: []string{"{title}, section {number}:", "[{title} | {number}]"},
		Question: []string{"What does section {number} of {title} say?"}, Quote: []string{"Where does it stand: \"{quote}\"?", "Which section says: \"{quote}\"?"},
	}}
	if !spaces {
		d.Forms.Place, d.Forms.Document = "{title}{number}：", []string{"{title}{number}："}
	}
	draw, words := rng.New(4, "parts"), strings.Fields("one two 三 thr'ee, fo-ur 五六 six; seven eight nine ten eleven twelve thirteen 十四 fifteen")
	var sections corpus.Slice
	var texts []string
	for i := range 12 {
		var b strings.Builder
		for w := range 20 + 60*i {
			if spaces {
				fmt.Fprintf(&b, "%s%d ", words[draw.IntN(len(words))], w%37)
			} else {
				b.WriteRune(rune(0x4e00 + draw.IntN(900)))
			}
		}
		s := corpus.Section{ID: fmt.Sprintf("Act#%d", i), Title: "Act", Number: fmt.Sprint(i), Text: strings.TrimSpace(b.String())}
		sections, texts = append(sections, s), append(texts, d.Forms.PlaceOf(s)+" "+s.Text)
	}
	d.Sections = sections
	var err error
	if d.Tokenizer, err = tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{Vocab: 600, Special: []string{EOS}}); err != nil {
		t.Fatal(err)
	}
	return withShards(t, d, rowsOf(d, len(sections)))
}

func TestReading_EveryTokenOfALongSectionIsReadFromAPlaceThatIsFound(t *testing.T) {
	for _, spaces := range []bool{true, false} {
		d := longDomain(t, spaces)
		tokens, err := d.Tokens()
		if err != nil {
			t.Fatal(err)
		}
		most := 0
		for _, size := range []int{60, 90, 128, 512, 5000} {
			read, err := d.Read(size, false)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range d.Sections.All() {
				text, err := tokens.Text(i)
				if err != nil {
					t.Fatal(err)
				}
				n, next := read.Parts(i), 0
				most = max(most, n)
				for k := 1; k <= n; k++ {
					if !spaces && n > len(text)/leastRoom {
						t.Errorf("%s: %d parts of %d tokens", s.ID, n, len(text))
					}
					from, to := 0, len(text)
					if n > 1 {
						from, to = partOf(d.Tokenizer, text, k, n)
					}
					if from > next || k > 1 && from == next || to <= from {
						t.Errorf("%s at %d: part %d of %d begins at %d, the one before ends at %d", s.ID, size, k, n, from, next)
					}
					next = to
					for f := range d.Forms.Document {
						got, err := read.Document(i, f, k, n)
						length, lenErr := read.DocumentLen(i, f, k, n)
						want := append(d.Tokenizer.Encode(d.Forms.Part(d.Forms.DocumentOf(s, f), k, n)), text[from:to]...)
						if err != nil || lenErr != nil || !slices.Equal(got, want) || len(got) > size || length != len(got) {
							t.Fatalf("%s at %d, part %d of %d in form %d: %d tokens, %d expected, %v", s.ID, size, k, n, f, len(got), len(want), err)
						}
					}
					found, at, ok := d.Section(d.Forms.Part(d.Forms.PlaceOf(s), k, n))
					said := strings.TrimSpace(strings.TrimRight(strings.TrimSuffix(d.Tokenizer.Decode(text[from:to]), EOS), "\uFFFD"))
					if !ok || at != i || !strings.HasPrefix(found.Text, said) || found.ID != s.ID {
						t.Fatalf("%s, part %d of %d: found %v, %.40q, read %.40q", s.ID, k, n, ok, found.Text, said)
					}
					if spaces && size >= 128 && k > 1 && !strings.Contains(s.Text, " "+found.Text) {
						t.Errorf("%s, part %d of %d begins within a word: %.20q", s.ID, k, n, found.Text)
					}
				}
				if next != len(text) || read.Cut(i) {
					t.Errorf("%s at %d: read to %d of %d tokens", s.ID, size, next, len(text))
				}
			}
		}
		if most < 10 {
			t.Errorf("%d parts at most: the test proves little", most)
		}
	}
}

func TestReading_CutReadsTheBeginningAlone(t *testing.T) {
	d := longDomain(t, true)
	read, err := d.Read(100, true)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := d.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	for i := range d.Sections.Len() {
		whole := tokens.Document(i, 0)
		got, err := read.Document(i, 0, 1, read.Parts(i))
		if err != nil || read.Parts(i) != 1 || !slices.Equal(got, whole[:min(100, len(whole))]) || read.Cut(i) != (len(whole) > 100) {
			t.Errorf("section %d: %d parts, %d of %d tokens, cut %v, %v", i, read.Parts(i), len(got), len(whole), read.Cut(i), err)
		}
	}
}

func TestReading_AQuotationIsAnsweredWithThePartInWhichItBegins(t *testing.T) {
	for _, spaces := range []bool{true, false} {
		d := longDomain(t, spaces)
		read, err := d.Read(110, false)
		if err != nil {
			t.Fatal(err)
		}
		questions, late := pairs.Over(d.Sections, nil, d.Forms, 7), 0
		for i, s := range d.Sections.All() {
			for k := range questions.Count(i) {
				p, err := read.Pair(questions, i, k)
				if err != nil {
					t.Fatal(err)
				}
				reply, err := read.Reply(p, i)
				if err != nil {
					t.Fatal(err)
				}
				said := d.Tokenizer.Decode(reply[:len(reply)-1])
				if p.Kind != pairs.Quote {
					if p.Place != d.Forms.PlaceOf(s) || p.Text != s.Text || said != form.Continuation(form.Join(p.Place, s.Text)) {
						t.Errorf("%s: %q, %.60q", p.ID, p.Place, said)
					}
					continue
				}
				quote := strings.TrimSuffix(strings.SplitN(p.Question, "\"", 2)[1], "\"?")
				found, _, ok := d.Section(p.Place)
				if !strings.HasPrefix(s.Text[p.At:], quote) || !ok || found.Text != p.Text || !strings.HasPrefix(said, " "+p.Place) {
					t.Fatalf("%s: %q is not at %d, or %q not its place", p.ID, quote, p.At, p.Place)
				}
				// It begins within the part: behind its beginning and before that of the next.
				if at := len(s.Text) - len(p.Text); p.At < at {
					t.Errorf("%s begins at %d, its part at %d", p.ID, p.At, at)
				}
				if whole, part, of, ok := d.Forms.ParsePart(p.Place); ok {
					late++
					if next, _, ok := d.Section(d.Forms.Part(whole, part+1, of)); part < of && (!ok || p.At >= len(s.Text)-len(next.Text)) {
						t.Errorf("%s at %d belongs to part %d of %d", p.ID, p.At, part+1, of)
					}
				}
			}
		}
		if late < 10 {
			t.Errorf("%d quotations from later parts", late)
		}
	}
}

func TestSection_APartThatCannotBeIsNotFound(t *testing.T) {
	d := longDomain(t, true)
	for _, place := range []string{"Act, section 3 (part 900 of 901):", "Act, section 77 (part 2 of 3):", "Act, section 11 (part 4 of 3):", "Act, section 11 (part 1 of 3):", ""} {
		if s, _, ok := d.Section(place); ok {
			t.Errorf("%q is %s", place, s.ID)
		}
	}
}

func TestMeasurePlaces_CountsThoseThatLeaveNoRoom(t *testing.T) {
	d := longDomain(t, true)
	longest, over := MeasurePlaces(d.Tokenizer, d.Forms, d.Sections.All(), 512)
	want := 0
	for _, s := range d.Sections.All() {
		want = max(want, len(d.Tokenizer.Encode(form.Continuation(d.Forms.PlaceOf(s)))))
	}
	if longest != want || over != 0 {
		t.Errorf("%d tokens, %d too long, want %d", longest, over, want)
	}
	if _, over := MeasurePlaces(d.Tokenizer, d.Forms, d.Sections.All(), longest+leastRoom-1); over == 0 || over > d.Sections.Len() {
		t.Errorf("%d are too long", over)
	}
	if _, over := MeasurePlaces(d.Tokenizer, d.Forms, d.Sections.All(), 10); over != d.Sections.Len() {
		t.Errorf("%d of %d are too long", over, d.Sections.Len())
	}
}
