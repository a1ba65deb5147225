package knowledge

import "slm/stages"

// How knowledge is generated.
const (
	TwoStep = "two-step" // the place from the question, then the text from the place alone
	OneStep = "one-step" // the text from the question
)

// InOneStep reports whether a recipe has the text generated straight from the question. It decides so once for all stages.
func InOneStep(s stages.Settings) bool {
	return stages.Get[string](s, "stages.kit.knowledge") == OneStep
}
