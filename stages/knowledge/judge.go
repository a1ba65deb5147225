package knowledge

import (
	"context"
	"fmt"

	"slm/data/form"
	"slm/model/decode"
)

// JudgeTokens is how much of a section's text a question is judged by, in tokens.
const JudgeTokens = 160

// Judgement is what the model thinks of a section that was found for a question.
type Judgement struct {
	Asked float64 // log P(question | place and text), a token: query likelihood, Ponte and Croft 1998; by a language model, Sachan et al. 2022, arXiv 2204.07496
	Named float64 // log P(place | question) less log P(place | a question without words): pointwise mutual information
}

// Judge says of some sections how well each goes with a question. What does not fit into the model's context is cut: of the text first, then
// of the question. O(sections · (JudgeTokens + question)) tokens, in batches.
func (s *Speaker) Judge(ctx context.Context, question string, sections []int) ([]Judgement, error) {
	if len(sections) == 0 {
		return nil, nil
	}
	tok, room := s.Domain.Tokenizer, s.Decoder.Config().Context
	asked := tok.Encode(form.Ask(question))
	asked = asked[:min(len(asked), room/2)]
	reqs := make([]decode.ScoreRequest, 0, len(sections)+2)
	var places [][]int32
	for _, i := range sections {
		sec := s.Domain.Sections.At(i)
		place := s.Domain.Forms.PlaceOf(sec)
		text := tok.Encode(place + form.Continuation(sec.Text))
		text = text[:min(len(text), JudgeTokens, room-len(asked))]
		reqs = append(reqs, decode.ScoreRequest{Prefix: text, Continuations: [][]int32{asked}})
		name := tok.Encode(form.Continuation(place))
		places = append(places, name[:min(len(name), room/2-1)])
	}
	silent := tok.Encode(form.Ask(""))
	reqs = append(reqs, decode.ScoreRequest{Prefix: asked, Continuations: places}, decode.ScoreRequest{Prefix: silent[:min(len(silent), room/2)], Continuations: places})
	sums, err := s.Decoder.Score(ctx, reqs)
	if err != nil {
		return nil, fmt.Errorf("judge what was found for %.60q: %w", question, err)
	}
	out := make([]Judgement, len(sections))
	with, without := sums[len(sections)], sums[len(sections)+1]
	for i := range out {
		out[i] = Judgement{Asked: sums[i][0] / float64(max(1, len(asked))), Named: with[i] - without[i]}
	}
	return out, nil
}
