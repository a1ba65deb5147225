package kit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"

	"slm/checkpoint"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/writer"
)

// WrittenFile holds the questions that were written and kept, with their knowledge: a file that pairs.file of another recipe reads.
const WrittenFile = "written.jsonl"

// writerName is the black box of the section stages.kit.writer.
const writerName = "writer"

// written is what an LLM has written; nil if the recipe asks for nothing.
type written struct {
	*writer.Result
	other bool // by a model that is not the run's
	first int  // of its questions among the pairs that were made
}

// asks says whether the run's black box is asked.
func (s *Stage) asks() bool {
	return s.cfg.Filter || s.cfg.Pairs.has(fromLLM) && (s.cfg.Writer == nil || s.cfg.Written.Judges())
}

// others is the LLM that writes, if it is not the run's.
func (s *Stage) others() []stages.BlackBox {
	if s.cfg.Writer == nil || !s.cfg.Pairs.has(fromLLM) {
		return nil
	}
	return []stages.BlackBox{{Name: writerName, Config: *s.cfg.Writer}}
}

// writes finds that nobody writes the questions that the recipe asks for. box is the run's.
func (c Config) writes(box llm.Config) error {
	section := "llm"
	if c.Writer != nil {
		section, box = "stages.kit.writer", *c.Writer
	}
	if c.Pairs.has(fromLLM) && box.Provider == llm.Overlap {
		return fmt.Errorf("stages.kit.pairs.from: llm: %s is provider overlap, which chooses among options and writes nothing; name a model in stages.kit.writer", section)
	}
	return nil
}

// write has questions written and sifted, and adds all of them to the list.
func (s *Stage) write(ctx context.Context, env *stages.Env, dom *domain.Domain, list *pairList) (*written, error) {
	if !s.cfg.Pairs.has(fromLLM) {
		return nil, nil
	}
	key, err := checkpoint.HashJSON(map[string]any{"fingerprint": env.Fingerprint, "parents": env.Parents})
	if err != nil {
		return nil, err
	}
	job := writer.Job{
		Config: s.cfg.Written, Domain: dom, Seed: env.Seed, Answer: env.Answer, Passage: s.cfg.Passage, Work: env.Work(stages.KIT), Key: key,
		Tell: func(phase string, done, of int) {
			env.Emit(stages.Event{Type: "step", Stage: stages.KIT, Phase: phase, Step: done, Of: of})
		},
	}
	for _, p := range slices.Concat(list.file, list.made) {
		job.Known = append(job.Known, p.Question)
	}
	if s.asks() {
		if job.Judge, err = env.Client(ctx, stages.KIT); err != nil {
			return nil, err
		}
	}
	job.Writer = job.Judge
	if s.cfg.Writer != nil {
		if job.Writer, err = env.OtherClient(writerName, stages.KIT); err != nil {
			return nil, err
		}
	}
	got, err := writer.Run(ctx, job)
	if err != nil {
		return nil, fmt.Errorf("kit: questions by the LLM: %w", err)
	}
	first := len(list.made)
	for _, q := range got.Questions {
		list.add(q.Section, q.Pair)
	}
	return &written{got, s.cfg.Writer != nil, first}, nil
}

// verdicts are why written questions stay or go, by pair.
func (w *written) verdicts() map[string]verdict {
	if w == nil {
		return nil
	}
	out := map[string]verdict{}
	for _, q := range w.Questions {
		out[q.Pair.ID] = verdict{q.Keep, q.Why}
	}
	return out
}

// answer is the short answer to a pair's question, if it was written.
func (w *written) answer(r pairRef) string {
	if w == nil || !r.made || int(r.n) < w.first {
		return ""
	}
	return w.Questions[int(r.n)-w.first].Answer
}

// add adds what was written to the manifest's facts and to what the filter took.
func (w *written) add(took *usage, facts map[string]string) *usage {
	if w == nil {
		return took
	}
	if took == nil {
		took = &usage{}
	}
	took.calls += w.Calls
	took.tokens += w.Tokens
	took.missing.Of += w.Missing.Of
	for reason, n := range w.Missing.Count {
		if took.missing.Count == nil {
			took.missing.Count = map[llm.Reason]int{}
		}
		took.missing.Count[reason] += n
	}
	kept, dropped := 0, map[string]int{}
	for _, q := range w.Questions {
		if q.Keep {
			kept++
		} else {
			dropped[q.Dropped]++
		}
	}
	facts["written"], facts["written_sections"], facts["written_kept"] = strconv.Itoa(len(w.Questions)), strconv.Itoa(w.Sections), strconv.Itoa(kept)
	facts["written_keep_rate"] = fmt.Sprintf("%.4f", float64(kept)/float64(max(1, len(w.Questions))))
	facts["written_no_question"], facts["written_unread_lines"] = strconv.Itoa(w.Barren), strconv.Itoa(w.Lost)
	for filter, n := range dropped {
		facts["written_dropped_"+filter] = strconv.Itoa(n)
	}
	return took
}

// commitWritten writes what was written and kept, and the replies of a model that is not the run's.
func (s *Stage) commitWritten(env *stages.Env, p *checkpoint.Pending, list pairList, w *written) error {
	if w == nil {
		return nil
	}
	var file bytes.Buffer
	enc := json.NewEncoder(&file)
	enc.SetEscapeHTML(false)
	for _, q := range w.Questions {
		if !q.Keep {
			continue
		}
		row := struct {
			Question  string `json:"question"`
			Knowledge string `json:"knowledge"`
			Place     string `json:"place,omitempty"`
			Answer    string `json:"answer,omitempty"`
			Source    string `json:"source"`
		}{q.Pair.Question, list.read.Section(q.Section).Text, q.Pair.Place, q.Answer, q.Pair.Source}
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	err := os.WriteFile(p.Path(WrittenFile), file.Bytes(), 0o666)
	if w.other && err == nil {
		_, table := stages.OtherReplies(writerName)
		err = env.OtherReplies(writerName, p.Path(table))
	}
	return err
}

// writingCost adds what writing and sifting take, at most: every question passes the filters before those that ask. How long a model writes
// is not measured.
func (s *Stage) writingCost(c *stages.Calibration, sum *stages.Cost) {
	if !s.cfg.Pairs.has(fromLLM) {
		return
	}
	sections := c.Domain.Sections.Len()
	if m := s.cfg.Written.Most; m > 0 {
		sections = min(sections, m)
	}
	questions := sections * s.cfg.Written.Questions
	size := int64(s.cfg.Written.Text + 300 + 64*s.cfg.Written.Questions)
	sum.Questions, sum.Calls, sum.LLMTokens = sum.Questions+int64(sections), sum.Calls+int64(sections), sum.LLMTokens+int64(sections)*size
	if s.cfg.Written.Judges() {
		sum.Add(c.Rates.Ask(questions, questions, true))
	}
	c.Note("the time in which an LLM writes questions is not known, and not counted")
}
