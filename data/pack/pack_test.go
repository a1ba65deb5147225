package pack

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/data/form"
	"slm/rng"
)

// examples draws n examples of 2 to most tokens; the last token of each is 0, the end of text.
func examples(seed uint64, n, most int) []Example {
	s := rng.New(seed, "pack")
	out := make([]Example, n)
	for i := range out {
		tokens := make([]int32, 2+s.IntN(most-1))
		for j := range tokens[:len(tokens)-1] {
			tokens[j] = int32(1 + s.IntN(900))
		}
		out[i] = Example{Tokens: tokens, Prompt: s.IntN(len(tokens) + 1), ID: fmt.Sprint(i)}
	}
	return out
}

// packAll makes every batch.
func packAll(t testing.TB, ex []Example, rows, cols int) (out []Batch) {
	t.Helper()
	p := Pack(Examples(ex), rows, cols)
	for i := range p.Len() {
		b, err := p.Batch(i)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// unpack reads the documents back out of the batches.
func unpack(batches []Batch) map[string][3][]int32 {
	out := map[string][3][]int32{}
	for _, b := range batches {
		for i, d := range b.Docs {
			at := d.Row*b.Cols + d.Start
			out[b.IDs[i]] = [3][]int32{b.Tokens[at : at+d.Len], b.Targets[at : at+d.Len], b.Pos[at : at+d.Len]}
		}
	}
	return out
}

func TestPack_EveryExampleIsThereOnceAndUnchanged(t *testing.T) {
	ex := examples(1, 300, 40)
	const cols = 64
	batches := packAll(t, ex, 4, cols)
	docs := unpack(batches)
	for _, e := range ex {
		got, ok := docs[e.ID]
		n := len(e.Tokens) - 1
		if trained := n >= e.Prompt; ok != trained {
			t.Errorf("example %s with prompt %d of %d tokens is packed: %v", e.ID, e.Prompt, len(e.Tokens), ok)
		}
		if !ok {
			continue
		}
		if !slices.Equal(got[0], e.Tokens[:n]) {
			t.Errorf("example %s: tokens %v", e.ID, got[0])
		}
		for j := range n {
			want := int32(-1)
			if j+1 >= e.Prompt {
				want = e.Tokens[j+1]
			}
			if got[1][j] != want || got[2][j] != int32(j) {
				t.Errorf("example %s at %d: target %d, position %d", e.ID, j, got[1][j], got[2][j])
			}
		}
	}
}

// Documents may neither overlap nor cross a row, and what belongs to none is padding.
func TestPack_RowsHoldDocumentsAndPaddingOnly(t *testing.T) {
	for _, b := range packAll(t, examples(2, 200, 50), 3, 50) {
		owned := make([]int, b.Rows*b.Cols)
		last := Doc{}
		for _, d := range b.Docs {
			if d.Row < last.Row || d.Row == last.Row && d.Start < last.Start+last.Len || d.Row >= b.Rows || d.Start+d.Len > b.Cols || d.Len < 1 {
				t.Errorf("%+v after %+v", d, last)
			}
			last = d
			for i := range d.Len {
				owned[d.Row*b.Cols+d.Start+i]++
			}
		}
		targets := 0
		for i, n := range owned {
			if n > 1 || n == 0 && (b.Targets[i] != -1 || b.Tokens[i] != 0 || b.Pos[i] != 0) {
				t.Errorf("place %d belongs to %d documents and holds %d → %d", i, n, b.Tokens[i], b.Targets[i])
			}
			if b.Targets[i] >= 0 {
				targets++
			}
		}
		if targets != b.TargetCount || len(b.IDs) != len(b.Docs) {
			t.Errorf("%d targets, counted %d", targets, b.TargetCount)
		}
	}
}

func TestPack_EndOfTextIsTrained(t *testing.T) {
	const eos = 0
	var ex []Example
	for i := range 20 {
		ex = append(ex, Encode(letters{}, fmt.Sprint(i), "Question: what?\nAnswer:", strings.Repeat("word ", i+1), eos, i%2 == 0))
	}
	ends := 0
	for _, b := range packAll(t, ex, 4, 200) {
		for _, d := range b.Docs {
			if b.Targets[d.Row*b.Cols+d.Start+d.Len-1] == eos {
				ends++
			}
		}
	}
	if ends != len(ex) {
		t.Errorf("the end of %d of %d examples is trained", ends, len(ex))
	}
}

// letters encodes each byte as its value.
type letters struct{}

func (letters) Encode(text string) []int32 {
	var out []int32
	for i := range len(text) {
		out = append(out, int32(text[i]))
	}
	return out
}

func TestPack_PromptIsReadAndTrainedOnlyOnRequest(t *testing.T) {
	prompt, text := "Question: q\nAnswer:", "the text"
	for _, train := range []bool{true, false} {
		e := Encode(letters{}, "x", prompt, text, 0, train)
		whole := append(letters{}.Encode(form.Join(prompt, text)), 0)
		if !slices.Equal(e.Tokens, whole) {
			t.Errorf("tokens %v", e.Tokens)
		}
		b := packAll(t, []Example{e}, 1, 64)[0]
		want := len(whole) - len(prompt)
		if train {
			want = len(whole) - 1
		}
		if b.TargetCount != want {
			t.Errorf("train %v: %d targets, not %d", train, b.TargetCount, want)
		}
		if !train && (b.Targets[len(prompt)-2] != -1 || b.Targets[len(prompt)-1] != ' ') {
			t.Error("the first trained token is not the first of the answer")
		}
	}
}

func TestPack_WhatIsTooLongIsCutAndWhatTrainsNothingIsLeftOut(t *testing.T) {
	ex := []Example{
		{Tokens: []int32{1, 2, 3, 4, 5, 6, 0}, ID: "long"},
		{Tokens: []int32{1, 2, 3, 4, 5, 6, 0}, Prompt: 6, ID: "long prompt"},
		{Tokens: []int32{1}, ID: "one token"},
		{ID: "empty"},
		{Tokens: []int32{1, 2, 0}, Prompt: 3, ID: "prompt only"},
		{Tokens: []int32{1, 2, 3, 4, 0}, Prompt: 1, ID: "just fits"},
	}
	docs := unpack(packAll(t, ex, 2, 4))
	if len(docs) != 2 || !slices.Equal(docs["long"][1], []int32{2, 3, 4, 5}) || !slices.Equal(docs["just fits"][1], []int32{2, 3, 4, 0}) {
		t.Errorf("%v", docs)
	}
}

func TestPack_IsDenseAndDeterministic(t *testing.T) {
	ex := examples(4, 2000, 60)
	const cols = 128
	a, b := packAll(t, ex, 8, cols), packAll(t, ex, 8, cols)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("two runs differ")
	}
	used, places := 0, 0
	for _, batch := range a {
		places += batch.Rows * batch.Cols
		for _, d := range batch.Docs {
			used += d.Len
		}
	}
	if share := float64(used) / float64(places); share < 0.98 {
		t.Errorf("%.3f of the places are used", share)
	}
	if packAll(t, nil, 4, 8) != nil || packAll(t, ex, 0, 8) != nil || packAll(t, ex, 1, 0) != nil {
		t.Error("nothing was packed into something")
	}
}

// The trainer shuffles examples; rows must follow, or every epoch would begin with the longest texts.
func TestPack_RowsFollowTheOrderOfTheExamples(t *testing.T) {
	ex := examples(5, 400, 60)
	last := -1
	for i, b := range packAll(t, ex, 4, 64) {
		for j, d := range b.Docs {
			var id int
			if _, err := fmt.Sscan(b.IDs[j], &id); err != nil {
				t.Fatal(err)
			}
			if d.Start == 0 {
				if id < last {
					t.Errorf("batch %d: a row that begins with example %d comes after one that begins with %d", i, id, last)
				}
				last = id
			}
		}
	}
}
