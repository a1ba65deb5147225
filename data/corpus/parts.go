package corpus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"slm/checkpoint"
	"slm/data/corpus/doc"
)

// What a stream has gone through is kept in parts: small checkpoints part-00000, … with the sections that it gave and, of every document,
// what later ones are compared with. A stream that finds parts reads its files again from the start, which is quick, and takes from the
// parts what is not: how documents are cut and which of them are copies.

const (
	partBytes     = 32 << 20 // text of a part
	partSections  = "sections.arrow"
	partDocuments = "documents.arrow"
	partDropped   = "dropped.arrow"
)

// passed is a document that a stream has gone through.
type passed struct {
	Title     string `arrow:"title"`     // its own
	Shape     string `arrow:"shape"`     // how it was cut; empty when it was left out
	Sections  int    `arrow:"sections"`  // it gave
	Words     []byte `arrow:"words"`     // print.words
	Signature []byte `arrow:"signature"` // print.signature
	Why       string `arrow:"why"`       // it was left out
	Of        string `arrow:"of"`        // what it copies
	Drops     int    `arrow:"drops"`     // rows of what it left out
	Kept      int64  `arrow:"kept"`      // characters, see Report
	Renamed   int    `arrow:"renamed"`   // sections, see Report
}

func (p passed) print() (out print) {
	copy(out.words[:], p.Words)
	for i := range min(len(out.signature), len(p.Signature)/2) {
		out.signature[i] = binary.LittleEndian.Uint16(p.Signature[2*i:])
	}
	return out
}

// parts is what a stream keeps and finds. The zero value keeps nothing.
type parts struct {
	dir  string
	most int
	n    int // whole parts

	found    func() (passed, error, bool) // documents of the parts that were found; nil behind the last
	sections func() (Section, error, bool)
	dropped  func() (Drop, error, bool)
	stop     []func()

	open      *checkpoint.Pending
	texts     *checkpoint.TableWriter[Section]
	documents *checkpoint.TableWriter[passed]
	drops     *checkpoint.TableWriter[Drop]
	bytes     int
}

// openParts finds the whole parts in opt.Keep. A damaged part, and all behind it, count for nothing.
func openParts(opt Options) (*parts, error) {
	p := &parts{dir: opt.Keep, most: opt.part}
	if p.dir == "" {
		return p, nil
	}
	if p.most == 0 {
		p.most = partBytes
	}
	if err := checkpoint.MakeDir(p.dir); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	for checkpoint.Verify(p.part(p.n)) == nil {
		p.n++
	}
	var stopDocuments, stopSections, stopDropped func()
	p.found, stopDocuments = iter.Pull2(rowsOf[passed](p, p.n, partDocuments))
	p.sections, stopSections = iter.Pull2(rowsOf[Section](p, p.n, partSections))
	p.dropped, stopDropped = iter.Pull2(rowsOf[Drop](p, p.n, partDropped))
	p.stop = []func(){stopDocuments, stopSections, stopDropped}
	return p, nil
}

func (p *parts) part(n int) string { return filepath.Join(p.dir, fmt.Sprintf("part-%05d", n)) }

// rowsOf goes through a table of the first n parts.
func rowsOf[T any](p *parts, n int, name string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i := range n {
			for row, err := range tableRows[T](filepath.Join(p.part(i), name)) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// next returns what the parts hold of a document, as long as they hold any.
func (p *parts) next(of doc.Document) (d outcome, again bool, err error) {
	if p.found == nil {
		return d, false, nil
	}
	d.passed, err, again = p.found()
	if !again {
		p.found = nil
		return d, false, nil
	}
	if err == nil && d.Title != of.Title {
		err = fmt.Errorf("corpus: %s: %w: kept of %q where the files have %q", p.dir, checkpoint.ErrCorrupt, d.Title, of.Title)
	}
	if err == nil {
		d.sections, err = take(p.sections, d.Sections)
	}
	if err == nil {
		d.drops, err = take(p.dropped, d.Drops)
	}
	if err != nil {
		err = fmt.Errorf("corpus: %s: %q: %w", p.dir, d.Title, err)
	}
	return d, true, err
}

// take reads n rows.
func take[T any](next func() (T, error, bool), n int) ([]T, error) {
	rows := make([]T, 0, min(n, 1024))
	for range n {
		row, err, ok := next()
		if !ok {
			err = fmt.Errorf("%w: rows are missing", checkpoint.ErrCorrupt)
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// add keeps a document, and ends the part when it is large enough.
func (p *parts) add(d outcome) (err error) {
	if p.dir == "" {
		return nil
	}
	if p.open == nil {
		if err := p.begin(); err != nil {
			return fmt.Errorf("corpus: %w", err)
		}
	}
	d.Sections, d.Drops = len(d.sections), len(d.drops)
	err = errors.Join(p.documents.Append(d.passed), p.texts.Append(d.sections...), p.drops.Append(d.drops...))
	for _, s := range d.sections {
		p.bytes += len(s.Text)
	}
	if err == nil && p.bytes >= p.most {
		if err = errors.Join(p.documents.Close(), p.texts.Close(), p.drops.Close()); err == nil {
			err = p.open.Commit(&checkpoint.Manifest{Stage: "part"})
			p.open, p.n, p.bytes = nil, p.n+1, 0
		}
	}
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	return nil
}

func (p *parts) begin() (err error) {
	if p.open, err = checkpoint.Begin(p.part(p.n)); err != nil {
		return err
	}
	if p.documents, err = checkpoint.NewTableWriter[passed](p.open.Path(partDocuments), nil); err != nil {
		return err
	}
	if p.texts, err = checkpoint.NewTableWriter[Section](p.open.Path(partSections), nil); err != nil {
		return err
	}
	p.drops, err = checkpoint.NewTableWriter[Drop](p.open.Path(partDropped), nil)
	return err
}

// close gives up the part that is not whole, and the folder when it holds none.
func (p *parts) close() error {
	for _, stop := range p.stop {
		stop()
	}
	var err error
	if p.open != nil {
		if p.documents != nil {
			err = p.documents.Abort()
		}
		if p.texts != nil {
			err = errors.Join(err, p.texts.Abort())
		}
		if p.drops != nil {
			err = errors.Join(err, p.drops.Abort())
		}
		err = errors.Join(err, p.open.Abort())
	}
	if p.dir != "" && p.n == 0 {
		_ = os.Remove(p.dir) // it stays when something else is in it
	}
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	return nil
}
