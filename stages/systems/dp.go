package systems

import "slm/stages"

// dp gives what the small model says when it has only read.
var dp = speaks("dp", "BLADE after DP only", "generated before instruction tuning", Voice{Stage: stages.DP}, Contrast{Over: Alone, Topic: Gain})
