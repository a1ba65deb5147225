package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What training would refuse of a corpus, check refuses: with its file and line, of several files at once, in exit code 4.
func TestCheck_CorpusFilesAreOpenedAndRefusedByFileAndLine(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"bad/a.jsonl": "{\"text\":\"x\"}\n{\"text\":3}\n", "bad/b.csv": "title,text\nA,x\nB\n", "bad/c.txt": "fine\ncaf\xe9\n", "bad/d.parquet": "PAR1 and no more", "bad/e.docx": "no archive",
		"bad/f.txt.gz": "not packed", "bad/g.html": "<p>\n\xff</p>", "bad/h.csv": "title,body\nA,x\n", "bad/i.md": "", "bad/j.arrow": "ARROW1", "pdf/k.pdf": "%PDF-1.7",
		"good/a.csv": "title,number,text\nA,1,Alpha.\nA,2,Beta.\nB,1,Gamma.\n", "good/b.html": "<h1>Page</h1><p>Delta.</p>",
	} {
		put(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	for folder, want := range map[string][]string{
		"bad": {
			"a.jsonl:2: ", "b.csv:3: 1 fields, where the header has 2", "c.txt:2: ", "d.parquet:1: ", "e.docx:1: ", "f.txt.gz:1: ", "g.html:2: ",
			`h.csv:1: cannot be read: no column "text" (it has: title, body); data.corpus.field`, "i.md: no text", "j.arrow:1: ",
		},
		"pdf":  {"k.pdf", "pdftotext"},
		"good": nil,
	} {
		put(t, filepath.Join(dir, folder+".yaml"), "slm: 1\nextends: tiny\ndata: {corpus: {from: \"\", path: \""+folder+"/*\", only: [], numbered: false}}\n")
		o := slm(t, dir, "check", folder+".yaml")
		for _, w := range want {
			if o.code != exitData || !strings.Contains(o.err, w) || strings.Contains(o.err, "panic") {
				t.Errorf("%s: exit %d, want %d and %q:\n%s", folder, o.code, exitData, w, o.err)
			}
		}
		if want == nil && o.code != 0 {
			t.Errorf("%s: exit %d:\n%s", folder, o.code, o.err)
		}
	}
}
