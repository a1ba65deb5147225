package reason

import (
	"fmt"
	"slices"
	"strings"

	"slm/data/reasoning"
	"slm/llm"
	"slm/stages/trainer"
)

// Config is the recipe's section stages.reason: tuning on tasks whose answers are reasoned under a strategy.
type Config struct {
	Tasks        int          `yaml:"tasks" min:"0" doc:"tasks of a class that are made from the corpus for training, for development and for the test each, at most, drawn by the seed; 0 = the stage is not there. Sections are held out in the shares of data.exam.split"`
	Words        int          `yaml:"words" min:"16" max:"400" doc:"words of a task's text, at most"`
	Teach        string       `yaml:"teach" oneof:"erased|hinted|direct|steps|shuffled" doc:"what the small model learns. erased: each class under its best strategy, with the generic instruction; hinted: with the strategy's own, in the test, too; direct, steps: every class under this one; shuffled: the strategies of erased dealt out among the tasks, a control"`
	Instructions Instructions `yaml:"instructions" doc:"what stands before a task: asks the teacher for a strategy, and is erased for the student"`
	Teacher      *llm.Config  `yaml:"teacher" doc:"the LLM that reasons; without this section rules do, which know how a task was made"`
	// Strategies are in no fingerprint where the recipe has none.
	Strategies map[string]string `yaml:"strategies" identity:"changed" unset:"none" doc:"the strategy of a class, by its name: {yes-no: extract}. Neither the teacher nor a pilot chooses for it"`
	Pilot      float64           `yaml:"pilot" min:"0" doc:"where a class has several strategies under which the teacher is right as often: passes over tasks under all strategies, after which the one counts under which the small model itself is right most often on development tasks; 0 = the shortest counts"`
	Epochs     float64           `yaml:"epochs" min:"0" doc:"passes over the tasks and their replay; 0 keeps the weights"`
	Batch      int               `yaml:"batch" min:"64" doc:"tokens a step, padding included; at least model.context"`
	Shards     int               `yaml:"shards" min:"1" max:"4096" doc:"the same as stages.dp.shards"`
	Replay     float64           `yaml:"replay" min:"0" doc:"sections in document form that are added for each task"`
	Optim      trainer.Optim     `yaml:"optim" doc:"how weights are updated"`
	Save       trainer.Save      `yaml:"save" identity:"none" doc:"when state is saved"`
	Recompute  bool              `yaml:"recompute" identity:"none" doc:"the same as stages.dp.recompute"`
}

// Instructions are the texts before a task, by strategy.
type Instructions struct {
	Generic string `yaml:"generic" doc:"stands before every task where the strategy is not told"`
	Direct  string `yaml:"direct" doc:"asks for the answer alone"`
	Explain string `yaml:"explain" doc:"asks for the reason, then the answer"`
	Extract string `yaml:"extract" doc:"asks for the words of the text from which the answer follows, then the answer"`
	Steps   string `yaml:"steps" doc:"asks for one step after the other, then the answer"`
	Recall  string `yaml:"recall" doc:"asks for all that has to be known, then the answer"`
}

// What is taught.
const (
	erased   = "erased"
	hinted   = "hinted"
	shuffled = "shuffled"
)

// Default is off.
func Default() Config {
	return Config{
		Words: 48, Teach: erased, Pilot: 1, Epochs: 4, Batch: 8192, Shards: trainer.DefaultShards, Replay: 0.25, Optim: trainer.DefaultOptim(5e-4), Save: trainer.Save{Minutes: 2},
		Instructions: Instructions{
			Generic: "You are a careful assistant.",
			Direct:  "Say the answer alone.",
			Explain: "Say why, then the answer.",
			Extract: "Quote the words of the text that tell it, then say the answer.",
			Steps:   "Go step by step, then say the answer.",
			Recall:  "Write down all that has to be known, then say the answer.",
		},
	}
}

// of is the instruction that asks for a strategy.
func (i Instructions) of(strategy string) string {
	switch strategy {
	case reasoning.Direct:
		return i.Direct
	case reasoning.Explain:
		return i.Explain
	case reasoning.Extract:
		return i.Extract
	case reasoning.Steps:
		return i.Steps
	}
	return i.Recall
}

// Validate checks what spans fields.
func (c Config) Validate() error {
	for class, strategy := range c.Strategies {
		if !slices.Contains(reasoning.Classes(), class) {
			return fmt.Errorf("strategies: no class is named %q: want one of %s", class, strings.Join(reasoning.Classes(), ", "))
		}
		if !slices.Contains(reasoning.Strategies, strategy) {
			return fmt.Errorf("strategies.%s: want one of %s, not %q", class, strings.Join(reasoning.Strategies, ", "), strategy)
		}
	}
	if c.Teacher == nil {
		return nil
	}
	if c.Teacher.Provider == llm.Overlap {
		return fmt.Errorf("teacher: provider overlap chooses among options and writes nothing")
	}
	if err := c.Teacher.Validate(); err != nil {
		return fmt.Errorf("teacher.%w", err)
	}
	return nil
}
