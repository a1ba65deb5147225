package eval

import (
	"context"
	"errors"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/data/search"
	"slm/llm"
	"slm/model/decode"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/knowledge"
)

// parts opens what the systems of a run are made of, each thing at first use.
type parts struct {
	stage    *Stage
	env      *stages.Env
	dom      *domain.Domain
	client   llm.Client
	decoders map[string]*decode.Decoder // by training stage
	texts    map[string]string          // of the corpus, by place
	index    *search.Index
}

// bench puts together what the run's folder has.
func (p *parts) bench(items []exam.Item) (*bench, error) {
	b := &bench{
		items: items, seed: p.env.Seed, cloze: p.env.Answer == llm.Cloze, head: p.head, search: p.search,
		answer: func(ctx context.Context, qs []llm.Question) ([]llm.Choice, error) {
			return llm.Answer(ctx, p.client, p.env.Answer, qs)
		},
		say: map[string]func(context.Context, []string) ([]knowledge.Piece, error){},
		progress: func(system string, done, of int) {
			p.env.Emit(stages.Event{Type: "step", Stage: stages.Eval, Phase: system, Step: done, Of: of})
		},
	}
	var soft []float32
	var from string // the training stage whose model is the final one
	for _, system := range []struct{ name, model string }{{"dp", stages.DP}, {"blade-z0", stages.KIT}, {"blade", stages.KIT}} {
		ok, err := p.has(system.model)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		var prompt []float32
		if system.name == "blade" {
			if ok, err = p.has(stages.BPO); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
			if prompt, err = domain.LoadPrompt(p.env.Dir(stages.BPO)); err != nil {
				return nil, err
			}
			soft = prompt
		}
		from = system.model
		b.say[system.name] = func(ctx context.Context, questions []string) ([]knowledge.Piece, error) {
			return p.say(ctx, system.model, questions, prompt)
		}
	}
	if from != "" {
		b.score = func(ctx context.Context, pieces []knowledge.Piece, options [][]string) ([][]float64, error) {
			return p.score(ctx, from, soft, pieces, options)
		}
		b.cite = p.cite
	}
	return b, nil
}

// has reports whether the run has a stage's checkpoint. One that is damaged is an error, not an absence.
func (p *parts) has(stage string) (bool, error) {
	_, err := checkpoint.Load(p.env.Dir(stage))
	if errors.Is(err, checkpoint.ErrMissing) {
		return false, nil
	}
	return err == nil, err
}

// decoder opens the model of a training stage.
func (p *parts) decoder(stage string) (*decode.Decoder, error) {
	if d := p.decoders[stage]; d != nil {
		return d, nil
	}
	params, err := domain.LoadModel(p.env.Dir(stage))
	if err != nil {
		return nil, err
	}
	if p.decoders == nil {
		p.decoders = map[string]*decode.Decoder{}
	}
	p.decoders[stage] = decode.New(params, p.env.Kernel)
	return p.decoders[stage], nil
}

// speaker opens one for a block of questions. It remembers nothing: what is said to a block depends on the block alone, also in the last bits of
// a product, and not on what an evaluation had asked before it was stopped.
func (p *parts) speaker(stage string) (*knowledge.Speaker, error) {
	d, err := p.decoder(stage)
	if err != nil {
		return nil, err
	}
	s := knowledge.New(d, p.dom, p.stage.oneStep)
	s.TextTokens = p.stage.cfg.Knowledge
	return s, nil
}

func (p *parts) say(ctx context.Context, stage string, questions []string, soft []float32) ([]knowledge.Piece, error) {
	s, err := p.speaker(stage)
	if err != nil {
		return nil, err
	}
	return s.Say(ctx, questions, soft)
}

func (p *parts) score(ctx context.Context, stage string, soft []float32, pieces []knowledge.Piece, options [][]string) ([][]float64, error) {
	s, err := p.speaker(stage)
	if err != nil {
		return nil, err
	}
	return s.Score(ctx, pieces, options, soft)
}

// cite returns the corpus's text at a place.
func (p *parts) cite(place string) (string, bool) {
	if p.texts == nil {
		p.texts = map[string]string{}
		for _, sec := range p.dom.Sections {
			at := p.dom.Forms.PlaceOf(sec)
			if _, taken := p.texts[at]; !taken && at != "" {
				p.texts[at] = sec.Text
			}
		}
	}
	text, ok := p.texts[place]
	return text, ok
}

// search finds passages by BM25.
func (p *parts) search(question string, k int) ([]passage, error) {
	if p.index == nil {
		index, err := search.Open(p.dom.Sections)
		if err != nil {
			return nil, err
		}
		p.index = index
	}
	hits, err := p.index.Search(question, k)
	if err != nil {
		return nil, err
	}
	out := make([]passage, len(hits))
	for i, h := range hits {
		sec := p.dom.Sections[h.Section]
		out[i] = passage{p.dom.Forms.PlaceOf(sec), sec.Text}
	}
	return out, nil
}

// head cuts a passage to the limit.
func (p *parts) head(text string) string { return knowledge.Head(p.dom, text, p.stage.cfg.Knowledge) }

func (p *parts) close() error {
	if p.index == nil {
		return nil
	}
	return p.index.Close()
}
