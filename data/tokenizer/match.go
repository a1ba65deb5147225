package tokenizer

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// expression is a regular expression as Oniguruma understands it: alternatives in order, each a sequence. It has what the patterns of cuts
// need. compile panics at any other: no file's text is compiled.
type expression [][]node

// node is one part of a sequence. Exactly one of one, among and end is set.
type node struct {
	one      *charset // a character of it, from min to max times, as often as possible
	min, max int      // max < 0: without bound
	among    [][]node // one of these, from min to 1 times
	not      bool     // no character of one follows; takes none
	end      bool     // the end of the text or of a line
}

// rest is what has to match behind a sequence.
type rest struct {
	seq  []node
	then *rest
}

// match returns the end of the match that begins at text[i], or -1. Alternatives and repetitions are tried in the order of a backtracking engine.
func (e expression) match(text string, i int) int {
	for _, seq := range e {
		if end := match(seq, nil, text, i); end >= 0 {
			return end
		}
	}
	return -1
}

func match(seq []node, then *rest, text string, i int) int {
	for ; ; seq = seq[1:] {
		for len(seq) == 0 {
			if then == nil {
				return i
			}
			seq, then = then.seq, then.then
		}
		n := &seq[0]
		switch {
		case n.end:
			if i < len(text) && text[i] != '\n' {
				return -1
			}
		case n.not:
			if i < len(text) {
				if r, _ := utf8.DecodeRuneInString(text[i:]); n.one.has(r) {
					return -1
				}
			}
		case n.among != nil:
			for _, a := range n.among {
				if end := match(a, &rest{seq[1:], then}, text, i); end >= 0 {
					return end
				}
			}
			if n.min > 0 {
				return -1
			}
		default:
			count, end := n.run(text, i)
			if count < n.min {
				return -1
			}
			if last := len(seq) == 1 && then == nil; last || n.min == n.max {
				i = end
				continue
			}
			for ; count > n.min; count-- { // give back one after the other
				if e := match(seq[1:], then, text, end); e >= 0 {
					return e
				}
				_, size := utf8.DecodeLastRuneInString(text[:end])
				end -= size
			}
			i = end
		}
	}
}

// run counts the characters from text[i] on that n takes at most.
func (n *node) run(text string, i int) (count, end int) {
	for end = i; end < len(text) && count != n.max; count++ {
		r, size := rune(text[end]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[end:])
		}
		if !n.one.has(r) {
			break
		}
		end += size
	}
	return count, end
}

// hopeless returns where the next match may begin after none began at text[i]. A run up to an end that does not reach it from its first
// character does not from the others either.
func (e expression) hopeless(text string, i int) int {
	_, size := utf8.DecodeRuneInString(text[i:])
	if len(e) == 1 && len(e[0]) == 2 && e[0][0].max < 0 && e[0][1].end {
		if _, end := e[0][0].run(text, i); end > i {
			return end
		}
	}
	return i + size
}

// compile makes an expression of its text.
func compile(text string) expression {
	p := parser{text: text}
	e := p.alternatives(false)
	if p.at != len(text) {
		p.fail()
	}
	return e
}

type parser struct {
	text string
	at   int
}

func (p *parser) fail() { panic(fmt.Sprintf("tokenizer: expression %q at %d", p.text, p.at)) }

func (p *parser) take(s string) bool {
	ok := strings.HasPrefix(p.text[p.at:], s)
	if ok {
		p.at += len(s)
	}
	return ok
}

func (p *parser) rune() rune {
	r, size := utf8.DecodeRuneInString(p.text[p.at:])
	if size == 0 {
		p.fail()
	}
	p.at += size
	return r
}

// alternatives reads up to the end of the text or a closing bracket. fold: letters stand for both cases.
func (p *parser) alternatives(fold bool) (all [][]node) {
	for {
		var seq []node
		for p.at < len(p.text) && p.text[p.at] != '|' && p.text[p.at] != ')' {
			seq = append(seq, p.node(fold))
		}
		all = append(all, seq)
		if !p.take("|") {
			return all
		}
	}
}

func (p *parser) node(fold bool) (n node) {
	n.min, n.max = 1, 1
	switch {
	case p.take("$"):
		n.end = true
		return n
	case p.take("(?!"):
		n.not, n.one = true, p.charset(fold)
		if !p.take(")") {
			p.fail()
		}
		return n
	case p.take("(?i:"):
		n.among = p.group(true)
	case p.take("(?:"):
		n.among = p.group(fold)
	default:
		n.one = p.charset(fold)
	}
	switch {
	case p.take("?"):
		n.min = 0
	case n.among != nil:
	case p.take("*"):
		n.min, n.max = 0, -1
	case p.take("+"):
		n.max = -1
	case p.take("{"):
		var err error
		bounds, after, ok := strings.Cut(p.text[p.at:], "}")
		least, most, two := strings.Cut(bounds, ",")
		if n.min, err = strconv.Atoi(least); err != nil || !ok {
			p.fail()
		}
		if n.max = n.min; two {
			if n.max, err = strconv.Atoi(most); err != nil {
				p.fail()
			}
		}
		p.at = len(p.text) - len(after)
	}
	return n
}

func (p *parser) group(fold bool) [][]node {
	all := p.alternatives(fold)
	if !p.take(")") {
		p.fail()
	}
	return all
}
