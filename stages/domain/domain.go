// Package domain opens what the data stage has written: the tokenizer, the sections of the corpus, how they are put into words, and the
// exam. It also keeps a model's weights beside its tokenizer, as the training stages write and all others read them.
package domain

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/tokenizer"
)

// Files of the data checkpoint and of a training stage's.
const (
	TokenizerFile = "tokenizer.json"
	SectionsFile  = "sections.arrow"
	ExamFile      = "exam.arrow"
	FormsFile     = "forms.json"
	WeightsFile   = "weights.arrow"
	BaseFile      = "base.arrow"    // instead of it, where training has an adapter: the frozen weights
	AdapterFile   = "adapter.arrow" // and what it has learnt
	EncoderFile   = "encoder.arrow" // of dp, where the run trains an encoder
)

// EOS is the token that ends a document. It has id 0 in the tokenizers that this program trains; in another's, the fact EndFact of the data
// checkpoint names the token.
const (
	EOS     = "<eos>"
	EndFact = "end_token"
)

// Domain is a data checkpoint, opened. Sections and tokens are read where they lie.
type Domain struct {
	Tokenizer *tokenizer.Tokenizer
	Sections  corpus.Store // on disk
	Items     []exam.Item  // of the first exam
	Asked     []exam.Item  // of the exam of questions as people ask them
	Forms     form.Set
	EOS       int32

	// PlaceTokens bounds a generated place: the tokens of the corpus's longest, with the words that name a part of a section.
	PlaceTokens int

	dir     string
	places  places
	tokens  *Tokens           // nil until they are asked for
	general *checkpoint.Lists // likewise
}

// Open opens the data checkpoint in a folder.
func Open(dir string) (*Domain, error) {
	m, err := checkpoint.Load(dir)
	if err != nil {
		return nil, err
	}
	d := &Domain{dir: dir}
	if d.Tokenizer, err = tokenizer.Load(filepath.Join(dir, TokenizerFile)); err != nil {
		return nil, err
	}
	var ok bool
	end := cmp.Or(m.Facts[EndFact], EOS)
	if d.EOS, ok = d.Tokenizer.ID(end); !ok {
		return nil, fmt.Errorf("%w: %s: there is no %s", errNoEnd, dir, end)
	}
	if d.Forms, err = form.Load(filepath.Join(dir, FormsFile)); err != nil {
		return nil, err
	}
	d.PlaceTokens = placeTokens(d.Tokenizer, d.Forms, int(m.Counters[LongestPlace]))
	all, err := exam.Load(filepath.Join(dir, ExamFile))
	if err != nil {
		return nil, err
	}
	d.Items, d.Asked = exam.Of(all, ""), exam.Of(all, exam.Asked)
	if d.Sections, err = corpus.Open(filepath.Join(dir, SectionsFile)); err != nil {
		return nil, err
	}
	return d, nil
}

// Close unmaps the domain's files. Sections that were read stay valid.
func (d *Domain) Close() error {
	var err error
	if d.tokens != nil {
		err = d.tokens.rows.Close()
	}
	if d.general != nil {
		err = errors.Join(err, d.general.Close())
	}
	if c, ok := d.Sections.(io.Closer); ok {
		err = errors.Join(err, c.Close())
	}
	return err
}
