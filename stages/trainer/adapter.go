package trainer

import (
	"slm/model"
	"slm/stages"
)

// WithAdapter are the keys of a stage that tunes, and where a recipe has an adapter, its section, too: versions of this program from 3aa65fe to 7a0f267
// asked a model with an adapter without it, so that what such a stage makes is not what they made.
func WithAdapter(s stages.Settings, keys ...string) []string {
	if stages.Get[model.AdapterConfig](s, "adapter").LoRA != nil {
		keys = append(keys, "adapter")
	}
	return keys
}
