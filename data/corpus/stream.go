package corpus

import (
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"slm/data/corpus/cut"
	"slm/data/corpus/doc"
	"slm/data/corpus/minhash"
	"slm/data/corpus/read"
)

// stream moves documents through de-duplication and cutting. It stops without an error when the consumer has enough.
func stream(opt Options, docs iter.Seq2[doc.Document, error], report *Report, yield func(Section, error) bool) (err error) {
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
	for d, err := range split(docs) {
		if err != nil {
			return err
		}
		if len(wanted) > 0 {
			if !wanted[d.Title] {
				continue
			}
			seen[d.Title] = true
		}
		if err := report.name(&d); err != nil {
			return err
		}
		p, sections, again, err := done.next(d)
		if err != nil {
			return err
		}
		if !again {
			p, sections = pass(opt, dedup, d)
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
			return fmt.Errorf("corpus: no document has the title %q: %w", title, read.ErrUnknown)
		}
	}
	report.Digest = hex.EncodeToString(report.digest.Sum(nil))
	if report.Sections == 0 {
		return fmt.Errorf("corpus: nothing left to learn (%d documents dropped): %w", report.DroppedExact+report.DroppedNear+report.DroppedShort, read.ErrEmpty)
	}
	return nil
}

// split makes the documents of what readers give.
func split(docs iter.Seq2[doc.Document, error]) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		for whole, err := range docs {
			if err != nil {
				yield(doc.Document{}, err)
				return
			}
			for _, d := range cut.Split(whole) {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// pass cuts a document and compares it with those before it.
func pass(opt Options, dedup *dedup, d doc.Document) (passed, []Section) {
	pieces, shape := cut.Document(d, cut.Options{Numbered: opt.Numbered})
	sections := make([]Section, len(pieces))
	for i, p := range pieces {
		sections[i] = Section{
			ID: d.Title + "#" + p.Number, Title: d.Title, Number: p.Number, Heading: p.Heading, Text: p.Text, Source: d.Source + ":" + strconv.Itoa(p.Line),
		}
	}
	if len(sections) == 0 {
		return passed{Title: d.Title, Why: short(opt)}, nil
	}
	p := dedup.print(sections)
	if c := dedup.find(d.Title, p); c != nil {
		return passed{Title: c.Title, Why: c.Why, Of: c.Of}, nil
	}
	return passed{Title: d.Title, Shape: shape, Words: p.words[:], Signature: p.signature.Bytes(), Sections: len(sections)}, sections
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
func (r *Report) name(d *doc.Document) error {
	if d.IsSection() {
		id := d.Title + "#" + d.Number
		if h := minhash.Hash("section " + id); r.titles[h] == 0 {
			r.titles[h]++
			return nil
		}
		return fmt.Errorf("corpus: %s:%d: %w: there is a section %q already", d.Source, d.Line, read.ErrUnreadable, id)
	}
	for title := d.Title; ; {
		h := minhash.Hash(title)
		r.titles[h]++
		n := r.titles[h]
		if n == 1 {
			d.Title = title
			return nil
		}
		title = fmt.Sprintf("%s (%d)", d.Title, n)
	}
}

// short says why a document gave no section.
func short(opt Options) string {
	if opt.Numbered {
		return fmt.Sprintf("fewer than %d numbered sections", cut.MinNumbered)
	}
	return "no text"
}
