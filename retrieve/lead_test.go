package retrieve

import (
	"math"
	"testing"
)

func TestLead_IsHowLikelyTheFirstIsAmongWhatWasFound(t *testing.T) {
	found := []Hit{{Score: 3}, {Score: 2}, {Score: 2}}
	p := math.E / (math.E + 2)
	if got, want := Lead(found), math.Log(p/(1-p)); math.Abs(got-want) > 1e-8 {
		t.Errorf("%v, want %v", got, want)
	}
	if far := Lead([]Hit{{Score: 9}, {Score: 2}, {Score: 2}}); !(far > Lead(found)) {
		t.Errorf("a first that is further ahead leads by %v", far)
	}
	if one := Lead(found[:1]); math.IsInf(one, 0) || one < 10 {
		t.Errorf("the only one that was found leads by %v", one)
	}
	if none := Lead(nil); none != 0 {
		t.Errorf("nothing leads by %v", none)
	}
}
