package systems

import "slm/stages"

// rewarded gives what the small model says after reward tuning, without a soft prompt.
var rewarded = optional(speaks("rft", "LLM + small model, reward-tuned", "the small model’s text, tuned on what helped", Voice{Stage: stages.RFT},
	Contrast{Over: Alone, Topic: Gain},
	Contrast{Over: "blade-z0", Topic: Tuning, Subject: "Reward tuning", Does: "Reward tuning", Than: "instruction tuning alone"}))

// optional runs a system where it is named, and not where a recipe names none.
func optional(s Spec) Spec {
	s.Optional = true
	return s
}
