package audit

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"slm/checkpoint"
	"slm/pipeline"
	"slm/pipeline/rundir"
	"slm/pipeline/runtest"
	"slm/pipeline/session"
	"slm/stages"
	"slm/stages/verdict"
)

// TestOff_RunWithoutStagesIsWholeReproducedReportedAndAsked goes through all commands on runs that leave stages out.
func TestOff_RunWithoutStagesIsWholeReproducedReportedAndAsked(t *testing.T) {
	for _, c := range []struct {
		set     []string
		systems string
		parents map[string]string // of a stage, space-separated
		speaks  string            // the method's last system, which ask takes
	}{
		{[]string{"stages.bpo=off"}, "llm slm dp blade-z0 cite rag1 rag3 rag+blade oracle shuffled overlap", map[string]string{stages.Eval: "data dp kit"}, "blade-z0"},
		{[]string{"stages.kit=off"}, "llm slm dp blade cite rag1 rag3 rag+blade oracle shuffled overlap", map[string]string{stages.BPO: "data dp", stages.Eval: "bpo data dp"}, "blade"},
		{[]string{"stages.kit=off", "stages.bpo=off"}, "llm slm dp cite rag1 rag3 rag+blade oracle shuffled overlap", map[string]string{stages.Eval: "data dp"}, "dp"},
	} {
		r, err := runtest.Load(c.set...)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := runtest.Train(t.Context(), r, t.TempDir())
		if err != nil {
			t.Fatalf("%v: %v", c.set, err)
		}
		for stage, want := range c.parents {
			m, err := checkpoint.Load(filepath.Join(folder, stage))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for name := range m.Parents {
				got = append(got, name)
			}
			if slices.Sort(got); strings.Join(got, " ") != want {
				t.Errorf("%v: %s is made from %v, want %s", c.set, stage, got, want)
			}
		}
		s, err := rundir.Summary(folder)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, sys := range s.Systems {
			names = append(names, sys.System)
		}
		if got := strings.Join(names, " "); got != c.systems || strings.Contains(strings.Join(s.Notes, " "), "was not run") {
			t.Errorf("%v: the table has %s\n%v", c.set, got, s.Notes)
		}
		for _, over := range []string{"llm", "slm", "rag1"} { // the method's comparisons are made with what it comes to here
			if _, ok := s.Compare(c.speaks, over); !ok {
				t.Errorf("%v: %s is not compared with %s: %+v", c.set, c.speaks, over, s.Comparisons)
			}
		}
		v := verified(t, folder)
		if !v.OK {
			t.Errorf("%v: %+v", c.set, v)
		}
		if len(v.Missing) > 0 {
			t.Errorf("%v: %v are missing", c.set, v.Missing)
		}
		if c.speaks == "blade" { // a search on weights that were not tuned
			if again, err := Reproduce(t.Context(), folder, againIn(t)); err != nil || !again.OK {
				t.Errorf("%v: %+v, %v", c.set, again, err)
			}
		}
		if _, err := pipeline.Report(folder); err != nil {
			t.Errorf("%v: %v", c.set, err)
		}
		if m, ok := verdict.Method(s); !ok || m.System != c.speaks || s.Verdict == nil {
			t.Errorf("%v: %s is judged", c.set, m.System)
		}
		asked, err := session.Open(folder, session.Options{Kernel: runtest.Kernel(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		a, err := asked.Ask(t.Context(), session.Question{Text: "What does section 2 of MPL-2.0 say?", Silent: true})
		if err != nil || a.Named == "" && a.Place == "" && a.Knowledge == "" {
			t.Errorf("%v: %+v, %v", c.set, a, err)
		}
		if err := asked.Close(); err != nil {
			t.Error(err)
		}
	}
}
