package domain

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/tokenizer"
)

// withShards writes a data checkpoint whose shards hold what rows gives, and opens it.
func withShards(t *testing.T, d *Domain, rows func(skip int) iter.Seq2[pack.Example, error]) *Domain {
	t.Helper()
	dir, commit := write(t, d)
	shards, err := pack.WriteShards(filepath.Join(t.TempDir(), "shards"), rows, 20)
	if err != nil {
		t.Fatal(err)
	}
	commit()
	if err := shards.Link(dir); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

// rowsOf are the shards of a domain's first n sections.
func rowsOf(d *Domain, n int) func(skip int) iter.Seq2[pack.Example, error] {
	return func(skip int) iter.Seq2[pack.Example, error] {
		return Shards(d.Tokenizer, EOS, d.Forms, func(yield func(corpus.Section, error) bool) {
			for i, s := range d.Sections.All() {
				if i >= n || !yield(s, nil) {
					return
				}
			}
		}, skip)
	}
}

func TestTokens_AreWhatEncodingPromptAndTextGives(t *testing.T) {
	made := newDomain(t)
	d := withShards(t, made, rowsOf(made, made.Sections.Len()))
	tokens, err := d.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range d.Sections.All() {
		for f := range d.Forms.Document {
			want := pack.Encode(d.Tokenizer, s.ID, d.Forms.DocumentOf(s, f), s.Text, d.EOS, true).Tokens
			if got := tokens.Document(i, f); !slices.Equal(got, want) || tokens.DocumentLen(i, f) != len(want) {
				t.Errorf("%s in form %d: %v, want %v", s.ID, f, got, want)
			}
		}
	}
}

func TestTokens_ShardsOfAnotherCorpusAreRefused(t *testing.T) {
	made := newDomain(t)
	short := withShards(t, made, rowsOf(made, made.Sections.Len()-1))
	if _, err := short.Tokens(); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("a section is missing: %v", err)
	}
	other := newDomain(t)
	other.Sections.(corpus.Slice)[1].Title = "Bill"
	d := withShards(t, made, rowsOf(other, other.Sections.Len()))
	tokens, err := d.Tokens()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokens.Text(0); err != nil {
		t.Error(err)
	}
	if _, err := tokens.Text(1); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("another section stands there: %v", err)
	}
	dir, commit := write(t, made)
	commit()
	if bare, err := Open(dir); err != nil {
		t.Error(err)
	} else if _, err := bare.Tokens(); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("no shards: %v", err)
	}
}

// What is encoded in parts must be what the whole would give, or a text behind its place would be other tokens than the text that was read.
func FuzzTokens_PartsAreTheWhole(f *testing.F) {
	var toks []*tokenizer.Tokenizer
	texts := []string{"Act one, section 4: The words, and more: words. ", "Bill’s 'section' 12: it's   here :\n\tand ： there ", "民法第一千零八十四条：离婚后，父母对于子女仍有抚养的权利。"}
	for _, p := range []tokenizer.Pattern{tokenizer.GPT2, tokenizer.SmolLM2, tokenizer.Numerals} {
		tok, err := tokenizer.Train(slices.Values(slices.Repeat(texts, 5)), tokenizer.TrainOptions{Vocab: 400, Special: []string{EOS}, Pattern: p})
		if err != nil {
			f.Fatal(err)
		}
		toks = append(toks, tok)
	}
	f.Add("Act", "4", "one: two three")
	f.Add("Bill's", "12", " \u3000 it's")
	f.Add("民法", "第四条", "第一千条")
	f.Add("", "", "")
	f.Add("a\xff", "'", ": :\xe4\xb8")
	f.Add("x", "1", "\u00a0\u2028 y")
	f.Fuzz(func(t *testing.T, title, number, text string) {
		s := corpus.Section{Title: title, Number: number, Text: text}
		for _, forms := range []form.Set{
			{Place: "{title}, section {number}:", Document: []string{"{title}, section {number}:", "[{title} | {number}]", "{number} of {title}"}},
			{Place: "{title}{number}：", Document: []string{"{title}{number}："}},
		} {
			for _, tok := range toks {
				parts := append(tok.Encode(form.Continuation(forms.PlaceOf(s))), tok.Encode(form.Continuation(text))...)
				if whole := tok.Encode(form.Continuation(forms.Reply(forms.PlaceOf(s), text))); text != "" && !slices.Equal(parts, whole) {
					t.Errorf("%s: %q behind %q: %v, and in parts %v", tok.Pattern(), text, forms.PlaceOf(s), whole, parts)
				}
				rows := slices.Collect(func(yield func(string) bool) {
					sections := func(yield func(corpus.Section, error) bool) { yield(s, nil) }
					for ex, err := range Shards(tok, EOS, forms, sections, 0) {
						if err != nil || !yield(fmt.Sprint(ex.Tokens)) {
							return
						}
					}
				})
				for i := range forms.Document {
					if want := fmt.Sprint(pack.Encode(tok, "", forms.DocumentOf(s, i), text, 0, true).Tokens); rows[i] != want {
						t.Errorf("%s: form %d: %s, want %s", tok.Pattern(), i, rows[i], want)
					}
				}
			}
		}
	})
}
