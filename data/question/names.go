package question

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// version is the number at the end of a title: GPL-3.0, Apache License 2.0, EUPL v1.1.
var version = regexp.MustCompile(`(?i)[-\s]?\b(?:v|version )?(\d+)((?:\.\d+)*)$`)

// stemOf is a title without its version.
func stemOf(title string) string {
	return strings.TrimRight(version.ReplaceAllString(title, ""), "- ")
}

// namesOf lists how people write a title: with spaces for hyphens, with "v3" and "version 3" for -3.0, and, if nothing else is called so, without
// the version. A long title that is its own sentence is written as it is.
func namesOf(title string, alone bool, aliases []string) []string {
	var out []string
	add := func(name string) {
		if name = strings.Join(strings.Fields(name), " "); name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	add(title)
	m := version.FindStringSubmatch(title)
	if m != nil && stemOf(title) != "" {
		stem, major, minor := stemOf(title), m[1], strings.TrimSuffix(m[2], ".0")
		spaced := strings.ReplaceAll(stem, "-", " ")
		add(spaced + " " + m[1] + m[2])
		add(spaced + " " + major + minor)
		add(spaced + " version " + major + minor)
		if stem == strings.ToUpper(stem) && !strings.Contains(stem, " ") {
			add(spaced + "v" + major + minor)
		}
		if alone {
			add(spaced)
		}
	} else if !strings.Contains(title, " ") {
		add(strings.ReplaceAll(title, "-", " "))
	}
	if short, ok := strings.CutPrefix(title, "中华人民共和国"); ok && short != "" {
		add(short)
	}
	if i := strings.IndexAny(title, "(（"); i > 0 && strings.ContainsFunc(title[:i], unicode.IsLetter) {
		add(title[:i])
	}
	for _, alias := range aliases {
		add(alias)
	}
	return out
}
