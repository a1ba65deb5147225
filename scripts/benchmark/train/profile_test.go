package train

import (
	"io"
	"math"
	"testing"
)

var small = job{Shape: "small", Config: config(130, 32, 2, 2, 1, 48, 40, 1e4), Batch: 3, Length: 40, LR: 1e-3}

func TestProfile_PartsOfAStepMakeTheStep(t *testing.T) {
	b := &bench{job: small, log: io.Discard}
	p, err := b.profileOf(1)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for part, s := range p.Parts {
		sum += s
		if s < 0 {
			t.Errorf("%s took %g s", part, s)
		}
	}
	if math.Abs(sum-p.Step) > 1e-9 {
		t.Errorf("the parts take %g s, the step %g", sum, p.Step)
	}
	for _, part := range []string{machine, afterGraph, "embed", "embed.grad", "attention", "attention.grad", "mlp", "mlp.grad", "head"} {
		if _, ok := p.Parts[part]; !ok {
			t.Errorf("%q was not timed", part)
		}
	}
}

func TestJob_MatricesAreAllItsParametersButTheNorms(t *testing.T) {
	for _, j := range append(jobs, small) {
		sum := 0
		for m, n := range j.matrices() {
			sum += m[0] * m[1] * n
		}
		if want := int(j.Config.Count()) - (2*j.Config.Layers+1)*j.Config.Width; sum != want {
			t.Errorf("%s: %d parameters, want %d", j.Shape, sum, want)
		}
	}
}
