package form

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A section that is longer than a model's context is read in parts. The first is read from the section's own place, so that its beginning is
// recited from there; each other one from a place that says which part it is: "GPL-3.0 license\nSection 4 (part 2 of 3):", 民法第一条（2/3）：.

var partOf = regexp.MustCompile(`(?: \(part ([1-9][0-9]{0,4}) of ([1-9][0-9]{0,4})\)|（([1-9][0-9]{0,4})/([1-9][0-9]{0,4})）)$`)

// Part says in a document form which part of the section follows, counted from 1. The first part has no mark of its own.
func (s Set) Part(prompt string, part, of int) string {
	if part == 1 {
		return prompt
	}
	which := fmt.Sprintf(" (part %d of %d)", part, of)
	if s.mark() == "：" {
		which = fmt.Sprintf("（%d/%d）", part, of)
	}
	for _, mark := range Marks {
		if whole, ok := strings.CutSuffix(prompt, string(mark)); ok {
			return whole + which + string(mark)
		}
	}
	return prompt + which
}

// ParsePart takes apart what Part has made of a place: the section's own place and the part. ok is false for any other text.
func (s Set) ParsePart(place string) (whole string, part, of int, ok bool) {
	mark := s.mark()
	before, ended := strings.CutSuffix(place, mark)
	if mark == "" || !ended {
		return "", 0, 0, false
	}
	at := partOf.FindStringSubmatchIndex(before)
	if at == nil {
		return "", 0, 0, false
	}
	numbers := partOf.FindStringSubmatch(before)
	part, _ = strconv.Atoi(numbers[1] + numbers[3]) // digits, and few
	of, _ = strconv.Atoi(numbers[2] + numbers[4])
	whole = before[:at[0]] + mark
	return whole, part, of, part > 1 && part <= of && s.Part(whole, part, of) == place
}
