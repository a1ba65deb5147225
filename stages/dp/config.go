package dp

import (
	"errors"

	"slm/stages/trainer"
)

// What becomes of sections that are longer than an example.
const (
	Parts = "parts"
	Cut   = "cut"
)

// Config is the recipe's section stages.dp: pretraining on the domain's text.
type Config struct {
	Tokens     int64         `yaml:"tokens" min:"0" auto:"as many as a model needs that is to know most sections, by measurements (docs/measurements.md), and no more than eight minutes of two Zen 4 cores, or forty of two that have AVX2 alone; slm plan says how many, and what they are expected to come to" doc:"tokens of all steps together, padding included; 0 = use epochs"`
	Epochs     float64       `yaml:"epochs" min:"0" doc:"passes over the mixture; give tokens or epochs and set the other to 0"`
	Batch      int           `yaml:"batch" min:"64" doc:"tokens a step, padding included; at least model.context"`
	Shards     int           `yaml:"shards" identity:"changed" min:"1" max:"4096" doc:"into how many parts of whole rows the gradient of a step is cut, at most: more ranks than that train no faster (docs/cluster.md). Another number ends in other bits"`
	Mix        Mix           `yaml:"mix" doc:"what a pass consists of"`
	MaxSection int           `yaml:"max_section" min:"0" doc:"longest example in tokens. At most the context; 0 = the context"`
	Long       string        `yaml:"long" oneof:"parts|cut" identity:"changed" doc:"sections that are longer: parts = they are read in overlapping parts, each from the place with its number (part 2 of 3); cut = what follows is not read, with a warning"`
	Optim      trainer.Optim `yaml:"optim" doc:"how weights are updated"`
	Save       trainer.Save  `yaml:"save" identity:"none" doc:"when state is saved"`
	Fresh      bool          `yaml:"fresh" identity:"changed" doc:"do not train: the model stays as it was made, and stage kit trains it for as many tokens more. For an experiment that shows what reading first is worth; the encoder own is trained all the same"`
	Recompute  bool          `yaml:"recompute" identity:"none" doc:"activation checkpointing: recompute the activations of blocks for the gradient. Less memory, about a quarter more time, the same weights"`
}

// Mix is what a pass consists of, as weights: corpus = sections in document forms, pairs = training sections asked about and answered
// in full, places = training sections asked about and answered with their place alone, asked = every section asked about in the words of people.
type Mix struct {
	Corpus float64 `yaml:"corpus" min:"0" doc:"weight of sections in document form; each is read once a pass; more than 0"`
	Pairs  float64 `yaml:"pairs" min:"0" doc:"weight of questions about training sections, answered in full; each is asked pairs/corpus times a pass"`
	Places float64 `yaml:"places" min:"0" doc:"weight of the same questions, answered with the place alone"`
	Asked  float64 `yaml:"asked" min:"0" identity:"changed" doc:"weight of questions that rules make from the text of every section (topics, definitions, conditions, permissions, words of a sentence), answered with the place alone; other wordings in each pass. A held-out question of the exam, or a near copy of one, is never among them"`
	Drill  float64 `yaml:"drill" min:"0" identity:"changed" doc:"weight of exercises: questions about headings that are made up of words of the corpus, answered with the place that follows from them. They teach to take a place from the question; a corpus of a few hundred sections does not"`
	// General counts tokens where the others count examples: a window is as long as many sections.
	General float64 `yaml:"general" min:"0" identity:"changed" doc:"weight of general text (data.general) by its tokens: general/corpus of it for each token of the sections that a pass reads, in windows as long as an example. All of it is read before any is read again. For a model that others have trained, which else forgets what the corpus does not have"`
	Other   float64 `yaml:"other" min:"0" max:"1" doc:"share of the sections that are read in a form other than place"`

	Contrast float64 `yaml:"contrast" min:"0" identity:"changed" doc:"in how many pairs of a question and a section each section stands, on average, for the encoder own (stages.find.dense), which is trained beside the model: about 20 are enough; 0 = the run has no such encoder"`
}

// Default is half an hour's worth for a model of a few million parameters.
func Default() Config {
	return Config{Tokens: 4e6, Batch: 8192, Shards: trainer.DefaultShards, Long: Parts, Mix: Mix{Corpus: 0.7, Pairs: 0.2, Places: 0.1, Other: 0.25}, Optim: trainer.DefaultOptim(1.5e-3), Save: trainer.Save{Minutes: 2}}
}

// Validate checks what spans fields.
func (c Config) Validate() error {
	var errs []error
	if (c.Tokens != 0) == (c.Epochs > 0) {
		errs = append(errs, errors.New("tokens: give either tokens or epochs, and set the other to 0"))
	}
	if c.Mix.Corpus <= 0 {
		errs = append(errs, errors.New("mix.corpus: must be > 0: a model that never reads the text alone cannot recite it"))
	}
	return errors.Join(errs...)
}
