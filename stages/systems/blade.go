package systems

import "slm/stages"

// blade is the whole method: what the small model says behind the prompt that was found.
var blade = speaks("blade", "LLM + small model, prompt tuned", "the small model’s text, with the prompt of stage bpo", Voice{Stage: stages.KIT, Prompt: true},
	Contrast{Over: Alone, Topic: Gain},
	Contrast{Over: "blade-z0", Topic: Search, Subject: "Prompt search", Does: "The tuned prompt", Than: "no prompt"},
	Contrast{Over: "slm", Topic: Reading, Subject: "The LLM’s part", Does: "The LLM with the small model’s knowledge", Than: "the small model alone"},
	Contrast{Over: "rag1", Topic: Instead, Subject: "Search, top-1", Does: "Generated knowledge", Than: "the best passage by BM25"},
	Contrast{Over: "rag3", Topic: Instead, Subject: "Search, top-3", Does: "Generated knowledge", Than: "the three best passages by BM25"})
