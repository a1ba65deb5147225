package bpo

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestCurve_ReachesATargetWhereItStaysThere(t *testing.T) {
	for name, c := range map[string]struct {
		accuracy []float64 // after 10, 20, … calls
		want     int
	}{
		"from the first on":   {[]float64{.9, .9}, 10},
		"later":               {[]float64{.5, .8, .8}, 20},
		"lost and won again":  {[]float64{.9, .5, .8}, 30},
		"lost in the end":     {[]float64{.9, .9, .5}, 0},
		"never":               {[]float64{.5, .6}, 0},
		"by rounding at .8 −": {[]float64{.8 - 1e-12}, 10},
	} {
		got := &curve{}
		for i, a := range c.accuracy {
			got.step(10*(i+1), []float64{a})
		}
		if at := got.reaches(.8); at != c.want {
			t.Errorf("%s: reached at %d, want %d", name, at, c.want)
		}
	}
}

func TestPearson_IsThatOfKnownValues(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		want float64
	}{{[]float64{1, 2, 3}, []float64{2, 4, 6}, 1}, {[]float64{1, 2, 3}, []float64{3, 2, 1}, -1}, {[]float64{1, 2, 3}, []float64{1, 3, 2}, .5}, {[]float64{1, 1}, []float64{1, 2}, 0}} {
		if got := pearson(c.x, c.y); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v, %v: %g, want %g", c.x, c.y, got, c.want)
		}
	}
}

func TestNewest_IsTheFolderThatChangedLast(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"licences-b", "licences-a", "other-c"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := newest(filepath.Join(dir, "licences-*")); err != nil || filepath.Base(got) != "licences-a" {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := newest(filepath.Join(dir, "none-*")); err == nil {
		t.Errorf("no run is %s", got)
	}
}
