package bo

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake is a Python that is none: it answers every question with the same point.
func fake(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

const middle = `while read -r question; do echo '{"z": [0.01, 0], "best": 0, "seconds": 0.5}'; done`

// run runs the subcommand with arguments.
func run(args []string, out, log io.Writer) error {
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(log)
	return cmd.Execute()
}

func TestCommand_BothSidesAreComparedAndTheFigureIsPrintedAsJSON(t *testing.T) {
	keep := filepath.Join(t.TempDir(), "kept")
	args := []string{"--functions", "branin", "--seeds", "2", "-o", "json", "--keep", keep}
	var out bytes.Buffer
	if err := run(append(args, "--python", fake(t, middle)), &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Functions []map[string]any `json:"functions"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Functions) != 1 || got.Functions[0]["function"] != "branin" {
		t.Fatalf("printed %s", out.Bytes())
	}
	ours, theirs := got.Functions[0]["median_regret"].(float64), got.Functions[0]["botorch_median_regret"].(float64)
	if !(ours > 0 && ours < 1 && theirs > ours) || got.Functions[0]["time_ratio"].(float64) < 1 || got.Functions[0]["ahead"].(float64) != 2 {
		t.Errorf("a search that stays in the middle is not worse: %s", out.Bytes())
	}
	// What was kept is not made again: a Python that answers nothing will do.
	var again bytes.Buffer
	if err := run(append(args, "--python", fake(t, "exit 1")), &again, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(again.String(), strings.SplitN(out.String(), `"time_ratio"`, 2)[0]) {
		t.Errorf("printed %s, then %s", out.Bytes(), again.Bytes())
	}
}

func TestCommand_EachMethodIsRunAndAnUnknownOneRefused(t *testing.T) {
	ends := map[string]string{}
	for _, method := range []string{"", "turbo", "ucb"} {
		var out bytes.Buffer
		if err := run([]string{"--functions", "branin", "--seeds", "1", "--python", "none", "--method", method}, &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(out.String(), "regret ")
		regret, _, _ := strings.Cut(rest, " ")
		if other, seen := ends[regret]; seen || regret == "" {
			t.Errorf("%q and %q end alike: %s", method, other, out.Bytes())
		}
		ends[regret] = method
	}
	if err := run([]string{"--functions", "branin", "--seeds", "1", "--python", "none", "--method", "guess"}, io.Discard, io.Discard); err == nil {
		t.Error("an unknown method: no error")
	}
}

func TestCommand_AnAnswerThatIsNoneEndsTheComparison(t *testing.T) {
	for _, body := range []string{"exit 1", "echo no", `while read -r q; do echo '{"z": [7, 0]}'; done`} {
		if err := run([]string{"--functions", "branin", "--seeds", "1", "--python", fake(t, body)}, io.Discard, io.Discard); err == nil {
			t.Errorf("%s: no error", body)
		}
	}
	if err := run([]string{"--functions", "nothing", "--python", "none"}, io.Discard, io.Discard); err == nil {
		t.Error("an unknown function: no error")
	}
}
