package question

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Message is what somebody writes, cut into what is asked in it and what is not.
type Message struct {
	Asked []string // each a question of its own, in the order of the message, without repetitions
	Aside []string // greetings, thanks, signatures, and what is told without a question, in order
}

// letter is how people write messages in a language. The patterns look at one sentence.
type letter struct {
	greets *regexp.Regexp // a greeting at its beginning
	thanks *regexp.Regexp // it thanks
	ends   *regexp.Regexp // it takes leave: what follows is a signature
	asks   *regexp.Regexp // it is a question, whatever mark it ends in
	wants  *regexp.Regexp // it wants something to be done or said
	back   *regexp.Regexp // it speaks of what has been named before
	and    *regexp.Regexp // what stands between two questions in one sentence
}

// leastOwn is how many words that are not frequent ones a question has that is understood alone.
const leastOwn = 2

// mostName is how many words a signature has.
const mostName = 3

// Parts cuts a message by rules of its language: at the ends of sentences, and where one sentence goes on with another question. A question that speaks
// of what has been named before is asked together with the sentence before it. A message without any question or request asks what it tells, a
// paragraph at a time. A message in a language without rules is cut by the rules of all.
func Parts(message string) (m Message) {
	c := cutter{by: lettersOf(message), lang: languageOf(message)}
	paragraphs := [][]string{}
	for _, p := range unwrapped(message) {
		paragraphs = append(paragraphs, c.sentences(p))
	}
	for _, sentences := range paragraphs {
		c.before = ""
		for _, s := range sentences {
			c.take(s)
		}
	}
	if len(c.asked) > 0 {
		return Message{c.asked, c.aside}
	}
	c = cutter{by: c.by, lang: c.lang, told: true}
	for _, sentences := range paragraphs {
		for _, s := range sentences {
			c.take(s)
		}
		c.ask(strings.Join(c.telling, " "))
		c.telling = nil
	}
	return Message{c.asked, c.aside}
}

// lettersOf are the rules for a text: those of its language, or where that is not known those of all.
func lettersOf(text string) (out []*letter) {
	of := languageOf(text)
	for _, l := range languages() {
		if l.letter != nil && (of == l || of.letter == nil) {
			out = append(out, l.letter)
		}
	}
	return out
}

// cutter reads a message sentence by sentence.
type cutter struct {
	by    []*letter
	lang  *language
	told  bool // what is told is asked
	asked []string
	aside []string

	before  string   // the sentence before, in the same paragraph
	telling []string // what is told since the paragraph's beginning
	thanked bool     // the sentence before thanks
	over    bool     // leave has been taken
}

// take says what a sentence is.
func (c *cutter) take(s string) {
	s, greeting := c.greeting(s)
	if greeting != "" {
		c.aside = append(c.aside, greeting)
	}
	if s == "" {
		return
	}
	asks := asked.MatchString(s) || c.is(s, func(l *letter) *regexp.Regexp { return l.asks })
	wants := c.is(s, func(l *letter) *regexp.Regexp { return l.wants })
	thanks := c.is(s, func(l *letter) *regexp.Regexp { return l.thanks })
	ends := c.is(s, func(l *letter) *regexp.Regexp { return l.ends })
	switch {
	case asks && !ends:
		for _, q := range c.apart(s) {
			c.ask(c.whole(q))
			c.before = q
		}
		c.thanked = false
		return
	case ends, c.over, thanks && !wants, c.thanked && len(strings.Fields(s)) <= mostName:
		c.aside = append(c.aside, s)
		c.over, c.thanked = c.over || ends, thanks || c.thanked
		return
	case wants:
		c.ask(c.whole(s))
	case c.told:
		c.telling = append(c.telling, s)
	default:
		c.aside = append(c.aside, s)
	}
	c.before, c.thanked = s, false
}

// ask adds a question, once.
func (c *cutter) ask(q string) {
	if q != "" && !slices.Contains(c.asked, q) {
		c.asked = append(c.asked, q)
	}
}

// whole is a question with the sentence before it, where it is not understood alone.
func (c *cutter) whole(q string) string {
	if c.before == "" || c.before == q {
		return q
	}
	spaced := !c.lang.unspaced && !c.lang.verbLast // else its words are not told apart
	if spaced && len(c.lang.own(q)) < leastOwn || c.is(q, func(l *letter) *regexp.Regexp { return l.back }) {
		return c.before + " " + q
	}
	return q
}

// Subject is a text without the frequent words of its language; all of it, where no other word is left.
func Subject(text string) string {
	if own := languageOf(text).own(text); len(own) > 0 {
		return strings.Join(own, " ")
	}
	return text
}

// own are the words of a text that are not frequent ones.
func (l *language) own(text string) (out []string) {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) }) {
		if !l.isStop(w) {
			out = append(out, w)
		}
	}
	return out
}

// apart cuts a sentence where it goes on with another question.
func (c *cutter) apart(s string) []string {
	for _, l := range c.by {
		for _, at := range l.and.FindAllStringIndex(s, -1) {
			first, rest := strings.TrimSpace(s[:at[0]]), strings.TrimSpace(s[at[1]:])
			if l.asks.MatchString(first) && l.asks.MatchString(rest) && long(first) && long(rest) {
				mark := "?"
				if c.lang.unspaced {
					mark = "？"
				}
				return append([]string{strings.TrimRight(first, ",，;") + mark}, c.apart(upper(rest))...)
			}
		}
	}
	return []string{s}
}

// long reports whether a text has enough words to be a question: three, or in scripts without spaces four characters.
func long(s string) bool {
	return len(strings.Fields(s)) >= 3 || len(s) > 2*utf8.RuneCountInString(s) && utf8.RuneCountInString(s) >= 4
}

// greeting takes a greeting off the beginning of a sentence.
func (c *cutter) greeting(s string) (rest, greeting string) {
	for _, l := range c.by {
		if at := l.greets.FindStringIndex(s); at != nil {
			if rest = strings.TrimSpace(s[at[1]:]); rest != "" {
				rest = upper(rest)
			}
			return rest, strings.TrimRight(s[:at[1]], " ,.!:，。！：、")
		}
	}
	return s, ""
}

// is reports whether a pattern of one of the languages finds something.
func (c *cutter) is(s string, pattern func(*letter) *regexp.Regexp) bool {
	return slices.ContainsFunc(c.by, func(l *letter) bool { return pattern(l).MatchString(s) })
}

// asked is how a question ends.
var asked = regexp.MustCompile(`[?？][!?！？…"”’')]*$`)

// bullet is the mark of an item at the beginning of a line.
var bullet = regexp.MustCompile(`^\s*(?:[-*•–>]+|\(?\d{1,2}[.)])\s+`)

// wrapped is how long a line is at least, in characters, that a mail program may have broken.
const wrapped = 50

// unwrapped cuts a message into paragraphs, each a list of lines. A line that a mail program has broken is made whole.
func unwrapped(message string) (paragraphs [][]string) {
	var lines []string
	open := false // the last line may go on
	flush := func() {
		if len(lines) > 0 {
			paragraphs = append(paragraphs, lines)
		}
		lines, open = nil, false
	}
	for line := range strings.Lines(strings.ReplaceAll(message, "\r", "\n")) {
		item := bullet.MatchString(line)
		line = strings.Join(strings.Fields(bullet.ReplaceAllString(line, "")), " ")
		switch {
		case line == "":
			flush()
			continue
		case open && !item:
			lines[len(lines)-1] += " " + line
		default:
			lines = append(lines, line)
		}
		last, _ := utf8.DecodeLastRuneInString(line)
		open = utf8.RuneCountInString(line) >= wrapped && !strings.ContainsRune(".!?:;。！？：；", last)
	}
	flush()
	return paragraphs
}

// sentences cuts the lines of a paragraph. A full stop ends a sentence before a space, whatever letter follows, unless it belongs to a word or a number.
func (c *cutter) sentences(lines []string) (out []string) {
	for _, line := range lines {
		runes := []rune(line)
		from := 0
		for i, r := range runes {
			last := i+1 == len(runes)
			var end bool
			switch r {
			case '。', '！', '？', '；':
				end = last || !strings.ContainsRune("。！？", runes[i+1])
			case '!', '?', '…':
				end = last || unicode.IsSpace(runes[i+1]) || runes[i+1] > unicode.MaxLatin1
			case '.':
				end = last || unicode.IsSpace(runes[i+1]) && !abbreviated(string(runes[from:i])) && !ordinal(runes[from:i])
			default:
				end = last
			}
			if !end {
				continue
			}
			if s := strings.TrimSpace(string(runes[from : i+1])); strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
				out = append(out, s)
			}
			from = i + 1
		}
	}
	return out
}

// ordinal reports whether a text ends in a number of one or two digits, as the days of German dates do.
func ordinal(text []rune) bool {
	n := 0
	for n < len(text) && unicode.IsDigit(text[len(text)-1-n]) {
		n++
	}
	return n == 1 || n == 2
}
