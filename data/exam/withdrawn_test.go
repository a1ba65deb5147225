package exam

import (
	"strings"
	"testing"

	"slm/data/corpus"
)

func TestWithdraw_LeavesOutQuestionsThatOnlyWithdrawnSectionsAnswered(t *testing.T) {
	gone := []corpus.Section{
		{ID: "MIT#3", Title: "MIT", Number: "3"}, {ID: "WTFPL#1", Title: "WTFPL", Number: "1"}, {ID: "ghr#8", Title: "ghr", Number: "8", Heading: "Barth's disease"},
	}
	rows := []struct {
		row, places string // places that stay, one a line
		left        bool
	}{
		{`{"question":"q","places":["MIT#2"]}`, "MIT\nSection 2:", true},
		{`{"question":"q","places":["MIT#3"]}`, "", false},
		{`{"question":"q","places":[{"title":"WTFPL"},{"title":"mit","number":3}]}`, "", false},
		{`{"question":"q","places":["MIT#3","MIT#2"]}`, "MIT\nSection 2:", true},
		{`{"question":"q","places":["GPL-9.9#1","WTFPL#1"]}`, "GPL-9.9#1", true}, // the corpus never had the other
		{`{"question":"Which?","answer":"az","focus":"WTFPL"}`, "", false},
		{`{"question":"Which?","answer":"az","focus":"Barth's disease"}`, "", false},
		{`{"question":"What does MIT Section 3 say?","choices":["a","b"],"answer":0}`, "", false},
		{`{"question":"What does MIT Section 33 say?","choices":["a","b"],"answer":0}`, "", true}, // names no section, as before
	}
	var text []string
	for _, r := range rows {
		text = append(text, r.row)
	}
	items, err := parse(strings.NewReader(strings.Join(text, "\n")), "asked.jsonl", From{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := Locate(items, stream(library), libraryForms)
	if err != nil {
		t.Fatal(err)
	}
	if items, err = found.Withdraw(items, gone, libraryForms); err != nil || found.Slips() != nil || len(found.Missing) != 1 {
		t.Fatalf("%v, %+v", err, found.Missing)
	}
	for _, r := range rows {
		if !r.left {
			continue
		}
		if len(items) == 0 {
			t.Fatalf("%s is left out", r.row)
		}
		if got := strings.Join(items[0].Places, "; "); got != r.places {
			t.Errorf("%s: %q", r.row, got)
		}
		items = items[1:]
	}
	if len(items) > 0 {
		t.Errorf("%+v", items)
	}
}
