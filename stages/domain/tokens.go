package domain

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/tokenizer"
)

// The shards of a data checkpoint hold every section in every document form as tokens: row section·forms + form, each the form's prompt, the
// text and the end mark.

// Shards yields the rows of the shards behind the first skip. A section's text is encoded once, its prompts around it.
func Shards(tok *tokenizer.Tokenizer, end string, forms form.Set, sections iter.Seq2[corpus.Section, error], skip int) iter.Seq2[pack.Example, error] {
	return func(yield func(pack.Example, error) bool) {
		eos, ok := tok.ID(end)
		if !ok {
			yield(pack.Example{}, errNoEnd)
			return
		}
		row := 0
		for s, err := range sections {
			if err != nil {
				yield(pack.Example{}, err)
				return
			}
			var text []int32
			for i := range forms.Document {
				if row++; row <= skip {
					continue
				}
				if text == nil {
					text = append(tok.Encode(form.Continuation(s.Text)), eos)
				}
				if !yield(pack.Example{ID: fmt.Sprintf("%s/%d", s.ID, i), Tokens: append(tok.Encode(forms.DocumentOf(s, i)), text...)}, nil) {
					return
				}
			}
		}
	}
}

var errNoEnd = errors.New("domain: the tokenizer has no token that ends a document")

// Tokens are the shards of a domain, mapped. What is handed out is a view, not to be written to.
type Tokens struct {
	dom  *Domain
	rows *pack.Mapped
}

// Tokens maps the shards. They are closed with the domain.
func (d *Domain) Tokens() (*Tokens, error) {
	if d.tokens != nil {
		return d.tokens, nil
	}
	rows, err := pack.OpenShards(d.dir)
	if err != nil {
		return nil, err
	}
	if want := d.Sections.Len() * len(d.Forms.Document); rows.Rows != want {
		return nil, errors.Join(fmt.Errorf("domain: %s: %w: the shards hold %d rows, and %d sections in %d forms are %d",
			d.dir, checkpoint.ErrCorrupt, rows.Rows, d.Sections.Len(), len(d.Forms.Document), want), rows.Close())
	}
	d.tokens = &Tokens{d, rows}
	return d.tokens, nil
}

// Document is section i in a document form: prompt, text, end mark.
func (t *Tokens) Document(i, form int) []int32 { return t.rows.At(i*len(t.dom.Forms.Document) + form) }

// DocumentLen is the length of Document.
func (t *Tokens) DocumentLen(i, form int) int { return t.rows.Len(i*len(t.dom.Forms.Document) + form) }

// Text is what follows the prompt in every form of section i: its text, as it continues any prompt, and the end mark.
func (t *Tokens) Text(i int) ([]int32, error) {
	s := t.dom.Sections.At(i)
	prompt, row := t.dom.Tokenizer.Encode(t.dom.Forms.DocumentOf(s, 0)), t.Document(i, 0)
	if len(row) <= len(prompt) || !slices.Equal(row[:len(prompt)], prompt) {
		return nil, fmt.Errorf("domain: %s: %w: the shards do not have section %s where it belongs", t.dom.dir, checkpoint.ErrCorrupt, s.ID)
	}
	return row[len(prompt):], nil
}

// Forget gives back the memory that reading took.
func (t *Tokens) Forget() { t.rows.Forget() }
