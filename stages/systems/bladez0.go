package systems

import "slm/stages"

// bladeZ0 gives what the small model says after tuning, without a soft prompt.
var bladeZ0 = speaks("blade-z0", "LLM + small model, prompt not tuned", "the small model’s text", Voice{Stage: stages.KIT},
	Contrast{Over: Alone, Topic: Gain},
	Contrast{Over: "dp", Topic: Tuning, Subject: "Instruction tuning", Does: "Instruction tuning", Than: "pretraining alone"})
