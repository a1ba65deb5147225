package cut

import (
	"regexp"
)

const arabic = "0123456789"

// words are numbering styles with a word before the number, the highest division first: it wins over those inside it.
var words = []style{
	articleStyle,
	{pattern: regexp.MustCompile(`(?mi)\A[ \t]*(?:article|art)\.?[ \t]+(\d{1,4}|[IVXLC]{1,7})(?:[.:)]|[ \t]*[-–—]+|[ \t]*$|[ \t])[ \t]*`), first: "aA", skips: true, title: true},
	{pattern: regexp.MustCompile(`(?mi)\A[ \t]*(?:section|sec)\.?[ \t]+(\d{1,4}|[IVXLC]{1,7})(?:[.:)]|[ \t]*[-–—]+|[ \t]*$|[ \t])[ \t]*`), first: "sS\xc5", skips: true, title: true}, // ſ
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*§+[ \t]*(\d{1,4})(?:[.:)]|[ \t]*[-–—]+|[ \t]*$|[ \t])[ \t]*`), first: "\xc2", skips: true, title: true},
}

// plain are styles of bare numbers. Ties go to the one named first.
var plain = []style{
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(?:Section[ \t]+)?(\d{1,3})\.[ \t]*(?:\n\s*)?`), first: "S" + arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*\(?(\d{1,3})\)[ \t]*(?:\n\s*)?`), first: "(" + arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(\d{1,3})\.0[ \t]+`), first: arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(\d{1,3})[ \t]{1,4}`), first: arabic, title: true},
}
