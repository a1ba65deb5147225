package stages

import "math"

// Cost is what a stage, or a system of the evaluation, is expected to take.
type Cost struct {
	Seconds   float64 `json:"seconds"`
	Tokens    int64   `json:"tokens"`     // that are trained on
	FLOPs     float64 `json:"flops"`      // of the training: 6 a parameter and token
	Questions int64   `json:"questions"`  // that are put, at most; the same one with the same knowledge is asked once
	Calls     int64   `json:"llm_calls"`  // that are expected to leave
	LLMTokens int64   `json:"llm_tokens"` // prompts and options

	Training *Training `json:"training,omitempty"` // a training stage's steps
}

// Training is what is known of a stage's steps: from it follows what they take on several ranks.
type Training struct {
	Steps    int     `json:"steps"`
	Step     float64 `json:"step"`     // seconds
	Alone    float64 `json:"alone"`    // seconds of it that each rank takes: clipping, moments, AdamW
	Shared   float64 `json:"shared"`   // seconds of the optimiser that ranks share (optim.Shared)
	Weights  int64   `json:"weights"`  // bytes that they then give each other
	Gradient int64   `json:"gradient"` // bytes, as they are sent
	Last     int64   `json:"last"`     // bytes of it that are sent when the leaves are done; the others go while they are computed
	Backward float64 `json:"backward"` // seconds of a row's backward pass
	Cores    int     `json:"cores"`    // on which that was measured
	Rows     int     `json:"rows"`     // of a step
	Micro    int     `json:"micro"`    // rows that are computed together at most
	Shards   int     `json:"shards"`
	Pairs    bool    `json:"pairs,omitempty"` // of rows are not divided
}

// Add adds another cost, but for its Training.
func (c *Cost) Add(d Cost) {
	c.Seconds += float64(d.Seconds)
	c.Tokens += d.Tokens
	c.FLOPs += d.FLOPs
	c.Questions += d.Questions
	c.Calls += d.Calls
	c.LLMTokens += d.LLMTokens
}

// Rates are what a calibration has measured and counted. Whoever estimates a cost works with them.
type Rates struct {
	Token    float64      // seconds of a token that the small model generates, among many sequences
	Question float64      // seconds of a question to the black box; 0 = not known
	Bare     QuestionSize // of a question without knowledge
	Known    QuestionSize // of a question with knowledge

	PlaceTokens   int     // of a generated place, about
	PassageTokens int     // of the text that a system gives the black box, at most
	Distinct      float64 // share of the evaluation's questions that differ: systems that give the black box the same text ask once
}

// QuestionSize is the mean size of a question to the black box.
type QuestionSize struct {
	Chars float64 // of prompts and options, over all its calls
	Calls int
}

// charsPerToken is what a language model's token holds of English, about.
const charsPerToken = 4.4

// Ask is the cost of putting questions to the black box, of which some are distinct and leave. known = they carry knowledge.
func (r *Rates) Ask(questions, distinct int, known bool) Cost {
	size := r.Bare
	if known {
		size = r.Known
	}
	return Cost{
		Seconds:   float64(distinct) * r.Question,
		Questions: int64(questions),
		Calls:     int64(distinct * size.Calls),
		LLMTokens: int64(math.Round(float64(distinct) * size.Chars / charsPerToken)),
	}
}

// AskItems is the cost of asking each of the evaluation's items once, where other systems ask many of them too.
func (r *Rates) AskItems(items int, known bool) Cost {
	return r.Ask(items, int(float64(r.Distinct*float64(items))+0.5), known)
}

// Generate is the cost of tokens from the small model.
func (r *Rates) Generate(tokens int) Cost { return Cost{Seconds: r.Token * float64(tokens)} }

// Speak is the cost of the small model naming a place for each question and reciting its text.
func (r *Rates) Speak(questions int) Cost {
	return r.Generate(questions * (r.PlaceTokens + r.PassageTokens))
}
