package experts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"slm/retrieve"
)

// counting is an encoder whose vectors are the lengths of texts.
type counting struct {
	retrieve.Encoder
	asked []string
	fails error
}

func (c *counting) Questions(_ context.Context, texts []string) ([][]float32, error) {
	c.asked = append(c.asked, texts...)
	var out [][]float32
	for _, t := range texts {
		out = append(out, []float32{float32(len(t))})
	}
	return out, c.fails
}

func TestRemembering_EachQuestionIsEncodedOnceAndNoneIsMixedUp(t *testing.T) {
	c := &counting{}
	r := &remembering{c, map[string][]float32{}}
	ask := func(texts ...string) {
		t.Helper()
		got, err := r.Questions(t.Context(), texts)
		if err != nil || len(got) != len(texts) {
			t.Fatal(got, err)
		}
		for i, text := range texts {
			if got[i][0] != float32(len(text)) {
				t.Errorf("%q has the vector %v", text, got[i])
			}
		}
	}
	ask("one", "three")
	ask("three", "seventeen", "one", "seventeen")
	if want := []string{"one", "three", "seventeen", "seventeen"}; !slices.Equal(c.asked, want) {
		t.Errorf("%q are encoded, want %q", c.asked, want)
	}
	var many []string
	for i := range remembered + 7 {
		many = append(many, fmt.Sprint("q", i))
	}
	ask(many...)
	ask("one")
	if len(r.known) > 2*remembered {
		t.Errorf("%d are kept", len(r.known))
	}
	c.fails = errors.New("broken")
	if _, err := r.Questions(t.Context(), []string{"another"}); !errors.Is(err, c.fails) {
		t.Error(err)
	}
}
