package corpus

import (
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

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
	titles, err := titlesOf(opt)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	if opt.From == Licenses && len(wanted) > 0 { // those that are not wanted are not read
		for _, title := range read.LicenseTitles() {
			seen[title] = !wanted[title] && slices.Contains(opt.Whole, title)
		}
	}
	done, err := openParts(opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done.close()) }()
	for d, err := range split(docs, report) {
		if err != nil {
			return err
		}
		titles.entitle(&d)
		if out := slices.Contains(opt.Except, d.Title); out || len(wanted) > 0 && !wanted[d.Title] {
			seen[d.Title] = seen[d.Title] || out || slices.Contains(opt.Whole, d.Title)
			if err := report.drop(opt, whole(d, "its title is not wanted", "")); err != nil {
				return err
			}
			continue
		}
		seen[d.Title] = true
		report.name(&d)
		p, again, err := done.next(d)
		if err != nil {
			return err
		}
		if !again {
			p = pass(opt, dedup, d)
		}
		if report.add(p.passed); p.Shape != "" {
			dedup.keep(p.Title, p.print())
		}
		for _, x := range p.drops {
			if err := report.drop(opt, x); err != nil {
				return err
			}
		}
		for _, s := range p.sections {
			report.count(s)
			if !yield(s, nil) {
				return nil
			}
		}
		if !again {
			if err := done.add(p); err != nil {
				return err
			}
		}
	}
	for i, title := range slices.Concat(opt.Only, opt.Whole, opt.Except) {
		if key := "only"; !seen[title] {
			if i >= len(opt.Only) {
				key = "whole"
			}
			if i >= len(opt.Only)+len(opt.Whole) {
				key = "except"
			}
			return fmt.Errorf("corpus: no document has the title %q, which data.corpus.%s names: %w; -s 'data.corpus.%s=[]' names none", title, key, read.ErrUnknown, key)
		}
	}
	report.Digest = hex.EncodeToString(report.digest.Sum(nil))
	if report.Sections == 0 {
		return fmt.Errorf("corpus: nothing left to learn: %w%s", read.ErrEmpty, report.reasons())
	}
	return nil
}

// split makes the documents of what readers give, and counts what was read.
func split(docs iter.Seq2[doc.Document, error], report *Report) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		for whole, err := range docs {
			if err != nil {
				yield(doc.Document{}, err)
				return
			}
			report.Read += int64(whole.Chars)
			for _, d := range cut.Split(whole) {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// outcome is a document that a stream has gone through, with what it gave.
type outcome struct {
	passed
	sections []Section
	drops    []Drop
}

// pass cuts a document and compares it with those before it.
func pass(opt Options, dedup *dedup, d doc.Document) outcome {
	result := cut.Document(d, cut.Options{Numbered: opt.Numbered && !slices.Contains(opt.Whole, d.Title), Longest: opt.Longest})
	out := outcome{passed: passed{Title: d.Title, Shape: result.Kind, Renamed: result.Renamed}}
	for _, x := range result.Drops {
		out.drops = append(out.drops, Drop{Title: d.Title, Why: x.Why, Source: place(d, x.Line), Chars: int64(x.Chars), Begins: x.Begins})
	}
	kept := int64(d.Named)
	for _, p := range result.Pieces {
		out.sections = append(out.sections, Section{
			ID: d.Title + "#" + p.Number, Title: d.Title, Number: p.Number, Heading: p.Heading, Text: p.Text, Source: place(d, p.Line),
		})
		kept += int64(doc.Chars(p.Text) + p.Named)
	}
	if len(out.sections) == 0 {
		out.Why = result.Why
		told := slices.ContainsFunc(out.drops, func(x Drop) bool { return x.Why == out.Why })
		if d.Named > 0 || !told { // the rest of it is dropped already
			out.drops = append(out.drops, Drop{Title: d.Title, Why: out.Why, Source: place(d, d.Line()), Chars: int64(d.Named), Begins: d.Title})
		}
		return out
	}
	p := dedup.print(d, out.sections)
	if why, of := dedup.find(p); why != "" {
		x := whole(d, why, of)
		x.Chars = kept
		return outcome{passed: passed{Title: d.Title, Why: why, Of: of}, drops: append(out.drops, x)}
	}
	out.Words, out.Signature, out.Kept = p.words[:], p.signature.Bytes(), kept
	return out
}

func place(d doc.Document, line int) string { return d.Source + ":" + strconv.Itoa(line) }

// whole is the row of a document that is left out.
func whole(d doc.Document, why, of string) Drop {
	x := Drop{Title: d.Title, Why: why, Of: of, Source: place(d, d.Line()), Chars: int64(d.Named)}
	for _, b := range d.Blocks {
		x.Chars += int64(doc.Chars(b.Text))
		if x.Begins == "" {
			x.Begins = cut.Begins(b.Text)
		}
	}
	return x
}

// add counts a document.
func (r *Report) add(p passed) {
	r.Kept, r.Renamed = r.Kept+p.Kept, r.Renamed+p.Renamed
	switch {
	case p.Shape != "":
		r.Documents++
		r.Shapes[p.Shape]++
	case p.Of == "":
		r.DroppedShort++
	case p.Why == exactCopy:
		r.DroppedExact++
	default:
		r.DroppedNear++
	}
}

// reasons tells why everything was left out, for an error's end.
func (r *Report) reasons() string {
	var list []string
	for _, why := range slices.Sorted(maps.Keys(r.Left)) {
		list = append(list, fmt.Sprintf("%s: %d, with %d characters", why, r.Left[why].Rows, r.Left[why].Chars))
	}
	if len(list) == 0 {
		return ""
	}
	return " (left out: " + strings.Join(list, "; ") + ")"
}

// drop counts what is left out, and tells it.
func (r *Report) drop(opt Options, d Drop) error {
	reason, _, _ := strings.Cut(d.Why, " (") // near copies of any similarity are one reason
	left := r.Left[reason]
	r.Left[reason] = Left{left.Rows + 1, left.Chars + d.Chars}
	if opt.Dropped == nil {
		return nil
	}
	return opt.Dropped(d)
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
// the title of their document; among them the second of a number becomes "4 (2)". It keeps a hash a title.
func (r *Report) name(d *doc.Document) {
	if d.IsSection() {
		number := r.free("section "+d.Title+"#", d.Number)
		if number != d.Number {
			r.Renamed++
			if d.Number == d.Heading {
				d.Heading = number
			}
			d.Number = number
		}
		return
	}
	d.Title = r.free("", d.Title)
}

// free is a name that nothing else in a room has, and takes it: the name, or its n-th with n behind it.
func (r *Report) free(room, name string) string {
	for free := name; ; {
		h := minhash.Hash(room + free)
		r.titles[h]++
		n := r.titles[h]
		if n == 1 {
			return free
		}
		free = fmt.Sprintf("%s (%d)", name, n)
	}
}
