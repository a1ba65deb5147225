package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"slm/llm"
	"slm/model/proxy"
	"slm/stages"
	"slm/stages/systems"
)

// server is a model of this process that answers as one behind a server does: by its likeliest next tokens.
type server struct {
	t      *testing.T
	box    *llm.Service
	echo   bool
	forces bool // it tells of a token that it is made to generate
	calls  int
	fail   error // to whoever asks for next tokens
}

func (s *server) Info() llm.Info {
	i := s.box.Info()
	i.CanShow = true
	return i
}

func (s *server) Do(ctx context.Context, reqs []llm.Request) ([]llm.Reply, error) {
	if reqs[0].Top == 0 {
		return s.box.Do(ctx, reqs)
	}
	if s.fail != nil {
		return nil, s.fail
	}
	w, _, err := s.box.Weights()
	if err != nil {
		s.t.Fatal(err)
	}
	out := make([]llm.Reply, len(reqs))
	for i, r := range reqs {
		if s.calls++; r.Next != nil && !s.forces {
			return nil, llm.ErrNoEcho
		}
		likely := func(id int32, p float64) llm.Likely {
			l := llm.Likely{Text: w.Tokenizer.DecodeBytes([]int32{id}), LogProb: p}
			if !s.echo {
				l.ID = &id
			}
			return l
		}
		logits, err := w.Decoder.Logits(ctx, slices.Concat(r.Tokens, r.Along))
		if err != nil {
			return nil, err
		}
		for k := range max(1, len(r.Along)) {
			shown := proxy.Show(logits[(len(r.Tokens)-1+k)*w.Config.Vocab:][:w.Config.Vocab], r.Top)
			var place []llm.Likely
			for j, id := range shown.Tokens {
				place = append(place, likely(id, shown.LogProbs[j]))
			}
			named := r.Along
			if r.Next != nil {
				named = []int32{*r.Next}
			}
			if out[i].Shown = append(out[i].Shown, place); len(named) > 0 {
				out[i].Read = append(out[i].Read, likely(named[k], shown.LogProbs[slices.Index(shown.Tokens, named[k])]))
			}
		}
	}
	return out, nil
}

func TestProxy_OfAServerIsThatOfThisProcess(t *testing.T) {
	run := tinyRun(t, 12)
	var s *server
	rows, notes := proxyRunBy(t, run, stages.DP, systems.Proxying{Alpha: 1, Top: 1000}, func(box *llm.Service) llm.Client {
		s = &server{t: t, box: box, echo: true}
		return s
	})
	if !sameScores(rows["proxy"], rows["slm"]) || sameScores(rows["slm"], rows["llm"]) {
		t.Errorf("the LLM is the untuned model, so that proxy is the small model: proxy %+v\nslm %+v\n%s", rows["proxy"], rows["slm"], notes)
	}
	// A call for each of three options, and those that compare the vocabularies.
	if want := 3*len(rows["proxy"]) + systems.ProbeCalls; s.calls != want || rows["proxy"][0].Calls != 3 {
		t.Errorf("%d calls, want %d; a row counts %d", s.calls, want, rows["proxy"][0].Calls)
	}
	made, notes := proxyRunBy(t, run, stages.DP, systems.Proxying{Alpha: 1, Top: 1000}, func(box *llm.Service) llm.Client {
		s = &server{t: t, box: box, forces: true}
		return s
	})
	tokens := 0
	for _, row := range made["proxy"] {
		tokens += int(row.Calls)
	}
	if !sameScores(made["proxy"], rows["proxy"]) || s.calls != tokens+systems.ProbeCalls || tokens <= 3*len(made["proxy"]) {
		t.Errorf("token by token, %d calls and %d in rows: %+v, want %+v\n%s", s.calls, tokens, made["proxy"], rows["proxy"], notes)
	}
	if rows, notes = proxyRunBy(t, run, stages.DP, systems.Proxying{Top: 5}, func(box *llm.Service) llm.Client { return &server{t: t, box: box} }); rows != nil ||
		!strings.Contains(notes, "proxy was not run: the LLM's server neither echoes a prompt with its log-probabilities nor tells of a token that it is made to write, so that options cannot be scored") {
		t.Errorf("without an echo: %s", notes)
	}
	none := func(box *llm.Service) llm.Client {
		return &server{t: t, box: box, fail: fmt.Errorf("%w: no log-probabilities came back", llm.ErrReply)}
	}
	if rows, notes = proxyRunBy(t, run, stages.DP, systems.Proxying{Top: 5}, none); rows != nil || !strings.Contains(notes, "proxy was not run: ") || !strings.Contains(notes, "no log-probabilities came back") {
		t.Errorf("of a server that shows nothing: %s", notes)
	}
}

// The LLM gives scores of options, and shows no token.
func TestProxy_OfTextsAloneIsMovedByWhatTuningThinksOfThem(t *testing.T) {
	run := tinyRun(t, 48)
	by := func(*llm.Service) llm.Client { return &reader{} }
	moved, notes := proxyRunBy(t, run, stages.DP, systems.Proxying{Alpha: 1, Samples: 3}, by)
	twice, _ := proxyRunBy(t, run, stages.DP, systems.Proxying{Alpha: 2, Samples: 3}, by)
	if len(moved["proxy"]) == 0 || sameScores(moved["proxy"], moved["llm"]) || !strings.Contains(notes, "of up to 3 answers the likeliest is taken") {
		t.Fatal(notes)
	}
	for i, row := range moved["proxy"] {
		for k, score := range row.Scores {
			base := moved["llm"][i].Scores[k]
			if d := twice["proxy"][i].Scores[k] - base - 2*(score-base); d > 1e-6 || d < -1e-6 {
				t.Fatalf("alpha 2 does not move twice as far: %v, %v, %v", base, score, twice["proxy"][i].Scores[k])
			}
		}
	}
	fitted, notes := proxyRunBy(t, run, stages.DP, systems.Proxying{Samples: 3}, by)
	if !sameScores(fitted["proxy"], fitted["llm"]) || !strings.Contains(notes, "no gain is shown") {
		t.Error(notes)
	}
}
