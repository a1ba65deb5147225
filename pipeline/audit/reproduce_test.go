package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/llm"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/stages/trainer"
)

func formatFloat(x float32) string { return fmt.Sprint(x) }

// bytesOf is a number as it lies in a file.
func bytesOf(x float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)) }

// offsetOf finds where a tensor's data lie in a file of weights.
func offsetOf(t *testing.T, path, name string) int {
	t.Helper()
	w, err := checkpoint.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range w.Tensors {
		if tensor.Name == name {
			var raw strings.Builder
			for _, x := range tensor.Data[:8] {
				raw.Write(bytesOf(x))
			}
			return strings.Index(string(data), raw.String())
		}
	}
	t.Fatalf("no tensor %s", name)
	return 0
}

func TestReproduce_IsBitForBitWithoutAskingTheBlackBox(t *testing.T) {
	run := runtest.Tiny(t)
	rep, err := Reproduce(context.Background(), run, againIn(t))
	if err != nil || !rep.OK || !rep.Exact || len(rep.Stages) != 5 {
		t.Fatalf("%+v %v", rep, err)
	}
	if v := verified(t, rep.Folder); !v.OK {
		t.Errorf("%+v", v.Differences)
	}
	if err := os.Remove(filepath.Join(run, "replies.wal")); err != nil {
		t.Fatal(err)
	}
	if rep, err := Reproduce(context.Background(), run, againIn(t)); err != nil || !rep.Exact || len(rep.Stages) != 5 {
		t.Errorf("from replies.arrow alone: %+v %v", rep, err)
	}
	recommit(t, filepath.Join(run, "kit"), func(_ *checkpoint.Pending, name, _ string) bool { return name == "replies.arrow" })
	for _, stage := range []string{"bpo", "eval"} {
		if err := os.RemoveAll(filepath.Join(run, stage)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Reproduce(context.Background(), run, againIn(t)); !errors.Is(err, llm.ErrOffline) {
		t.Errorf("without any reply: %v", err)
	}
	how := againIn(t)
	how.Live = true
	how.Stage = "data"
	if rep, err := Reproduce(context.Background(), run, how); err != nil || !rep.Exact {
		t.Errorf("live: %+v %v", rep, err)
	}
}

func TestReproduce_OneStageIsMadeFromTheOriginalsBeforeIt(t *testing.T) {
	how := againIn(t)
	how.Stage = "kit"
	rep, err := Reproduce(context.Background(), runtest.Tiny(t), how)
	if err != nil || !rep.Exact || len(rep.Stages) != 3 || rep.Stages[0].Result != Taken || rep.Stages[2].Result != Same {
		t.Fatalf("%+v %v", rep, err)
	}
}

func TestReproduce_FirstStepAndTensorThatDifferAreNamed(t *testing.T) {
	run := runtest.Tiny(t)
	const step, index = 3, 17
	tensor := ""
	recommit(t, filepath.Join(run, "dp"), func(p *checkpoint.Pending, name, from string) bool {
		switch name {
		case "weights.arrow":
			w, err := checkpoint.OpenWeights(from)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Close() }()
			list := append([]checkpoint.Tensor(nil), w.Tensors...)
			list[0].Data = append([]float32(nil), list[0].Data...)
			list[0].Data[index] *= 1.5
			tensor = list[0].Name
			if err := checkpoint.WriteWeights(p.Path(name), w.Meta, list); err != nil {
				t.Fatal(err)
			}
			return true
		case "metrics.arrow":
			rows, meta, err := checkpoint.ReadTable[trainer.Metric](from)
			if err != nil {
				t.Fatal(err)
			}
			rows[step-1].Loss += 1e-9
			if err := checkpoint.WriteTable(p.Path(name), rows, meta); err != nil {
				t.Fatal(err)
			}
			return true
		}
		return false
	})
	rep, err := Reproduce(context.Background(), run, againIn(t))
	if !errors.Is(err, ErrDiffers) || len(rep.Stages) != 2 {
		t.Fatalf("%+v %v", rep, err)
	}
	for _, want := range []string{"dp", "step 3 (loss", tensor, "index 17"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if d := rep.Stages[1].Diff; d.Step != step || len(d.Tensors) != 1 || d.Tensors[0].First != index || d.Tensors[0].Count != 1 {
		t.Errorf("%+v", d)
	}
}

func TestReproduce_AnotherClassIsComparedWithinATolerance(t *testing.T) {
	run := runtest.Tiny(t)
	if err := replaceIn(filepath.Join(run, rundir.PlanFile), `"numerics": "`+string(runtest.Kernel().Class()), `"numerics": "another-`+string(runtest.Kernel().Class())); err != nil {
		t.Fatal(err)
	}
	recommit(t, filepath.Join(run, "dp"), func(p *checkpoint.Pending, name, from string) bool {
		if name != "metrics.arrow" {
			return false
		}
		rows, meta, err := checkpoint.ReadTable[trainer.Metric](from)
		if err != nil {
			t.Fatal(err)
		}
		rows[len(rows)-1].Loss *= 1.001
		if err := checkpoint.WriteTable(p.Path(name), rows, meta); err != nil {
			t.Fatal(err)
		}
		return true
	})
	rep, err := Reproduce(context.Background(), run, againIn(t))
	if err != nil || !rep.OK || rep.Exact || rep.Stages[1].Result != Close {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestDiff_NamesRecipeKeysTensorsAndMetrics(t *testing.T) {
	a := runtest.Tiny(t)
	r, err := runtest.Load("stages.dp.optim.lr=2e-3")
	if err != nil {
		t.Fatal(err)
	}
	b, err := runtest.Train(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d, err := Compare(a, b)
	if err != nil || d.Same || len(d.Recipe) != 1 || d.Recipe[0].Key != "stages.dp.optim.lr" || len(d.Stages) != 5 {
		t.Fatalf("%+v %v", d, err)
	}
	if !d.Stages[0].Same || d.Stages[1].Same || d.Stages[1].Step != 1 || len(d.Stages[1].Tensors) == 0 || d.Stages[1].Tensors[0].Relative <= 0 {
		t.Errorf("%+v", d.Stages[1])
	}
	loss := 0
	for _, m := range d.Metrics {
		if m.Stage == "dp" && m.Name == "loss" && m.A != m.B {
			loss++
		}
	}
	if loss != 1 {
		t.Errorf("%+v", d.Metrics)
	}
	if same, err := Compare(a, runtest.Tiny(t)); err != nil || !same.Same {
		t.Errorf("two copies: %+v %v", same, err)
	}
	if _, err := Compare(a, filepath.Join(a, "dp")); !errors.Is(err, rundir.ErrUsage) {
		t.Errorf("a run and a checkpoint: %v", err)
	}
}
