package llm

import (
	"strings"
	"testing"
)

// TestParseLetter_HabitsOfModelFamilies has replies as families of public models write them, for a question with the options A to D.
func TestParseLetter_HabitsOfModelFamilies(t *testing.T) {
	choices := []string{"Distribution of copies.", "A grant of patent licence", "No warranty", "Termination"}
	families := []struct {
		family string
		cases  map[string]int
	}{
		{"bare", map[string]int{
			"B": 1, "b": 1, " B.": 1, "\"A\"": 0, "(C)": 2, "[D]": 3, "B\n": 1, "c)": 2, "`B`": 1, "<B>": 1, "B:": 1,
			"": -1, "E": -1, "1": -1, "DCBA": -1, "Apache": -1, "?": -1,
		}},
		{"Llama, Mistral", map[string]int{
			"B. A grant of patent licence": 1, "(C) No warranty": 2, "D. Termination": 3, "A\nbecause it says so": 0, "The answer is C.": 2,
			"The correct answer is B. A grant of patent licence.": 1, "I think the correct option is (D), because": 3, "The best answer is D": 3,
			"I do not know": -1, "I'd say none": -1, "The answer is F": -1, "I cannot help with that.": -1,
		}},
		{"GPT", map[string]int{
			"**D**": 3, "the answer is **A**": 0, "**Answer: B**": 1, "Answer: B": 1, "The correct answer is **(C) No warranty**.": 2,
			"Option B is correct.": 1, "B is the correct answer because it names patents.": 1, "I would choose option C.": 2, "{\"answer\": \"B\"}": 1, "{'answer': 'C', 'why': 'A is short'}": 2, "N/A": -1,
			"It must be C": 2, "So the answer is B, not A.": 1, "It's B.": 1,
		}},
		{"Qwen, DeepSeek", map[string]int{
			"<think>\nA seems right. The answer is A.\n</think>\n\nB": 1, "<think>Maybe A, maybe C": -1, "</think>C": 2, "thoughts about A</think>\n\n**B**": 1,
			"<think>so it is B</think>": -1, "选B": 1, "答案是B": 1, "答案：C": 2, "正确答案为 D。": 3, "故选A。": 0, "B选项正确": 1, "A错误，选B": 1, "不是A，而是C": 2,
			"\\boxed{B}": 1, "The final answer is $\\boxed{\\text{C}}$": 2, "答案是Ｂ": 1, "本题选择Ｃ项。": 2, "A和B都有道理": -1,
		}},
		{"Gemma, Gemini", map[string]int{
			"The answer is **B**.\n\n**Explanation:** A covers copies only.": 1, "**B. A grant of patent licence**": 1, "Final Answer: The final answer is $\\boxed{D}$": 3,
			"* A: no\n* B: yes\n\nTherefore, the answer is B": 1, "A. Distribution of copies.\nB. A grant of patent licence\nC. No warranty\nD. Termination": -1,
		}},
		{"Claude", map[string]int{
			"Looking at the text, the grant of patents stands in section 3.\n\nB": 1, "<answer>C</answer>": 2, "The answer is B) A grant of patent licence": 1,
			"Option A is wrong, the answer is B": 1, "A is incorrect and D is not mentioned, so C": 2, "I'd rule out A. That leaves B.": 1,
		}},
		{"Phi, SmolLM, TinyLlama", map[string]int{
			"Answer:B": 1, "A: \"S": 0, "Question: ... Answer: C": 2, "Solution: D": 3, "A careful reading shows that B applies": 1,
			"The tenant is a landlord": -1, "A landlord must give notice": -1, "the answer is a landlord": -1, "The answer is a.": 0, "no warranty.": 2, "The answer is: No warranty": 2,
			"Section 2 says A and B": -1, "It could be A or B.": -1, "The answer is A or B": -1, "Both A and C are possible.": -1,
		}},
		{"Japanese and Korean models", map[string]int{
			"答えはB": 1, "正解はCです。": 2, "Bです": 1, "Aは誤りで、Bが正しい。": 1, "選択肢Dが正解です": 3, "B입니다": 1, "답은 B": 1, "정답은 C입니다.": 2, "정답: D": 3, "A가 아니라 B입니다": 1,
		}},
		{"German, French, Spanish, Italian, Portuguese, Russian", map[string]int{
			"Die richtige Antwort ist B.": 1, "Antwort: C": 2, "La bonne réponse est la B.": 1, "Réponse : D": 3, "La respuesta correcta es la B": 1, "La risposta corretta è C.": 2,
			"A resposta correta é B.": 1, "Ответ: В": 1, "Правильный ответ — C.": 2, "A ist falsch, B ist richtig.": 1,
		}},
		{"minds that change or stay open", map[string]int{
			"选A还是选B？": -1, "A, B, C and D": -1, "A vs B": -1, "B/C": -1, "The answer cannot be A; it is C.": 2, "The correct answer is not A but B": 1,
			"At first the answer is A. On reflection the answer is C.": 2, "Not A. Not B. C.": 2, "Neither A nor B": -1, "A is wrong.": -1, "A, B and D are incorrect.": -1,
		}},
	}
	n := 0
	for _, f := range families {
		for reply, want := range f.cases {
			n++
			if got, _ := parseLetter(reply, choices); got != want {
				t.Errorf("%s: %q names %d, not %d", f.family, reply, got, want)
			}
		}
	}
	if n < 60 || len(families) < 8 {
		t.Errorf("%d cases of %d families", n, len(families))
	}
}

func TestParseLetter_OnlyADecisionIsSureWhereTheReplyIsCutOff(t *testing.T) {
	choices := []string{"one", "two", "three"}
	for reply, want := range map[string]bool{
		"B. The second of": true, "B": true, "The answer is B, since": true, "two": true,
		"Let us look at A first": false, "Of the options, B says": false, "The text": false,
	} {
		if _, sure := parseLetter(reply, choices); sure != want {
			t.Errorf("%q: sure is %v", reply, sure)
		}
	}
}

func FuzzParseLetter_ChoiceIsInRange(f *testing.F) {
	for _, s := range []string{"B", "<think>A</think>C", "答案是B", "A or B", "\\boxed{D}", "Ａ、Ｂ", "\xff\x00A"} {
		f.Add(s)
	}
	choices := []string{"one", "two", "three", "four"}
	f.Fuzz(func(t *testing.T, reply string) {
		got, _ := parseLetter(reply, choices)
		if got < -1 || got >= len(choices) {
			t.Fatalf("choice %d", got)
		}
		if again, _ := parseLetter(strings.ToValidUTF8(reply, "\uFFFD"), choices); again != got && strings.ToValidUTF8(reply, "\uFFFD") == reply {
			t.Fatalf("%d, then %d", got, again)
		}
	})
}
