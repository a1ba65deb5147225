package starter

import (
	"strings"

	"slm/data/form"
	"slm/pipeline/survey"
)

// language has the forms of one language, a set for each way to ask: by heading, by a heading that is a question, by the name of a function or
// an option, by number. Where a number is called by a word, {word} stands for it.
type language struct {
	code                           string
	headed, asked, named, numbered form.Set
	word                           string // before a number, where the texts do not show one
}

// languages are those with forms of their own. The first is for all others, too.
var languages = []language{english, chinese, german, french, korean}

// Forms are the templates for a kind of text in a language. word stands before numbers in the texts; empty where nothing does.
func Forms(kind survey.Kind, code, word string) form.Set {
	l := languages[0]
	for _, other := range languages {
		if other.code == code {
			l = other
		}
	}
	set := l.headed
	switch kind {
	case survey.FAQ:
		set = l.asked
	case survey.Code:
		set = l.named
	case survey.Statutes:
		if set = l.numbered; word == "" {
			word = l.word
		}
		set = called(set, word)
	}
	set.Document = append([]string{set.Place}, set.Document...)
	set.Exam = set.Question[0]
	return set
}

// called puts the word for a number into a set; without one, a number is called by itself.
func called(set form.Set, word string) form.Set {
	if word != "" {
		word += " "
	}
	put := func(list []string) []string {
		out := make([]string, len(list))
		for i, text := range list {
			out[i] = strings.ReplaceAll(text, "{word} ", word)
		}
		return out
	}
	set.Place = put([]string{set.Place})[0]
	set.Document, set.Question, set.Heading, set.Quote = put(set.Document), put(set.Question), put(set.Heading), put(set.Quote)
	return set
}
