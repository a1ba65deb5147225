package grid

import (
	"encoding/csv"
	"reflect"
	"strings"
	"testing"
)

var awkward = []Table{{Title: "A & B_1", Head: []string{"system", "accuracy"}, Left: 1, Rows: [][]string{{"rag+blade|x", "50 % – 61 %"}, {"<b>\n\\{}$#~^", "−1.5"}}}}

func TestRender_NothingInACellIsReadAsMarkup(t *testing.T) {
	for form, want := range map[string][]string{
		"text":     {"system", "<b> \\{}$#~^", "note: 5 %"},
		"markdown": {`rag+blade\|x`, `&lt;b> \\`, "|---|---:|", `A &amp; B\_1`},
		"latex":    {`50 \% -- 61 \% \\`, `$<$b$>$ \textbackslash{}\{\}\$\#\textasciitilde{}\textasciicircum{} & $-$1.5 \\`, `\caption{A \& B\_1}`, `{lr}`, `\toprule`, `\midrule`, `\bottomrule`},
		"html":     {"&lt;b&gt;", "A &amp; B_1", `<td class="w">`},
	} {
		got := Render(form, awkward, []string{"5 %"})
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s has no %q:\n%s", form, w, got)
			}
		}
	}
}

func TestRender_CSVIsReadBack(t *testing.T) {
	other := Table{Title: "C", Head: []string{"accuracy", "seeds", "harm"}, Rows: [][]string{{"61.0 %", "3", "–"}}}
	rows, err := csv.NewReader(strings.NewReader(Render("csv", append(awkward, other), nil))).ReadAll()
	if err != nil || len(rows) != 4 || rows[2][1] != awkward[0].Rows[1][0] {
		t.Fatalf("%q %v", rows, err)
	}
	for i, want := range map[int]string{0: "table|system|accuracy|seeds|harm", 1: "A & B_1|rag+blade|x|50 % – 61 %||", 3: "C||61.0|3|"} {
		if got := strings.Join(rows[i], "|"); got != want {
			t.Errorf("line %d is %s, want %s", i, got, want)
		}
	}
	if rows[2][2] != "-1.5" {
		t.Errorf("a minus is read back as %s", rows[2][2])
	}
}

func TestRender_EmptyTableIsLeftOut(t *testing.T) {
	for _, form := range Forms {
		if got := Render(form, []Table{{Title: "nothing", Head: []string{"a"}}}, nil); strings.Contains(got, "nothing") {
			t.Errorf("%s: %s", form, got)
		}
	}
}

func TestWithout_AColumnThatSaysSomethingStays(t *testing.T) {
	table := Table{Head: []string{"questions", "system", "no answer"}, Left: 2, Rows: [][]string{{"exam", "llm", "0"}, {"exam", "slm", "1"}}}
	got := table.Without("questions", "exam").Without("no answer", "0").Without("system", "llm").Without("frob", "")
	if want := (Table{Head: []string{"system", "no answer"}, Left: 1, Rows: [][]string{{"llm", "0"}, {"slm", "1"}}}); !reflect.DeepEqual(got, want) || len(table.Rows[0]) != 3 {
		t.Errorf("%+v", got)
	}
}

func TestAlign_FiguresStandToTheRight(t *testing.T) {
	if got := Align([][]string{{"é", "10"}, {"ab", "7"}}, 1); got != "é   10\nab   7\n" {
		t.Errorf("%q", got)
	}
}
