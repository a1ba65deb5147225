// Package corpus turns files, or the licence texts inside the binary, into a stream of clean, de-duplicated sections.
//
// A document becomes sections with a title, a number, a heading and a text. The stream holds one document at a time, and of the
// documents gone by only hashes and MinHash signatures, so memory does not grow with the length of the texts. Files are read in the package
// read, a format a file; documents are cut in the package cut, a kind of text a file; clean and near have the canonical form and near copies.
//
// It does not tokenise, does not choose what is examined and does not write files: see the packages tokenizer, exam and pack.
package corpus

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"iter"
	"regexp"

	"slm/data/corpus/doc"
	"slm/data/corpus/read"
)

// Licenses is the value of Options.From that names the licence texts inside the binary.
const Licenses = "builtin:licenses"

// Section is one piece of a document: what a question is asked about.
type Section struct {
	ID      string `arrow:"id"`      // title#number, unique in a corpus and stable between runs
	Title   string `arrow:"title"`   // of the document
	Number  string `arrow:"number"`  // as the document numbers it ("4", "IV", "第四条"), else the running number from 1
	Heading string `arrow:"heading"` // empty when the document gives none
	Text    string `arrow:"text"`    // clean, prose in one line, code and tables in lines of their own; begins with the heading where the heading is part of the running text, as in licences
	Source  string `arrow:"source"`  // file:line where the section begins, the file from the folder that the pattern names; or the name of the built-in text
}

// counted matches the heading of a part for which the corpus has no other name than its number.
var counted = regexp.MustCompile(` \(\d+ of \d+\)(?: \(\d+\))?$`)

// Nameless reports whether nothing but a number tells the section from others of its document or heading: nobody asks for it by name.
func (s Section) Nameless() bool { return s.Heading == "" || counted.MatchString(s.Heading) }

// Options says what is read and how it is thinned out.
type Options struct {
	From     string           // Licenses, or empty for files
	Paths    []string         // files or globs, ** included, already absolute
	Field    string           // JSONL: the field that holds the text; empty means "text"
	Only     []string         // titles to keep; for Licenses also their order. Empty keeps all
	Except   []string         // titles to leave out
	Exact    bool             // drop documents whose words are those of an earlier one; records with a number or heading only below the same title
	Near     float64          // drop documents whose 5-word shingles have at least this Jaccard similarity to an earlier one; 0 keeps them
	Numbered bool             // keep only documents with cut.MinNumbered numbered sections or more, and of them only these sections
	Whole    []string         // titles that Numbered does not touch: their sections are their paragraphs, numbered from 1
	Longest  int              // bytes of a section of a text with headings: longer ones are cut into parts, short ones are joined; 0 leaves them as they are
	Keep     string           // folder for what the stream has gone through, so that a later stream of the same options and files goes on there; empty keeps nothing
	Dropped  func(Drop) error // is told what is left out, between the sections; may be nil
	block    int              // bytes of a file held at a time; 0 means 16 MB
	part     int              // bytes of text after which a part is kept; 0 means partBytes
}

// exactCopy is the Why of a document whose words are those of an earlier one.
const exactCopy = "exact copy"

// Drop is a part of the corpus that is in no section.
type Drop struct {
	Title  string `arrow:"title"`  // of the document
	Why    string `arrow:"why"`    // "exact copy", "near copy (0.93)", "fewer than 4 numbered sections", "comment", "cleaned", …
	Of     string `arrow:"of"`     // of a copy: the title of the document it copies
	Source string `arrow:"source"` // file:line where it begins
	Chars  int64  `arrow:"chars"`  // see doc.Chars
	Begins string `arrow:"begins"` // its first 80 characters; empty for what cleaning takes out
}

// Left counts what was left out for one reason.
type Left struct {
	Rows  int   // of Drop
	Chars int64 // see doc.Chars
}

// Report counts what a stream gave and what it left out. It is complete once the sequence has been drained. Then Read is Kept and the
// characters of all drops: nothing is lost.
//
// Characters are those of the texts as files hold them, decoded and not cleaned, without white space. Markup counts where the text is
// written with it (Markdown); tags of HTML, the rows' other fields and the like are no text.
type Report struct {
	Read         int64           // characters of the texts that were read
	Kept         int64           // of these in sections: in their texts, and in the lines that give titles, numbers and headings
	Left         map[string]Left // what is in no section, by reason
	Documents    int             // kept
	Sections     int             // kept
	DroppedExact int             // documents
	DroppedNear  int             // documents
	DroppedShort int             // documents without enough numbered sections, or without text
	Renamed      int             // sections whose number or heading stood in the document before, and which are told apart by a number
	Dropped      []Drop          // all that is left out; of Collect only
	Shapes       map[string]int  // how documents were cut: "numbered", "headings", "paragraphs" → documents
	Bytes        int64           // of section texts
	Digest       string          // hex SHA-256 over the sections in order
	digest       hash.Hash
	titles       map[uint64]int
}

// List returns the files that match any of the patterns, and what a folder's reading leaves out.
func List(patterns []string) (read.Listing, error) { return read.List(patterns) }

// Check returns what would be refused when the corpus is read, as far as the heads of its files show it.
func Check(opt Options) error {
	if _, err := open(opt); err != nil || opt.From != "" {
		return err
	}
	return read.Check(opt.Paths, read.Options{Field: opt.Field, Block: opt.block})
}

// Sections opens the corpus and returns its sections in a fixed order, with the report that the draining of the sequence fills.
// The error returned at once is about the options; an error inside the sequence ends it.
func Sections(opt Options) (iter.Seq2[Section, error], *Report, error) {
	docs, err := open(opt)
	if err != nil {
		return nil, nil, err
	}
	report := &Report{}
	return func(yield func(Section, error) bool) {
		*report = *newReport()
		more := true
		err := stream(opt, docs, report, func(s Section, err error) bool { more = yield(s, err); return more })
		if err != nil && more {
			yield(Section{}, err)
		}
	}, report, nil
}

func newReport() *Report {
	return &Report{Left: map[string]Left{}, Shapes: map[string]int{}, digest: sha256.New(), titles: map[uint64]int{}}
}

// Collect drains a stream into memory.
func Collect(opt Options) ([]Section, *Report, error) {
	var dropped []Drop
	opt.Dropped = func(d Drop) error { dropped = append(dropped, d); return nil }
	seq, report, err := Sections(opt)
	if err != nil {
		return nil, nil, err
	}
	var out []Section
	for s, err := range seq {
		if err != nil {
			return nil, report, err
		}
		out = append(out, s)
	}
	report.Dropped = dropped
	return out, report, nil
}

func open(opt Options) (iter.Seq2[doc.Document, error], error) {
	switch {
	case opt.Near < 0 || opt.Near > 1:
		return nil, fmt.Errorf("corpus: near-copy threshold %v is outside [0,1]", opt.Near)
	case opt.From == Licenses && len(opt.Paths) > 0:
		return nil, fmt.Errorf("corpus: both %s and paths were given; name one of them", Licenses)
	case opt.From == Licenses:
		return read.Licenses(opt.Only)
	case opt.From != "":
		return nil, fmt.Errorf("corpus: %q: %w: the only built-in corpus is %s", opt.From, read.ErrUnknown, Licenses)
	case len(opt.Paths) == 0:
		return nil, fmt.Errorf("corpus: %w: no path and no built-in corpus was named", read.ErrEmpty)
	}
	return read.Files(opt.Paths, read.Options{Field: opt.Field, Block: opt.block})
}
