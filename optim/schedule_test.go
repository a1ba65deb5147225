package optim

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

func TestSchedule_KnownValues(t *testing.T) {
	for _, c := range []struct {
		s           Schedule
		step, total int
		want        float64
	}{
		{Schedule{}, 0, 10, 1},
		{Schedule{}, 99, 10, 1},
		{Schedule{Warmup: 4}, 0, 10, 0.25},
		{Schedule{Warmup: 4}, 3, 10, 1},
		{Schedule{Warmup: 0.2}, 0, 10, 0.5},
		{Schedule{Warmup: 50}, 4, 10, 0.5}, // longer than the run: warms up to its end
		{Schedule{Kind: Linear}, 0, 10, 1},
		{Schedule{Kind: Linear}, 5, 10, 0.5},
		{Schedule{Kind: Linear}, 9, 10, 0.1},
		{Schedule{Kind: Linear}, 10, 10, 0},
		{Schedule{Kind: Linear, Warmup: 2, Final: 0.5}, 6, 10, 0.75},
		{Schedule{Kind: Cosine}, 5, 10, 0.5},
		{Schedule{Kind: Cosine, Final: 0.1}, 10, 10, 0.1},
		{Schedule{Kind: Cosine}, 5, 20, (1 + math.Cos(math.Pi/4)) / 2},
		{Schedule{Kind: WSD}, 7, 10, 1},
		{Schedule{Kind: WSD}, 8, 10, 1},
		{Schedule{Kind: WSD}, 9, 10, 0.5},
		{Schedule{Kind: WSD, Decay: 0.5}, 6, 10, 0.8},
		{Schedule{Kind: WSD, Decay: 1, Warmup: 5}, 5, 10, 1},
		{Schedule{Kind: Linear}, 0, 0, 1},
	} {
		if got := c.s.At(c.step, c.total); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v at %d of %d = %v, want %v", c.s, c.step, c.total, got, c.want)
		}
	}
}

func TestSchedule_NeverRisesAfterWarmUpAndNeverWastesAStep(t *testing.T) {
	for _, kind := range []string{Constant, Linear, Cosine, WSD} {
		for _, warm := range []float64{0, 0.03, 7, 200} {
			s := Schedule{Kind: kind, Warmup: warm}
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			peak := false
			last := 0.0
			for step := range 100 {
				f := s.At(step, 100)
				if !(f > 0 && f <= 1) {
					t.Fatalf("%+v at %d = %v", s, step, f)
				}
				if peak && f > last {
					t.Fatalf("%+v rises after its peak at %d", s, step)
				}
				peak = peak || f < last
				last = f
			}
		}
	}
}

func TestSchedule_NamesTheFieldThatIsWrong(t *testing.T) {
	for _, s := range []Schedule{
		{Kind: "cosin"}, {Warmup: -1}, {Warmup: math.NaN()}, {Warmup: math.Inf(1)}, {Decay: 1.5}, {Decay: -0.1}, {Final: 2},
	} {
		if s.Validate() == nil {
			t.Errorf("accepted %+v", s)
		}
	}
}

func TestSchedule_EqualsPyTorchOver100Steps(t *testing.T) {
	data, err := os.ReadFile("testdata/schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Steps                      int
		Warmup, Peak, Final, Decay float64
		Schedules                  map[string]struct {
			Rates  []float64
			Weight []float32
		}
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if g.Steps != 100 {
		t.Fatalf("%d steps", g.Steps)
	}
	for _, kind := range []string{Constant, Linear, Cosine, WSD} {
		want := g.Schedules[kind]
		s := Schedule{Kind: kind, Warmup: g.Warmup, Decay: g.Decay, Final: g.Final}
		p := Param{Name: "w", W: make([]float32, len(want.Weight)), G: make([]float32, len(want.Weight)), Decay: true}
		for i := range p.W {
			p.W[i] = float32(math.Cos(float64(i)))
		}
		a, err := NewAdamW([]Param{p})
		if err != nil {
			t.Fatal(err)
		}
		for step, rate := range want.Rates {
			lr := g.Peak * s.At(step, g.Steps)
			if math.Abs(lr-rate) > 1e-10 {
				t.Errorf("%s: step %d: rate %v, want %v", kind, step, lr, rate)
			}
			for i := range p.G {
				p.G[i] = float32(math.Sin(0.37*float64(step)+float64(i)) * math.Pow(10, float64(i%3-1)))
			}
			a.Step(lr)
		}
		if len(want.Rates) != g.Steps {
			t.Fatalf("%s: %d rates", kind, len(want.Rates))
		}
		near(t, kind, p.W, want.Weight, 1e-5)
	}
}
