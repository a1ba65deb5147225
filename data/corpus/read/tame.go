package read

import (
	"bytes"
	"fmt"
	"regexp"
)

// The parser's time grows with the square of how deep quotations and lists nest, and of how many brackets a paragraph opens. Nobody writes so:
const (
	nestMost    = 100  // quotations and lists that a line may begin
	bracketMost = 5000 // brackets that a paragraph may open
)

// containers matches the marks of quotations and lists at the start of a line.
var containers = regexp.MustCompile(fmt.Sprintf(`^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){%d,}`, nestMost))

// tamed is a Markdown text with blanks, byte for byte, for the lines that are beyond these bounds: they are prose.
func tamed(source []byte) []byte {
	var out []byte // a copy, once a line is beyond
	brackets := 0
	for at := 0; at < len(source); {
		end := bytes.IndexByte(source[at:], '\n') + at + 1
		if end == at {
			end = len(source)
		}
		line := source[at:end]
		if brackets += bytes.Count(line, []byte{'['}); len(bytes.TrimSpace(line)) == 0 {
			brackets = 0
		}
		if brackets > bracketMost || len(line) > nestMost && containers.Match(line) {
			if out == nil {
				out = bytes.Clone(source)
			}
			for i := at; i < end; i++ {
				if out[i] != '\n' {
					out[i] = ' '
				}
			}
		}
		at = end
	}
	if out == nil {
		return source
	}
	return out
}
