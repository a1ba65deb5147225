package experiment

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
)

func TestClock_CountsWhatAStageHasTakenOverAllSittings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	lines := `{"t":"2026-01-01T00:00:00Z","type":"stage","stage":"dp","phase":"run"}
{"t":"2026-01-01T00:00:04Z","type":"step","stage":"dp","step":1}
{"t":"2026-01-01T00:00:05Z","type":"llm","calls":1}
{"t":"2026-01-01T00:00:06Z","type":"step","stage":"dp","step":2}
{"t":"2026-01-01T00:00:0
{"t":"2026-01-01T01:00:00Z","type":"stage","stage":"dp","phase":"resume"}
{"t":"2026-01-01T01:00:03Z","type":"step","stage":"dp","step":3}
{"t":"2026-01-01T01:00:04Z","type":"stage","stage":"kit","phase":"run"}
{"t":"2026-01-01T01:00:05Z","type":"step","stage":"kit","phase":"filter","step":9}
{"t":"2026-01-01T01:00:06.5Z","type":"step","stage":"kit","step":1}
{"t":"2026-01-01T02:00:00Z","type":"stage","stage":"kit","phase":"run"}
{"t":"2026-01-01T02:00:02Z","type":"step","stage":"kit","step":1}
`
	if err := os.WriteFile(path, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Clock(path)
	if want := (map[string]map[int64]float64{"dp": {1: 4, 2: 6, 3: 9}, "kit": {1: 2}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if none, err := Clock(path + "x"); len(none) != 0 || err != nil {
		t.Errorf("no events: %v, %v", none, err)
	}
}

func TestSpent_CallsOfTheBlackBoxBelongToTheStageAroundThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	text := `{"t":"2026-01-01T00:00:00Z","type":"stage","stage":"dp","phase":"run"}
{"t":"2026-01-01T00:00:10Z","type":"step","stage":"dp"}
{"t":"2026-01-01T00:00:12Z","type":"exit"}
{"t":"2026-01-01T05:00:00Z","type":"stage","stage":"dp","phase":"resume"}
{"t":"2026-01-01T05:00:05Z","type":"checkpoint","stage":"dp"}
{"t":"2026-01-01T05:00:05Z","type":"stage","stage":"eval","phase":"run"}
{"t":"2026-01-01T05:00:06Z","type":"llm"}
{"t":"2026-01-01T05:00:30Z","type":"llm"}
{"t":"2026-01-01T05:00:40Z","type":"step","stage":"eval"}
{"t":"2026-01-01T05:01
{"t":"2026-01-01T06:00:00Z","type":"exit"}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Spent(path)
	if err != nil || got["dp"] != 15 || got["eval"] != 35 {
		t.Errorf("%v, %v: want dp 15 s, eval 35 s with the black box's calls", got, err)
	}
}

func TestSpent_TimeBetweenSittingsBelongsToNoStage(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(s int) string {
		return `"t":"` + start.Add(time.Duration(s)*time.Second).Format(time.RFC3339Nano) + `"`
	}
	lines := []string{
		`{` + at(0) + `,"type":"stage","stage":"dp","phase":"run"}`, `{` + at(100) + `,"type":"step","stage":"dp"}`, `{` + at(103) + `,"type":"step","sta`,
		`{` + at(1000) + `,"type":"stage","stage":"data","phase":"reuse"}`, `{` + at(1001) + `,"type":"stage","stage":"dp","phase":"resume"}`,
		`{` + at(1011) + `,"type":"checkpoint","stage":"dp"}`, `{` + at(1011) + `,"type":"exit"}`,
		`{` + at(2000) + `,"type":"stage","stage":"kit","phase":"run"}`, `{` + at(2005) + `,"type":"checkpoint","stage":"kit"}`, `{` + at(2005) + `,"type":"exit"}`,
		`{` + at(3000) + `,"type":"stage","stage":"kit","phase":"run"}`, `{` + at(3002) + `,"type":"checkpoint","stage":"kit"}`,
	}
	path := t.TempDir() + "/events.jsonl"
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Spent(path)
	if err != nil {
		t.Fatal(err)
	}
	if got["dp"] != 110 || got["kit"] != 2 || got["data"] != 0 {
		t.Errorf("%v", got)
	}
}

func TestEqualCost_ComparesAtEqualSecondsWhereEventsTellOfThem(t *testing.T) {
	curve := func(pace float64) []Curve {
		return []Curve{{Stage: "dp", Figure: "held-out loss", Least: true, Points: []Point{{Tokens: 10, Seconds: 10 * pace, Value: 4}, {Tokens: 20, Seconds: 20 * pace, Value: 2}}}}
	}
	e := &Experiment{Units: []Unit{{Variant: "fast", Curves: curve(1)}, {Variant: "slow", Curves: curve(1.5)}, {Variant: "unknown", Curves: curve(0)}}}
	got := equalCost(e, "seconds")
	if len(got) != 2 || got[0].At != 20 || got[0].Value != 2 || got[1].Value != 4-2./3 {
		t.Errorf("%+v", got)
	}
	if all := equalCost(e, "tokens"); len(all) != 3 {
		t.Errorf("%+v", all)
	}
}

func TestSearchCurve_OnlyTrialsOnAllQuestionsCountAndAllOfThemCost(t *testing.T) {
	type trial struct {
		Arm      string  `arrow:"arm"`
		Fidelity int64   `arrow:"fidelity"`
		Gain     float64 `arrow:"gain"`
		Paid     int64   `arrow:"paid"`
		Tokens   int64   `arrow:"tokens"`
		Refused  string  `arrow:"refused"`
		Written  int64   `arrow:"written,optional"`
	}
	type reply struct {
		Prompt int32   `arrow:"prompt_tokens"`
		Output int32   `arrow:"output_tokens"`
		USD    float64 `arrow:"usd"`
	}
	spent := func(written int64, replies ...reply) Curve {
		t.Helper()
		run := t.TempDir()
		if err := os.Mkdir(filepath.Join(run, "bpo"), 0o777); err != nil {
			t.Fatal(err)
		}
		err := checkpoint.WriteTable(filepath.Join(run, "bpo", "trials.arrow"), []trial{
			{"search", 8, 0, 8, 80, "", 4 * written}, {"search", 2, .9, 2, 20, "", 0}, {"search", 8, .3, 6, 60, "", written}, {"search", 8, .8, 1, 10, "all equal", 0},
			{"random", 8, 1, 8, 80, "", 0}, {"search", 8, .1, 8, 80, "", 0},
		}, nil)
		if err == nil {
			err = checkpoint.WriteTable(filepath.Join(run, "bpo", "replies.arrow"), replies, nil)
		}
		c, cerr := SearchCurve(run)
		if err = errors.Join(err, cerr); err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := spent(0, reply{90, 10, .5}, reply{90, 10, .3})
	var calls, gains []float64
	for _, p := range c.Points {
		calls, gains = append(calls, p.Calls), append(gains, p.Value)
	}
	if !slices.Equal(calls, []float64{8, 10, 16, 17, 25}) || !slices.Equal(gains, []float64{0, 0, .3, .3, .3}) || math.Abs(c.Points[2].USD-.64) > 1e-12 {
		t.Errorf("%+v", c)
	}
	// $.01 a token of a prompt, $.1 of a reply
	apart := spent(2, reply{80, 2, 1}, reply{30, 1, .4}, reply{50, 0, .5}, reply{70, 5, 0})
	if got, want := apart.Points[2].USD, .01*150+.1*10; math.Abs(got-want) > 1e-12 {
		t.Errorf("prompts and replies at prices of their own: $%v, want $%v", got, want)
	}
	if got, want := spent(0, reply{80, 2, 1}, reply{30, 1, .4}).Points[2].USD, 160*1.4/113; math.Abs(got-want) > 1e-12 {
		t.Errorf("a table that does not tell them apart: $%v, want $%v", got, want)
	}
}
