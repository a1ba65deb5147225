package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slm/checkpoint"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
)

func TestVerify_SoundRunIsSoundAlsoWhenItHasMoved(t *testing.T) {
	run := runtest.Tiny(t)
	v := verified(t, run)
	if !v.OK || len(v.Digests) != 5 || len(v.Missing)+len(v.Notes) > 0 {
		t.Errorf("%+v", v)
	}
}

func TestVerify_DamagedTensorIsNamedWithItsIndexAndWhatStoodThere(t *testing.T) {
	run := runtest.Tiny(t)
	path := filepath.Join(run, "dp", "weights.arrow")
	w, err := checkpoint.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	tensor := w.Tensors[2]
	name, value := tensor.Name, tensor.Data[5]
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := offsetOf(t, path, name)
	data[at+5*4+2] ^= 0x10
	put(t, path, data)
	v := verified(t, run)
	if v.OK || !has(v.Differences, "dp", "weights.arrow", "tensor "+name+", index 5 ") {
		t.Fatalf("%+v", v.Differences)
	}
	if text := v.Differences[0].String(); !strings.Contains(text, strings.TrimSpace(formatFloat(value))) {
		t.Errorf("%s does not say that %v stood there", text, value)
	}
}

func TestDiff_LongDamageIsNamedToItsFirstIndexBesideACopy(t *testing.T) {
	run, whole := runtest.Tiny(t), runtest.Tiny(t)
	path := filepath.Join(run, "dp", "weights.arrow")
	w, err := checkpoint.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	name := w.Tensors[2].Name
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := 0, offsetOf(t, path, name)+5*4; i < 12; i++ {
		data[at+i] ^= 0x10
	}
	put(t, path, data)
	if v := verified(t, run); v.OK || !has(v.Differences, "dp", "weights.arrow", "") {
		t.Errorf("%+v", v.Differences)
	}
	d, err := Compare(whole, run)
	if err != nil || d.Same || len(d.Stages) != 5 || len(d.Stages[1].Tensors) != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
	if got := d.Stages[1].Tensors[0]; got.Name != name || got.First != 5 || got.Count != 3 {
		t.Errorf("%+v", got)
	}
}

func TestVerify_DamagedTableIsNamedWithItsRow(t *testing.T) {
	run := runtest.Tiny(t)
	path := filepath.Join(run, "eval", "items.arrow")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(data), "Question") // a value of some row
	if at < 0 {
		at = len(data) / 2
	}
	data[at] ^= 1
	put(t, path, data)
	if v := verified(t, run); v.OK || !has(v.Differences, "eval", "items.arrow", "row ") {
		t.Fatalf("%+v", v.Differences)
	}
}

func TestVerify_FilesThatAreGoneStrayOrChangedAreNamed(t *testing.T) {
	for _, c := range []struct {
		harm        func(run string) error
		stage, file string
	}{
		{func(run string) error { return os.RemoveAll(filepath.Join(run, "bpo")) }, "bpo", ""},
		{func(run string) error { return os.Remove(filepath.Join(run, "kit", "pairs.arrow")) }, "kit", ""},
		{func(run string) error { return os.WriteFile(filepath.Join(run, "dp", "more.txt"), nil, 0o666) }, "dp", "more.txt"},
		{func(run string) error { return os.Remove(filepath.Join(run, "replies.wal")) }, "", "replies.wal"},
		{func(run string) error { return replaceIn(filepath.Join(run, "recipe.yaml"), "seed: 7", "seed: 8") }, "", "recipe.yaml"},
		{func(run string) error { return os.Truncate(filepath.Join(run, "events.jsonl"), 100) }, "", "events.jsonl"},
		{func(run string) error {
			return os.Rename(filepath.Join(run, "kit"), filepath.Join(run, "dp2")) // and the chain is broken behind it
		}, "bpo", ""},
	} {
		run := runtest.Tiny(t)
		if err := c.harm(run); err != nil {
			t.Fatal(err)
		}
		if v := verified(t, run); v.OK || !has(v.Differences, c.stage, c.file, "") {
			t.Errorf("want %s/%s: %+v", c.stage, c.file, v.Differences)
		}
	}
}

func TestVerify_CheckpointOfAnotherRecipeIsFoundByItsFingerprint(t *testing.T) {
	run := runtest.Tiny(t)
	// The seal and every digest are put right: only the chain of fingerprints tells.
	if err := replaceIn(filepath.Join(run, "recipe.yaml"), "seed: 7", "seed: 8"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(run, rundir.SealFile)); err != nil {
		t.Fatal(err)
	}
	if v := verified(t, run); v.OK || !strings.Contains(v.Differences[0].What, "fingerprint") {
		t.Errorf("%+v", v.Differences)
	}
}

func TestVerify_InterruptedRunIsSound(t *testing.T) {
	for _, stage := range []string{"dp", "kit", "eval"} {
		ctx, stop := context.WithCancel(context.Background())
		p, deps := planOf(t, filepath.Join(runtest.Tiny(t), rundir.RecipeFile), t.TempDir())
		deps.View = cancelAt{stage, stop}
		_, err := p.Execute(ctx, deps)
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: %v", stage, err)
		}
		if err := deps.Box.Close(); err != nil {
			t.Fatal(err)
		}
		if v := verified(t, p.Folder()); !v.OK || len(v.Missing) == 0 {
			t.Errorf("stopped in %s: %+v", stage, v.Differences)
		}
		// As after kill -9: no end was written.
		if err := rundir.WriteSeal(p.Folder(), true, nil); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(filepath.Join(p.Folder(), rundir.EventsFile), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"v":1,"t":"20`); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if v := verified(t, p.Folder()); !v.OK || len(v.Notes) == 0 {
			t.Errorf("killed in %s: %+v", stage, v.Differences)
		}
	}
}

func TestVerify_NewerSealIsRefused(t *testing.T) {
	run := runtest.Tiny(t)
	put(t, filepath.Join(run, rundir.SealFile), []byte(`{"v": 99}`))
	if _, err := Verify(run); !errors.Is(err, checkpoint.ErrNewer) {
		t.Error(err)
	}
}
