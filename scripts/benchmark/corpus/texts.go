package corpus

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"slm/data/corpus"
	"slm/rng"
)

// maker writes documents that read like the licences inside the program, and no two alike unless they are meant to be: sentences are drawn
// from all licences, and names and numbers are put into them. Of a hundred documents 2 are exact and 3 near copies of an earlier one.
type maker struct {
	sentences []string
	draw      *rng.Stream
	old       [64][]string // paragraphs of some earlier documents
	documents int
}

func newMaker(seed uint64) (*maker, error) {
	sections, _, err := corpus.Collect(corpus.Options{From: corpus.Licenses})
	if err != nil {
		return nil, err
	}
	m := &maker{draw: rng.New(seed, "bench-corpus")}
	for _, s := range sections {
		for sentence := range strings.SplitSeq(s.Text, ". ") {
			if n := len(sentence); n > 20 && n < 400 {
				m.sentences = append(m.sentences, sentence)
			}
		}
	}
	return m, nil
}

// name is a word that is mostly new: so a vocabulary grows, as that of a real corpus does.
func (m *maker) name() string {
	const parts = "barelodinsutamokerivanopeligrafi"
	var b strings.Builder
	for range 2 + m.draw.IntN(3) {
		at := 2 * m.draw.IntN(len(parts)/2)
		b.WriteString(parts[at : at+2])
	}
	name := b.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

// document gives the paragraphs of the next document, 4 KB on average.
func (m *maker) document() []string {
	m.documents++
	slot := m.draw.IntN(len(m.old))
	if kind := m.draw.IntN(100); kind < 5 && m.old[slot] != nil {
		again := append([]string(nil), m.old[slot]...)
		if kind >= 2 {
			again[len(again)-1] += " " + m.name() + " has signed."
		}
		return again
	}
	out := make([]string, 1+m.draw.IntN(11))
	for i := range out {
		var b strings.Builder
		for range 2 + m.draw.IntN(6) {
			words := strings.Fields(m.sentences[m.draw.IntN(len(m.sentences))])
			at := m.draw.IntN(len(words))
			words[at] = m.name()
			if m.draw.IntN(4) == 0 {
				words[at] = fmt.Sprintf("%d.%d", m.draw.IntN(400), m.draw.IntN(100))
			}
			b.WriteString(strings.Join(words, " "))
			b.WriteString(". ")
		}
		out[i] = strings.TrimSpace(b.String())
	}
	m.old[slot] = out
	return out
}

// write fills a folder with size bytes of text, a third each in JSON lines of documents, Markdown with a document a heading, and text files of
// a hundred documents. The numbers of sections in one document of four make it a numbered one.
func (m *maker) write(dir string, size int64) error {
	for i, kind := range []struct {
		name  string // with a number where there is more than one file
		bytes int64  // of one file, about
		text  func(title string, paragraphs []string) string
	}{
		{"records-%02d.jsonl", 128 << 20, func(title string, paragraphs []string) string {
			line, _ := json.Marshal(map[string]string{"title": title, "text": strings.Join(paragraphs, "\n\n")}) // strings always encode
			return string(line) + "\n"
		}},
		{"pages-%02d.md", 64 << 20, func(title string, paragraphs []string) string {
			return "# " + title + "\n\n" + strings.Join(paragraphs, "\n\n## "+m.name()+"\n\n") + "\n\n"
		}},
		{"text-%04d.txt", 400 << 10, func(_ string, paragraphs []string) string { return strings.Join(paragraphs, "\n\n") + "\n\n" }},
	} {
		left := size / 3
		for n := 0; left > 0; n++ {
			wrote, err := m.file(filepath.Join(dir, fmt.Sprintf(kind.name, n)), min(left, kind.bytes), kind.text)
			if err != nil {
				return fmt.Errorf("kind %d: %w", i, err)
			}
			left -= wrote
		}
	}
	return nil
}

func (m *maker) file(path string, size int64, text func(string, []string) string) (wrote int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for wrote < size && err == nil {
		paragraphs := m.document()
		if m.documents%4 == 0 {
			for i := range paragraphs {
				paragraphs[i] = fmt.Sprintf("%d. %s", i+1, paragraphs[i])
			}
		}
		var n int
		n, err = w.WriteString(text(fmt.Sprintf("%s %d", m.name(), m.documents), paragraphs))
		wrote += int64(n)
	}
	return wrote, errors.Join(err, w.Flush(), f.Close())
}
