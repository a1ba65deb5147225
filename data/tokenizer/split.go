package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Pattern says how text is cut into words before merging; no token crosses a cut. "" means GPT2.
type Pattern string

const (
	// GPT2 is '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
	GPT2 Pattern = "gpt2"
	// SmolLM2 first cuts out every digit by itself, then cuts what lies between by GPT2.
	SmolLM2 Pattern = "smollm2"
	// Numerals first cuts out every digit of a Chinese number by itself, then cuts what lies between by GPT2. Without it 第一千零八十四条 is
	// part of one long word, whose cuts depend on what stands around it: a number in a question would not have the tokens that it has in
	// the text, and could not be copied.
	Numerals Pattern = "numerals"
)

// numerals are the digits that Numerals cuts out. ○ is a sign and no digit to Unicode, but statutes are printed with it.
const numerals = "○〇一七三九二五八六十千四百零" // in the order of their code points

// numeral is the class of these digits under Numerals.
const numeral = space + 1

func (p Pattern) resolve() (Pattern, error) {
	switch p {
	case "":
		return GPT2, nil
	case GPT2, SmolLM2, Numerals, Llama3, Qwen2, Pieces, O200k, Tekken, SeedCoder, DeepSeekCoder, DeepSeekLLM, Unigram:
		return p, nil
	}
	return "", fmt.Errorf("tokenizer: unknown pattern %q: %w", string(p), ErrFormat)
}

// next returns the end of the word that starts at text[i]; text is valid UTF-8 and i < len(text).
//
// It is GPT-2's pattern written out: the alternatives are tried in the pattern's order, and what a regular-expression
// engine would find by backtracking in \s+(?!\S) is that a run of white space leaves its last character to the word behind it.
func (p Pattern) next(text string, i int) int {
	if p == Llama3 {
		return nextLlama(text, i, 3)
	}
	if p == Qwen2 {
		return nextLlama(text, i, 1)
	}
	first, size := p.classAt(text, i)
	if p.alone(first) {
		return i + size
	}
	if text[i] == '\'' {
		if n := contraction(text[i+1:]); n > 0 {
			return i + 1 + n
		}
	}
	if first != space {
		return p.run(text, i+size, first)
	}
	if text[i] == ' ' && i+1 < len(text) {
		c, n := p.classAt(text, i+1)
		if c != space && !p.alone(c) {
			return p.run(text, i+1+n, c)
		}
	}
	return p.spaces(text, i, size)
}

// run returns the end of the characters of one class from text[i] on.
func (p Pattern) run(text string, i int, class uint8) int {
	for i < len(text) {
		c, n := p.classAt(text, i)
		if c != class {
			break
		}
		i += n
	}
	return i
}

// spaces returns the end of the word made of white space that starts at text[i] with a character of size bytes.
func (p Pattern) spaces(text string, i, size int) int {
	last, end := i, i+size // start of the newest character of the run; end of the run
	for end < len(text) {
		c, n := p.classAt(text, end)
		if c != space {
			if last == i || p.alone(c) { // a digit ends the text as far as the pattern can see
				return end
			}
			return last
		}
		last, end = end, end+n
	}
	return end
}

// contraction returns the length of the English ending that follows an apostrophe, or 0.
func contraction(s string) int {
	if len(s) >= 2 {
		switch s[:2] {
		case "ll", "ve", "re":
			return 2
		}
	}
	if len(s) >= 1 {
		switch s[0] {
		case 's', 'd', 'm', 't':
			return 1
		}
	}
	return 0
}

// classAt returns the class of the character at text[i] and its length in bytes.
func (p Pattern) classAt(text string, i int) (class uint8, size int) {
	if b := text[i]; b < utf8.RuneSelf {
		return bmp[b], 1
	}
	r, size := utf8.DecodeRuneInString(text[i:])
	class = classOf(r)
	if p == Numerals && isNumeral(r) {
		return numeral, size
	}
	if p == SmolLM2 && class == other && newDigit(r) {
		class = number
	}
	return class, size
}

// alone reports whether characters of a class are words by themselves.
func (p Pattern) alone(class uint8) bool {
	return class == numeral || p == SmolLM2 && class == number
}

// isNumeral reports whether r is a digit of a Chinese number.
func isNumeral(r rune) bool { return strings.ContainsRune(numerals, r) }
