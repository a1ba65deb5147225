package result

// Routing says how well the run's questions are shared out among its systems by price. The policy was chosen on development questions.
type Routing struct {
	Target string  `json:"target"`        // that the policy is to reach
	Unit   string  `json:"unit"`          // calls or usd, for a question
	Worth  float64 `json:"worth"`         // the policy: probability of a right answer that one unit is worth; -1 = the best system answers all
	Floor  float64 `json:"floor"`         // best probability below which a question with a free answer is told that nobody knows
	Best   string  `json:"best"`          // of the systems, the one that was right most often in development,
	Weak   string  `json:"weak"`          // and the one that calls the LLM least
	Dev    *Routed `json:"dev,omitempty"` // by scores that have not seen a question's fold; with the first exam
	Test   *Routed `json:"test"`          // nil where no question has a right answer to compare with
}

// Routed is what routing comes to on some questions. Ranges are 95 % intervals over the questions.
type Routed struct {
	Questions int      `json:"questions"`
	Quality   Range    `json:"quality"`       // share that is right
	Calls     Range    `json:"calls"`         // of the LLM for a question
	USD       *Range   `json:"usd,omitempty"` // for a question; nil where the price is unknown
	Share     *Range   `json:"share"`         // of the best system's calls; nil where that makes none
	Against   Range    `json:"against_best"`  // Quality less that of the best system
	Lost      Range    `json:"lost"`          // share of the questions that the best system has right and routing wrong
	Harm      *Range   `json:"harm"`          // share of the questions that the LLM without knowledge has right and routing wrong, of those that it has right; nil where it is no choice
	APGR      *Range   `json:"apgr"`          // average performance gap recovered (arXiv:2406.18665); nil without a gap between weak and best, or where so few questions make it that draws have none
	CPT50     *float64 `json:"cpt50"`         // smallest share of questions that call the LLM with which half of the gap is recovered,
	CPT80     *float64 `json:"cpt80"`         // and four fifths
	Random    float64  `json:"random"`        // quality of a draw between the weak and the best system with as many calls
	Oracle    Range    `json:"oracle"`        // quality of the cheapest system that is right,
	OracleUse float64  `json:"oracle_calls"`  // and its calls
	ECE       float64  `json:"ece"`           // expected calibration error, over all systems' probabilities
	Brier     float64  `json:"brier"`         //
	Bins      []Bin    `json:"bins"`          // of a tenth each
	Systems   []Choice `json:"systems"`       // the cheapest first
	Curve     []Traded `json:"curve"`         // by falling cost
}

// Bin are probabilities that are near each other.
type Bin struct {
	Cases int     `json:"cases"`
	Mean  float64 `json:"mean"`  // foretold
	Right float64 `json:"right"` // share that came true
}

// Choice is a system among which is chosen.
type Choice struct {
	System  string   `json:"system"`
	Quality Range    `json:"quality"` // if it were always taken
	Calls   float64  `json:"calls"`
	USD     float64  `json:"usd,omitempty"`
	Taken   int      `json:"taken"` // questions
	ECE     float64  `json:"ece"`
	AUROC   *float64 `json:"auroc"` // nil where it is always right, or never
}

// Traded is a point of the curve of quality over cost.
type Traded struct {
	Worth   float64 `json:"worth"`
	Quality Range   `json:"quality"`
	Calls   float64 `json:"calls"`
	USD     float64 `json:"usd,omitempty"`
}
