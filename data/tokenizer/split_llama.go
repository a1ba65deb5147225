package tokenizer

import "unicode/utf8"

const (
	// Llama3 is (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
	Llama3 Pattern = "llama3"
	// Qwen2 is Llama3 with every number by itself.
	Qwen2 Pattern = "qwen2"
)

// nextLlama is Llama3's pattern written out, with words of so many numbers at most. It returns the end of the word that starts at text[i].
func nextLlama(text string, i, numbers int) int {
	class, size := classIn(text, i)
	if text[i] == '\'' {
		if n := anyContraction(text[i+1:]); n > 0 {
			return i + 1 + n
		}
	}
	switch {
	case class == letter:
		return runOf(text, i+size, letter)
	case class == number:
		end := i + size
		for n := 1; n < numbers && end < len(text); n++ {
			c, s := classIn(text, end)
			if c != number {
				break
			}
			end += s
		}
		return end
	case !isBreak(text[i]) && i+size < len(text):
		if c, s := classIn(text, i+size); c == letter {
			return runOf(text, i+size+s, letter)
		}
	}
	if start := i; class == other || text[i] == ' ' && i+1 < len(text) {
		if class != other {
			start++
		}
		if c, s := classIn(text, start); c == other {
			end := runOf(text, start+s, other)
			for end < len(text) && isBreak(text[end]) {
				end++
			}
			return end
		}
	}
	return blank(text, i, size)
}

// blank returns the end of a word of white space: up to the last line break in the run; else a run leaves its last character to the word behind it.
func blank(text string, i, size int) int {
	last, end, broken := i, i, 0
	for at, s := i, size; ; {
		last, end = at, at+s
		if isBreak(text[at]) {
			broken = end
		}
		if end == len(text) {
			break
		}
		c, n := classIn(text, end)
		if c != space {
			break
		}
		at, s = end, n
	}
	switch {
	case broken > 0:
		return broken
	case end == len(text) || last == i:
		return end
	}
	return last
}

func isBreak(b byte) bool { return b == '\r' || b == '\n' }

// classIn returns the class of the character at text[i] and its length in bytes.
func classIn(text string, i int) (class uint8, size int) {
	if b := text[i]; b < utf8.RuneSelf {
		return bmp[b], 1
	}
	r, size := utf8.DecodeRuneInString(text[i:])
	return classOf(r), size
}

// runOf returns the end of the characters of one class from text[i] on.
func runOf(text string, i int, class uint8) int {
	for i < len(text) {
		c, n := classIn(text, i)
		if c != class {
			break
		}
		i += n
	}
	return i
}

// anyContraction is contraction in any case; ſ, the long s, is an s then.
func anyContraction(s string) int {
	lower := func(i int) byte {
		if i < len(s) && s[i] >= 'A' && s[i] <= 'Z' {
			return s[i] + 'a' - 'A'
		}
		if i < len(s) {
			return s[i]
		}
		return 0
	}
	switch string([]byte{lower(0), lower(1)}) {
	case "ll", "ve", "re":
		return 2
	case "\u017f":
		return 2
	}
	switch lower(0) {
	case 's', 'd', 'm', 't':
		return 1
	}
	return 0
}
