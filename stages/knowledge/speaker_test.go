package knowledge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/data/corpus"
	"slm/data/form"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

// act is a domain of one act with a tokenizer that has every word of it as a token of its own.
func act(t *testing.T, place string, more ...string) *domain.Domain {
	t.Helper()
	spec := stagetest.Spec{Forms: form.Set{Place: place, Document: []string{place}, Question: []string{"What does {number} say?"}}, Vocab: 1000}
	if place == "" {
		spec.Forms.Document = []string{"From {title}."}
	}
	for i, text := range []string{"alpha beta gamma delta", "one two three four", "one two three four five"} {
		s := corpus.Section{ID: fmt.Sprint(i), Title: "Act", Number: fmt.Sprint(i + 7), Text: text}
		spec.Sections = append(spec.Sections, s)
		spec.Texts = append(spec.Texts, form.Ask("What?")+" "+spec.Forms.PlaceOf(s)+" "+s.Text, spec.Forms.PlaceOf(s))
	}
	spec.Texts = slices.Repeat(append(spec.Texts, more...), 20)
	return stagetest.Domain(t, spec)
}

// reciter is a model that, after the end of any question, says the given continuation and then the end mark; and the same from any point
// of it on. It is a table of token pairs: the embedding is the identity, the blocks add nothing, the head holds what follows.
func reciter(t *testing.T, dom *domain.Domain, says string) *decode.Decoder {
	t.Helper()
	ask := dom.Tokenizer.Encode(form.Ask("What?"))
	chain := append(ask[len(ask)-1:], dom.Tokenizer.Encode(form.Continuation(says))...)
	return table(t, dom, append(chain, dom.EOS))
}

func table(t *testing.T, dom *domain.Domain, chain []int32) *decode.Decoder {
	t.Helper()
	return tableOf(t, dom, chain, 1)
}

// tableOf is a table whose pairs weigh less than 1, so that another token than the next may be drawn.
func tableOf(t *testing.T, dom *domain.Domain, chain []int32, weight float32) *decode.Decoder {
	t.Helper()
	v := dom.Tokenizer.Vocab()
	p := model.Zeros(model.Config{Vocab: v, Width: v, Layers: 1, Heads: 1, KVHeads: 1, HeadDim: 2, Hidden: 2, Context: 128, RopeTheta: 10000, NormEps: 1e-5})
	for i := range v {
		p.Embed[i*v+i], p.Norm[i], p.Layers[0].AttnNorm[i], p.Layers[0].MLPNorm[i] = 1, 1, 1, 1
	}
	for i, token := range chain[:len(chain)-1] {
		if slices.Contains(chain[i+1:], token) {
			t.Fatalf("token %d (%q) stands twice in what the model is to say", token, dom.Tokenizer.Token(token))
		}
		p.Head[int(chain[i+1])*v+int(token)] = weight
	}
	be, err := kernel.Open("go")
	if err != nil {
		t.Fatal(err)
	}
	return decode.New(p, be)
}

func say(t *testing.T, s *Speaker, questions ...string) []Piece {
	t.Helper()
	out, err := s.Say(context.Background(), questions, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const bracketed = "{title} ({number}):" // its mark is glued to a bracket in one token

func TestSpeaker_PlaceEndsAtItsMarkAndTheTextIsRecitedFromIt(t *testing.T) {
	dom := act(t, bracketed)
	if glued := dom.Tokenizer.Encode("):"); len(glued) != 1 {
		t.Fatalf("the mark is %d tokens: the test proves nothing", len(glued))
	}
	for says, want := range map[string]Piece{
		"Act (7): alpha beta gamma delta": {Place: "Act (7):", Text: "alpha beta gamma delta", Section: 0, Verified: true},
		"Act (7): alpha beta":             {Place: "Act (7):", Text: "alpha beta", Section: 0, Verified: true},
		"Act (8): alpha beta gamma":       {Place: "Act (8):", Text: "alpha beta gamma", Section: 1},
		"Act (7):":                        {Place: "Act (7):", Section: 0},
	} {
		s := New(reciter(t, dom, says), dom, nil, false)
		for i, got := range say(t, s, "What?", "And what  else?") {
			want.Question, want.LogProb, want.Margin = []string{"What?", "And what  else?"}[i], got.LogProb, mostMargin
			if got.LogProb >= 0 || got.LogProb < -.1 { // the table is all but sure
				t.Errorf("%q: a log-probability of %v", says, got.LogProb)
			}
			if got != want || got.Known() != (want.Section >= 0) {
				t.Errorf("%q: %+v, want %+v", says, got, want)
			}
		}
	}
}

func TestSpeaker_NamesOnlyPlacesThatThereAre(t *testing.T) {
	dom := act(t, bracketed)
	for _, says := range []string{"Act (5): alpha beta", "alpha beta", ""} { // a place that is not there, no mark, nothing
		s := New(reciter(t, dom, says), dom, nil, false)
		named, err := s.Name(t.Context(), []string{"What?"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range append(named, say(t, s, "What?")...) {
			if _, i, ok := dom.Section(got.Place); !ok || i != got.Section {
				t.Errorf("%q: %+v is no place of the corpus", says, got)
			}
			if got.LogProb > -5 { // of all that the model could have said
				t.Errorf("%q: %+v is likely", says, got)
			}
		}
	}
}

func TestSpeaker_NamesThePartsThatWereRead(t *testing.T) {
	made := act(t, bracketed, "Act (7) (part 2 of 3):")
	words := make([]string, 90)
	for i := range words {
		words[i] = fmt.Sprintf("w%dx", i)
	}
	made.Sections.(corpus.Slice)[0].Text = strings.Join(words, " ")
	dom := stagetest.Open(t, made)
	text := dom.Tokenizer.Encode(form.Continuation(made.Sections.At(0).Text))
	read, err := dom.Read(len(text)/2, false)
	if err != nil || read.Parts(0) < 3 {
		t.Fatalf("%d parts, %v", read.Parts(0), err)
	}
	places := NewPlaces(dom, read)
	if got, want := places.choices.Len(), dom.Sections.Len()+read.Parts(0)-1; got != want {
		t.Errorf("%d places, want %d", got, want)
	}
	part := dom.Forms.Part(dom.Forms.PlaceOf(dom.Sections.At(0)), 3, read.Parts(0))
	if got := places.place(2); got != part {
		t.Errorf("the third place is %q, want %q", got, part)
	}
	if whole := NewPlaces(dom, nil); whole.choices.Len() != dom.Sections.Len() || whole.place(1) != "Act (8):" {
		t.Errorf("without a reading %d places, the second %q", whole.choices.Len(), whole.place(1))
	}
}

// Places were limited to 40 tokens once: documents with long titles scored 0.
func TestSpeaker_NamesAPlaceOfAnyLength(t *testing.T) {
	var title []string
	for a := range 8 {
		for b := range 8 {
			title = append(title, string([]byte{byte('a' + a), byte('q' + b), byte('a' + a)}))
		}
	}
	made := act(t, bracketed, strings.Join(title, " "))
	made.Sections.(corpus.Slice)[0].Title = strings.Join(title, " ")
	dom := stagetest.Open(t, made)
	place := dom.Forms.PlaceOf(dom.Sections.At(0))
	if n := len(dom.Tokenizer.Encode(form.Continuation(place))); n <= 60 {
		t.Fatalf("the place has %d tokens: the test proves nothing", n)
	}
	got := say(t, New(reciter(t, dom, place+" alpha beta gamma"), dom, nil, false), "What?")[0]
	if got.Place != place || got.Section != 0 || !got.Verified || got.Text != "alpha beta gamma" {
		t.Errorf("%+v", got)
	}
}

func TestSpeaker_APartOfASectionIsRecitedAndVerified(t *testing.T) {
	made := act(t, bracketed, "Act (7) (part 2 of 3):")
	words := make([]string, 90)
	for i := range words {
		words[i] = fmt.Sprintf("w%dx", i)
	}
	made.Sections.(corpus.Slice)[0].Text = strings.Join(words, " ")
	dom := stagetest.Open(t, made)
	place := dom.Forms.Part(dom.Forms.PlaceOf(dom.Sections.At(0)), 2, 3)
	sec, _, ok := dom.Section(place)
	if !ok || sec.Text == "" || !strings.HasSuffix(made.Sections.At(0).Text, sec.Text) || len(sec.Text) < 100 {
		t.Fatalf("%+v, %v", sec, ok)
	}
	s := New(reciter(t, dom, "alpha"), dom, nil, false)
	s.Remember(place, strings.Join(strings.Fields(sec.Text)[:5], " "))
	s.Remember("Act (7):", strings.Join(words[:5], " "))
	for at, begins := range map[string]string{place: strings.Fields(sec.Text)[0], "Act (7):": "w0x"} {
		got := s.piece("What?", at, s.texts[at])
		if got.Section != 0 || !got.Verified || !strings.HasPrefix(got.Text, begins) {
			t.Errorf("%s: %+v", at, got)
		}
	}
	if got := s.piece("What?", place, strings.Join(words[:5], " ")); got.Verified {
		t.Error("the beginning of the section is verified as its second part")
	}
}

func TestSpeaker_TextIsRecitedOnceForEachPlace(t *testing.T) {
	dom := act(t, bracketed)
	s := New(reciter(t, dom, "Act (7): alpha beta"), dom, nil, false)
	first := say(t, s, "What?")
	// A model that names the same place and would recite another text is not asked for it.
	s.Decoder = reciter(t, dom, "Act (7): one two")
	if again := say(t, s, "What else?"); again[0].Text != first[0].Text || first[0].Text != "alpha beta" {
		t.Errorf("first %q, then %q", first[0].Text, again[0].Text)
	}
	s = New(s.Decoder, dom, nil, false)
	s.Remember("Act (7):", "what was said before")
	s.Remember("Act (8):", "something else")
	if got := say(t, s, "What?", "What?"); got[0].Text != "what was said before" || got[1] != got[0] || got[0].Verified {
		t.Errorf("%+v", got)
	}
}

func TestSpeaker_FirstSectionOfAPlaceCounts(t *testing.T) {
	dom := act(t, bracketed)
	dom.Sections.(corpus.Slice)[2].Number = "8"
	s := New(reciter(t, dom, "Act (8): one two three four"), dom, nil, false)
	if got := say(t, s, "What?")[0]; got.Section != 1 || !got.Verified {
		t.Errorf("%+v", got)
	}
	if sec, _, ok := dom.Section("Act (8):"); !ok || sec.ID != "1" {
		t.Errorf("%+v, %v", sec, ok)
	}
	if _, _, ok := dom.Section("Act (9):"); ok {
		t.Error("found a place that is gone")
	}
	if _, _, ok := dom.Section(""); ok {
		t.Error("found a section at no place")
	}
}

func TestSpeaker_InOneStepThePlaceIsReadFromTheText(t *testing.T) {
	for _, place := range []string{bracketed, "{title}（{number}）："} {
		dom := act(t, place, "Act（5）： Act (5):")
		seven, five := dom.Forms.PlaceOf(dom.Sections.At(0)), dom.Forms.PlaceOf(corpus.Section{Title: "Act", Number: "5"})
		for says, want := range map[string]Piece{
			seven + " alpha beta": {Place: seven, Text: "alpha beta", Section: 0, Verified: true},
			seven + " one two":    {Place: seven, Text: "one two", Section: 0},
			five + " alpha beta":  {Text: five + " alpha beta", Section: -1}, // no place that the corpus has
			"alpha beta":          {Text: "alpha beta", Section: -1},
		} {
			got := say(t, New(reciter(t, dom, says), dom, nil, true), "What?")[0]
			if want.Question, want.LogProb = "What?", got.LogProb; got != want || got.LogProb >= 0 {
				t.Errorf("%q: %+v, want %+v", says, got, want)
			}
		}
	}
}

func TestSpeaker_FullWidthMarkEndsAPlaceToo(t *testing.T) {
	dom := act(t, "{title}（{number}）：")
	s := New(reciter(t, dom, "Act（7）： alpha beta"), dom, nil, false)
	if got := say(t, s, "What?")[0]; got.Place != "Act（7）：" || got.Text != "alpha beta" || !got.Verified {
		t.Errorf("%+v", got)
	}
}

func TestSpeaker_CorpusWithoutPlacesIsSpokenOfInOneStep(t *testing.T) {
	dom := act(t, "")
	s := New(reciter(t, dom, "alpha beta"), dom, nil, false)
	if got := say(t, s, "What?")[0]; !s.OneStep || got.Text != "alpha beta" || got.Known() {
		t.Errorf("one step %v: %+v", s.OneStep, got)
	}
}

func TestLimit_CutsAtAWholeCharacter(t *testing.T) {
	dom := act(t, bracketed)
	s := New(reciter(t, dom, "Act (7): alphaé beta"), dom, nil, false) // é is two tokens, for no text has it
	whole := len(dom.Tokenizer.Encode(" alpha"))
	for limit, want := range map[int]string{whole: "alpha", whole + 1: "alpha", whole + 2: "alphaé"} {
		fresh := New(s.Decoder, dom, nil, false)
		fresh.TextTokens = limit
		if got := say(t, fresh, "What?")[0]; got.Text != want {
			t.Errorf("%d tokens: %q, want %q", limit, got.Text, want)
		}
	}
	for limit, want := range map[int]string{1: "alpha", 2: "alpha beta", 4: "alpha beta gamma delta", 9: "alpha beta gamma delta"} {
		if got := Head(dom, "alpha beta gamma delta", limit+len(dom.Tokenizer.Encode("alpha"))-1); got != want {
			t.Errorf("head of %d words: %q, want %q", limit, got, want)
		}
	}
	if got := Head(dom, "é", 1); got != "" {
		t.Errorf("half a character is %q", got)
	}
}

func TestSpeaker_WhatTheDecoderRefusesIsAnError(t *testing.T) {
	dom := act(t, bracketed)
	for _, oneStep := range []bool{false, true} {
		s := New(reciter(t, dom, "Act (7): alpha"), dom, nil, oneStep)
		if _, err := s.Say(context.Background(), []string{strings.Repeat("What? ", 200)}, nil); !errors.Is(err, decode.ErrTooLong) {
			t.Errorf("a question longer than the context: %v", err)
		}
		if _, err := s.Say(context.Background(), []string{"What?"}, make([]float32, 3)); !errors.Is(err, decode.ErrRequest) {
			t.Errorf("a soft prompt of another width: %v", err)
		}
		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.Say(cancelled, []string{"What?"}, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if got, err := s.Say(context.Background(), nil, nil); err != nil || len(got) != 0 {
			t.Errorf("no question: %v, %v", got, err)
		}
	}
}

func TestVerified_TextIsTheBeginningOfItsSection(t *testing.T) {
	sec := corpus.Section{Text: "The  licence grants\nno right. None."}
	for text, want := range map[string]bool{
		"The licence grants no right. None.": true,
		"The licence\t grants":               true,
		"The licence gra":                    true, // cut by the limit
		"T":                                  true,
		"  The ":                             true,
		"The licence grants no right. None. Ever": false,
		"The licence grants no right. None.x":     false,
		"the licence":                             false,
		"The gra":                                 false,
		"Th licence":                              false, // only the last word may be cut
		"licence grants":                          false,
		"The licence grants any right":            false,
		"":                                        false,
		" \n":                                     false,
	} {
		if Stands(text, sec) != want {
			t.Errorf("%q stands: %v", text, !want)
		}
	}
	if Stands("", corpus.Section{}) || Stands("x", corpus.Section{}) {
		t.Error("something stands in an empty section")
	}
}

func TestSpeaker_SamplesAreDrawnFromSeedAndQuestionAlone(t *testing.T) {
	dom := act(t, bracketed)
	ask := dom.Tokenizer.Encode(form.Ask("What?"))
	d := tableOf(t, dom, append(append(ask[len(ask)-1:], dom.Tokenizer.Encode(form.Continuation("Act (7): alpha beta gamma delta"))...), dom.EOS), 0.05)
	sample := func(seed uint64, questions ...string) [][]Piece {
		out, err := New(d, dom, nil, false).Sample(context.Background(), questions, nil, 8, seed)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	both := sample(1, "What?", "Who?")
	if first := say(t, New(d, dom, nil, false), "What?"); !slices.Equal(both[0][:1], first) || len(both[0]) != 8 {
		t.Errorf("the first of %d samples is %+v, not what is most likely: %+v", len(both[0]), both[0][0], first)
	}
	if alone := sample(1, "What?"); !slices.Equal(alone[0], both[0]) {
		t.Errorf("beside another question %+v, alone %+v", both[0], alone[0])
	}
	if other := sample(2, "What?"); slices.Equal(other[0][1:], both[0][1:]) {
		t.Error("another seed draws the same")
	}
}

func TestShorter_IsWhatLessRoomWouldHaveGenerated(t *testing.T) {
	dom := act(t, bracketed)
	long := New(reciter(t, dom, "Act (7): alpha beta gamma delta"), dom, nil, false)
	text := say(t, long, "What?")[0].Text
	for tokens := 1; tokens < 6; tokens++ {
		short := New(reciter(t, dom, "Act (7): alpha beta gamma delta"), dom, nil, false)
		short.TextTokens = tokens
		if want, got := say(t, short, "What?")[0].Text, Shorter(dom, text, tokens); got != want {
			t.Errorf("%d tokens: %q, generated %q", tokens, got, want)
		}
	}
}
