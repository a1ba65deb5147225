// Package result is the format of an evaluation's result: which systems exist, one row an item and system (items.arrow), and the
// summary (summary.json). The eval stage writes it, the report and the command line read it. It computes no statistics
// (package stat does) and draws nothing (report does).
package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"slm/checkpoint"
)

// Version is the number of the summary's format. A reader refuses a higher one.
const Version = 1

// Names of the two files in an evaluation's folder.
const (
	ItemsFile   = "items.arrow"
	SummaryFile = "summary.json"
)

// ErrNewer says that a summary was written by a later version of the program.
var ErrNewer = errors.New("result: summary of a newer format")

// Summary is what an evaluation found. Fractions are in [0,1]; a pointer is nil where a figure is not defined (no oracle was run,
// or the system is compared with itself).
type Summary struct {
	V        int     `json:"v"`
	Title    string  `json:"title,omitempty"`    // what the questions are, where there are two exams
	Items    int     `json:"items"`              // questions, the same for every system
	Unscored int     `json:"unscored,omitempty"` // of them, those that only evidence can be scored of: no accuracy counts them
	Evidence int     `json:"evidence,omitempty"` // questions whose right places are known
	Exam     string  `json:"exam"`               // digest of the questions
	Chance   float64 `json:"chance"`             // expected accuracy of a blind guess
	// KnowsDocument is the expected accuracy of one who knows the document of each answer and no more, so that he guesses among its options; nil where the
	// options do not say where they are from.
	KnowsDocument *float64     `json:"knows_document,omitempty"`
	LLM           string       `json:"llm,omitempty"`    // the black box's name
	Style         string       `json:"style,omitempty"`  // how it was asked: cloze or letter
	Limit         int          `json:"knowledge_tokens"` // a passage's upper limit, in tokens of the small model
	Method        string       `json:"intervals"`        // of the 95 % intervals
	Resamples     int          `json:"resamples"`        // behind each interval
	Systems       []System     `json:"systems"`
	Comparisons   []Comparison `json:"comparisons,omitempty"`
	Recall        []Recall     `json:"recall,omitempty"`
	Notes         []string     `json:"notes,omitempty"`     // what was not run, and why
	Judge         *Judge       `json:"judge,omitempty"`     // who judged free answers
	Retrieval     []Retrieval  `json:"retrieval,omitempty"` // how well the run's retrievers find the right places
	Written       bool         `json:"written,omitempty"`   // the program has made the questions from the text itself
	Verdict       *Verdict     `json:"verdict,omitempty"`   // nil in a summary of an older program
	Measured      *Measured    `json:"measured,omitempty"`  // of the run; nil where it was not looked at
	Routing       *Routing     `json:"routing,omitempty"`   // nil where nothing was routed
	Steered       *Steered     `json:"proxy,omitempty"`     // how system proxy was set; nil where it was not run
	Asked         *Summary     `json:"asked,omitempty"`     // the second exam: questions as people ask them
}

// Exams are the summaries of all exams of an evaluation, this one first.
func (s *Summary) Exams() []*Summary {
	if s.Asked == nil {
		return []*Summary{s}
	}
	return []*Summary{s, s.Asked}
}

// Steered is how far system proxy moves the black box.
type Steered struct {
	Alpha float64 `json:"alpha"` // 0 = not at all: no gain was shown on the development questions
	Note  string  `json:"note"`  // why, in a sentence
}

// Free says how good free answers are. Each figure is a mean over the questions that it is defined of.
type Free struct {
	Exact    *float64 `json:"exact_match"` // share that says an accepted answer and nothing else; nil = no question has short answers
	Contains *float64 `json:"contains"`    // share that holds an accepted answer
	F1       *float64 `json:"f1"`          // token F1 with the closest right answer; nil = no question has a right answer in words
	L        *float64 `json:"rouge_l"`     // ROUGE-L with it
	Faithful *float64 `json:"faithful"`    // share of a reply's sentences that its passages support; nil without passages
	Judged   *float64 `json:"judged"`      // share that the judge holds right; nil without a judge
}

// Retrieval says how well a retriever finds the right places of the questions of which they are known. Means with 95 % intervals.
type Retrieval struct {
	Retriever string `json:"retriever"`
	Questions int    `json:"questions"`
	Recall1   Range  `json:"recall_1"` // share with a right place first,
	Recall3   Range  `json:"recall_3"` // among the first three, and so on
	Recall5   Range  `json:"recall_5"`
	Recall20  Range  `json:"recall_20"`
	MRR       Range  `json:"mrr"`
	NDCG10    Range  `json:"ndcg_10"`
}

// Range is a mean with its 95 % interval.
type Range struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Judge is the LLM that judged free answers.
type Judge struct {
	LLM     string   `json:"llm"`
	Prompt  string   `json:"prompt"` // with {question}, {answers} and {reply}
	Replies int      `json:"replies"`
	Kappa   *float64 `json:"kappa"` // Cohen's kappa with "contains an accepted answer", over all systems; nil where that is not defined
	Calls   int      `json:"calls"`
	Tokens  int      `json:"tokens"`
}

// Scored is how many questions an accuracy is of.
func (s *Summary) Scored() int { return s.Items - s.Unscored }

// Evidence says how often the black box was given a passage from a right place, over the questions of which right places are known.
type Evidence struct {
	First int     `json:"first"`  // times that the first passage was one
	Any   int     `json:"any"`    // times that one was among all
	Rate  float64 `json:"recall"` // Any as a share, and
	Low   float64 `json:"low"`    // its 95 % interval
	High  float64 `json:"high"`
}

// System is one line of the table.
type System struct {
	System       string         `json:"system"`
	Accuracy     float64        `json:"accuracy"`
	Low          float64        `json:"low"`       // 95 % interval of the accuracy
	High         float64        `json:"high"`      //
	McNemarP     *float64       `json:"mcnemar_p"` // exact, two-sided, against llm; nil for llm itself
	Headroom     *float64       `json:"headroom"`  // (accuracy − llm) / (oracle − llm)
	HeadroomLow  *float64       `json:"headroom_low,omitempty"`
	HeadroomHigh *float64       `json:"headroom_high,omitempty"`
	Harm         *float64       `json:"harm"` // share of the items that llm had right and this system has wrong
	HarmCount    int            `json:"harm_count"`
	Correct      int            `json:"correct"`
	NoAnswer     map[string]int `json:"no_answer,omitempty"`         // by reason, items that the LLM gave no answer to; they are not among the correct ones
	Verified     int            `json:"verified"`                    // items whose knowledge stands word for word in the corpus
	ByText       *int           `json:"by_text_correct"`             // right if the option most like the knowledge were taken; nil without knowledge
	Calls        int            `json:"calls"`                       // of the LLM
	Tokens       int            `json:"tokens"`                      // of the LLM, prompts and replies
	Evidence     *Evidence      `json:"evidence,omitempty"`          // nil where no right place is known
	Balanced     *float64       `json:"balanced_accuracy,omitempty"` // mean recall of the classes, where all questions have the same few options
	Free         *Free          `json:"free,omitempty"`              // nil where the LLM chose among options
	MacroF1      *float64       `json:"macro_f1,omitempty"`          // mean F1 of the classes, there
}

// Comparison is a paired difference between two systems on the same items.
type Comparison struct {
	System     string  `json:"system"`
	Over       string  `json:"over"`
	Difference float64 `json:"difference"` // accuracy(System) − accuracy(Over)
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	McNemarP   float64 `json:"mcnemar_p"`
	HolmP      float64 `json:"holm_p"` // McNemarP after Holm's correction over all comparisons of the table
}

// Shown reports whether the interval leaves 0 out.
func (c Comparison) Shown() bool { return c.Low > 0 || c.High < 0 }

// Recall says how well a small model gave back the text that it was asked about. Items without a true text are not counted.
type Recall struct {
	System string `json:"system"`
	Items  int    `json:"items"`
	Place  int    `json:"place"`  // it named the right place
	Start  int    `json:"start"`  // its text begins with the true text's first 40 characters
	Option int    `json:"option"` // the option most like its text is the right one
}

// StartLen is how much of a text must be exact to count as recalled, in characters.
const StartLen = 40

// Row is an item under one system: a line of items.arrow.
type Row struct {
	Item      string    `arrow:"item" json:"item"`
	Section   string    `arrow:"section" json:"section"`
	System    string    `arrow:"system" json:"system"`
	Question  string    `arrow:"question" json:"question"`
	Place     string    `arrow:"place" json:"place"`         // where the knowledge is said to stand; empty when unknown
	Knowledge string    `arrow:"knowledge" json:"knowledge"` // as given to the LLM
	Verified  bool      `arrow:"verified" json:"verified"`   // the knowledge stands in the corpus at that place
	Choices   []string  `arrow:"choices" json:"choices"`
	Answer    int32     `arrow:"answer" json:"answer"` // 0-based
	Picked    int32     `arrow:"picked" json:"picked"` // 0-based; −1 when the reply named no option, or there was no answer
	Correct   bool      `arrow:"correct" json:"correct"`
	Margin    float64   `arrow:"margin" json:"margin"`                          // of the picked option's score over the next
	Scores    []float64 `arrow:"scores" json:"scores"`                          // of each option, length-normalised log-likelihood; empty by letter
	ByText    int32     `arrow:"by_text" json:"by_text"`                        // option most like the knowledge; −1 without knowledge
	PlaceOK   bool      `arrow:"place_ok" json:"place_ok"`                      // the place is the right one
	StartOK   bool      `arrow:"start_ok" json:"start_ok"`                      // the text begins as the true text does (StartLen)
	Calls     int32     `arrow:"calls" json:"calls"`                            // of the LLM
	Tokens    int32     `arrow:"tokens" json:"tokens"`                          // of the LLM
	NoAnswer  string    `arrow:"no_answer,optional" json:"no_answer,omitempty"` // why the LLM gave no answer; empty when it did
	Said      string    `arrow:"said,optional" json:"said,omitempty"`           // what came instead
	Exam      string    `arrow:"exam,optional" json:"exam,omitempty"`           // that the item belongs to: "" = the first
	Unscored  bool      `arrow:"unscored,optional" json:"unscored,omitempty"`   // nothing but its evidence is scored
	Given     []string  `arrow:"given,optional" json:"given,omitempty"`         // places of the passages that the LLM was given, in order
	Right     []string  `arrow:"right,optional" json:"right,omitempty"`         // right places, as far as they are known
	Free      bool      `arrow:"free,optional" json:"free,omitempty"`           // it was answered in words, and is scored by them:
	Reply     string    `arrow:"reply,optional" json:"reply,omitempty"`         // what was answered
	Exact     float64   `arrow:"exact,optional" json:"exact,omitempty"`         // 1 or 0; this and the next four are -1 where they are not defined
	Contains  float64   `arrow:"contains,optional" json:"contains,omitempty"`   // 1 or 0
	F1        float64   `arrow:"f1,optional" json:"f1,omitempty"`
	RougeL    float64   `arrow:"rouge_l,optional" json:"rouge_l,omitempty"`
	Faithful  float64   `arrow:"faithful,optional" json:"faithful,omitempty"`
	Judged    int32     `arrow:"judged,optional" json:"judged,omitempty"` // 1 = the judge holds it right, -1 = wrong, 0 = it was not asked, or said neither
	Written   int32     `json:"written,omitempty"`                        // of Tokens, those of replies; not in the file
	Rank      int32     `arrow:"rank,optional" json:"rank,omitempty"`     // of the first right place among Given, from 1; 0 = it is not there
}

// Find returns the system of that name.
func (s *Summary) Find(name string) (System, bool) {
	for _, sys := range s.Systems {
		if sys.System == name {
			return sys, true
		}
	}
	return System{}, false
}

// Compare returns the paired difference of two systems, if it was computed.
func (s *Summary) Compare(name, over string) (Comparison, bool) {
	for _, c := range s.Comparisons {
		if c.System == name && c.Over == over {
			return c, true
		}
	}
	return Comparison{}, false
}

// RecallOf returns a small model's recall, if it was measured.
func (s *Summary) RecallOf(name string) (Recall, bool) {
	for _, r := range s.Recall {
		if r.System == name {
			return r, true
		}
	}
	return Recall{}, false
}

// JSON returns the summary as indented JSON with a final newline: the bytes of summary.json.
func (s *Summary) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, fmt.Errorf("result: summary as JSON: %w", err)
	}
	return append(b, '\n'), nil
}

// ReadSummary reads the summary in a checkpoint of the evaluation.
func ReadSummary(dir string) (*Summary, error) {
	f, err := os.Open(filepath.Join(dir, SummaryFile))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // read only
	return Parse(f)
}

// Parse reads a summary.
func Parse(r io.Reader) (*Summary, error) {
	var s Summary
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return nil, fmt.Errorf("result: read summary: %w", err)
	}
	if s.V > Version {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrNewer, s.V, Version)
	}
	if s.V < 1 {
		return nil, errors.New("result: read summary: no version number")
	}
	return &s, nil
}

// Read loads summary.json and items.arrow from an evaluation's folder.
func Read(dir string) (*Summary, []Row, error) {
	f, err := os.Open(filepath.Join(dir, SummaryFile))
	if err != nil {
		return nil, nil, fmt.Errorf("result: open summary: %w", err)
	}
	defer func() { _ = f.Close() }()
	s, err := Parse(f)
	if err != nil {
		return nil, nil, err
	}
	rows, _, err := checkpoint.ReadTable[Row](filepath.Join(dir, ItemsFile))
	if err != nil {
		return nil, nil, fmt.Errorf("result: read items: %w", err)
	}
	return s, rows, nil
}
