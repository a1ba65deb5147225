package draft

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/llm"
	"slm/model/decode"
	"slm/pipeline/session"
	"slm/score"
	"slm/stages/gate"
)

var update = flag.Bool("update", false, "write the golden files anew")

// shop is a run with three sections: a question is about each of them whose word stands in it. said is what its LLM says; "" = it writes no text.
type shop struct {
	said  map[string]string
	fails error
	room  int // words of the longest question; 0 = any
	asked []session.Question
}

var sections = []session.Passage{
	{Place: "Returns\nHow can I return it?:", Source: "returns.md:3", About: "How can I return it?",
		Text: "How can I return it? Returns are free within 30 days after delivery. Stick the label on the box. Bulbs are not taken back."},
	{Place: "Shipping\nWhere do you ship to?:", Source: "shipping.md:3", About: "Where do you ship to?", Text: "We ship to Norway and Switzerland. Parcels to islands take two days longer."},
	{Place: "Warranty\nHow long?:", Source: "https://shop.example/warranty", About: "How long?", Text: "The warranty for lamps is three years from the invoice."},
}

func init() {
	for i := range sections {
		sections[i].Head = sections[i].Text
	}
}

func (s *shop) Ask(ctx context.Context, q session.Question) (*session.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.asked = append(s.asked, q)
	sure := .02
	a := &session.Answer{Question: q.Text, System: "auto", Way: gate.None, Sure: &sure}
	for _, p := range sections {
		about := strings.ToLower(strings.Fields(p.Place)[0])
		if strings.Contains(strings.ToLower(q.Text), about[:4]) {
			sure = .9
			a.Way, a.Given, a.InCorpus = gate.Found, append(a.Given, p.Place), true
			a.Knowledge += p.Head + "\n"
		}
	}
	if q.Silent || a.Way == gate.None {
		return a, nil
	}
	if len(strings.Fields(q.Text)) > s.room && s.room > 0 {
		return nil, fmt.Errorf("ask: %w", decode.ErrTooLong)
	}
	if s.fails != nil {
		return a, s.fails
	}
	if s.said == nil {
		return a, llm.ErrNoText
	}
	for word, reply := range s.said {
		if strings.Contains(q.Text, word) {
			a.Reply, a.LLM, a.Used = reply, "toy", llm.Usage{Calls: 1}
		}
	}
	return a, nil
}

func (*shop) Passages(_ context.Context, places []string) (out []session.Passage, err error) {
	for _, place := range places {
		for _, p := range sections {
			if p.Place == place {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

const message = "Hello,\n\nCan I return a lamp? Do you ship to Norway and how long is the warranty? Do you sell gift cards?\n\nBest regards,\nAnna"

func write(t *testing.T, run Run, message string, how Options) *Draft {
	t.Helper()
	d, err := Write(context.Background(), run, message, how)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWrite_SeveralQuestionsAreQuotedFromSeveralSources(t *testing.T) {
	run := &shop{}
	d := write(t, run, message, Options{})
	want := "Returns are free within 30 days after delivery. [1] Stick the label on the box. [1]\n\nWe ship to Norway and Switzerland. [2]\n\nThe warranty for lamps is three years from the invoice. [3]"
	if d.Text != want || !d.Quoted || d.Marked != 0 || *d.Faithful != 1 || d.Sentences != 4 {
		t.Errorf("%+v", d)
	}
	if len(d.Sources) != 3 || d.Sources[2].Source != "https://shop.example/warranty" || d.Sources[2].Number != 3 {
		t.Errorf("%+v", d.Sources)
	}
	if len(d.NotCovered) != 1 || d.NotCovered[0] != "Do you sell gift cards?" || strings.Contains(d.Text, "gift") {
		t.Errorf("%+v", d.NotCovered)
	}
	if got := strings.Join(d.Aside, "|"); got != "Hello|Best regards,|Anna" {
		t.Errorf("%q", got)
	}
	for i, q := range run.asked {
		if !q.Grounded || q.Silent != (i > 0) {
			t.Errorf("question %d: %+v; an LLM that writes no text is asked once, and never without a passage", i, q)
		}
	}
}

func TestWrite_EverySentenceOfAnLLMHasItsSourceOrAMark(t *testing.T) {
	run := &shop{said: map[string]string{
		"return":   "1. You can return lamps for free within 30 days after delivery.\n2. Our moon base collects every parcel by rocket. Yes.",
		"Norway":   "We ship parcels to Norway and Switzerland within 14 days.",
		"warranty": "The warranty for lamps is three years, and parcels to islands take two days longer.",
		"gift":     "Gift cards cost 20 euros.",
		"islands":  "As a chatbot I cannot say.",
	}}
	d := write(t, run, "Can I return a lamp? Do you ship to Norway? What is the warranty when you ship lamps?  Do you sell gift cards? When are islands in shipping times?", Options{})
	var got []string
	for _, p := range d.Parts {
		for _, s := range p.Sentences {
			got = append(got, s.String())
			if s.Mark == "" && !s.Quoted && (s.Support == nil || *s.Support < score.Supported || len(s.Sources) == 0) {
				t.Errorf("%+v is not marked", s)
			}
		}
	}
	want := []string{
		"You can return lamps for free within 30 days after delivery. [1]", "Our moon base collects every parcel by rocket. [not in the sources]", "Yes. [not in the sources]",
		"We ship to Norway and Switzerland. [2]", "We ship parcels to Norway and Switzerland within 14 days. [2][14 is not in the sources]", "The warranty for lamps is three years, and parcels to islands take two days longer. [2][3]",
		"Parcels to islands take two days longer. [2]", "As a chatbot I cannot say. [not in the sources]",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q\nwant %q", got, want)
	}
	if d.Marked != 4 || d.Sentences != 5 || *d.Faithful != .6 || d.Quoted || d.LLM != "toy" || d.Used.Calls != 4 {
		t.Errorf("%+v", d)
	}
	held, all := 0., 0.
	for _, p := range d.Parts { // the measure is the evaluation's
		var said []string
		for _, s := range p.Sentences {
			if !s.Quoted {
				said = append(said, s.Text)
			}
		}
		passages, _ := run.Passages(context.Background(), run.given(p.Question))
		var text string
		for _, p := range passages {
			text += p.Head + "\n"
		}
		if share, ok := score.Faithful(strings.Join(said, "\n"), text); ok {
			n := 0.
			for _, s := range p.Sentences {
				if s.Support != nil && !s.Quoted {
					n++
				}
			}
			held, all = held+share*n, all+n
		}
	}
	if held/all != *d.Faithful {
		t.Errorf("%v, and score.Faithful says %v", *d.Faithful, held/all)
	}
}

// given are the places of a question.
func (s *shop) given(question string) []string {
	a, _ := s.Ask(context.Background(), session.Question{Text: question, Silent: true})
	return a.Given
}

func TestWrite_ForeignAndEmptyMessagesSayThatNothingIsCovered(t *testing.T) {
	d := write(t, &shop{said: map[string]string{"": "I make it up."}}, "Who won the football world cup in 1998? How do I bake bread?", Options{})
	if d.Text != "" || len(d.NotCovered) != 2 || d.Faithful != nil || d.Quoted || len(d.Sources) != 0 {
		t.Errorf("%+v", d)
	}
	if d := write(t, &shop{}, "Hello!\nThanks,\nBo", Options{}); len(d.Parts) != 0 || d.Text != "" {
		t.Errorf("%+v", d)
	}
}

func TestWrite_WhereTheLLMFailsTheDocumentsAreQuotedBesideTheError(t *testing.T) {
	for fails, asks := range map[error]int{llm.ErrBudget: 1, llm.ErrOffline: 3} {
		run := &shop{fails: fails}
		d, err := Write(context.Background(), run, message, Options{})
		if !errors.Is(err, fails) || d == nil || len(d.Sources) != 3 || !d.Quoted {
			t.Fatalf("%+v, %v", d, err)
		}
		n := 0
		for _, q := range run.asked[:3] {
			if !q.Silent {
				n++
			}
		}
		if n != asks {
			t.Errorf("%v: the LLM is asked %d times, want %d", fails, n, asks)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if d, err := Write(ctx, &shop{}, message, Options{}); d != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWrite_AQuestionThatIsTooLongIsAskedFromItsEnd(t *testing.T) {
	run := &shop{room: 20}
	d := write(t, run, strings.Repeat("it was dark and ", 30)+"how long is the warranty?", Options{})
	if len(d.Sources) != 1 || len(strings.Fields(run.asked[len(run.asked)-1].Text)) > 20 || len(d.Parts[0].Question) < 400 {
		t.Errorf("%+v", d)
	}
}

func TestWrite_TheSameSentenceIsSaidOnce(t *testing.T) {
	d := write(t, &shop{}, "How long is the warranty for lamps? And what is the warranty in Spain?", Options{Quote: true})
	if strings.Count(d.Text, "three years") != 1 || len(d.Parts) != 2 || len(d.Sources) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestWrite_JSONIsThatOfTheGoldenFile(t *testing.T) {
	run := &shop{said: map[string]string{"return": "Returns are free within 14 days."}}
	d := write(t, run, message, Options{})
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "draft.json")
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%v\n%s", err, b.String())
	}
}
