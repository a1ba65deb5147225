// Package corpus turns files, or the licence texts inside the binary, into a stream of clean, de-duplicated sections.
//
// A document becomes sections with a title, a number, a heading and a text. The stream holds one document at a time, and of the
// documents gone by only hashes and MinHash signatures, so memory does not grow with the length of the texts.
//
// It does not tokenise, does not choose what is examined and does not write files: see the packages tokenizer, exam and pack.
package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"strconv"
)

var (
	// ErrEmpty says that a corpus, or a file of it, holds no text.
	ErrEmpty = errors.New("no text")
	// ErrUnreadable says that a file is missing, may not be opened, is no UTF-8 text or breaks its own format.
	ErrUnreadable = errors.New("cannot be read")
	// ErrUnknown says that a corpus, a field or a title was named that does not exist.
	ErrUnknown = errors.New("unknown name")
)

// Licenses is the value of Options.From that names the licence texts inside the binary.
const Licenses = "builtin:licenses"

// Section is one piece of a document: what a question is asked about.
type Section struct {
	ID      string `arrow:"id"`      // title#number, unique in a corpus and stable between runs
	Title   string `arrow:"title"`   // of the document
	Number  string `arrow:"number"`  // as the document numbers it ("4", "IV", "第四条"), else the running number from 1
	Heading string `arrow:"heading"` // empty when the document gives none
	Text    string `arrow:"text"`    // one line, clean; begins with the heading where the heading is part of the running text, as in licences
	Source  string `arrow:"source"`  // file:line where the section begins, the file from the folder that the pattern names; or the name of the built-in text
}

// Options says what is read and how it is thinned out.
type Options struct {
	From     string   // Licenses, or empty for files
	Paths    []string // files or globs, ** included, already absolute
	Field    string   // JSONL: the field that holds the text; empty means "text"
	Only     []string // titles to keep; for Licenses also their order. Empty keeps all
	Exact    bool     // drop documents whose words are those of an earlier one
	Near     float64  // drop documents whose 5-word shingles have at least this Jaccard similarity to an earlier one; 0 keeps them
	Numbered bool     // keep only documents with MinNumbered numbered sections or more, and of them only these sections
	Keep     string   // folder for what the stream has gone through, so that a later stream of the same options and files goes on there; empty keeps nothing
	block    int      // bytes of a file held at a time; 0 means blockMost
	part     int      // bytes of text after which a part is kept; 0 means partBytes
}

// MinNumbered is how many numbered sections make a document a numbered one. Shorter lists are enumerations inside a text.
const MinNumbered = 4

// exactCopy is the Why of a document whose words are those of an earlier one.
const exactCopy = "exact copy"

// maxListed bounds Report.Dropped: the counters go on, the list does not grow with the corpus.
const maxListed = 1000

// Drop is a document that was left out.
type Drop struct {
	Title string `arrow:"title"` // of the document left out
	Why   string `arrow:"why"`   // "exact copy", "near copy (0.93)", "fewer than 4 numbered sections"
	Of    string `arrow:"of"`    // title of the document it copies; empty when it was left out for another reason
}

// Report counts what a stream gave and what it left out. It is complete once the sequence has been drained.
type Report struct {
	Documents    int            // kept
	Sections     int            // kept
	DroppedExact int            // documents
	DroppedNear  int            // documents
	DroppedShort int            // documents without enough numbered sections
	Dropped      []Drop         // the first 1,000 of them
	Shapes       map[string]int // how documents were cut: "numbered", "headings", "paragraphs" → documents
	Bytes        int64          // of section texts
	Digest       string         // hex SHA-256 over the sections in order
	digest       hash.Hash
	titles       map[uint64]int
}

// document is one text on its way through the stream. Titles need not be unique yet.
type document struct {
	title, source   string
	line            int // line of the source on which the text begins, from 1
	text            string
	markdown        bool
	headed          bool // the title is a heading of a Markdown file
	ready           bool // the record is a section already, with the number and heading it names (JSONL)
	number, heading string
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
		*report = Report{Shapes: map[string]int{}, digest: sha256.New(), titles: map[uint64]int{}}
		more := true
		err := stream(opt, docs, report, func(s Section, err error) bool { more = yield(s, err); return more })
		if err != nil && more {
			yield(Section{}, err)
		}
	}, report, nil
}

// Collect drains a stream into memory.
func Collect(opt Options) ([]Section, *Report, error) {
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
	return out, report, nil
}

func open(opt Options) (iter.Seq2[document, error], error) {
	switch {
	case opt.Near < 0 || opt.Near > 1:
		return nil, fmt.Errorf("corpus: near-copy threshold %v is outside [0,1]", opt.Near)
	case opt.From == Licenses && len(opt.Paths) > 0:
		return nil, fmt.Errorf("corpus: both %s and paths were given; name one of them", Licenses)
	case opt.From == Licenses:
		return licenses(opt.Only)
	case opt.From != "":
		return nil, fmt.Errorf("corpus: %q: %w: the only built-in corpus is %s", opt.From, ErrUnknown, Licenses)
	case len(opt.Paths) == 0:
		return nil, fmt.Errorf("corpus: %w: no path and no built-in corpus was named", ErrEmpty)
	}
	return files(opt)
}

// stream moves documents through de-duplication and cutting. It stops without an error when the consumer has enough.
func stream(opt Options, docs iter.Seq2[document, error], report *Report, yield func(Section, error) bool) (err error) {
	dedup := newDedup(opt.Exact, opt.Near)
	wanted := map[string]bool{}
	for _, title := range opt.Only {
		wanted[title] = true
	}
	seen := map[string]bool{}
	done, err := openParts(opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done.close()) }()
	for doc, err := range docs {
		if err != nil {
			return err
		}
		if len(wanted) > 0 {
			if !wanted[doc.title] {
				continue
			}
			seen[doc.title] = true
		}
		if err := report.name(&doc); err != nil {
			return err
		}
		p, sections, again, err := done.next(doc)
		if err != nil {
			return err
		}
		if !again {
			p, sections = pass(opt, dedup, doc)
		}
		if report.add(p); p.Shape != "" {
			dedup.keep(p.Title, p.print())
		}
		for _, s := range sections {
			report.count(s)
			if !yield(s, nil) {
				return nil
			}
		}
		if !again {
			if err := done.add(p, sections); err != nil {
				return err
			}
		}
	}
	for _, title := range opt.Only {
		if !seen[title] {
			return fmt.Errorf("corpus: no document has the title %q: %w", title, ErrUnknown)
		}
	}
	report.Digest = hex.EncodeToString(report.digest.Sum(nil))
	if report.Sections == 0 {
		return fmt.Errorf("corpus: nothing left to learn (%d documents dropped): %w", report.DroppedExact+report.DroppedNear+report.DroppedShort, ErrEmpty)
	}
	return nil
}

// pass cuts a document and compares it with those before it.
func pass(opt Options, dedup *dedup, doc document) (passed, []Section) {
	sections, shape := cut(doc, opt.Numbered)
	if len(sections) == 0 {
		return passed{Title: doc.title, Why: short(opt)}, nil
	}
	p := dedup.print(sections)
	if d := dedup.find(doc.title, p); d != nil {
		return passed{Title: d.Title, Why: d.Why, Of: d.Of}, nil
	}
	return passed{Title: doc.title, Shape: shape, Words: p.words[:], Signature: p.signature.bytes(), Sections: len(sections)}, sections
}

// add counts a document and, when it was left out, says so.
func (r *Report) add(p passed) {
	switch {
	case p.Shape != "":
		r.Documents++
		r.Shapes[p.Shape]++
		return
	case p.Of == "":
		r.DroppedShort++
	case p.Why == exactCopy:
		r.DroppedExact++
	default:
		r.DroppedNear++
	}
	r.drop(Drop{p.Title, p.Why, p.Of})
}

func (r *Report) drop(d Drop) {
	if len(r.Dropped) < maxListed {
		r.Dropped = append(r.Dropped, d)
	}
}

// count adds a section to the figures and to the digest; lengths are hashed so that moving a border changes it.
func (r *Report) count(s Section) {
	r.Sections++
	r.Bytes += int64(len(s.Text))
	for _, field := range []string{s.ID, s.Number, s.Heading, s.Text} {
		_, _ = r.digest.Write([]byte(strconv.Itoa(len(field)) + ":" + field))
	}
}

// name gives the document a title that no other has: the second "readme" becomes "readme (2)". Records that are sections share
// the title of their document; among them the section must be new. It keeps a hash a title.
func (r *Report) name(doc *document) error {
	if doc.ready {
		id := doc.title + "#" + doc.number
		if h := hashString("section " + id); r.titles[h] == 0 {
			r.titles[h]++
			return nil
		}
		return fmt.Errorf("corpus: %s:%d: %w: there is a section %q already", doc.source, doc.line, ErrUnreadable, id)
	}
	for title := doc.title; ; {
		h := hashString(title)
		r.titles[h]++
		n := r.titles[h]
		if n == 1 {
			doc.title = title
			return nil
		}
		title = fmt.Sprintf("%s (%d)", doc.title, n)
	}
}

// short says why a document gave no section.
func short(opt Options) string {
	if opt.Numbered {
		return fmt.Sprintf("fewer than %d numbered sections", MinNumbered)
	}
	return "no text"
}
