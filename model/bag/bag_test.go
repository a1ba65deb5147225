package bag

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"slm/optim"
	"slm/rng"
)

func TestFeatures_AreThoseOfTheFilesThatThereAre(t *testing.T) {
	for _, c := range []struct {
		text string
		want []int32
	}{
		{"", []int32{0}},
		{" …\n", []int32{0}},
		{"Ab", []int32{8627}},
		{"LICENSE", []int32{23148, 30312, 7079, 578, 6674, 16690, 15484, 15942}},
		{"夫妻 wins", []int32{7702, 27262, 17568, 31430, 4187, 5815, 23085, 7452}},
	} {
		if got := Features(c.text, 1<<15); !slices.Equal(got, c.want) {
			t.Errorf("%q has the features %v, encoders were trained with %v", c.text, got, c.want)
		}
	}
}

func TestFeatures_RelatedTextsShareThem(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		least int
	}{{"licensed", "sublicenses", 5}, {"夫妻债务", "债务", 3}, {"The End.", "the end", 2}} {
		shared := 0
		b := Features(c.b, 1<<15)
		for _, f := range Features(c.a, 1<<15) {
			if slices.Contains(b, f) {
				shared++
			}
		}
		if shared < c.least {
			t.Errorf("%q and %q share %d features", c.a, c.b, shared)
		}
	}
}

func FuzzFeatures_EveryTextHasRowsOfTheTable(f *testing.F) {
	for _, text := range []string{"", "a", "夫妻 債務", "\xff\xfe", "ÄÖ ǅ", "3.5"} {
		f.Add(text, 7)
	}
	f.Fuzz(func(t *testing.T, text string, rows int) {
		rows = 2 + int(uint(rows)%1000)
		got := Features(text, rows)
		if len(got) == 0 || !slices.Equal(got, Features(text, rows)) {
			t.Fatalf("%q: %v", text, got)
		}
		for _, id := range got {
			if id < 0 || int(id) >= rows {
				t.Fatalf("%q: row %d of %d", text, id, rows)
			}
		}
	})
}

func small(seed uint64) *Params {
	cfg := Config{Rows: 64, Width: 8, Features: version}
	return New(cfg, make([]int, cfg.Rows), 10, seed)
}

func TestRead_GivesWhatWasWrittenAndRefusesADamagedFile(t *testing.T) {
	p, path := small(3), filepath.Join(t.TempDir(), "encoder.arrow")
	if err := p.Write(path); err != nil {
		t.Fatal(err)
	}
	got, more, err := Read(path)
	if err != nil || len(more) != 0 || !reflect.DeepEqual(got, p) {
		t.Fatalf("%v, %v", more, err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 61 { // checkpoint's tests cut this format at every byte
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Read(path); err == nil {
			t.Fatalf("a file that ends at byte %d of %d is read", n, len(whole))
		}
	}
	for _, change := range [][2]string{{`"rows":64`, `"rows":32`}, {`"width":8`, `"width":0`}, {`"features":1`, `"features":9`}, {`{"rows"`, `["rows"`}} {
		if err := os.WriteFile(path, bytes.ReplaceAll(whole, []byte(change[0]), []byte(change[1])), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Read(path); err == nil {
			t.Errorf("%s is read as an encoder", change[1])
		}
	}
}

func TestEncode_IsAUnitVectorOfTheTextAlone(t *testing.T) {
	p := small(3)
	for _, text := range []string{"", "one", "one two", "one two one two"} {
		sum := 0.0
		for _, x := range p.Encode(text) {
			sum += float64(x) * float64(x)
		}
		if math.Abs(sum-1) > 1e-5 || !slices.Equal(p.Encode(text), p.Encode(text)) {
			t.Errorf("%q: length² %g", text, sum)
		}
	}
	clear(p.Weights)
	if v := p.Encode("one"); v[0] != 1 {
		t.Errorf("without weights: %v", v)
	}
}

// words are features of questions that no section shares, so that nothing but training can bring them together.
func words(step int) (batch []Pair) {
	draw := rng.New(1, "words").At(uint64(step))
	for i := range 4 {
		s := int32(i)
		wrong := (s + 1 + int32(draw.IntN(3))) % 4
		batch = append(batch, Pair{Question: []int32{1 + s, 40 + int32(draw.IntN(9))}, Right: []int32{10 + s, 20 + s, 30}, Wrong: []int32{10 + wrong, 20 + wrong, 30}, Section: s, Other: wrong})
	}
	return batch
}

func train(t *testing.T, steps int) (p *Params, first, last float64) {
	t.Helper()
	p = small(3)
	g, err := NewGraph(p, 4, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	var adam *optim.AdamW
	for step := range steps {
		loss, err := g.Run(words(step))
		if err != nil {
			t.Fatal(err)
		}
		if adam == nil {
			first = loss
			if adam, err = optim.NewAdamW(g.Learnables()); err != nil {
				t.Fatal(err)
			}
		}
		adam.Step(3e-3)
		last = loss
	}
	return p, first, last
}

func TestGraph_LearnsWhichWordsMeanTheSame(t *testing.T) {
	_, first, last := train(t, 60)
	if first < 1 || last > 0.1 {
		t.Errorf("loss %.3f at first, %.3f at last", first, last)
	}
}

func TestGraph_SameBitsOnAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want *Params
	for _, threads := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(threads)
		got, _, _ := train(t, 5)
		if want == nil {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d threads train another encoder", threads)
		}
	}
}

func TestGraph_RefusesABatchOfAnotherSize(t *testing.T) {
	g, err := NewGraph(small(3), 4, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	if _, err := g.Run(words(0)[:3]); err == nil {
		t.Error("three pairs for a graph of four")
	}
	bad := words(0)
	bad[2].Wrong = []int32{64}
	if _, err := g.Run(bad); err == nil {
		t.Error("a feature outside of the table")
	}
	if _, err := g.Run(words(0)); err != nil {
		t.Errorf("after a bad batch: %v", err)
	}
}
