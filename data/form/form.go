// Package form turns sections and questions into the text a model reads, and a model's text back into a place.
//
// It holds the one render function for training, evaluation and use: a prompt that is written differently in two of them is not
// understood in one (lm-evaluation-harness, trl and others have had to learn it). It does not tokenise: see the package pack.
//
// A place names where a text stands in the corpus ("GPL-3.0 license\nSection 4:"). Knowledge is generated in two steps, from the
// question the place, and from the place alone the text. A set of forms without a place is generated from in one step.
package form

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/data/corpus"
)

// ErrTemplate says that a template names a field that does not exist, or that a set of forms contradicts itself.
var ErrTemplate = errors.New("bad template")

// Marks are the characters that may end a place. They stand in no value that is put into a place, so that a place in generated text
// ends at its first mark.
const Marks = ":："

// Set is a set of templates. {title}, {number} and {heading} stand for the section's own, {quote} for words from its text.
type Set struct {
	Place    string   // names a section; ends in one of Marks. Empty: the corpus has no places, and knowledge comes in one step
	Document []string // what stands in front of a section's text; the first is Place if there is one
	Question []string // asks for a section by its number
	Heading  []string // asks for a section by its heading
	Quote    []string // asks for the place of a quotation
	Exam     string   // asks for a section in the exam
}

// fields lists what each kind of template may and must name.
var fields = []struct {
	name      string
	templates func(Set) []string
	may, must []string
}{
	{"place", func(s Set) []string { return []string{s.Place} }, []string{"title", "number", "heading"}, nil},
	{"document", func(s Set) []string { return s.Document }, []string{"title", "number", "heading"}, nil},
	{"question", func(s Set) []string { return s.Question }, []string{"title", "number", "heading"}, nil},
	{"heading", func(s Set) []string { return s.Heading }, []string{"title", "number", "heading"}, []string{"heading"}},
	{"quote", func(s Set) []string { return s.Quote }, []string{"quote"}, []string{"quote"}},
	{"exam", func(s Set) []string { return []string{s.Exam} }, []string{"title", "number", "heading"}, nil},
}

// Mistake is one thing that is wrong with a set.
type Mistake struct {
	Kind string // the templates it is about: place, document, question, heading, quote, exam
	Err  error
}

func (m *Mistake) Error() string { return "form: " + m.Kind + " template: " + m.Err.Error() }
func (m *Mistake) Unwrap() error { return m.Err }

// Mistakes returns everything that is wrong with the set.
func (s Set) Mistakes() []*Mistake {
	var out []*Mistake
	add := func(kind, format string, args ...any) {
		out = append(out, &Mistake{kind, fmt.Errorf(format, args...)})
	}
	for _, kind := range fields {
		for _, template := range kind.templates(s) {
			if template == "" && kind.name != "place" && kind.name != "exam" {
				add(kind.name, "%w: it is empty", ErrTemplate)
			} else if err := check(template, kind.may, kind.must); err != nil {
				add(kind.name, "%q: %w", template, err)
			}
		}
	}
	switch {
	case len(s.Document) == 0:
		add("document", "%w: there is none", ErrTemplate)
	case s.Place != "" && s.Document[0] != s.Place:
		add("document", "%w: the first must be the place %q, not %q", ErrTemplate, s.Place, s.Document[0])
	}
	if mark := s.mark(); s.Place != "" && (mark == "" || strings.IndexAny(s.Place, Marks) != len(s.Place)-len(mark)) {
		add("place", "%w: %q must end in a colon, by which a generated place is told from what follows, and hold no other", ErrTemplate, s.Place)
	}
	if s.Exam == "" && len(s.Question) == 0 {
		add("question", "%w: there is none", ErrTemplate)
	}
	return out
}

// Validate returns every mistake in the set as one error.
func (s Set) Validate() error {
	var errs []error
	for _, m := range s.Mistakes() {
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}

// check looks at the {fields} of one template.
func check(template string, may, must []string) error {
	if strings.TrimRight(template, " \t\n") != template {
		return fmt.Errorf("%w: it ends in white space, which belongs to what follows", ErrTemplate)
	}
	missing := slices.Clone(must)
	for rest := template; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			break
		}
		name, tail, ok := strings.Cut(after, "}")
		if !ok {
			return fmt.Errorf("%w: %q has no closing brace", ErrTemplate, "{"+after)
		}
		if !slices.Contains(may, name) {
			return fmt.Errorf("%w: unknown field {%s} (it may have {%s})", ErrTemplate, name, strings.Join(may, "}, {"))
		}
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
		rest = tail
	}
	if len(missing) > 0 && template != "" {
		return fmt.Errorf("%w: it must name {%s}", ErrTemplate, missing[0])
	}
	return nil
}

// TwoSteps reports whether knowledge is generated in two steps, the place first.
func (s Set) TwoSteps() bool { return s.Place != "" }

// PlaceOf renders the place of a section; empty when the set has none.
func (s Set) PlaceOf(sec corpus.Section) string {
	if s.Place == "" {
		return ""
	}
	return render(s.Place, sec, "", unmarked)
}

// InLine is a place in one line, as it is shown: "GPL-3.0 license, Section 4".
func InLine(place string) string {
	return strings.ReplaceAll(strings.TrimRight(strings.TrimSpace(place), Marks), "\n", ", ")
}

// DocumentOf renders the i-th document form, counted from 0 and around: what stands in front of the section's text, without a space at its end.
func (s Set) DocumentOf(sec corpus.Section, i int) string {
	if len(s.Document) == 0 {
		return s.PlaceOf(sec)
	}
	return render(s.Document[i%len(s.Document)], sec, "", unmarked)
}

// QuestionOf renders the i-th question form, by number.
func (s Set) QuestionOf(sec corpus.Section, i int) string {
	return asked(render(s.Question[i%len(s.Question)], sec, "", asIs))
}

// HeadingOf renders the i-th question form by heading.
func (s Set) HeadingOf(sec corpus.Section, i int) string {
	return asked(render(s.Heading[i%len(s.Heading)], sec, "", asIs))
}

// QuoteOf renders the i-th question form by quotation.
func (s Set) QuoteOf(quote string, i int) string {
	return render(s.Quote[i%len(s.Quote)], corpus.Section{}, quote, asIs)
}

// ExamOf renders the exam's question about a section.
func (s Set) ExamOf(sec corpus.Section) string {
	if s.Exam == "" {
		return s.QuestionOf(sec, 0)
	}
	return asked(render(s.Exam, sec, "", asIs))
}

// ByHeading reports whether the exam's question names a section by its heading.
func (s Set) ByHeading() bool {
	template := s.Exam
	if template == "" && len(s.Question) > 0 {
		template = s.Question[0]
	}
	return strings.Contains(template, "{heading}")
}

// twice matches a mark that a value has brought along in front of the template's own: "Why not??".
var twice = regexp.MustCompile(`[.:;,!?。：；，！？]+([?？])$`)

// asked is a rendered question with one mark at its end.
func asked(question string) string { return twice.ReplaceAllString(question, "$1") }

// Reply renders what follows a question: the place, if there is one, and the text, if it is wanted.
func (s Set) Reply(place, text string) string {
	switch {
	case place == "":
		return text
	case text == "":
		return place
	}
	return Join(place, text)
}

// Join puts a continuation behind a prompt. The space between them belongs to the continuation: a byte-level BPE glues a space to the
// word after it, so a prompt that ends in a space is cut into tokens that never stood in training, and recall falls from all to nothing.
func Join(prompt, continuation string) string { return prompt + Continuation(continuation) }

// Continuation is the part of Join that follows the prompt; encoding the two parts apart gives the same tokens as encoding the whole.
func Continuation(text string) string { return " " + strings.TrimLeft(text, " \t\n") }

// ParsePlace cuts a place out of generated text: up to and with its first mark. Without a mark there is no place.
func (s Set) ParsePlace(generated string) (place string, ok bool) {
	mark := s.mark()
	if mark == "" {
		return "", false
	}
	before, _, found := strings.Cut(generated, mark)
	before = strings.TrimSpace(before)
	if !found || before == "" {
		return "", false
	}
	return before + mark, true
}

// mark is the mark that ends this set's places; empty when it has no place, or one that ends in none.
func (s Set) mark() string {
	r, size := utf8.DecodeLastRuneInString(s.Place)
	if size == 0 || !strings.ContainsRune(Marks, r) {
		return ""
	}
	return string(r)
}

// render fills a template. An empty heading is replaced by "part N". It is called for each draw of training, and a strings.Replacer made anew takes
// most of such a call.
func render(template string, sec corpus.Section, quote string, clean func(string) string) string {
	var out strings.Builder
	for {
		before, rest, open := strings.Cut(template, "{")
		out.WriteString(before)
		if !open {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			name = ""
		}
		template = after
		switch name {
		case "title":
			out.WriteString(clean(sec.Title))
		case "number":
			out.WriteString(clean(sec.Number))
		case "heading":
			heading := sec.Heading
			if heading == "" {
				heading = "part " + sec.Number
			}
			out.WriteString(clean(heading))
		case "quote":
			out.WriteString(quote)
		default: // a brace of the text
			out.WriteByte('{')
			template = rest
		}
	}
}

// unmarked takes the marks out of a value that goes into a place.
func unmarked(value string) string {
	return strings.Join(strings.FieldsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(Marks, r) }), " ")
}

func asIs(value string) string { return value }
