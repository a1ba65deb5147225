package result

// Verdict is what an evaluation comes to, in a form for programs. The words of the table and of the report are made from it.
type Verdict struct {
	Learned Learned  `json:"learned"`          // "" where recall was not measured
	Model   string   `json:"model,omitempty"`  // system whose small model is judged: the method after its last stage
	Place   *Share   `json:"place,omitempty"`  // questions for which it names the right section; nil = it names none
	Text    *Share   `json:"text,omitempty"`   // questions for which its text begins as the right section does (StartLen)
	Measure Measure  `json:"measure"`          // by which systems are compared
	Best    string   `json:"best,omitempty"`   // system with the highest figure, of those that one could use
	Search  string   `json:"search,omitempty"` // best system that searches and has no small model
	Against []Versus `json:"against,omitempty"`
	Use     string   `json:"use,omitempty"` // system that serves best here: the plainest that none is shown to be better than
	Help    []Help   `json:"help,omitempty"`
	Written bool     `json:"written,omitempty"` // the program has made the questions from the text itself
}

// Learned says whether the small model has learned its corpus.
type Learned string

// The degrees of learning. Package verdict has their bounds.
const (
	Yes     Learned = "learned"
	Partly  Learned = "partly learned"
	No      Learned = "not learned"
	Unclear Learned = "unclear" // there are too few questions to tell
	NoModel Learned = "no small model"
)

// Measure is what systems are compared by.
type Measure string

// The measures.
const (
	ByAccuracy Measure = "accuracy" // share of the questions answered right
	ByEvidence Measure = "evidence" // share of the questions with a right section among what the LLM is given
)

// Share is a part of some questions, with its 95 % interval.
type Share struct {
	Count int     `json:"count"`
	Of    int     `json:"of"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Outcome is what a paired comparison shows.
type Outcome string

// The outcomes.
const (
	Better  Outcome = "better"
	Worse   Outcome = "worse"
	Neither Outcome = "no difference shown"
)

// Versus compares a system in which the small model has a part with the best search, on the same questions.
type Versus struct {
	Comparison         // by the verdict's measure; HolmP is corrected over the comparisons of the verdict
	Outcome    Outcome `json:"outcome"`
}

// Help names something that would make the result better, or surer. Its reasons are in Measured, Recall and Systems.
type Help string

// What can help.
const (
	MorePasses    Help = "more passes"           // the loss was still falling
	OtherModel    Help = "larger model"          // it stood still, and what was trained on is not known either
	MoreQuestions Help = "more questions"        // what was trained on is known, what was only read is not
	GentlerTuning Help = "gentler tuning"        // pretraining knew more
	UnreadText    Help = "unread text"           // sections that the model cannot name, or has not read to their end
	LargerLLM     Help = "larger LLM"            // the LLM is wrong with the right text in front of it
	LargerExam    Help = "more exam questions"   // intervals are too wide
	NoRoom        Help = "the LLM knows already" // alone it is as good as with the right text
)

// Measured is what an evaluation has seen of the run that it evaluates: the reasons for what would help.
type Measured struct {
	Parameters int64    `json:"parameters,omitempty"`    // of the small model
	Tokens     int64    `json:"tokens,omitempty"`        // that it was pretrained on
	Corpus     int64    `json:"corpus_tokens,omitempty"` // of the corpus, once
	Loss       *Loss    `json:"loss,omitempty"`          // of pretraining
	Trained    *Share   `json:"trained_place,omitempty"` // training questions for which it names the right section
	Sections   int64    `json:"sections,omitempty"`      // of the corpus
	Nameless   int64    `json:"nameless,omitempty"`      // sections whose places leave no room for a text
	Cut        int64    `json:"cut,omitempty"`           // sections of which only the beginning was read
	Named      *Named   `json:"named,omitempty"`         // what it names on the exam
	Tuning     *Outcome `json:"tuning,omitempty"`        // its places after the last stage of training, against those after pretraining
}

// Loss is how the loss of pretraining went: means over a tenth of the steps, nats a token.
type Loss struct {
	Before float64  `json:"before"`             // the tenth that ends at three quarters of the steps
	Last   float64  `json:"last"`               // the last tenth
	Held   *float64 `json:"held_out,omitempty"` // of held-out questions, at the end
}

// Named counts the places that a small model names on an exam.
type Named struct {
	Questions int `json:"questions"`
	Different int `json:"different"` // places
	Most      int `json:"most"`      // questions that are answered with the place that is named most often
	Absent    int `json:"absent"`    // places that the corpus does not have
	Document  int `json:"document"`  // wrong sections of the right document
	Right     int `json:"right"`
}
