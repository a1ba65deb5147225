package draft

import (
	"fmt"
	"strings"

	"slm/score"
)

// finish counts the sentences and makes the text of a draft.
func (d *Draft) finish() {
	var paragraphs []string
	var worded, quoted []Sentence
	said := map[string]bool{}
	for _, p := range d.Parts {
		for _, s := range p.Sentences {
			if s.Mark != "" {
				d.Marked++
			}
			if s.Quoted {
				quoted = append(quoted, s)
			} else {
				worded = append(worded, s)
			}
		}
		if text := p.text(said); text != "" {
			paragraphs = append(paragraphs, text)
		}
	}
	d.Text = strings.Join(paragraphs, "\n\n")
	if d.Quoted = len(worded) == 0 && len(quoted) > 0; d.Quoted {
		worded = quoted
	}
	held := 0
	for _, s := range worded {
		if s.Support == nil {
			continue
		}
		if d.Sentences++; *s.Support >= score.Supported {
			held++
		}
	}
	if d.Sentences > 0 {
		share := float64(held) / float64(d.Sentences)
		d.Faithful = &share
	}
}

// text is what is said to a question, without sentences that have been said.
func (p Part) text(said map[string]bool) string {
	var out []string
	for _, s := range p.Sentences {
		key := s.Text + "\x00" + s.Mark
		if said[key] {
			continue
		}
		said[key] = true
		out = append(out, s.String())
	}
	return strings.Join(out, " ")
}

// String is a sentence with the numbers of its sources and its mark.
func (s Sentence) String() string {
	text := s.Text
	var notes strings.Builder
	for _, n := range s.Sources {
		fmt.Fprintf(&notes, "[%d]", n)
	}
	if s.Mark != "" {
		fmt.Fprintf(&notes, "[%s]", s.Mark)
	}
	if notes.Len() > 0 {
		text += " " + notes.String()
	}
	return text
}
