package report

import (
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"slm/internal/grid"
	"slm/result"
	"slm/stages/systems"
	"slm/stages/verdict"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": grid.Percent, "pvalue": pvalue, "whole": whole[int], "label": label, "points": grid.Points, "signed": signed,
	"unanswered": unanswered, "judge": judgeLine, "decimals": grid.Decimals, "place": inLine, "megabytes": megabytes, "sentence": sentence, "short": shorten,
	"ticks": ticks,
	"head":  func(s string) string { return s[:min(len(s), 12)] },
}).Parse(pageHTML))

// exampleCount is how many questions the page shows in full.
const exampleCount = 10

// view is what the template reads.
type view struct {
	Run      *Run
	Style    template.CSS
	Headline string
	Figures  []fact
	Summary  *result.Summary
	Exams    []examView
	Curves   []curveView
	Search   *searchView
	Gate     *gateView
	Task     *taskView
	Routings []routingView
	Examples []Example
	Data     []fact
	Costs    []costRow
	Kernel   string
	Versions []fact

	EstimateCheck *EstimateCheck
}

// examView is what the page says of an exam.
type examView struct {
	ID       string   // behind the names of its parts; empty for the first exam
	Title    string   // empty where there is one exam only
	Status   string   // the degree of learning, in words
	Class    string   // its colour
	Opening  []string // the sentences of the verdict
	Help     []string
	Counts   string
	Summary  *result.Summary
	Bars     []bar
	Findings []Finding
	Words    words
	Columns  []string
	Lines    []lineView
}

// words explain the columns of the table.
type words struct{ P, Possible, Harm, Evidence string }

// lineView is a system's line of the table of all figures.
type lineView struct {
	System string
	Cells  []string
}

// classes are the colours of the degrees of learning; others have none.
var classes = map[result.Learned]string{result.Yes: "good", result.No: "bad"}

func viewExam(s *result.Summary, id string, help []string) examView {
	v := examView{ID: id, Title: s.Title, Status: capital(degree(judged(s))), Class: classes[judged(s).Learned], Opening: []string{learnedLine(s), bestLine(s)}, Help: help, Counts: counts(s), Summary: s, Bars: bars(s), Findings: Findings(s), Words: words{pMeans, possibleMeans, harmMeans, evidenceMeans}}
	cols := figuresOf(s)
	for _, c := range cols {
		v.Columns = append(v.Columns, c.title)
	}
	for _, sys := range s.Systems {
		line := lineView{System: sys.System}
		for _, c := range cols {
			line.Cells = append(line.Cells, c.cell(sys))
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

// curveView is a training stage's figure.
type curveView struct {
	Title, Text string
	Plot        template.HTML
}

// Render writes the page.
func Render(w io.Writer, r *Run) error {
	v := view{Run: r, Style: template.CSS(styleCSS), Headline: "This run has not been evaluated yet.", Summary: r.Summary, Costs: costs(r.Stages), EstimateCheck: r.EstimateCheck}
	if r.Summary != nil {
		v.Headline = Headline(r.Summary)
		v.Figures = figures(r.Summary)
		help := helpsOf(r.Summary)
		for i, exam := range r.Summary.Exams() {
			v.Exams = append(v.Exams, viewExam(exam, []string{"", "-asked"}[i], help[i]))
		}
		v.Examples = examples(r.Summary, r.Rows, exampleCount)
	}
	if r.Task != nil {
		t := r.Task.Table()
		v.Headline, v.Task = t.Headline, viewTask(t)
	}
	for _, c := range r.Curves {
		if len(c.Metrics) > 0 {
			v.Curves = append(v.Curves, c.view())
		}
	}
	if s, ok := r.stage("bpo"); ok {
		v.Search = r.Search.view(s)
	}
	v.Gate, v.Routings = viewGate(r.Gate), viewRoutings(r.Summary)
	if s, ok := r.stage("data"); ok {
		v.Data = facts([]Stage{s}, func(s Stage) map[string]string { return s.Manifest.Facts })
	}
	v.Versions = facts(r.Stages, func(s Stage) map[string]string { return s.Manifest.Versions })
	for _, s := range r.Stages {
		if m := s.Manifest; m.Kernel != "" {
			v.Kernel = strings.TrimPrefix(m.Numerics+": "+m.Kernel, ": ")
		}
	}
	if err := page.Execute(w, v); err != nil {
		return fmt.Errorf("report: render: %w", err)
	}
	return nil
}

// figures are the four numbers at the top: what the small model knows, and the LLM without it, with it, and with search.
func figures(s *result.Summary) []fact {
	var out []fact
	v := judged(s)
	if v.Place != nil {
		out = append(out, fact{"right section named by the small model", grid.Percent(v.Place.Value)})
	} else if v.Text != nil {
		out = append(out, fact{fmt.Sprintf("first %d characters right", result.StartLen), grid.Percent(v.Text.Value)})
	}
	m, _ := verdict.Method(s)
	names := []string{systems.Alone, m.System, v.Search}
	if v.Learned == result.NoModel && !slices.Contains(names, v.Use) {
		names = append(names, v.Use)
	}
	for _, name := range names {
		sys, ok := s.Find(name)
		if _, has := verdict.Figure(sys, v.Measure); !ok || !has || v.Measure == result.ByEvidence && name == systems.Alone {
			continue
		}
		what := map[result.Measure]string{result.ByAccuracy: "right", result.ByEvidence: "right section given"}[v.Measure]
		out = append(out, fact{what + ", " + whoShort(name), rate(s, name)})
	}
	return out
}

// whoShort names a system under a figure.
func whoShort(name string) string {
	if spec, _ := systems.Lookup(name); spec.Kind == systems.Ours {
		return "LLM + small model"
	}
	return label(name)
}

// view draws a stage's loss, trained and held out.
func (c Curve) view() curveView {
	train, held := []point{}, []point{}
	for _, m := range c.Metrics {
		train = append(train, point{float64(m.Tokens), m.Loss})
		if m.Heldout != nil {
			held = append(held, point{float64(m.Tokens), *m.Heldout})
		}
	}
	first, last := train[0], train[len(train)-1]
	train = thin(train, 160)
	v := curveView{Title: title(c.Stage)}
	v.Text = fmt.Sprintf("Training loss %.2f at first, %.2f at last", first.y, last.y)
	if n := len(held); n > 0 {
		v.Text += fmt.Sprintf("; held-out loss %.2f", held[n-1].y)
	}
	v.Text += "."
	p := plot{
		title: v.Title + ", loss against tokens", detail: v.Text, xName: "tokens seen", logY: true, xFromZero: true,
		series: []series{{class: "line-b", points: train}, {class: "line-a", points: held}},
	}
	v.Plot = p.both(470, 280)
	return v
}

// inLine prints a place in one line: "GPL-3.0 license\nSection 4:" as "GPL-3.0 license, Section 4".
func inLine(place string) string {
	return strings.TrimRight(strings.Join(strings.Split(strings.TrimSpace(place), "\n"), ", "), ":：")
}

// sentence gives words a capital and a full stop. A symbol in front, as in "z = 0", stays small. Signs of numbers become minus signs.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if !strings.HasPrefix(s[size:], " =") {
		s = string(unicode.ToUpper(first)) + s[size:]
	}
	return strings.TrimSuffix(hyphenMinus.ReplaceAllString(s, "${1}−$2"), ".") + "."
}

// hyphenMinus is a hyphen that stands for a sign.
var hyphenMinus = regexp.MustCompile(`(^|[ \[(])-(\d)`)

// ticks is a text whose parts in backticks are code.
func ticks(text string) template.HTML {
	parts := strings.Split(html.EscapeString(text), "`")
	for i := 1; i+1 < len(parts); i += 2 {
		parts[i] = "<code>" + parts[i] + "</code>"
	}
	return template.HTML(strings.Join(parts, ""))
}

// shorten keeps what names a digest: it stands in full in the run's files.
func shorten(s string) string {
	return digest.ReplaceAllString(s, "$1…")
}

var digest = regexp.MustCompile(`\b([0-9a-f]{12})[0-9a-f]{28,52}\b`)
