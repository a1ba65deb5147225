package rft

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
)

func preferring() Config {
	cfg := brief()
	cfg.DPO.Epochs, cfg.DPO.Optim.LR = 3, 1e-3
	return cfg
}

func TestDPO_PreferredAnswersGainOnTheOthers(t *testing.T) {
	env := newRun(t, &box{})
	samples, m := run(t, preferring(), env)
	rows, _, err := checkpoint.ReadTable[PreferenceRow](filepath.Join(env.Dir(stages.RFT), PreferencesFile))
	if err != nil {
		t.Fatal(err)
	}
	of := func(item string, number int32) SampleRow {
		return samples[slices.IndexFunc(samples, func(r SampleRow) bool { return r.Item == item && r.Sample == number })]
	}
	gains := 0
	for _, r := range rows {
		best, worst := of(r.Item, r.Chosen), of(r.Item, r.Rejected)
		if r.Gap <= 0 || r.Gap != best.Reward-worst.Reward || best.Text == "" {
			t.Errorf("%+v: %+v against %+v", r, best, worst)
		}
		for _, s := range samples {
			if s.Item == r.Item && (s.Text != "" && s.Reward > best.Reward || s.Reward < worst.Reward) {
				t.Errorf("%+v lies outside %+v", s, r)
			}
		}
		if before, after := r.margins(); after > before {
			gains++
		}
	}
	if len(rows) < 3 || gains < len(rows) || m.Facts["reward_accuracy"] != "1" || m.Facts["margin_before"] == m.Facts["margin_after"] {
		t.Errorf("%d of %d pairs gain: %v", gains, len(rows), m.Facts)
	}
	list, err := metrics(env.Dir(stages.RFT))
	if err != nil || !slices.ContainsFunc(list, func(m stages.Metric) bool { return m.Name == "dpo_loss" && m.Value < .6931 }) {
		t.Errorf("%+v, %v", list, err)
	}
}

// The stage is stopped while it samples, learns the winners, and learns the preferences.
func TestDPO_GoesOnAfterAnyInterruptionToTheSameResult(t *testing.T) {
	_, m := run(t, preferring(), newRun(t, &box{}))
	env := newRun(t, &box{})
	emit := env.Emit
	for _, at := range []string{"", "dpo", "dpo"} {
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		env.Emit = func(e stages.Event) {
			emit(e)
			if e.Type == "step" && e.Phase == at {
				if steps++; steps == 2 {
					cancel()
				}
			}
		}
		if err := New(preferring()).Run(ctx, env); !errors.Is(err, context.Canceled) {
			t.Fatalf("in phase %q: %v", at, err)
		}
		cancel()
	}
	env.Emit = emit
	if _, again := run(t, preferring(), env); again.Digest() != m.Digest() {
		t.Error("interrupted, it ends in other bytes")
	}
}

func TestDPO_WithoutItTheWeightsAreThoseOfTheWinners(t *testing.T) {
	with, without := newRun(t, &box{}), newRun(t, &box{})
	cfg := preferring()
	_, m := run(t, cfg, with)
	cfg.DPO.Epochs = 0
	if _, off := run(t, cfg, without); off.Facts["pairs"] != "" || m.Facts["pairs"] == "" {
		t.Errorf("%v; %v", off.Facts, m.Facts)
	}
	a, err := domain.LoadModel(with.Dir(stages.RFT))
	if err != nil {
		t.Fatal(err)
	}
	b, err := domain.LoadModel(without.Dir(stages.RFT))
	if err != nil || slices.Equal(a.Embed, b.Embed) {
		t.Errorf("the preferences moved nothing (%v)", err)
	}
}

func TestPairs_AreTheBestAgainstTheWorst(t *testing.T) {
	dom := stagetest.Open(t, newDomain(t))
	items := exam.Only(dom.Items, exam.Train)[:1]
	l := &lesson{cfg: brief(), dom: dom, context: 128, items: items}
	row := func(n int32, reward float64, text string) SampleRow {
		return SampleRow{Item: items[0].ID, Sample: n, Text: text, Reward: reward}
	}
	lost := row(9, -5, "lost")
	lost.None = "refused"
	for name, c := range map[string]struct {
		samples          []SampleRow
		chosen, rejected int32
		none             bool
	}{
		"best and worst":                {samples: []SampleRow{row(0, 1, "a"), row(1, 3, "b"), row(2, -1, "c"), row(3, 3, "d")}, chosen: 1, rejected: 2},
		"silence is not preferred":      {samples: []SampleRow{row(0, 4, ""), row(1, 2, "b"), row(2, 1, "c")}, chosen: 1, rejected: 2},
		"silence may lose":              {samples: []SampleRow{row(0, 0, ""), row(1, 2, "b")}, chosen: 1, rejected: 0},
		"equal rewards":                 {samples: []SampleRow{row(0, 2, "a"), row(1, 2, "b")}, none: true},
		"only silence is better":        {samples: []SampleRow{row(0, 3, ""), row(1, 2, "b")}, none: true},
		"no reply is no reward":         {samples: []SampleRow{row(0, 2, "a"), lost}, none: true},
		"other text of the same tokens": {samples: []SampleRow{row(0, 2, "a"), row(1, 1, "a")}, none: true},
		"nothing":                       {none: true},
	} {
		pairs, rows := l.pairs(c.samples)
		if c.none {
			if len(pairs)+len(rows) > 0 {
				t.Errorf("%s: %+v", name, rows)
			}
			continue
		}
		if len(pairs) != 1 || len(rows) != 1 || rows[0].Chosen != c.chosen || rows[0].Rejected != c.rejected {
			t.Errorf("%s: %+v", name, rows)
		}
	}
}
