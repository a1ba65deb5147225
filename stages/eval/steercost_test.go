package eval

import (
	"testing"

	"slm/data/exam"
	"slm/llm"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/stagetest"
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
	if got := c.steerCost(items, nil); got.Questions != 2 || got.Calls != 3 || got.LLMTokens != 3+3+4 {
		t.Errorf("%+v", got)
	}
	halves := func(option string) int { return len(option) / 2 }
	// Options of 2, 2 and 4 tokens behind a question of 2: 2·(2+1)+1, twice, and 4·(2+1)+6.
	if got := c.steerCost(items, halves); got.Questions != 2 || got.Calls != 2+2+4 || got.LLMTokens != 7+7+18 {
		t.Errorf("without an echo: %+v", got)
	}
	c.Answer = Free
	if n := int64(systems.DefaultReplyTokens); c.steerCost(items[:1], nil).Calls != n || c.steerCost(items[:1], nil).LLMTokens != 2*n+n*(n-1)/2 {
		t.Errorf("%+v", c.steerCost(items[:1], nil))
	}
	for i := range items {
		items[i].Split = exam.Dev
	}
	if got := c.fitCost(nil, items); got.Calls != systems.ProbeCalls+3 {
		t.Errorf("%+v", got)
	}
	if got := c.fitCost(halves, items); got.Calls != systems.ProbeCalls+8 {
		t.Errorf("without an echo: %+v", got)
	}
	if c.Proxy.Alpha = 1; c.fitCost(nil, items).Calls != systems.ProbeCalls {
		t.Errorf("alpha is known: %+v", c.fitCost(nil, items))
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

func TestForced_AServerWhoseOptionsAreScoredEchoesThem(t *testing.T) {
	box := llm.Default()
	box.Answer = llm.Cloze
	if forced(box, nil) != nil {
		t.Error("scored options are echoed: each is one call")
	}
	box.Answer = llm.Letter
	dom := stagetest.Domain(t, stagetest.Spec{})
	if long := forced(box, dom); long == nil || long("ab") != len(dom.Tokenizer.Encode("ab")) {
		t.Error("of letters it is not known: each token of an option is a call")
	}
}
