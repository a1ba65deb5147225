package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestAsk_FileWithExpertsIsAskedAsOneRun(t *testing.T) {
	dir := t.TempDir()
	run := trainTiny(t, dir)
	put(t, filepath.Join(dir, "team.yaml"), "slm: 1\nexperts: ["+run+"]\n")
	ask := func(question string) (out teamAnswer, alone teamAnswer) {
		for name, into := range map[string]*teamAnswer{"team.yaml": &out, run: &alone} {
			o := slm(t, dir, "ask", name, question, "--no-llm", "-o", "json")
			if o.code != exitDone {
				t.Fatalf("%+v", o)
			}
			if err := json.Unmarshal([]byte(o.out), into); err != nil {
				t.Fatal(err)
			}
		}
		return out, alone
	}
	got, alone := ask("What does section 2 of the MPL-2.0 license say about the grants of each Contributor?")
	if got.Expert != filepath.Base(run) || got.Place == "" || got.Place != alone.Place || got.Knowledge != alone.Knowledge || got.Routes[got.Expert] <= 0 {
		t.Errorf("%+v, and alone %+v", got, alone.Answer)
	}
	if got, _ = ask("Which zebra sings soprano to hungry giraffes?"); got.Expert != "" || got.Place != "" || len(got.Routes) != 1 {
		t.Errorf("%+v", got)
	}
	if o := slm(t, dir, "eval", "team.yaml"); o.code != exitDone || !strings.Contains(o.out, filepath.Base(run)) || !strings.Contains(o.out, "about anything else go to none") {
		t.Errorf("%+v", o)
	}
	put(t, filepath.Join(dir, "wrong.yaml"), "slm: 1\nexperts: [gone]\n")
	if o := slm(t, dir, "ask", "wrong.yaml", "what"); o.code != exitCheckpoint {
		t.Errorf("%+v", o)
	}
	if o := slm(t, dir, "eval", "team.yaml", "--items", "x.jsonl"); o.code != exitUsage {
		t.Errorf("%+v", o)
	}
}
