package report

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestEstimateCheck_WhatWasPlannedStandsBesideWhatHappened(t *testing.T) {
	dir := t.TempDir()
	read := func(text string) *EstimateCheck {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, eventsFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		h, err := ReadEstimateCheck(dir)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	planned := `{"t":"2026-01-01T00:00:00Z","type":"estimate","stage":"dp","seconds":12}
{"t":"2026-01-01T00:00:00Z","type":"estimate","stage":"kit","seconds":7}
{"t":"2026-01-01T00:00:00Z","type":"estimate","seconds":19,"memory":1000}
`
	ran := `{"t":"2026-01-01T00:00:00Z","type":"stage","stage":"dp","phase":"run"}
{"t":"2026-01-01T00:00:10Z","type":"checkpoint","stage":"dp"}
{"t":"2026-01-01T00:00:
{"t":"2026-01-01T00:00:11Z","type":"exit","memory":1100}
`
	want := &EstimateCheck{Stages: []Compared{{"dp", 12, 10}, {"all", 12, 10}}, PlannedMemory: 1000, Memory: 1100} // kit was not run
	if h := read(planned + ran); !reflect.DeepEqual(h, want) || h.planned("dp") != 12 || h.planned("kit") != 0 {
		t.Errorf("%+v, want %+v", h, want)
	}
	if h := read(ran); h != nil || h.planned("dp") != 0 {
		t.Errorf("a run that nobody planned: %+v", h)
	}
	if h := read(planned); h != nil {
		t.Errorf("a plan that nobody ran: %+v", h)
	}
}
