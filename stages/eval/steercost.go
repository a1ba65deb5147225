package eval

import (
	"slices"

	"slm/data/exam"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/systems"
)

// charsPerToken is about what a token of a small vocabulary holds of a question.
const charsPerToken = 4

// steered reports whether system proxy asks an LLM behind a server for next tokens.
func (c Config) steered(box llm.Config) bool {
	return c.Proxy.Top > 0 && box.Kind().Elsewhere
}

// lengthOf counts the tokens of an option that a server is made to write; nil = the server echoes options.
type lengthOf func(option string) int

// forced is how long options are where the recipe does not say that the server echoes a prompt: scores of options take an echo, other styles do not. Whether
// it does is found out by asking it, so that calls are counted as if it did not.
func forced(box llm.Config, dom *domain.Domain) lengthOf {
	if box.Answer == llm.Cloze {
		return nil
	}
	return func(option string) int { return len(dom.Tokenizer.Encode(option)) }
}

// steerCost is what system proxy takes of a server. An option is a call, which reads the question again, or each of its tokens is; a free reply is a call a token,
// of all before it.
func (c Config) steerCost(items []exam.Item, long lengthOf) (cost stages.Cost) {
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
			if long == nil {
				cost.Calls++
				cost.LLMTokens += int64((chars + len(o)) / charsPerToken)
				continue
			}
			n := long(o)
			cost.Calls += int64(n)
			cost.LLMTokens += int64(n*(chars/charsPerToken+1) + n*(n-1)/2)
		}
	}
	return cost
}

// rankCost is what ranking the LLM's answers takes beyond a question each: each of several answers is a question, unless options are scored.
func (c Config) rankCost(items int, dom *domain.Domain, style string, r *stages.Rates) (cost stages.Cost) {
	n := c.Proxy.Samples
	if style == llm.Cloze && c.Answer != Free {
		n = 1
	}
	for range n - 1 {
		cost.Add(r.AskItems(items, false))
	}
	if c.Proxy.Alpha > 0 || n < 1 {
		return cost
	}
	dev := len(exam.WithChoices(exam.Only(slices.Concat(dom.Items, dom.Asked), exam.Dev)))
	if style == llm.Cloze {
		n = 1
	}
	for range n {
		cost.Add(r.AskItems(min(dev, systems.MostGraded), false))
	}
	return cost
}

// fitCost is what finding α takes of the server, and comparing the vocabularies.
func (c Config) fitCost(long lengthOf, exams ...[]exam.Item) (cost stages.Cost) {
	cost.Calls = systems.ProbeCalls
	if c.Proxy.Alpha > 0 {
		return cost
	}
	var dev []exam.Item
	for _, items := range exams {
		dev = append(dev, exam.WithChoices(exam.Only(items, exam.Dev))...)
	}
	c.Answer = Choice
	cost.Add(c.steerCost(exam.Evenly(dev, systems.MostGraded), long))
	return cost
}
