package summaries

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
)

const text = `Sleep was measured in forty adults. Noise was played at night. Sleep became shorter with noise at night. The dose of noise was varied. Heart rate was recorded. We conclude that noise at night makes sleep shorter. More work is needed.

Too short. It has a conclusion.`

func TestRun_NoSentenceIsNearerToTheConclusionThanTheOracles(t *testing.T) {
	abstracts := read(text, 2)
	if len(abstracts) != 1 || len(abstracts[0].sentences) != 5 || abstracts[0].conclusion != "We conclude that noise at night makes sleep shorter. More work is needed." {
		t.Fatalf("%+v", abstracts)
	}
	var out bytes.Buffer
	if err := run(context.Background(), &out, abstracts, 7); err != nil {
		t.Fatal(err)
	}
	got := map[string]result{}
	for line := range strings.Lines(out.String()) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got[r.Way] = r
	}
	for _, way := range ways {
		r, ok := got[way]
		if !ok || way != own && r.Faithful.Value != 1 || (way == last || way == central) && r.RougeL.Value > got[oracle].RougeL.Value {
			t.Errorf("%s: %+v", way, r)
		}
	}
	if got[own].RougeL.Value != 1 || got[own].Faithful.Value != .5 || got[first].Over != nil || got[oracle].Over.Value != got[oracle].RougeL.Value-got[first].RougeL.Value {
		t.Errorf("%+v", got)
	}
	if err := run(context.Background(), &out, nil, 7); err == nil {
		t.Error("no abstracts, no error")
	}
}
