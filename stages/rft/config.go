package rft

import (
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

// Config is the recipe's section stages.rft: tuning on what has served the black box best.
type Config struct {
	Samples   int           `yaml:"samples" min:"0" max:"64" doc:"answers that the small model gives to each training question: the most likely one, the others drawn at temperature 1; 0 = the stage is not there"`
	Items     int           `yaml:"items" min:"0" doc:"training questions that are asked, drawn by the seed; 0 = all"`
	Epochs    float64       `yaml:"epochs" min:"0" doc:"passes over the winners and their replay; 0 keeps the weights of kit"`
	Batch     int           `yaml:"batch" min:"64" doc:"tokens a step, padding included; at least model.context"`
	Shards    int           `yaml:"shards" identity:"changed" min:"1" max:"4096" doc:"the same as stages.dp.shards"`
	Replay    float64       `yaml:"replay" min:"0" doc:"sections in document form that are added for each winner"`
	Optim     trainer.Optim `yaml:"optim" doc:"how weights are updated"`
	Save      trainer.Save  `yaml:"save" identity:"none" doc:"when state is saved"`
	Recompute bool          `yaml:"recompute" identity:"none" doc:"the same as stages.dp.recompute"`
	DPO       DPO           `yaml:"dpo" doc:"direct preference optimisation behind the passes over the winners (Rafailov et al. 2023, arXiv 2305.18290)"`
	OneStep   bool          `yaml:"-"` // stages.kit.knowledge is one-step
	Passage   int           `yaml:"-"` // tokens of knowledge that the black box is given: eval.knowledge
}

// DPO tunes on pairs: of each question the answer with the best reward against the one with the worst.
type DPO struct {
	Epochs float64       `yaml:"epochs" min:"0" doc:"passes over the pairs of each question's best and worst answer; 0 = none"`
	Beta   float64       `yaml:"beta" above:"0" max:"10" doc:"how strongly the model is held to its reference, the weights that have learnt the winners"`
	Optim  trainer.Optim `yaml:"optim" doc:"how weights are updated"`
}

// Default is off.
func Default() Config {
	return Config{
		Epochs: 1, Batch: 8192, Shards: trainer.DefaultShards, Replay: 1, Optim: trainer.DefaultOptim(1e-4), Save: trainer.Save{Minutes: 2}, Passage: knowledge.DefaultTextTokens,
		DPO: DPO{Beta: 0.1, Optim: trainer.DefaultOptim(1e-5)},
	}
}
