package eval

import (
	"testing"

	"slm/data/exam"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/systems"
)

func TestSteerCost_CountsTheCallsOfAServer(t *testing.T) {
	c := Default()
	if box := llm.Default(); c.steered(box) {
		t.Error("no server is asked unless the recipe says so")
	}
	c.Proxy.Top = 20
	box := llm.Default()
	if box.Provider = llm.OpenAI; !c.steered(box) {
		t.Error("a server is asked")
	}
	items := []exam.Item{{Question: "12345678", Choices: []string{"1234", "1234", "12345678"}}, {Question: "12345678"}}
	if got := c.steerCost(items); got.Questions != 2 || got.Calls != 3 || got.LLMTokens != 3+3+4 {
		t.Errorf("%+v", got)
	}
	c.Answer = Free
	if n := int64(systems.DefaultReplyTokens); c.steerCost(items[:1]).Calls != n || c.steerCost(items[:1]).LLMTokens != 2*n+n*(n-1)/2 {
		t.Errorf("%+v", c.steerCost(items[:1]))
	}
	for i := range items {
		items[i].Split = exam.Dev
	}
	if got := c.fitCost(items); got.Calls != systems.ProbeCalls+3 {
		t.Errorf("%+v", got)
	}
	if c.Proxy.Alpha = 1; c.fitCost(items).Calls != systems.ProbeCalls {
		t.Errorf("alpha is known: %+v", c.fitCost(items))
	}

	rates := &stages.Rates{Bare: stages.QuestionSize{Calls: 1}, Distinct: 1}
	if c.Proxy.Samples = 5; c.rankCost(10, &domain.Domain{}, llm.Letter, rates).Calls != 40 { // the first of five is counted as any system's
		t.Errorf("%+v", c.rankCost(10, &domain.Domain{}, llm.Letter, rates))
	}
	c.Proxy.Alpha, c.Answer = 0, Choice
	if got := c.rankCost(10, &domain.Domain{Items: items}, llm.Letter, rates); got.Calls != 40+5 {
		t.Errorf("%+v", got)
	}
	if got := c.rankCost(10, &domain.Domain{Items: items}, llm.Cloze, rates); got.Calls != 1 {
		t.Errorf("%+v", got)
	}
}
