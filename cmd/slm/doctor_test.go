package main

import (
	"encoding/json"
	"strings"
	"testing"

	"slm/model/kernel"
)

func TestDoctor_NamesTheClassOfAutoTheLevelAndTheSpeedOfEachClass(t *testing.T) {
	dir := t.TempDir()
	o := slmEnv(t, dir, []string{"SLM_KERNEL=", "SLM_CPU=generic"}, "doctor", "-o", "json")
	var h health
	if err := json.Unmarshal([]byte(o.out), &h); err != nil || o.code != 0 {
		t.Fatalf("%v: %+v", err, o)
	}
	if h.CPU != "generic" || h.CPUHighest != kernel.HighestCPU() || !h.Tiles && h.Class != string(kernel.ClassF32) {
		t.Errorf("level %q of %q, class %q", h.CPU, h.CPUHighest, h.Class)
	}
	var classes []kernel.Class
	for _, r := range h.Classes {
		classes = append(classes, kernel.Class(r.Class))
		if r.GFLOPS <= 0 || !strings.HasSuffix(r.Kernel, "+generic") {
			t.Errorf("%+v", r)
		}
	}
	if len(classes) != len(kernel.Contracts()) {
		t.Errorf("classes %v, want %v", classes, kernel.Contracts())
	}
}

func TestDoctor_SaysWhatTheMachineHasBeyondTheLevelInUse(t *testing.T) {
	var out strings.Builder
	showHealth(&out, &health{Kernel: "go-f32+avx2", Class: "f32", GFLOPS: 98, Classes: []rate{{"bf16-tile", "tile+avx2", .42}}, Cores: 2, CPU: "avx2", CPUHighest: "avx512"})
	for _, want := range []string{"auto takes f32", "bf16-tile 0.42 GFLOP/s (tile+avx2)", "2 cores, avx2; the machine has avx512, and SLM_CPU lowers it"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
