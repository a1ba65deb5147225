package retrieve

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"slm/checkpoint"
	"slm/rng"
)

var update = flag.Bool("update", false, "write golden files")

// bag is an encoder of three words, whose vectors count them.
type bag struct{ closed bool }

func (*bag) Name() string { return "bag" }
func (*bag) Dim() int     { return 3 }
func (b *bag) Close() error {
	b.closed = true
	return nil
}
func (*bag) Questions(_ context.Context, texts []string) (out [][]float32, err error) {
	for _, t := range texts {
		v := []float32{1e-3, 1e-3, 1e-3}
		for i, w := range []string{"warranty", "patent", "copyright"} {
			v[i] += float32(bytes.Count([]byte(t), []byte(w)))
		}
		n := float32(math.Sqrt(float64(dot(v, v))))
		out = append(out, []float32{v[0] / n, v[1] / n, v[2] / n})
	}
	return out, nil
}
func (b *bag) Sections(ctx context.Context, texts []string) ([][]float32, error) {
	return b.Questions(ctx, texts)
}

// someVectors are those of four sections; the third has two, the last none.
func someVectors(t testing.TB) *Vectors {
	t.Helper()
	made, err := (&bag{}).Sections(context.Background(), []string{"warranty", "patent patent copyright", "copyright", "warranty patent"})
	if err != nil {
		t.Fatal(err)
	}
	v := NewVectors("bag", 3, 4)
	if err := v.Append([]int{0, 1, 2, 2}, made); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDense_BestVectorOfASectionCounts(t *testing.T) {
	e := &bag{}
	d, err := NewDense(e, someVectors(t))
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]int{"copyright": {2, 1, 0}, "patent": {1, 2, 0}, "warranty": {0, 2, 1}} {
		hits, err := d.Search(context.Background(), query, 3)
		var got []int
		for _, h := range hits {
			got = append(got, h.Section)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", query, got, err, want)
		}
	}
	if hits, err := d.Search(context.Background(), "patent", 9); err != nil || len(hits) != 4 || hits[3].Score != -1 {
		t.Errorf("the section without a vector: %v, %v", hits, err)
	}
	if hits, err := d.Search(context.Background(), "patent", 0); err != nil || len(hits) != 0 {
		t.Errorf("none wanted: %v, %v", hits, err)
	}
	if err := d.Close(); err != nil || !e.closed {
		t.Errorf("the encoder stays open: %v", err)
	}
	if _, err := NewDense(e, NewVectors("other", 3, 4)); err == nil {
		t.Error("vectors of another encoder are taken")
	}
}

// longer is an encoder that breaks its promise.
type longer struct{ bag }

func (*longer) Questions(context.Context, []string) ([][]float32, error) {
	return [][]float32{{3, 0, 0}}, nil
}

func TestDense_VectorsThatAreNoUnitVectorsAreRefused(t *testing.T) {
	d, err := NewDense(&longer{}, someVectors(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Search(context.Background(), "x", 1); err == nil {
		t.Error("a question of length 3 is taken")
	}
	nan := float32(math.NaN())
	for name, bad := range map[string][][]float32{"length": {{2, 0, 0}}, "dimension": {{1, 0}}, "NaN": {{nan, 0, 0}}, "number": {{1, 0, 0}, {0, 1, 0}}} {
		if err := NewVectors("bag", 3, 4).Append([]int{0}, bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	v := someVectors(t)
	for _, owner := range []int{1, -1, 4} {
		if err := v.Append([]int{owner}, [][]float32{{1, 0, 0}}); err == nil {
			t.Errorf("section %d after section 2 of 4 is taken", owner)
		}
	}
}

func TestVectors_ScoresAreInnerProducts(t *testing.T) {
	s := rng.New(1, "vectors")
	for dim := range 12 {
		if dim == 0 {
			continue
		}
		unit := func() []float32 {
			x, n := make([]float32, dim), 0.0
			for i := range x {
				x[i] = float32(s.Norm())
				n += float64(x[i]) * float64(x[i])
			}
			for i := range x {
				x[i] /= float32(math.Sqrt(n))
			}
			return x
		}
		v, q, want := NewVectors("x", dim, 5), unit(), make([]float64, 5)
		for i := range want {
			x := unit()
			if err := v.Append([]int{i}, [][]float32{x}); err != nil {
				t.Fatal(err)
			}
			for j := range x {
				want[i] += float64(x[j]) * float64(q[j])
			}
		}
		for i, got := range v.Scores(q) {
			if math.Abs(got-want[i]) > 1e-6 {
				t.Errorf("%d values, section %d: %v, want %v", dim, i, got, want[i])
			}
		}
	}
}

func goldenVectors(t testing.TB) string {
	t.Helper()
	path := filepath.Join("testdata", "vectors.arrow")
	if *update {
		if err := someVectors(t).Write(path); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVectors_GoldenFileIsReadAndWrittenAsItWas(t *testing.T) {
	golden := goldenVectors(t)
	v, err := ReadVectors(golden, 4)
	if err != nil || !reflect.DeepEqual(v, someVectors(t)) {
		t.Fatalf("%+v, %v", v, err)
	}
	path := filepath.Join(t.TempDir(), "v.arrow")
	if err := v.Write(path); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readFile(t, path), readFile(t, golden)) {
		t.Error("the same vectors give other bytes")
	}
	if _, err := ReadVectors(golden, 5); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("vectors of another corpus: %v", err)
	}
}

func TestVectors_CutFileIsRefused(t *testing.T) {
	whole := readFile(t, goldenVectors(t))
	path := filepath.Join(t.TempDir(), "v.arrow")
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadVectors(path, 4); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func FuzzVectors_AnyFileIsReadOrRefused(f *testing.F) {
	f.Add(readFile(f, goldenVectors(f)))
	path := filepath.Join(f.TempDir(), "v.arrow")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		v, err := ReadVectors(path, 4)
		if err != nil {
			return
		}
		if q := make([]float32, v.Dim); len(v.Scores(q)) != 4 {
			t.Error("scores are missing")
		}
	})
}
