package eval

import (
	"context"
	"fmt"

	"slm/llm"
	"slm/result"
	"slm/stages"
	"slm/stages/knowledge"
	"slm/stages/search"
	"slm/stages/systems"
	"slm/stages/verdict"
	"slm/stat"
)

// Def declares the stage.
var Def = stages.Def{
	Name:    stages.Eval,
	Title:   "Evaluation",
	Format:  11,
	Parents: []string{stages.Data, stages.DP, stages.KIT, stages.RFT, stages.Find, stages.BPO},
	Keys:    stages.Keys("eval", "llm"),
	Inputs:  []string{"llm.model"},
	Asks:    stages.Always,
	Others: func(s stages.Settings) []stages.BlackBox {
		return append(stages.Get[Config](s, "eval").others(), search.Servers(s)...)
	},
	New: func(s stages.Settings) stages.Stage {
		return New(stages.Get[Config](s, "eval"), knowledge.InOneStep(s))
	},
	Cost:    cost,
	Metrics: metrics,
	Agrees:  stages.InNothing,
}

// cost is the sum of the systems'.
func cost(_ context.Context, c *stages.Calibration) (sum stages.Cost, err error) {
	cfg := stages.Get[Config](c, "eval")
	specs, err := systems.Resolve(cfg.Systems)
	if asked := min(len(trainable(c.Domain)), mostTrained); c.Domain.Forms.TwoSteps() {
		sum.Add(c.Rates.Generate(asked * c.Rates.PlaceTokens))
	}
	box := stages.Get[llm.Config](c, "llm")
	far, long, steer, echoed, ranked := cfg.steered(box), forced(box, c.Domain), stages.Cost{}, stages.Cost{}, 0
	for _, items := range New(cfg, false).exams(c.Domain) {
		for _, spec := range specs {
			if spec.Name == systems.Steering && far {
				steer.Add(cfg.steerCost(items, long))
				echoed.Add(cfg.steerCost(items, nil))
				continue
			}
			if spec.Name == systems.Steering {
				ranked += len(items)
			}
			sum.Add(spec.Cost(len(items), c.Rates))
		}
		if why := thin(len(items)); why != "" {
			c.Note("eval: %s", why)
		}
	}
	if ranked > 0 && cfg.Proxy.Samples > 0 {
		sum.Add(cfg.rankCost(ranked, c.Domain, box.Answer, c.Rates))
	}
	if steer.Questions > 0 {
		steer.Add(cfg.fitCost(long, c.Domain.Items, c.Domain.Asked))
		echoed.Add(cfg.fitCost(nil, c.Domain.Items, c.Domain.Asked))
		c.Note("eval: proxy asks the LLM's server %s for next tokens (eval.proxy.top)", steerNote(steer.Calls, echoed.Calls))
		sum.Add(steer)
	}
	return sum, err
}

// steerNote says how often a server is asked: at most, and where it echoes options.
func steerNote(most, echoed int64) string {
	if most == echoed {
		return fmt.Sprintf("%d times: for each token of a reply, or for each option of a question", most)
	}
	return fmt.Sprintf("up to %d times: for each token of a reply, and of each option of a question; %d times if it echoes options with their log-probabilities", most, echoed)
}

// thin says what so few questions of an exam cannot show; "" if they are not few.
func thin(questions int) string {
	if questions == 0 || questions >= verdict.Small {
		return ""
	}
	half := stat.Wilson(questions/2, questions)
	return fmt.Sprintf("an exam of %d questions says little: a share of them is off by up to %.0f points; %d questions give ten (data.exam.split, data.asked.split)",
		questions, 50*(half.High-half.Low), verdict.Questions())
}

func metrics(dir string) ([]stages.Metric, error) {
	s, err := result.ReadSummary(dir)
	if err != nil {
		return nil, err
	}
	var list []stages.Metric
	for _, exam := range s.Exams() {
		where := ""
		if exam != s {
			where = ", " + exam.Title
		}
		for _, row := range exam.Systems {
			if exam.Scored() > 0 {
				list = append(list, stages.Metric{Name: "accuracy of " + row.System + where, Value: row.Accuracy, Near: -1})
			}
			if row.Evidence != nil && row.Evidence.Any > 0 {
				list = append(list, stages.Metric{Name: "evidence of " + row.System + where, Value: row.Evidence.Rate, Near: -1})
			}
		}
	}
	return list, nil
}
