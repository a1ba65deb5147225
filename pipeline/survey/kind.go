package survey

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"slm/data/corpus"
	"slm/data/corpus/read"
)

// Kind is a kind of text: what its sections are called by, and how people ask about it.
type Kind string

// The kinds.
const (
	Handbook Kind = "handbook" // prose under headings: policies, guides
	Manual   Kind = "manual"   // the same with code, commands or tables: documentation of software or machines
	Statutes Kind = "statutes" // numbered sections: laws, licences, contracts
	FAQ      Kind = "faq"      // headings that are questions
	Code     Kind = "code"     // headings that are names: functions, options, rules of a linter
)

// Kinds are all of them.
var Kinds = []Kind{Handbook, Manual, Statutes, FAQ, Code}

// What decides on a kind, as shares.
const (
	numbered    = 0.5  // of the documents are cut by their numbers
	questions   = 0.4  // of the headings are questions
	identifiers = 0.4  // of the headings are names from a program
	withCode    = 0.25 // of the sections have lines that are kept as they stand
)

// fewSections is the number of sections below which an exam says little.
const fewSections = 40

func few(n int) string {
	return fmt.Sprintf("only %d sections: an exam of so few questions says little; a folder of this size is better read by people, or searched", n)
}

func unheaded(n, of int) string {
	return fmt.Sprintf("%d of %d sections have no heading and will be called part 1, part 2, …: headings in the texts would let people ask by them", n, of)
}

// signs are what tells kinds apart.
type signs struct {
	sections, headed, asked, named, lined int
	numbers                               []place // of sections, as their documents number them
}

// place is where a section with a number begins.
type place struct{ number, source string }

var (
	asks = regexp.MustCompile(`[?？]\s*$|^(?i:how (?:do|can|to|is|are|does)|what (?:is|are|does|if|happens)|why|can i|do i|is there|wie |was |warum |wann |kann ich|comment |pourquoi |qu'est-ce|est-ce |puis-je )|^(?:如何|怎么|怎样|为什么|什么是)|(?:吗|나요|까요|는가)\s*$`)
	// identifier is a heading that is a name from a program: snake_case, CamelCase, --flag, f(), a.b, a-b-c in small letters.
	identifier = regexp.MustCompile("^`?(?:--?[\\w-]+.*|\\w+(?:_\\w+)+|[a-z]+(?:-[a-z0-9]+)+|[\\w.]*\\w\\(.*\\)|[A-Za-z]\\w*(?:\\.\\w+)+|[A-Z]?[a-z0-9]+(?:[A-Z][a-z0-9]*)+)`?$")
)

// code is a line of its own with the marks of a program, a command or a table.
var code = regexp.MustCompile(`\n[^\n]*(?:[{}();=<>|$]|--\w)|\n[ \t]`)

// see looks at a section.
func (s *signs) see(section corpus.Section) {
	s.sections++
	if code.MatchString(section.Text) { // prose stands in one line
		s.lined++
	}
	if len(s.numbers) < 50 {
		s.numbers = append(s.numbers, place{section.Number, section.Source})
	}
	heading := strings.TrimSpace(section.Heading)
	if heading == "" {
		return
	}
	s.headed++
	switch {
	case asks.MatchString(heading):
		s.asked++
	case identifier.MatchString(heading):
		s.named++
	}
}

func (s *signs) kind(report *corpus.Report) Kind {
	share := func(n, of int) float64 { return float64(n) / float64(max(1, of)) }
	switch {
	case share(report.Shapes["numbered"]+report.Shapes["labelled"], report.Documents) >= numbered:
		return Statutes
	case share(s.asked, s.headed) >= questions:
		return FAQ
	case share(s.named, s.headed) >= identifiers:
		return Code
	case share(s.lined, s.sections) >= withCode:
		return Manual
	}
	return Handbook
}

// word is what stands before the numbers in the texts, most often; empty where a number is called by itself (第三条) or nothing stands there.
func (s *signs) word(list read.Listing) string {
	counts := map[string]int{}
	for _, p := range s.numbers {
		if strings.IndexFunc(p.number, unicode.IsDigit) < 0 && strings.Trim(p.number, "IVXLCivxlc") != "" {
			continue // the word is part of the number, or it is a word
		}
		if w := wordBefore(p.number, lineOf(list, p.source)); w != "" {
			counts[w]++
		}
	}
	best := ""
	for w, n := range counts {
		if best == "" || n > counts[best] || n == counts[best] && w < best {
			best = w
		}
	}
	return best
}

// wordBefore is the word or sign in front of a number at the beginning of a line.
func wordBefore(number, line string) string {
	before, _, ok := strings.Cut(line, number)
	if !ok {
		return ""
	}
	before = strings.TrimSpace(strings.TrimLeft(before, "#*>_ \t"))
	if before == "" || len(before) > 20 || strings.ContainsFunc(before, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' && r != '§' }) {
		return ""
	}
	if before == strings.ToUpper(before) && !strings.HasPrefix(before, "§") { // SECTION 4 is asked about as Section 4
		before = before[:1] + strings.ToLower(before[1:])
	}
	return before
}

// lineOf is the line of a file that a section names as its source.
func lineOf(list read.Listing, source string) string {
	at := strings.LastIndexByte(source, ':')
	if at < 0 {
		return ""
	}
	n, err := strconv.Atoi(source[at+1:])
	i := slices.IndexFunc(list.Files, func(f read.File) bool { return f.Label == source[:at] })
	if err != nil || i < 0 {
		return ""
	}
	text, err := os.ReadFile(list.Files[i].Name)
	if err != nil {
		return ""
	}
	lines := strings.SplitN(string(text), "\n", n+1)
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimRight(lines[n-1], "\r")
}
