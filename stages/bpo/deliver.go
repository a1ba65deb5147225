package bpo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"slm/data/exam"
	"slm/stages/delivery"
)

// deliver answers items by a delivery, behind a soft prompt.
func (j *judge) deliver(ctx context.Context, d delivery.Delivery, questions []string, soft []float32, items []exam.Item) ([]result, error) {
	samples, err := j.sample(ctx, questions, soft, d.Samples)
	if err != nil {
		return nil, fmt.Errorf("bpo: ask the small model: %w", err)
	}
	if len(samples) != len(items) {
		return nil, fmt.Errorf("bpo: %d pieces of knowledge for %d questions", len(samples), len(items))
	}
	reqs := make([]request, len(items))
	for i, pieces := range samples {
		for k, first := range j.first(pieces) {
			if pieces[k].Text = first.text; k == 0 {
				reqs[i].said = first
			} else {
				reqs[i].more = append(reqs[i].more, TextRow{first.place, first.text})
			}
		}
		given, err := d.Compose(ctx, questions[i], pieces, j.shelf)
		if err != nil {
			return nil, fmt.Errorf("bpo: item %s: %w", items[i].ID, err)
		}
		reqs[i].question = d.Question(given.Text, questions[i], items[i].Choices)
		if reqs[i].key, err = keyOf(d, given.Text); err != nil {
			return nil, fmt.Errorf("bpo: item %s: %w", items[i].ID, err)
		}
	}
	return j.grade(ctx, reqs, items)
}

// keyOf is a digest of what decides a question to the black box besides the item.
func keyOf(d delivery.Delivery, given string) (string, error) {
	b, err := json.Marshal([]any{d.Wording, d.Norm, given})
	if err != nil {
		return "", fmt.Errorf("key of a delivery: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12]), nil
}
