package form

import (
	"fmt"

	"slm/data/corpus"
)

// Names of the sets that Default knows.
const (
	LicenseForms = "licenses" // numbered sections of licences
	NumberForms  = "numbers"  // numbered sections of any document
	HeadingForms = "headings" // sections with headings
	PlainForms   = "plain"    // texts without either: no place
)

// Default returns one of the sets that come with the program.
func Default(name string) (Set, error) {
	switch name {
	case LicenseForms:
		return licenses(), nil
	case NumberForms:
		return numbers(), nil
	case HeadingForms:
		return headings(), nil
	case PlainForms:
		return plain(), nil
	}
	return Set{}, fmt.Errorf("form: %w: no set of forms is called %q; there are %s, %s, %s and %s", ErrTemplate, name, LicenseForms, NumberForms, HeadingForms, PlainForms)
}

// For names the default set that suits a corpus: by what most of its sections have.
func For(from string, sections []corpus.Section) string {
	if from == corpus.Licenses {
		return LicenseForms
	}
	headed, numbered, running := 0, 0, map[string]int{}
	for _, s := range sections {
		running[s.Title]++
		if s.Heading != "" {
			headed++
		}
		// A running number counts pieces of text; a number of the document's own starts elsewhere or skips.
		if s.Number != fmt.Sprint(running[s.Title]) {
			numbered++
		}
	}
	switch {
	case headed*2 > len(sections):
		return HeadingForms
	case numbered*2 > len(sections):
		return NumberForms
	}
	return PlainForms
}

func licenses() Set {
	const place = "{title} license\nSection {number}:"
	return Set{
		Place:    place,
		Document: []string{place, "Section {number} of the {title} license reads:", "{title}, section {number}.", "[{title} | {number}]"},
		Question: []string{
			"What does section {number} of the {title} license say?",
			"Quote section {number} of {title}.",
			"In the {title} license, what is written in section {number}?",
			"What is the text of section {number} in the {title} license?",
			"Section {number} of the {title} license: how does it read?",
			"Please recite {title}, section {number}.",
			"Which words stand in section {number} of {title}?",
		},
		Heading: []string{
			"What does the section \"{heading}\" of the {title} license say?",
			"What does the {title} license say under \"{heading}\"?",
			"Quote the part of {title} that is headed \"{heading}\".",
		},
		Quote: []string{
			"Which section of which license says: \"{quote}\"?",
			"Where does it stand: \"{quote}\"?",
			"\"{quote}\": which license is that, and which section of it?",
		},
		Exam: "What does section {number} of the {title} license say?",
	}
}

func numbers() Set {
	const place = "{title}, section {number}:"
	return Set{
		Place:    place,
		Document: []string{place, "Section {number} of {title} reads as follows.", "[{title} | {number}]"},
		Question: []string{
			"What does section {number} of {title} say?",
			"Quote section {number} of {title}.",
			"In {title}, what is written in section {number}?",
			"What is the text of section {number} in {title}?",
			"Please recite {title}, section {number}.",
			"Which words stand in section {number} of {title}?",
		},
		Heading: []string{"What does {title} say under \"{heading}\"?"},
		Quote:   []string{"Which section of which document says: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
		Exam:    "What does section {number} of {title} say?",
	}
}

func headings() Set {
	const place = "{title}, {heading}:"
	return Set{
		Place:    place,
		Document: []string{place, "From \"{heading}\" in {title}.", "[{title} | {heading}]"},
		Question: []string{
			"What does {title} say about {heading}?",
			"What does {title} say under \"{heading}\"?",
			"Quote the part \"{heading}\" of {title}.",
			"In {title}, what is written under \"{heading}\"?",
			"What stands in {title}, {heading}?",
			"Please recite {title}, \"{heading}\".",
		},
		Heading: []string{"What is written under the heading \"{heading}\" in {title}?", "{title}: what does \"{heading}\" say?"},
		Quote:   []string{"Which part of which document says: \"{quote}\"?", "Where does it stand: \"{quote}\"?"},
		Exam:    "What does {title} say about {heading}?",
	}
}

// plain has no place: parts of a text that bear no name of their own are counted, and nobody asks for "part 7" in earnest.
func plain() Set {
	return Set{
		Document: []string{"From {title}, part {number}.", "[{title} | {number}]"},
		Question: []string{
			"What does part {number} of {title} say?",
			"Quote part {number} of {title}.",
			"In {title}, what is written in part {number}?",
		},
		Quote: []string{"How does the passage go on that holds the words \"{quote}\"?", "Quote the passage that says: \"{quote}\"."},
		Exam:  "What does part {number} of {title} say?",
	}
}
