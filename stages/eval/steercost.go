package eval

import (
	"slm/data/exam"
	"slm/llm"
	"slm/stages"
	"slm/stages/systems"
)

// charsPerToken is about what a token of a small vocabulary holds of a question.
const charsPerToken = 4

// steered reports whether system proxy asks an LLM behind a server for next tokens.
func (c Config) steered(box llm.Config) bool {
	return c.Proxy.Top > 0 && box.Kind().Elsewhere
}

// steerCost is what system proxy takes of a server. Options are a call each, which reads the question again; a free reply is a call a token, of all before it.
func (c Config) steerCost(items []exam.Item) (cost stages.Cost) {
	for _, it := range items {
		chars := len(it.Question)
		cost.Questions++
		if c.Answer == Free {
			n := systems.DefaultReplyTokens
			cost.Calls += int64(n)
			cost.LLMTokens += int64(n*(chars/charsPerToken) + n*(n-1)/2)
			continue
		}
		for _, o := range it.Choices {
			cost.Calls++
			cost.LLMTokens += int64((chars + len(o)) / charsPerToken)
		}
	}
	return cost
}

// fitCost is what finding α takes of the server, and comparing the vocabularies.
func (c Config) fitCost(exams ...[]exam.Item) (cost stages.Cost) {
	cost.Calls = systems.ProbeCalls
	if c.Proxy.Alpha > 0 {
		return cost
	}
	var dev []exam.Item
	for _, items := range exams {
		dev = append(dev, exam.WithChoices(exam.Only(items, exam.Dev))...)
	}
	c.Answer = Choice
	cost.Add(c.steerCost(exam.Evenly(dev, systems.MostGraded)))
	return cost
}
