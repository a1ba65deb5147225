package read

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// docx is WordprocessingML (ECMA-376): paragraphs, headings by their styles, tables. A paragraph of the style Title is the document's title.
// Deleted text, notes, headers and footers are not read.
var docx = Format{Name: "DOCX", Ends: []string{".docx"}, Binary: true, Read: func(in *Input) iter.Seq2[doc.Document, error] {
	return func(yield func(doc.Document, error) bool) {
		at, size, err := in.random()
		if err != nil {
			yield(doc.Document{}, in.fail(1, err))
			return
		}
		w, err := readDocx(at, size)
		if err != nil {
			yield(doc.Document{}, in.fail(max(1, w.paragraph), err))
			return
		}
		d := doc.Document{Title: w.title, Source: in.label, Outlined: true, Entitled: true, Named: w.named, Blocks: w.blocks, Chars: w.chars}
		if d.Title == "" {
			d.Title = in.title()
		}
		if len(d.Blocks) > 0 {
			yield(d, nil)
		}
	}
}}

// word is a document being read.
type word struct {
	title     string
	named     int
	blocks    []doc.Block
	chars     int
	paragraph int // of the document, from 1: what a line is elsewhere

	levels  map[string]int // styles that are headings; 0 is the title
	text    strings.Builder
	style   string
	table   int // depth
	cells   []string
	rows    strings.Builder
	begun   int // paragraph that the table begins with
	cell    strings.Builder
	inText  bool // of a run
	skipped int  // depth of what repeats its neighbour for older programs
}

func readDocx(at io.ReaderAt, size int64) (w word, err error) {
	z, err := zip.NewReader(at, size)
	if err != nil {
		return w, fmt.Errorf("no .docx: %w", err)
	}
	w.levels = map[string]int{}
	if err := eachToken(z, "word/styles.xml", size, w.styles()); err != nil && !errors.Is(err, errNoPart) {
		return w, err
	}
	return w, eachToken(z, "word/document.xml", size, w.take)
}

var errNoPart = errors.New("no .docx: a part is missing")

// eachToken goes through a part of the archive, which may unpack to no more than other packed files.
func eachToken(z *zip.Reader, name string, size int64, use func(xml.Token)) error {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }() // read only
		most := max(unpackedMost, unpackedTimes*size)
		limited := &io.LimitedReader{R: r, N: most + 1}
		d := xml.NewDecoder(limited)
		for {
			token, err := d.Token()
			switch {
			case limited.N <= 0:
				return tooLarge()
			case err == io.EOF:
				return nil
			case err != nil:
				return fmt.Errorf("%s: %w", name, err)
			}
			use(token)
		}
	}
	return fmt.Errorf("%w: %s", errNoPart, name)
}

// styles finds which styles are headings: by their names, which are English in every language, or by their outline levels.
func (w *word) styles() func(xml.Token) {
	id := ""
	return func(t xml.Token) {
		e, ok := t.(xml.StartElement)
		if !ok {
			return
		}
		switch e.Name.Local {
		case "style":
			id = attribute(e, "styleId")
		case "name":
			name := strings.ToLower(attribute(e, "val"))
			if level, err := strconv.Atoi(strings.TrimPrefix(name, "heading ")); err == nil {
				w.levels[id] = level
			} else if name == "title" {
				w.levels[id] = 0
			}
		case "outlineLvl":
			if level, err := strconv.Atoi(attribute(e, "val")); err == nil && level < 9 {
				w.levels[id] = level + 1
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (w *word) take(t xml.Token) {
	switch e := t.(type) {
	case xml.StartElement:
		w.open(e)
	case xml.EndElement:
		w.close(e.Name.Local)
	case xml.CharData:
		if w.inText && w.skipped == 0 {
			w.text.Write(e)
		}
	}
}

func (w *word) open(e xml.StartElement) {
	switch e.Name.Local {
	case "Fallback":
		w.skipped++
	case "p":
		w.paragraph++
		w.style = ""
	case "pStyle":
		w.style = attribute(e, "val")
	case "t":
		w.inText = true
	case "tab":
		w.text.WriteByte('\t')
	case "br", "cr":
		w.text.WriteByte('\n')
	case "tbl":
		if w.table++; w.table == 1 {
			w.begun = w.paragraph + 1
		}
	}
}

func (w *word) close(name string) {
	switch name {
	case "Fallback":
		w.skipped--
	case "t":
		w.inText = false
	case "p":
		text := decoded(w.text.String())
		w.text.Reset()
		w.end(text)
	case "tc":
		if w.table == 1 {
			w.cells = append(w.cells, clean.Fold(w.cell.String()))
			w.cell.Reset()
		}
	case "tr":
		if w.table == 1 {
			w.rows.WriteString(strings.Join(w.cells, " | ") + "\n")
			w.cells = nil
		}
	case "tbl":
		if w.table--; w.table == 0 {
			text := w.rows.String()
			w.rows.Reset()
			w.chars += doc.Chars(text)
			w.blocks = append(w.blocks, doc.Block{Kind: doc.Table, Decoded: true, Text: text + "\n", Line: w.begun})
		}
	}
}

// end takes up a paragraph.
func (w *word) end(text string) {
	if w.table > 0 {
		w.cell.WriteString(text + " ")
		return
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	w.chars += doc.Chars(text)
	level, heading := w.levels[w.style]
	if !heading && strings.HasPrefix(w.style, "Heading") {
		n, err := strconv.Atoi(strings.TrimPrefix(w.style, "Heading"))
		level, heading = n, err == nil
	}
	title := clean.Fold(clean.Decoded(text))
	switch {
	case heading && level == 0 && w.title == "":
		w.title, w.named = title, doc.Chars(text)
	case heading && level > 0 && title != "":
		w.blocks = append(w.blocks, doc.Block{Kind: doc.Head, Level: level, Title: headingTitle(title), Decoded: true, Text: text + "\n\n", Line: w.paragraph})
	default:
		w.blocks = append(w.blocks, doc.Block{Text: text + "\n\n", Decoded: true, Line: w.paragraph})
	}
}
