package systems

import "slm/stages"

// dp gives what the small model says when it has only read.
var dp = speaks("dp", "LLM + small model, pretrained only", "the small model’s text before instruction tuning", Voice{Stage: stages.DP}, Contrast{Over: Alone, Topic: Gain})
