package corpus

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"slm/data/corpus/clean"
	"slm/data/corpus/read"
)

func licenseSections(t *testing.T, opt Options) ([]Section, *Report) {
	t.Helper()
	opt.From = Licenses
	sections, report, err := balanced(t, opt)
	if err != nil {
		t.Fatal(err)
	}
	return sections, report
}

// The prototype found 120 documents with 1,057 sections.
func TestLicenses_GiveMoreSectionsThanThePrototype(t *testing.T) {
	sections, report := licenseSections(t, Options{Numbered: true})
	t.Logf("%d documents, %d sections, %d bytes; %d without numbered sections", report.Documents, report.Sections, report.Bytes, report.DroppedShort)
	if report.Documents < 140 || report.Sections < 1300 || report.Sections != len(sections) {
		t.Errorf("%d documents, %d sections", report.Documents, report.Sections)
	}
	ids, longest := map[string]bool{}, 0
	for _, s := range sections {
		if ids[s.ID] {
			t.Errorf("%s stands twice", s.ID)
		}
		ids[s.ID], longest = true, max(longest, len(s.Text))
		switch {
		case s.Text != clean.Fold(s.Text) || !norm.NFC.IsNormalString(s.Text):
			t.Errorf("%s is not clean: %q", s.ID, s.Text)
		case strings.Contains(s.Text, "&apos;") || strings.Contains(s.Text, "&quot;") || strings.Contains(s.Text, "&#"):
			t.Errorf("%s holds an entity", s.ID)
		case !strings.HasPrefix(s.Source, "License/"+s.Title+"/"):
			t.Errorf("%s comes from %s", s.ID, s.Source)
		}
	}
}

func TestLicenses_KnownSectionsBeginAndEndWhereTheyShould(t *testing.T) {
	sections, _ := licenseSections(t, Options{Numbered: true, Only: []string{
		"Apache-2.0", "GPL-2.0", "GPL-3.0", "MPL-2.0", "CC-BY-4.0", "Artistic-2.0", "EUPL-1.1", "CC0-1.0", "BitTorrent-1.1", "Zend-2.0", "APSL-2.0", "SSPL-1.0", "CC-BY-3.0",
	}})
	byID := map[string]Section{}
	count := map[string]int{}
	for _, s := range sections {
		byID[s.ID] = s
		count[s.Title]++
	}
	for _, want := range []struct{ id, heading, begin, end string }{
		{"Apache-2.0#4", "Redistribution", "Redistribution. You may reproduce", "conditions stated in this License."},
		{"Apache-2.0#9", "Accepting Warranty or Additional Liability", "Accepting Warranty", "such warranty or additional liability."},
		{"GPL-2.0#0", "", "This License applies to any program", "depends on what the Program does."},
		{"GPL-2.0#10", "", "If you wish to incorporate", "sharing and reuse of software generally."},
		{"GPL-2.0#12", "", "IN NO EVENT UNLESS", "POSSIBILITY OF SUCH DAMAGES."},
		{"GPL-3.0#14", "Revised Versions of this License", "Revised Versions", "to follow a later version."},
		{"GPL-3.0#17", "Interpretation of Sections 15 and 16", "Interpretation", "in return for a fee."},
		{"MPL-2.0#10", "Versions of the License", "Versions of the License 10.1.", "of this License must be attached."},
		{"MPL-2.0#4", "Inability to Comply Due to Statute or Regulation", "Inability to Comply", "to be able to understand it."},
		{"CC-BY-4.0#8", "Interpretation", "Interpretation. a.", "any jurisdiction or authority."},
		{"CC-BY-3.0#8", "Miscellaneous", "Miscellaneous a.", "under applicable law."},
		{"Artistic-2.0#1", "", "You are permitted to use", "do not Distribute the Modified Version."},
		{"EUPL-1.1#4", "Limitations on copyright", "Limitations on copyright Nothing", "limitations thereto."},
		{"CC0-1.0#4", "Limitations and Disclaimers", "Limitations and Disclaimers.", "this CC0 or use of the Work."},
		{"BitTorrent-1.1#12", "U.S. Government End Users", "U.S. Government End Users.", "set forth herein."},
		{"Zend-2.0#4", "", "Zend Technologies Ltd. may publish", "under this License."},
		{"APSL-2.0#13", "Miscellaneous", "Miscellaneous. 13.1", "concerning conflicts of law."},
		{"SSPL-1.0#0", "Definitions", "Definitions. \"This License\"", "meets this criterion."},
	} {
		s := byID[want.id]
		if s.Heading != want.heading || !strings.HasPrefix(s.Text, want.begin) || !strings.HasSuffix(s.Text, want.end) {
			t.Errorf("%s: heading %q, text %.40q … %q", want.id, s.Heading, s.Text, s.Text[max(0, len(s.Text)-40):])
		}
	}
	for title, want := range map[string]int{"Apache-2.0": 9, "GPL-3.0": 18, "MPL-2.0": 10, "CC-BY-4.0": 8, "Artistic-2.0": 14, "BitTorrent-1.1": 15} {
		if count[title] != want {
			t.Errorf("%s has %d sections, not %d", title, count[title], want)
		}
	}
}

func TestLicenses_OfNearCopiesTheBestKnownStays(t *testing.T) {
	opt := Options{Numbered: true, Exact: true, Near: 0.8}
	_, report := licenseSections(t, opt)
	t.Logf("%d documents, %d sections, %d bytes; %d exact and %d near copies", report.Documents, report.Sections, report.Bytes, report.DroppedExact, report.DroppedNear)
	of := map[string]string{}
	for _, d := range report.Dropped {
		of[d.Title] = d.Of
	}
	for title, want := range map[string]string{"AGPL-3.0": "GPL-3.0", "CC-BY-SA-4.0": "CC-BY-4.0", "GPL-2.0-with-bison-exception": "GPL-2.0", "LGPL-2.0": "LGPL-2.1", "Apache-2.0": "", "MPL-2.0": ""} {
		if of[title] != want {
			t.Errorf("%s was dropped as a copy of %q, not of %q", title, of[title], want)
		}
	}
	if report.DroppedExact+report.DroppedNear < 40 {
		t.Errorf("only %d exact and %d near copies", report.DroppedExact, report.DroppedNear)
	}
	_, again := licenseSections(t, opt)
	if again.Digest != report.Digest || report.Digest == "" {
		t.Errorf("digest %q, then %q", report.Digest, again.Digest)
	}
}

func TestLicenses_OnlyRestrictsAndOrdersThem(t *testing.T) {
	sections, _ := licenseSections(t, Options{Only: []string{"MPL-2.0", "Apache-2.0"}})
	if sections[0].Title != "MPL-2.0" || sections[len(sections)-1].Title != "Apache-2.0" {
		t.Errorf("from %s to %s", sections[0].Title, sections[len(sections)-1].Title)
	}
	_, _, err := Sections(Options{From: Licenses, Only: []string{"apache-2.0"}})
	if !errors.Is(err, read.ErrUnknown) || !strings.Contains(err.Error(), `did you mean "Apache-2.0"`) {
		t.Error(err)
	}
	if _, _, err := Sections(Options{From: Licenses, Only: []string{"MIT", "MIT"}}); err == nil {
		t.Error("a licence named twice is read twice")
	}
}

func TestLicenses_OneWithoutNumbersIsCutAtParagraphs(t *testing.T) {
	sections, report := licenseSections(t, Options{Only: []string{"MIT"}})
	if report.Shapes["paragraphs"] != 1 || len(sections) == 0 || sections[0].Number != "1" || sections[0].Heading != "" {
		t.Errorf("%v, %+v", report.Shapes, sections)
	}
	if _, _, err := balanced(t, Options{From: Licenses, Only: []string{"MIT"}, Numbered: true}); !errors.Is(err, read.ErrEmpty) {
		t.Errorf("numbered sections only: %v", err)
	}
}

func TestLicenses_WholeOnesKeepTheirParagraphsAmongNumberedOnes(t *testing.T) {
	sections, report := licenseSections(t, Options{Numbered: true, Only: []string{"MIT", "Unlicense", "Apache-2.0"}, Whole: []string{"MIT", "Unlicense"}})
	var got []string
	for _, s := range sections {
		got = append(got, s.ID)
	}
	want := "MIT#1 Unlicense#1 Unlicense#2 Apache-2.0#1 Apache-2.0#2 Apache-2.0#3 Apache-2.0#4 Apache-2.0#5 Apache-2.0#6 Apache-2.0#7 Apache-2.0#8 Apache-2.0#9"
	if strings.Join(got, " ") != want || report.Shapes["paragraphs"] != 2 || !strings.HasPrefix(sections[0].Text, "Permission is hereby granted") {
		t.Errorf("%v, %v", got, report.Shapes)
	}
	for _, opt := range []Options{
		{Numbered: true, Whole: []string{"mit"}},
		{Numbered: true, Only: []string{"Apache-2.0"}, Whole: []string{"mit"}},
	} {
		opt.From = Licenses
		if _, _, err := Collect(opt); !errors.Is(err, read.ErrUnknown) {
			t.Errorf("%v: %v", opt.Whole, err)
		}
	}
}

// A recipe's list of whole titles holds for any choice of titles from its corpus.
func TestLicenses_AWholeTitleMayBeLeftOut(t *testing.T) {
	opt := Options{From: Licenses, Numbered: true, Only: []string{"MIT", "Apache-2.0"}, Whole: []string{"MIT", "Unlicense"}}
	if sections, _, err := Collect(opt); err != nil || len(sections) != 10 {
		t.Errorf("%d sections, %v", len(sections), err)
	}
}
