package proxytuning

import "testing"

func TestParse_SizesAreWidthLayersAndHeads(t *testing.T) {
	if got, err := parse("large", "384,6,6"); err != nil || got != (size{"large", 384, 6, 6}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "384", "384,6", "384,6,0", "100,2,3"} {
		if got, err := parse("large", text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if _, err := parse("", "64,2,2"); err == nil {
		t.Error("a size without a name")
	}
}
