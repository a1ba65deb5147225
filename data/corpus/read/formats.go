// Package read opens the files of a corpus and gives the documents in them, each format in a file of its own.
//
// It does not cut documents into sections: see the package cut.
package read

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"slm/data/corpus/doc"
)

var (
	// ErrEmpty says that a corpus, or a file of it, holds no text.
	ErrEmpty = errors.New("no text")
	// ErrUnreadable says that a file is missing, may not be opened, is no UTF-8 text or breaks its own format.
	ErrUnreadable = errors.New("cannot be read")
	// ErrUnknown says that a corpus, a field or a title was named that does not exist.
	ErrUnknown = errors.New("unknown name")

	// errText says that a file is no text, or one in another encoding.
	errText = errors.New("not UTF-8 text; convert the file first")
)

// Format is one kind of file.
type Format struct {
	Name   string   // for people: "Markdown", "text"
	Ends   []string // how names of such files end, in lower case: ".md", ".markdown"; "" for names without an ending
	Binary bool     // it is no text: no byte order mark is taken off
	Named  bool     // read only where a recipe names the file, and not below a folder that it names
	// Read gives the documents of a file in order. An error ends them; it wraps ErrUnreadable and names the file and the line.
	Read func(in *Input) iter.Seq2[doc.Document, error]
}

var formats []Format

// Register adds a format. It is called before any file is opened. An ending that another format has is a mistake of the program.
func Register(f Format) {
	for _, end := range f.Ends {
		if _, ok := byEnd(end); ok || end != strings.ToLower(end) {
			panic(fmt.Sprintf("read: the ending %q cannot be registered", end))
		}
	}
	formats = append(formats, f)
}

// The formats, one a line.
func init() {
	Register(plainText)
	Register(markdown)
	Register(mdx)
	Register(restructured)
	Register(jsonl)
	Register(csvTable)
	Register(tsvTable)
	Register(htmlPage)
	Register(parquetTable)
	Register(arrowTable)
	Register(docx)
	Register(goSource)
}

func byEnd(end string) (Format, bool) {
	for _, f := range formats {
		if slices.Contains(f.Ends, end) {
			return f, true
		}
	}
	return Format{}, false
}

// formatOf returns the format of a file, by the end of its name.
func formatOf(name string) (Format, error) {
	inner, _ := unpacked(name)
	end := strings.ToLower(filepath.Ext(inner))
	if f, ok := byEnd(end); ok {
		return f, nil
	}
	return Format{}, fmt.Errorf("corpus: %s: %w: a corpus is made of %s files, which may be packed (.gz, .zst), not of %q%s",
		name, ErrUnreadable, endings(), filepath.Ext(inner), instead(end))
}

// endings lists the first ending of each format: ".txt, .md and .jsonl".
func endings() string {
	var ends []string
	for _, f := range formats {
		ends = append(ends, f.Ends[0])
	}
	last := len(ends) - 1
	return strings.Join(ends[:last], ", ") + " and " + ends[last]
}

// converters say what makes a file readable, by its ending.
var converters = map[string]string{
	".tgz": "unpack it first", ".tar": "unpack it first", ".zip": "unpack it first", ".bz2": "unpack it first", ".xz": "unpack it first", ".7z": "unpack it first",
	".doc": "make it .docx: libreoffice --convert-to docx FILE", ".odt": "pandoc FILE -o FILE.md", ".rtf": "pandoc FILE -o FILE.md",
	".epub": "pandoc FILE -o FILE.md", ".tex": "pandoc FILE -o FILE.md", ".org": "pandoc FILE -o FILE.md",
	".pdf": "pdftotext -layout FILE FILE.txt", ".json": "make it JSONL, a document a line: jq -c '.[]' FILE > FILE.jsonl", ".xml": "make it text, HTML or JSONL first",
	".xlsx": "save it as CSV", ".xls": "save it as CSV", ".ods": "save it as CSV",
}

// instead says what to do with a file of another format; it continues a sentence.
func instead(end string) string {
	if how := converters[end]; how != "" {
		return "; " + how
	}
	return ""
}
