package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"

	"slm/internal/elementary"
	"slm/result"
)

// Row is an item under one system of one unit: a line of items.arrow. Rows are ordered by variant, seed, system, exam and item, the first two as in
// experiment.json, the others as they were asked.
type Row struct {
	Variant    string   `arrow:"variant" json:"variant"`
	Seed       uint64   `arrow:"seed" json:"seed"`
	System     string   `arrow:"system" json:"system"`
	Exam       string   `arrow:"exam" json:"exam"`       // "" = the first
	Item       string   `arrow:"item" json:"item"`       // Question.Item
	Digest     string   `arrow:"digest" json:"digest"`   // Question.Digest: the same name with another digest is another item
	Cluster    string   `arrow:"cluster" json:"cluster"` // items of one cluster are drawn together: the section, or the item where it has none
	Scored     bool     `arrow:"scored" json:"scored"`   // an accuracy counts it; else its evidence alone is known
	Correct    bool     `arrow:"correct" json:"correct"`
	Picked     int32    `arrow:"picked" json:"picked"`         // option, 0-based; −1 = none
	Margin     float64  `arrow:"margin" json:"margin"`         // of the picked option's score over the next, nats a token
	Confidence *float64 `arrow:"confidence" json:"confidence"` // probability of the picked option among all, by their scores; nil where options have none
	Place      string   `arrow:"place" json:"place"`           // where the knowledge is said to stand; empty when unknown
	Placed     *bool    `arrow:"placed" json:"placed"`         // the place is a right one; nil where none is known, or the system names none
	Found      *bool    `arrow:"found" json:"found"`           // a passage from a right place was among those given; nil where none is known
	Begins     *bool    `arrow:"begins" json:"begins"`         // the text begins as the true one does; nil as Placed
	Calls      int32    `arrow:"calls" json:"calls"`           // of the LLM
	Tokens     int32    `arrow:"tokens" json:"tokens"`         // of the LLM
	Seconds    *float64 `arrow:"seconds" json:"seconds"`       // that answering took; nil where it was not measured
	USD        *float64 `arrow:"usd" json:"usd"`               // paid for the answer; nil where no price is known
	Reason     string   `arrow:"reason" json:"reason"`         // why there is no answer; empty when there is one
}

// Question is an item as it was asked: a line of questions.arrow.
type Question struct {
	Exam     string   `arrow:"exam" json:"exam"`
	Item     string   `arrow:"item" json:"item"`
	Digest   string   `arrow:"digest" json:"digest"`
	Cluster  string   `arrow:"cluster" json:"cluster"`
	Question string   `arrow:"question" json:"question"`
	Choices  []string `arrow:"choices" json:"choices"`
	Answer   int32    `arrow:"answer" json:"answer"` // right option, 0-based; −1 without options
}

// digestOf identifies what was asked: question, options in their order, and which is right.
func digestOf(question string, choices []string, answer int32) string {
	b, _ := json.Marshal([]any{question, choices, answer}) // strings and a number always encode
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// questionOf is the question of an evaluation's row.
func questionOf(r result.Row) Question {
	q := Question{Exam: r.Exam, Item: r.Item, Cluster: r.Section, Question: r.Question, Choices: r.Choices, Answer: r.Answer, Digest: digestOf(r.Question, r.Choices, r.Answer)}
	if q.Cluster == "" {
		q.Cluster = r.Item
	}
	return q
}

// NewRow is an evaluation's row in an experiment. Seconds and USD are the caller's to fill in.
func NewRow(variant string, seed uint64, r result.Row) Row {
	q := questionOf(r)
	row := Row{
		Variant: variant, Seed: seed, System: r.System, Exam: r.Exam, Item: r.Item, Digest: q.Digest, Cluster: q.Cluster, Scored: !r.Unscored,
		Correct: r.Correct, Picked: r.Picked, Margin: r.Margin, Place: r.Place, Calls: r.Calls, Tokens: r.Tokens, Reason: r.NoAnswer,
	}
	if r.Picked >= 0 && int(r.Picked) < len(r.Scores) {
		row.Confidence = confidence(r.Scores, int(r.Picked))
	}
	if len(r.Right) > 0 {
		found := r.Rank > 0
		row.Found = &found
		if r.Place != "" {
			placed, begins := r.PlaceOK, r.StartOK
			row.Placed, row.Begins = &placed, &begins
		}
	}
	return row
}

// confidence is the softmax of scores at one of them; nil where it is not a number.
func confidence(scores []float64, at int) *float64 {
	sum := 0.0
	for _, s := range scores {
		sum += elementary.Exp(s - scores[at])
	}
	p := 1 / sum
	if math.IsNaN(p) {
		return nil
	}
	return &p
}
