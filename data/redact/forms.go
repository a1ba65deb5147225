package redact

import (
	"regexp"
	"strings"
)

// form is one way in which data of a kind are written.
type form struct {
	pattern *regexp.Regexp
	valid   func(match string) bool // what a pattern cannot say; nil = nothing
}

// forms by kind.
var forms = map[Kind][]form{
	Email: {{regexp.MustCompile(`[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)*\.[\p{L}]{2,}`), nil}},
	IBAN:  {{regexp.MustCompile(`[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]){11,30}`), isIBAN}},
	Card:  {{regexp.MustCompile(`\d(?:[ \-]?\d){11,18}`), isCard}},
	NationalID: {
		{regexp.MustCompile(`\d{3}-\d{2}-\d{4}`), isSSN},                                                        // USA
		{regexp.MustCompile(`[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]`), nil},            // Britain: National Insurance
		{regexp.MustCompile(`ZZ ?\d{2} ?\d{2} ?\d{2} ?[A-Z]`), nil},                                             // the same, temporary
		{regexp.MustCompile(`[12478] ?\d{2} ?(?:\d{2}) ?(?:\d{2}|2A|2B) ?\d{3} ?\d{3} ?\d{2}`), isNIR},          // France
		{regexp.MustCompile(`[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]`), isFiscale},                        // Italy
		{regexp.MustCompile(`\d{8}-?[A-HJ-NP-TV-Z]|[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]`), isDNI},                       // Spain
		{regexp.MustCompile(`\d{11}`), func(s string) bool { return isSteuerID(s) || isPESEL(s) }},              // Germany, Poland
		{regexp.MustCompile(`\d{2} \d{3} \d{3} \d{3}`), func(s string) bool { return isSteuerID(digitsOf(s)) }}, // Germany, in groups
		{regexp.MustCompile(`[1-9]\d{16}[\dXx]`), isResident},                                                   // China
	},
	Phone: {
		{regexp.MustCompile(`(?:\+|00)[1-9]\d{0,2}(?:[ .\-/]?\(?\d{1,5}\)?){2,6}(?: ?(?:x|ext\.?) ?\d{1,6})?`), long(8, 21)},
		{regexp.MustCompile(`(?:\(0\d{1,5}\)|0\d{1,5})(?:[ /\-]?\d{2,8}){1,5}`), long(9, 12)},
		{regexp.MustCompile(`(?:1[ .\-])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .\-])\d{3}[ .\-]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?`), nil}, // North America
		{regexp.MustCompile(`1[3-9]\d{9}`), nil}, // China
	},
}

// digitsOf keeps a text's digits.
func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func long(least, most int) func(string) bool {
	return func(s string) bool { n := len(digitsOf(s)); return n >= least && n <= most }
}

// ibanLengths are those of ISO 13616's registry, for the countries of SEPA and some more.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
	"EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27,
	"JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29,
	"PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "XK": 20,
}

// isIBAN checks the country's length and ISO 7064 MOD 97-10.
func isIBAN(s string) bool {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	if n, known := ibanLengths[s[:2]]; !known || n != len(s) {
		return false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	return rest == 1
}

// issuer are the numbers that cards of the large networks begin with.
var issuer = regexp.MustCompile(`^(?:4|5[0-8]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|3[47]|35|2131|1800|30[0-5]|3[68]|6)`)

// isCard checks the issuer and Luhn's digit.
func isCard(s string) bool {
	s = digitsOf(s)
	sum := 0
	for i := range s {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0 && issuer.MatchString(s)
}
