package domain

import (
	"fmt"

	"slm/model/weights"
	"slm/pipeline/schema"
)

// Update is the recipe's section update: the run that this one brings up to date.
type Update struct {
	From   string  `yaml:"from" unset:"none" doc:"run:FOLDER of the run that this one brings up to date. Training goes on from its weights, with its tokenizer, on the sections that are new or changed in data.corpus; its exam keeps what it holds out"`
	Replay float64 `yaml:"replay" min:"0" auto:"so many that a pass reads a quarter of the corpus, and at least one for each, as slm update has it" doc:"sections of before that a pass of dp and kit reads again for each that is new, changed or withdrawn"`
	Forget int     `yaml:"forget" min:"0" max:"1000" identity:"changed" doc:"times that a pass of dp says of each withdrawn section that nothing stands there: one token each, beside the hundreds of a section that is read again"`
	Anew   bool    `yaml:"anew" doc:"train a new model on the whole corpus instead, with the same exam: the control of an update, and what to take where too much has changed"`
}

// DefaultUpdate is that of a run that brings none up to date. slm update writes other values into its recipes (refresh.Plan), which were measured later.
func DefaultUpdate() Update { return Update{Replay: 1, Forget: 1} }

// updateReads is the least share of a corpus that a pass of an update reads where replay is schema.Auto. With less, what has not changed is
// forgotten (docs/update.md).
const updateReads = 0.25

// Again is how many of kept sections a pass of an update reads again, of which fresh are new or changed and withdrawn are withdrawn. replay is
// Update.Replay.
func Again(replay float64, fresh, withdrawn, kept int) int {
	differ := fresh + withdrawn
	n := int(float64(replay*float64(differ)) + 0.5)
	if replay == schema.Auto {
		n = max(differ, int(float64(updateReads*float64(fresh+kept))+0.5)-fresh)
	}
	return min(n, kept)
}

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
