package llm

import "testing"

func TestParseLetter_VariationsOfHabits(t *testing.T) {
	choices := []string{"The landlord must give thirty days", "A tenant may leave", "No notice is needed", "Rent is due monthly"}
	for reply, want := range map[string]int{
		"is a landlord": -1, "I think a landlord must": -1, "Let's think. Option A says thirty days. Option B says leave. The text supports B.": -1,
		"The answer is B, C is wrong": 1, "C is wrong. D is wrong. B": 1, "A, B, C and D": -1, "B or C": -1, "B/C": -1,
		"Answer: B\n\nExplanation: A is about copies.": 1, "**Correct answer:** B": 1, "Correct Answer: (b)": 1, "The correct choice is: **C**": 2,
		"Based on the passage, the correct answer is:\n\nB. A tenant may leave": 1, "Based on the text, B.": 1, "My answer: D": 3, "ANSWER: C": 2, "answer is option c": 2,
		"Final answer: B": 1, "### Final Answer\nB": 1, "The answer is\n\n**B**": 1, "Therefore, option D is the right answer": 3, "I choose B because A is wrong": 1,
		"B is incorrect, C is incorrect, so the answer must be A": 0, "The correct answer is not A but B": 1, "The answer cannot be A; it is C.": 2,
		"答案选B": 1, "应该选择B": 1, "根据条文，答案为B。": 1, "B。": 1, "B、A tenant may leave": 1, "答案:Ｂ": 1, "选A还是选B？": -1, "选项A不正确，选项B正确": 1, "A是错误的，C是正确的": 2, "答案是A或B": -1, "我选 C": 2, "答：B": 1, "正確答案是B": 1,
		"答えは B です": 1, "正しいのはBです": 1, "Ｂ": 1, "答え：Ｂ": 1, "B番": 1, "Bだと思います": 1,
		"정답은 B번입니다": 1, "답: B": 1, "A는 틀렸고 B가 맞습니다": 1, "B": 1, "정답은 **B**입니다": 1,
		"Option A is wrong. The answer is B": 1, "Option A": 0, "A and B": -1, "A vs B": -1, "Either B or D": -1, "None of A, B, C": -1,
		"<think>\n</think>\n\nB": 1, "<think>The answer is A": -1, "<thinking>A</thinking><answer>D</answer>": 3, "[THINK]A[/THINK]B": 1,
		"<|channel|>analysis<|message|>maybe A<|end|><|start|>assistant<|channel|>final<|message|>C": 2,
		"Sure! The answer is: B": 1, "Sure, here's the answer: B.": 1, "B\n\nExplanation: The tenant ... Option A is ...": 1, "D.": 3, "(b)": 1, "b)": 1, "b.": 1, "b: A tenant may leave": 1,
		"La respuesta es B": 1, "Réponse correcte : B": 1, "Die Antwort lautet C": 2, "La risposta è la lettera D": 3, "Ответ: B": 1,
		"A tenant may leave": 1, "A tenant may leave.": 1, "The answer is: A tenant may leave": 1, "the answer is a tenant may leave": 1,
		"E. None of the above": -1, "None of the above": -1, "All of the above": -1, "I'm sorry, but I can't assist with that.": -1, "The plan A of the landlord": 0,
		"Vitamin C": 2, "choice (A)": 0, "Answer = B": 1, "Ans: B": 1, "B)": 1, "B - A tenant may leave": 1, "b": 1, "The letter of the right answer is B": 1, "Letter: B": 1,
		"The answer is A.\n\nWait, no. The answer is D.": 3, "Among A, B, C and D, the best is B.": 1, "A: wrong\nB: right\nC: wrong\nD: wrong": 1,
	} {
		if got, _ := parseLetter(reply, choices); got != want {
			t.Errorf("%q names %d, not %d", reply, got, want)
		}
	}
}

func TestParseLetter_VariationsInOtherLanguagesAndFormats(t *testing.T) {
	choices := []string{"thirty days", "sixty days", "ninety days", "a landlord may decide"}
	for reply, want := range map[string]int{
		"答案为：（B）": 1, "B选项": 1, "选项B": 1, "我认为答案是 B 选项": 1, "答案：B，因为A不正确": 1, "正确选项是Ｂ。": 1, "应选 C": 2, "B 是对的": 1, "A不对，C也不对，所以选B": 1, "因此，正确答案是：**B**": 1, "【答案】B": 1, "本题答案为B项": 1, "B项正确，A项错误": 1,
		"解答：C": 2, "答えは、Bです。": 1, "答えは「B」です": 1, "正しい答えはCです": 2, "Bが正解": 1, "B。理由は": 1, "選択肢Bを選びます": 1, "回答：B": 1, "Aではなく、Cです": 2,
		"정답은 (B)입니다": 1, "답은 B입니다.": 1, "B 입니다": 1, "B가 정답입니다": 1, "정답 : C": 2, "B를 선택합니다": 1, "A는 아닙니다. B입니다": 1,
		"The right answer is: (B) sixty days": 1, "B, since the text says sixty days.": 1, "B; A is too short": 1, "Correct: B": 1, "I believe B is correct.": 1, "Definitely B.": 1, "I would go with option C here": 2, "My choice is D.": 3,
		"Let me think about this. Option A says 30. Option B says 60. The passage says 60, so the answer is B.": 1, "Option A is incorrect. Option C is incorrect. Option D is incorrect.": -1, "Options A and C can be eliminated. The answer is B": 1,
		"While A might seem right, B is better": -1, "A landlord may decide": 3, "the tenant is a landlord of a house": -1, "Is it a landlord? Yes": -1, "It is a landlord's duty": -1, "As a landlord, you must": -1,
		"**B) sixty days**": 1, "B) sixty days\n\nThe others are wrong": 1, "> B": 1, "Answer:\n\nB": 1, "Answer - B": 1, "the answer: b)": 1, "ANSWER IS B": 1, "Response: B": 1, "[[B]]": 1, "{B}": 1, "$B$": 1, "\"answer\": \"C\"": 2, "{'answer': 'C', 'why': 'A is short'}": 2, "answer: {B}": 1,
		"Both B and C": -1, "B & C": -1, "A, B": -1, "B?": 1, "Not B": -1, "It isn't A.": -1, "None": -1, "N/A": -1, "A/B": -1, "A or C, hard to say": -1, "either": -1,
		"The answer is B because A applies only to commercial tenants and C was repealed.": 1, "B is the only option that mentions sixty.": 1, "B matches the text": 1, "I choose B over A": 1, "A is more likely than B": -1,
	} {
		if got, _ := parseLetter(reply, choices); got != want {
			t.Errorf("%q names %d, not %d", reply, got, want)
		}
	}
}

func TestParseLetter_NamesVerdictsAndSecondThoughts(t *testing.T) {
	choices := []string{"a permissive licence", "a copyleft licence", "a trade mark", "none of these"}
	for reply, want := range map[string]int{
		"A oder B": -1, "A y B": -1, "A und B sind richtig": -1, "A ou B": -1, "A lautet die Antwort": 0,
		"A - false\nB - true\nC - false\nD - false": 1, "A ❌ B ✅": 1, "A ✗\nB ✓\nC ✗": 1, "A — wrong. B — correct.": 1,
		"option b": 1, "Option: c.": 2, "letter b": 1, "a or b": -1,
		"🅱": 1, "🅱️": 1, "𝐁": 1, "🄲": 2, "🅒": 2,
		"See Appendix A.": -1, "Section B of the Act": -1, "Under Schedule A of the lease the answer is B": 1, "附件A": -1, "Article B is correct": 1, "C++ is a language": -1,
		"A. No, B.": 1, "A. Wait, C.": 2, "A... actually B": 1, "A. Sorry, I mean B.": 1,
	} {
		if got, _ := parseLetter(reply, choices); got != want {
			t.Errorf("%q names %d, not %d", reply, got, want)
		}
	}
}
