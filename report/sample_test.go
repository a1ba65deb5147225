package report

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/result"
	"slm/rng"
	"slm/stages/bpo"
	"slm/stages/systems"
)

// The sample is a run folder with invented figures, made to exercise every part of the page. It is for tests only.

var sampleTexts = []string{
	"Redistribution. You may reproduce and distribute copies of the Work or Derivative Works thereof in any medium, with or without modifications, and in Source or Object form",
	"Conveying Verbatim Copies. You may convey verbatim copies of the Program's source code as you receive it, in any medium, provided that you conspicuously and appropriately publish",
	"Termination. This License and the rights granted hereunder will terminate automatically if You fail to comply with terms herein and fail to cure such breach",
	"Disclaimer of Warranty. Covered Software is provided under this License on an \"as is\" basis, without warranty of any kind, either expressed, implied, or statutory",
}

// ref returns a pointer to a value.
func ref[T any](v T) *T { return &v }

// sampleAccuracy is what each system shall reach.
var sampleAccuracy = map[string]float64{"llm": .27, "slm": .78, "dp": .61, "blade-z0": .83, "blade": .86, "cite": .9, "rag1": .71, "rag3": .66, "rag+blade": .88, "oracle": 1, "shuffled": .24}

// sampleSummary has n items. McNemar's p and the intervals are plausible, not computed.
func sampleSummary(n int) *result.Summary {
	s := &result.Summary{V: result.Version, Items: n, Exam: "9f2b6c04d1", Chance: .25, LLM: "smollm2-135m-instruct", Style: "cloze", Limit: 90, Method: "paired-bootstrap", Resamples: 10000}
	for _, name := range systems.Names() {
		a := sampleAccuracy[name]
		half := 1.96 * math.Sqrt(a*(1-a)/float64(n))
		sys := result.System{System: name, Accuracy: a, Low: math.Max(0, a-half), High: math.Min(1, a+half), Correct: int(math.Round(a * float64(n))), Calls: n, Tokens: n * 640, Verified: n * 4 / 5}
		if name == "slm" {
			sys.Calls, sys.Tokens = 0, 0
		}
		if name != "llm" {
			sys.McNemarP, sys.Harm, sys.HarmCount = ref(math.Pow(10, -20*math.Max(0, a-.27))), ref(.06), 2
			h := (a - .27) / .73
			sys.Headroom, sys.HeadroomLow, sys.HeadroomHigh = &h, ref(h-.08), ref(h+.07)
		}
		s.Systems = append(s.Systems, sys)
	}
	for _, c := range [][2]string{{"blade", "llm"}, {"blade", "blade-z0"}, {"blade-z0", "dp"}, {"blade", "slm"}, {"blade", "rag1"}, {"blade", "rag3"}, {"rag+blade", "rag1"}, {"cite", "blade"}, {"shuffled", "llm"}, {"shuffled", "blade"}} {
		d := sampleAccuracy[c[0]] - sampleAccuracy[c[1]]
		s.Comparisons = append(s.Comparisons, result.Comparison{System: c[0], Over: c[1], Difference: d, Low: d - .06, High: d + .06, McNemarP: math.Exp(-20 * math.Abs(d)), HolmP: math.Min(1, 9*math.Exp(-20*math.Abs(d)))})
	}
	for _, name := range []string{"dp", "blade-z0", "blade"} {
		s.Recall = append(s.Recall, result.Recall{System: name, Items: n, Place: n * 9 / 10, Start: n * 8 / 10, Option: n * 88 / 100})
	}
	s.Notes = []string{"cite: 3 places that the small model named do not stand in the corpus; the LLM was asked without knowledge there."}
	return s
}

// sampleRows has a row an item and system, with hostile text in the first.
func sampleRows(n int) []result.Row {
	var rows []result.Row
	for i := range n {
		for _, name := range systems.Names() {
			r := result.Row{Item: fmt.Sprintf("item-%03d", i), Section: fmt.Sprintf("GPL-3.0#%d", i), System: name, Question: fmt.Sprintf("What does section %d of the MPL-2.0 license say?", i+1),
				Place: fmt.Sprintf("MPL-2.0 license\nSection %d:", i+1), Knowledge: sampleTexts[i%4], Verified: i%5 != 0, Choices: sampleTexts, Answer: int32(i % 4), Calls: 1, Tokens: 640, Scores: []float64{-1, -2, -3, -4}}
			r.Correct = rng.New(3, name).At(uint64(i)).Float64() < sampleAccuracy[name]
			r.Picked = r.Answer
			if !r.Correct {
				r.Picked = (r.Answer + 1) % 4
			}
			if i == 0 {
				r.Question = `Is <script>alert("1")</script> & 'co' escaped?`
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// sampleMetrics is a loss that falls like a training loss.
func sampleMetrics(from, to float64, steps int) []Metric {
	var out []Metric
	for i := range steps {
		f := float64(i) / float64(steps)
		loss := to + (from-to)*math.Exp(-6*f) + .04*math.Exp(-2*f)*rng.New(1, "loss").At(uint64(i)).Norm()
		m := Metric{Step: int64(i + 1), Tokens: int64(i+1) * 8192, Loss: math.Max(loss, .02)}
		if i%50 == 49 {
			m.Heldout = ref(m.Loss*1.25 + .02)
		}
		out = append(out, m)
	}
	return out
}

// sampleTrials has z = 0, a search and its controls, one of them twice, all of them on a ladder of 40 and 80 items, and what was scored again.
func sampleTrials() (rows []bpo.TrialRow, items []bpo.ItemRow, texts []bpo.TextRow) {
	for _, part := range []struct {
		name string
		n    int
	}{{"search", 80}, {"choice", 36}, {"check", 36}} {
		for i := range part.n {
			items = append(items, bpo.ItemRow{Part: part.name, Item: fmt.Sprintf("%s-%d", part.name, i), Question: fmt.Sprintf("What does section %d say, <%s>?", i, part.name), Answer: "Redistribution."})
		}
	}
	for i := range 90 {
		texts = append(texts, bpo.TextRow{Place: fmt.Sprintf("MPL-2.0 license\nSection %d:", i), Text: sampleTexts[i%4]})
	}
	row := func(arm, kind string, trial, n int, gain float64, shift int) bpo.TrialRow {
		r := bpo.TrialRow{Arm: arm, Trial: int64(trial), Kind: kind, Fidelity: int64(n), Asked: int64(n), Calls: int64(n), Gain: gain, GainSD: .03, Squares: .03 * .03 * float64(n*(n-1))}
		for i := range n {
			said, answer := i, int32(1)
			if shift > 0 && i%shift == 0 {
				said, answer = i+1, int32(i%2)
			}
			r.Text, r.Answers, r.Objectives = append(r.Text, texts[said].Place), append(r.Answers, answer), append(r.Objectives, gain)
		}
		for j := range 10 {
			r.Z = append(r.Z, 2*rng.New(9, arm).At(uint64(trial*10+j)).Float64()-1)
		}
		return r
	}
	zero := func(arm string, n int) bpo.TrialRow {
		r := row(arm, "zero", 0, n, 0, 0)
		r.Z, r.Squares, r.GainSD = make([]float64, 10), 0, 0
		return r
	}
	rows = append(rows, zero("search", 80))
	for _, arm := range []string{"search", "random", "random/2", "sobol", "cma", "text"} {
		for i := range 40 {
			n := 40
			if i%3 == 0 {
				n = 80
			}
			r := row(arm, "random", i+1, n, .06*rng.New(5, arm).At(uint64(i)).Norm(), 9)
			if arm == "search" {
				r.Kind, r.Gain, r.Predicted, r.PredictedSD = "log_ei", r.Gain+.003*float64(i)+.3*r.Z[3], .002*float64(i), .05
			}
			if arm == "text" {
				r.Z, r.Prompt = nil, "Name the place:"
			}
			rows = append(rows, r)
		}
	}
	refused := row("search", "log_ei", 41, 0, 0, 0)
	refused.Refused, refused.Asked = "a score is NaN", 40
	rows = append(rows, refused)
	for _, part := range []string{"choice/", "check/"} {
		rows = append(rows, zero(part+"search", 36), row(part+"search", "log_ei", 31, 36, 9, 5), row(part+"random", "random", 3, 36, 9, 0))
	}
	return rows, items, texts
}

const sampleRecipe = "slm: 1\nname: legal\nseed: 7\nmodel: {layers: 6, width: 256, heads: 4, kv_heads: 4, context: 512}\ndata:\n  corpus: {from: builtin:licenses, dedup: {exact: true, near: 0.8}}   # <b>not bold</b>\n" +
	"llm: {provider: local, model: smollm2-135m-instruct, answer: cloze}\nstages:\n  dp: {tokens: 4M, batch: 8k, optim: {name: adamw, lr: 1.5e-3}}\n  bpo: {soft: {tokens: 5, dim: 10}, init: 10, trials: 40}\neval: {intervals: {method: paired-bootstrap, n: 10000}}\n"

// sampleRun writes the whole folder and returns it.
func sampleRun(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "sample-1f0c9a2b")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.MkdirAll(dir, 0o755))
	check(os.WriteFile(filepath.Join(dir, "recipe.yaml"), []byte(sampleRecipe), 0o644))
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var events []byte
	parents := map[string]string{}
	write := func(stage string, took time.Duration, counters map[string]int64, facts map[string]string, fill func(p *checkpoint.Pending)) {
		t.Helper()
		p, err := checkpoint.Begin(filepath.Join(dir, stage))
		check(err)
		fill(p)
		m := &checkpoint.Manifest{Version: 1, Stage: stage, Fingerprint: "f-" + stage, Parents: parents, Seed: 7, Kernel: "onednn2.6-bf16", Counters: counters, Facts: facts,
			Versions: map[string]string{"slm": "0.1.0", "go": "go1.26", "machine": "linux/amd64, 2 threads, AVX-512 AMX"}, Created: start.Format(time.RFC3339)}
		check(p.Commit(m))
		for _, e := range []string{"stage", "checkpoint"} {
			line, err := json.Marshal(map[string]any{"v": 1, "t": start.Format(time.RFC3339Nano), "type": e, "phase": "run", "stage": stage})
			check(err)
			events = append(append(events, line...), '\n')
			start = start.Add(took)
		}
		parents = map[string]string{stage: m.Digest()}
	}
	write("data", 4*time.Second, map[string]int64{"sections": 1057, "tokens": 412_000}, map[string]string{"documents": "120", "dropped_near": "61", "exam_test": "144", "exam_dev": "72"}, func(p *checkpoint.Pending) {})
	write("dp", 331*time.Second, map[string]int64{"tokens": 4_000_000, "steps": 490}, nil, func(p *checkpoint.Pending) {
		check(checkpoint.WriteTable(p.Path("metrics.arrow"), sampleMetrics(8.3, .06, 490), nil))
	})
	write("kit", 95*time.Second, map[string]int64{"tokens": 900_000, "llm_calls": 800, "llm_tokens": 410_000}, nil, func(p *checkpoint.Pending) {
		check(checkpoint.WriteTable(p.Path("metrics.arrow"), sampleMetrics(.4, .05, 120), nil))
	})
	write("bpo", 250*time.Second, map[string]int64{"llm_calls": 3200, "llm_tokens": 1_900_000}, map[string]string{
		"verdict":        "z = 0 is kept, no better soft prompt was found: trial 31, the best of 5 on 72 held-out questions, answers 60 right where z = 0 answers 61; gain of the objective -0.010 [-0.034, +0.012]",
		"control random": "random search, 40 trials with 2160 questions where the search had 40 trials with 2160: its best answers 59 of the 36 questions of the check right, the search's 60: no difference is shown",
		"selection_bias": "on the 80 questions that it was searched on, trial 40 is the best of 40: gain +0.171, right answers 90.0 % against 88.1 %; up to +0.065 and +4.1 points of that are owed to choosing the best of 40", "search": "0f0f", "ladder": "[40 80]", "soft_scale": "1 of an embedding's standard deviation, 0.021"}, func(p *checkpoint.Pending) {
		rows, items, texts := sampleTrials()
		check(checkpoint.WriteTable(p.Path(bpo.TrialsFile), rows, nil))
		check(checkpoint.WriteTable(p.Path(bpo.ItemsFile), items, nil))
		check(checkpoint.WriteTable(p.Path(bpo.TextsFile), texts, nil))
	})
	write("eval", 120*time.Second, map[string]int64{"llm_calls": 1440, "llm_tokens": 921_600}, nil, func(p *checkpoint.Pending) {
		b, err := sampleSummary(144).JSON()
		check(err)
		check(os.WriteFile(p.Path(result.SummaryFile), b, 0o644))
		check(checkpoint.WriteTable(p.Path(result.ItemsFile), sampleRows(144), nil))
	})
	check(os.WriteFile(filepath.Join(dir, "events.jsonl"), events, 0o644))
	return dir
}
