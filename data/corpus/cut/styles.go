package cut

import "regexp"

const arabic = "0123456789"

// Parts of the patterns of numbering styles with a word before the number. A pattern's group 1 is the number as it is written.
const (
	// before may stand in front of the word: what makes the line a heading in Markdown.
	before = `\A[ \t]*(?:#{1,6}[ \t]+)?`
	// inserts are what numbers carry: 12a, 5A, 2 bis, 1-bis, 1er, 1.º.
	inserts = `(?:(?:er|re|ère|st|nd|rd|th)\b|\.?[º°ª])?(?:[ \t]?[-–‑]?[ \t]?(?:bis|ter|quater|quinquies|sexies|septies|octies|novies|nonies|decies|undecies|duodecies)\b|[-–‑]?[a-z]{1,2}\b)?`
	// spans are sections that went together: §§ 4 bis 6, Sections 5 to 8.
	spans = `\d{1,5}[a-z]?(?:[ \t]+(?:bis|to|through|and|und|à|et|al?|y|e|по|[-–—])[ \t]+|[–—])\d{1,5}[a-z]?\b`
	// digits are numbers: 12, 1.1, 12-101; romans, and the words for the first ones, are others.
	digits = `\d{1,5}(?:[.\-–‑]\d{1,4})*` + inserts
	others = `[IVXLC]{1,7}|premier|première|unique|único|unico|primero|segundo|tercero|cuarto|quinto|sexto|séptimo|octavo|noveno|décimo`
	// after ends a number: a stop, a dash, a space or the line.
	after = `(?:[.:：)]*[ \t]*[-–—]+|[.:：)]|[ \t]*$|[ \t])[ \t]*`
)

// words are numbering styles with a word before the number, the highest division first: it wins over those inside it.
var words = []style{
	articleStyle,
	koreanStyle,
	{
		pattern: regexp.MustCompile(`(?mi)` + before + `(?:article|art|articles|arts|artt|artikel|artículos?|articulos?|articolo|articoli|artigos?|artykuł|madde|pasal|điều|статья|статьи|άρθρο)\.?[ \t]+(` + spans + `|(?:[LRDA]\.?[ \t]?\*?[ \t]?)?` + digits + `|` + others + `)` + after),
		first:   "aAmMpP#\xc4\xd0\xd1\xce", skips: true, title: true,
	},
	{pattern: regexp.MustCompile(`(?mi)` + before + `(?:sections?|secs?|sección|sezione)\.?[ \t]+(` + spans + `|` + digits + `|` + others + `)` + after), first: "sS#\xc5", skips: true, title: true}, // ſ
	{pattern: regexp.MustCompile(`(?m)` + before + `(\d{1,4}(?:[ \t]?[a-z]|/[A-Z])?)\.?[ \t]*§(?:[ \t]+|[ \t]*$)[ \t]*`), first: arabic + "#", skips: true, title: true},
	{pattern: regexp.MustCompile(`(?mi)` + before + `§+[ \t]*(` + spans + `|` + digits + `(?:[ \t][a-z]\b)?)` + after), first: "\xc2#", skips: true, title: true},
}

// plain are styles of bare numbers. Ties go to the one named first.
var plain = []style{
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(?:Section[ \t]+)?(\d{1,3}[A-Z]{0,2})\.[ \t]*(?:\n\s*)?`), first: "S" + arabic, title: true, stop: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*\(?(\d{1,3}[A-Z]{0,2})\)[ \t]*(?:\n\s*)?`), first: "(" + arabic, title: true, stop: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(\d{1,3})\.0[ \t]+`), first: arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(\d{1,3}[A-Z]{0,2})[ \t]{1,4}`), first: arabic, title: true},
	{pattern: regexp.MustCompile(`(?m)\A[ \t]*(\d{1,3}[A-Z]{0,2})(?:\.[ \t]*(?:\n\s*)?|[ \t]{1,4})`), first: arabic, title: true, stop: true}, // with a stop and without
}

// romanStyle and decimalStyle are for texts that no other style numbers: roman numbers alone (IV.) and decimal ones (1.1, 1.1.1).
var (
	romanStyle   = style{pattern: regexp.MustCompile(`(?m)\A[ \t]*([IVXLC]{1,7})[.)][ \t]*(?:\n\s*)?`), first: "IVXLC", title: true, stop: true}
	decimalStyle = style{pattern: regexp.MustCompile(`(?m)\A[ \t]*(?:#{1,6}[ \t]+)?(\d{1,3}(?:\.\d{1,3}){0,4})[.)]?(?:[ \t]+|[ \t]*\n\s*)`), first: arabic + "#", title: true, nested: true}
)
