// Package survey looks at texts before there is a recipe for them: what can be read, how it is cut, in which language it is, and which kind
// of text it is. It trains nothing and writes nothing.
package survey

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"slm/data/corpus"
	"slm/data/corpus/read"
	"slm/data/question"
	"slm/stages/prep"
)

// BytesPerToken is how many bytes of text a token of a tokenizer with 4,096 tokens, trained on that text, holds: 3.4 to 3.9 in the ten folders
// of docs/measurements.md, three languages.
const BytesPerToken = 3.7

// Near is the similarity from which a document counts as a near copy of an earlier one.
const Near = 0.8

// Survey is what was found.
type Survey struct {
	Files     read.Counts `json:"files"`              // that are read, by their format
	Left      read.Counts `json:"left_out,omitempty"` // that are not, by the reason
	Documents int         `json:"documents"`
	Sections  int         `json:"sections"`
	Headed    int         `json:"headed"` // sections with a heading
	Bytes     int64       `json:"bytes"`  // of the sections' texts
	Tokens    int64       `json:"tokens"` // of them, about
	Language  string      `json:"language"`
	Kind      Kind        `json:"kind"`
	Word      string      `json:"word,omitempty"` // that stands before the numbers of numbered sections: "Section", "Article", "§"
	Dropped   []LeftOut   `json:"dropped,omitempty"`
	signs     signs
	languages map[string]int64 // bytes
	encoded   []string         // files that are in another encoding, or no text
}

// LeftOut is text of the files that is in no section.
type LeftOut struct {
	Why   string `json:"why"`
	Rows  int    `json:"rows"`
	Chars int64  `json:"characters"`
}

// Folder surveys all readable files below a folder, or a file.
func Folder(path string) (*Survey, error) {
	c := prep.Default().Corpus
	c.Path, c.Dedup.Near = []string{path}, Near
	return Of(c.Options())
}

// Of surveys files as stage data would read them. An error is one of reading: of corpus.Sections.
func Of(opt corpus.Options) (*Survey, error) {
	list, err := corpus.List(opt.Paths)
	if err != nil {
		return nil, err
	}
	sections, report, err := corpus.Sections(opt)
	if err != nil {
		return nil, err
	}
	s := &Survey{Files: list.Kinds(), Left: list.Reasons(), languages: map[string]int64{}}
	for _, left := range list.Left {
		if left.Why == read.NotText {
			s.encoded = append(s.encoded, left.Label)
		}
	}
	for section, err := range sections {
		if err != nil {
			return nil, err
		}
		s.add(section)
	}
	s.Documents, s.Sections, s.Bytes = report.Documents, report.Sections, report.Bytes
	s.Tokens = int64(float64(s.Bytes) / BytesPerToken)
	for _, why := range slices.Sorted(maps.Keys(report.Left)) {
		s.Dropped = append(s.Dropped, LeftOut{why, report.Left[why].Rows, report.Left[why].Chars})
	}
	s.Language = s.language()
	if s.Kind = s.signs.kind(report); s.Kind == Statutes {
		s.Word = s.signs.word(list)
	}
	return s, nil
}

func (s *Survey) add(section corpus.Section) {
	if section.Heading != "" {
		s.Headed++
	}
	s.languages[question.Language(section.Text)] += int64(len(section.Text))
	s.signs.see(section)
}

// language is that of most of the text whose language is known.
func (s *Survey) language() string {
	best := ""
	for _, code := range slices.Sorted(maps.Keys(s.languages)) {
		if code != "" && (best == "" || s.languages[code] > s.languages[best]) {
			best = code
		}
	}
	if s.languages[best]*4 < s.Bytes { // what is known is the exception
		return ""
	}
	return best
}

// Names of languages, for people.
var names = map[string]string{"en": "English", "zh": "Chinese", "de": "German", "fr": "French", "ko": "Korean"}

// LanguageName is the language in words.
func (s *Survey) LanguageName() string {
	if name, ok := names[s.Language]; ok {
		return name
	}
	return "a language without forms of its own"
}

// Warnings are what may keep a small model from learning these texts, or its owner from seeing whether it has.
func (s *Survey) Warnings() []string {
	var out []string
	if n := len(s.encoded); n > 0 {
		const most = 3
		names := strings.Join(s.encoded[:min(most, n)], ", ")
		if n > most {
			names += ", …"
		}
		out = append(out, fmt.Sprintf("left out, since they are not UTF-8 text: %s. Older texts are read once they are converted: iconv -f ISO-8859-1 -t UTF-8", names))
	}
	if s.Sections < fewSections {
		out = append(out, few(s.Sections))
	}
	if s.Kind != Statutes && s.Headed*2 < s.Sections {
		out = append(out, strings.TrimSpace(unheaded(s.Sections-s.Headed, s.Sections)))
	}
	if s.Language == "" {
		out = append(out, "the language is none of those with forms of their own (en, zh, de, fr, ko): the recipe asks in English; rewrite data.forms in the language of your readers")
	}
	return out
}
