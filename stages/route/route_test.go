package route

import (
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/rng"
	"slm/stat"
)

var update = flag.Bool("update", false, "write the golden file anew")

var names = []string{"strong", "small", "alone"}

// made are questions whose place log-probability says how often the small model is right; the strong system nearly always is, the LLM alone by chance.
func made(n int, seed uint64) []Case {
	s := rng.New(seed, "cases")
	out := make([]Case, n)
	for i := range out {
		known := s.Float64()
		c := Case{Seen: make([]float64, signals), Fold: i % 5, Calls: []float64{1, 0, 1}, USD: []float64{.002, 0, .001}}
		c.Seen[Place], c.Seen[First] = 4*(known-1), s.Float64()
		c.Right = []bool{s.Float64() < .97, s.Float64() < known, s.Float64() < .25}
		out[i] = c
	}
	return out
}

func fitted(t *testing.T, priced bool) (*Router, [][]float64, []Case) {
	t.Helper()
	cases := made(300, 1)
	r, held, err := Fit(names, cases, priced)
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		cases[i] = r.Arrange(names, cases[i])
	}
	return r, held, cases
}

func TestParse_TargetsAreReadAndWrittenAlike(t *testing.T) {
	for text, want := range map[string]Target{
		"quality 99 %": {Quality: .99}, "quality 99%": {Quality: .99}, " Quality 0.95": {Quality: .95}, "usd 1/1000": {Most: .001, Unit: USD}, "usd .5": {Most: .5, Unit: USD},
		"calls 0.5": {Most: .5, Unit: Calls}, "calls 1/4": {Most: .25, Unit: Calls}, "calls 0": {Unit: Calls},
	} {
		got, err := Parse(text)
		if err != nil || math.Abs(got.Quality-want.Quality) > 1e-12 || math.Abs(got.Most-want.Most) > 1e-12 || got.Unit != want.Unit {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := Parse(got.String()); err != nil || math.Abs(again.Quality-got.Quality) > 1e-9 || again.Most != got.Most {
			t.Errorf("%q is written %q: %v", text, got, err)
		}
	}
	for _, text := range []string{"", "99 %", "quality", "quality 0", "quality 101 %", "quality -1", "usd 5 %", "usd 1/0", "calls NaN", "calls -1", "speed 3", "usd 1/2/3", "calls 1e9"} {
		if got, err := Parse(text); !errors.Is(err, ErrTarget) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestFit_ProbabilitiesAreTrueOfQuestionsNotSeen(t *testing.T) {
	r, held, cases := fitted(t, false)
	if r.Routes[0].System != "small" || r.Routes[0].Calls != 0 || r.Unit != Calls {
		t.Fatalf("%+v", r.Routes)
	}
	for k, route := range r.Routes {
		var p []float64
		var right []bool
		for i, c := range cases {
			p, right = append(p, held[i][k]), append(right, c.Right[k])
		}
		if told, err := stat.Reliable(p, right, 10); err != nil || told.ECE > .09 {
			t.Errorf("%s: %+v, %v", route.System, told, err)
		}
	}
	fresh := made(2000, 2)
	low, high := 0, 0
	for _, c := range fresh {
		c = r.Arrange(names, c)
		if p := r.Odds(c.Seen)[0]; p < .4 {
			low++
		} else if p > .6 {
			high++
		}
	}
	if low < 300 || high < 500 {
		t.Errorf("of 2000 questions %d and %d are told apart", low, high)
	}
	if _, _, err := Fit(names, made(Fewest-1, 1), false); err == nil {
		t.Error("too few questions are enough")
	}
}

func TestPolicy_ReachesItsTargetAsCheaplyAsItCan(t *testing.T) {
	r, held, cases := fitted(t, true)
	best := r.Routes[r.Best()]
	if best.System != "strong" || r.Routes[r.Weak()].System != "small" {
		t.Fatal(best.System, r.Weak())
	}
	for i, p := range r.Policies {
		if got := r.come(cases, held, p.Worth); got != p {
			t.Errorf("policy %d: %+v, and on the cases %+v", i, p, got)
		}
		if i > 0 && p.USD > r.Policies[i-1].USD+1e-12 {
			t.Errorf("policy %d costs more than the one before, and is worth more", i)
		}
	}
	for _, q := range []float64{.8, .9, .99, 1} {
		for _, sure := range []float64{.5, .9} {
			z := math.Sqrt2 * math.Erfinv(2*sure-1)
			p := r.Policy(Target{Quality: q}, sure)
			if p.USD > best.USD || p.Worth != Always && r.surplus(p, q, z) < 0 {
				t.Errorf("quality %v of %v, sure by %v: %+v", q, best.Right, sure, p)
			}
			for _, o := range r.Policies {
				if r.surplus(o, q, z) < 0 {
					break
				}
				if o.USD < p.USD {
					t.Errorf("quality %v, sure by %v: %+v would do, and %+v is taken", q, sure, o, p)
				}
			}
		}
	}
	for _, p := range [][]float64{{1, 0, 0}, {0, 1, 0}} {
		if k := r.Choose(p, Always); r.Routes[k].System != best.System {
			t.Errorf("always means %s", r.Routes[k].System)
		}
	}
	for _, usd := range []float64{0, .0003, .001, 1} {
		p := r.Policy(Target{Most: usd, Unit: USD}, .9)
		if p.USD > usd+1e-12 {
			t.Errorf("%v dollars: %+v", usd, p)
		}
		for _, o := range r.Policies {
			if o.USD <= usd && o.Worth < p.Worth {
				t.Errorf("%v dollars: %+v is more careful than %+v", usd, o, p)
			}
		}
	}
	if p := r.Policy(Target{Most: .5, Unit: Calls}, .9); p.Calls > .5 || p.Calls < .3 {
		t.Errorf("half of the calls: %+v", p)
	}
}

func TestTell_ChanceHasHalfAndTheRouterMore(t *testing.T) {
	r, held, cases := fitted(t, false)
	opt := stat.Options{Resamples: 200, Stream: rng.New(1, "tell")}
	told, err := r.Tell(cases, held, r.Policy(Target{Quality: .95}, .5).Worth, "alone", opt)
	if err != nil {
		t.Fatal(err)
	}
	if told.APGR == nil || told.APGR.Low < .52 || told.APGR.Value > .95 || told.CPT50 == nil || *told.CPT50 > .5 || *told.CPT80 < *told.CPT50 {
		t.Errorf("%+v", told.APGR)
	}
	taken, n := 0, 0
	for _, c := range told.Systems {
		taken += c.Taken
		n += c.Taken * int(math.Round(c.Calls))
	}
	if taken != len(cases) || math.Abs(told.Calls.Value*float64(len(cases))-float64(n)) > 1e-6 || told.Quality.Value > told.Oracle.Value || told.Quality.Value < told.Random {
		t.Errorf("%d taken, %+v", taken, told)
	}
	harmed, knew := 0, 0
	for i, c := range cases {
		for k, o := range r.Routes {
			if o.System == "alone" && c.Right[k] {
				if knew++; !c.Right[r.Choose(held[i], r.Policy(Target{Quality: .95}, .5).Worth)] {
					harmed++
				}
			}
		}
	}
	if told.Harm == nil || math.Abs(told.Harm.Value-float64(harmed)/float64(knew)) > 1e-12 || harmed == 0 {
		t.Errorf("%d of %d that the LLM alone has right are wrong: %+v", harmed, knew, told.Harm)
	}
	blind := make([][]float64, len(cases))
	s := rng.New(9, "blind")
	for i := range blind {
		blind[i] = []float64{s.Float64(), s.Float64(), 0}
	}
	for i, o := range r.Routes { // "alone" is never the best
		if o.System == "alone" {
			for _, p := range blind {
				p[i] = -1
			}
		}
	}
	for i := range blind { // probabilities are from 0 to 1
		for k := range blind[i] {
			blind[i][k] = math.Max(0, blind[i][k])
		}
	}
	chance, err := r.Tell(cases, blind, 0, "alone", opt)
	if err != nil || chance.APGR == nil || math.Abs(chance.APGR.Value-.5) > .1 {
		t.Errorf("%+v, %v", chance.APGR, err)
	}
}

// golden writes a small router into testdata when it is asked to, and returns it as text.
func golden(t testing.TB) string {
	t.Helper()
	path := filepath.Join("testdata", File)
	if *update {
		r, _, err := Fit(names, made(Fewest, 3), true)
		if err == nil {
			r.Policies = some(r.Policies, 3)
			err = r.Write(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// of reads a text as a checkpoint's router.
func of(t testing.TB, text string) (*Router, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Read(dir)
}

func TestRead_GoldenRouterIsReadAndWrittenAsItWas(t *testing.T) {
	text := golden(t)
	r, err := of(t, text)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := r.Write(filepath.Join(dir, File)); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, File)); err != nil || string(got) != text {
		t.Errorf("it is written as\n%s", got)
	}
	if again, err := Read(dir); err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%+v, %v", again, err)
	}
	for n := range strings.TrimSpace(text) {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(text[:n]), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("cut to %d: %v", n, err)
		}
	}
	if _, err := Read(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, c := range [][2]string{{`"unit": "usd"`, `"unit": "time"`}, {`"place"`, `"luck"`}, {`"system": "small"`, `"system": ""`}, {`"floor": `, `"floor": 1`}, {`"quality": 0`, `"quality": 70`}, {`"policies": [`, `"policies": [], "more": [`}} {
		changed := strings.Replace(text, c[0], c[1], 1)
		if _, err := of(t, changed); changed == text || !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("%s: %v", c[1], err)
		}
	}
	if _, err := of(t, strings.Replace(text, `"v": 2`, `"v": 3`, 1)); !errors.Is(err, checkpoint.ErrNewer) {
		t.Error(err)
	}
	old, err := of(t, strings.Replace(text, `"v": 2`, `"v": 1`, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range old.Policies {
		if got := p.Won - p.Lost; math.Abs(got-(p.Quality-old.Routes[old.Best()].Right)) > 1e-12 || math.Min(p.Won, p.Lost) != 0 {
			t.Errorf("version 1: %+v", p)
		}
	}
}

func FuzzRead_AnyTextIsReadOrRefused(f *testing.F) {
	f.Add(golden(f))
	f.Add(`{"v":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := of(t, text)
		if err != nil {
			return
		}
		seen := make([]float64, signals)
		if k := r.Choose(r.Odds(seen), r.Policy(Target{Quality: .9}, .9).Worth); k >= len(r.Routes) {
			t.Errorf("%+v chooses %d", r, k)
		}
	})
}
