package domain

import (
	"fmt"

	"slm/model/weights"
)

// Update is the recipe's section update: the run that this one brings up to date.
type Update struct {
	From   string  `yaml:"from" unset:"none" doc:"run:FOLDER of the run that this one brings up to date. Training goes on from its weights, with its tokenizer, on the sections that are new or changed in data.corpus; its exam keeps what it holds out"`
	Replay float64 `yaml:"replay" min:"0" doc:"sections of before that a pass of dp and kit reads again for each that is new, changed or withdrawn"`
	Anew   bool    `yaml:"anew" doc:"train a new model on the whole corpus instead, with the same exam: the control of an update, and what to take where too much has changed"`
}

// DefaultUpdate is that of a run that brings none up to date.
func DefaultUpdate() Update { return Update{Replay: 1} }

// UpdatePays is the greatest share of a corpus that an update may read in a pass; of more, a new model is trained (docs/update.md).
const UpdatePays = 0.5

// Before is the folder of the run that this one brings up to date; false = there is none.
func (u Update) Before() (folder string, ok bool) {
	ref, ok, err := weights.Parse(u.From)
	return ref.Path, ok && err == nil && ref.Format.Scheme == "run"
}

// Partial reports whether training reads what differs, and no more of the rest than replay says.
func (u Update) Partial() bool { return u.From != "" && !u.Anew }

// Check says whether update.from can name a run.
func (u Update) Check() error {
	if _, ok := u.Before(); u.From != "" && !ok {
		return fmt.Errorf("update.from: %q names no run: want run:FOLDER", u.From)
	}
	return nil
}
