package read

import (
	_ "embed"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/google/licenseclassifier/v2/assets"

	"slm/data/corpus/clean"
	"slm/data/corpus/doc"
)

// licenseNames lists title/file of every licence text in the assets package, which reads by name but cannot be listed.
// Where a licence has several files it is the plain one; a test holds the list against the module.
//
//go:embed licenses.txt
var licenseNames string

// WellKnown are the licences that most software is under, best known first. They come before the others, so that of a family of
// near copies (GPL-3.0 and AGPL-3.0, the sixteen Creative Commons 3.0 texts) the best known member stays.
var WellKnown = []string{
	"MIT", "Apache-2.0", "GPL-3.0", "GPL-2.0", "BSD-3-Clause", "BSD-2-Clause", "LGPL-2.1", "MPL-2.0", "EPL-2.0", "CC-BY-4.0", "CC-BY-SA-4.0",
	"Artistic-2.0", "AGPL-3.0", "LGPL-3.0", "ISC", "Unlicense", "CC0-1.0", "BSL-1.0", "Zlib", "EUPL-1.1", "CDDL-1.0", "MS-PL", "OSL-3.0", "OSL-2.1", "AFL-3.0",
	"EPL-1.0", "CPL-1.0", "MPL-1.1", "MPL-1.0", "APSL-2.0", "OFL-1.1", "SSPL-1.0", "Elastic-2.0", "Business-Source-License-1.1", "Python-2.0", "PHP-3.01", "CECILL-2.1",
	"W3C", "LPPL-1.3c", "QPL-1.0", "IPL-1.0", "CPAL-1.0", "CC-BY-3.0", "CC-BY-SA-3.0", "UPL-1.0", "NCSA", "OpenSSL", "LGPL-2.0", "GPL-1.0", "CERN-OHL-v1.2", "CAL-1.0",
	"MS-RL", "Ruby", "Sleepycat", "WTFPL", "Zend-2.0", "ZPL-2.1", "PostgreSQL",
}

// LicenseTitles returns the titles of all licence texts inside the binary, the well-known first, then by name.
func LicenseTitles() []string {
	var titles []string
	for title := range licenseFiles() {
		titles = append(titles, title)
	}
	rank := map[string]int{}
	for i, title := range WellKnown {
		rank[title] = i + 1
	}
	slices.SortFunc(titles, func(a, b string) int {
		x, y := rank[a], rank[b]
		switch {
		case x != 0 && y != 0:
			return x - y
		case x != 0:
			return -1
		case y != 0:
			return 1
		}
		return strings.Compare(a, b)
	})
	return titles
}

// licenseFiles yields title and file of each text.
func licenseFiles() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for file := range strings.FieldsSeq(licenseNames) {
			if !yield(path.Dir(file), "License/"+file) {
				return
			}
		}
	}
}

// Licenses returns the licence texts inside the binary: those named, in that order, or all.
func Licenses(only []string) (iter.Seq2[doc.Document, error], error) {
	files := map[string]string{}
	for title, file := range licenseFiles() {
		files[title] = file
	}
	titles := only
	if len(titles) == 0 {
		titles = LicenseTitles()
	}
	for i, title := range titles {
		if files[title] == "" {
			return nil, fmt.Errorf("corpus: licence %q: %w%s", title, ErrUnknown, suggest(title, LicenseTitles()))
		}
		if slices.Contains(titles[:i], title) {
			return nil, fmt.Errorf("corpus: licence %q is named twice", title)
		}
	}
	return func(yield func(doc.Document, error) bool) {
		for _, title := range titles {
			raw, err := assets.ReadLicenseFile(files[title])
			if err != nil {
				yield(doc.Document{}, fmt.Errorf("corpus: %s: %w: %w", files[title], ErrUnreadable, err))
				return
			}
			text := clean.Uncomment(strings.ToValidUTF8(string(raw), ""))
			if !yield(doc.Plain(title, files[title], text, 1), nil) {
				return
			}
		}
	}, nil
}

// suggest names the title that differs from name only in case, or that begins or ends like it.
func suggest(name string, titles []string) string {
	lower := strings.ToLower(name)
	for _, title := range titles {
		if strings.ToLower(title) == lower {
			return fmt.Sprintf(": did you mean %q?", title)
		}
	}
	for _, title := range titles {
		if t := strings.ToLower(title); strings.HasPrefix(t, lower) || strings.HasPrefix(lower, t) {
			return fmt.Sprintf(": did you mean %q?", title)
		}
	}
	return ""
}
