package writer

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParse_ReadsEveryFormThatModelsWrite(t *testing.T) {
	for name, c := range map[string]struct {
		reply string
		want  []draft
		lost  int
	}{
		"as asked":            {"Q: May I sell it?\nA: Yes\n\nQ: Who decides?\nA: The licensor.", []draft{{"May I sell it?", "Yes"}, {"Who decides?", "The licensor."}}, 0},
		"numbered":            {"Here are 2 questions:\n\n1. May I sell it?\n   Answer: Yes, for a fee.\n2) Who decides?\n\nI hope this helps!", []draft{{"May I sell it?", "Yes, for a fee."}, {"Who decides?", ""}}, 0},
		"numbered labels":     {"**Question 1:** May I sell it?\n**Answer 1:** Yes\n**Question 2:** Who decides?\n**Answer 2:** He.", []draft{{"May I sell it?", "Yes"}, {"Who decides?", "He."}}, 0},
		"number and label":    {"1. Q: May I sell it?\nA: Yes\n2. Q: Who decides?\nA: He", []draft{{"May I sell it?", "Yes"}, {"Who decides?", "He"}}, 0},
		"bullets":             {"- \"May I sell it?\"\n* Who decides?\n• How long?", []draft{{"May I sell it?", ""}, {"Who decides?", ""}, {"How long?", ""}}, 0},
		"on one line":         {"1. May I sell it? (Answer: Yes)\n2. Who decides? - The court.\n3. How long? A: three years", []draft{{"May I sell it?", "Yes"}, {"Who decides?", "The court."}, {"How long?", "three years"}}, 0},
		"Chinese":             {"问：离婚后孩子归谁？\n答：由双方协议。\n\n问题2：我可以反悔吗\n答案：可以", []draft{{"离婚后孩子归谁？", "由双方协议。"}, {"我可以反悔吗", "可以"}}, 0},
		"Chinese, numbered":   {"1、孩子归谁抚养？答：母亲\n（2）多久之内要起诉？\n三年", []draft{{"孩子归谁抚养？", "母亲"}, {"多久之内要起诉？", "三年"}}, 0},
		"JSON":                {"```json\n[{\"question\": \"May I sell it?\", \"answer\": \"Yes\"}, {\"Q\": \"Who?\", \"A\": true}]\n```", []draft{{"May I sell it?", "Yes"}, {"Who?", "Yes"}}, 0},
		"JSON in an object":   {`Sure! {"questions": [{"question": "How long?", "short_answer": 3}, {"question": "Who?"}]} Enjoy.`, []draft{{"How long?", "3"}, {"Who?", ""}}, 0},
		"JSON that was cut":   {`[{"question": "May I sell it?", "answer": "Yes"}, {"question": "Who dec`, []draft{{"May I sell it?", "Yes"}}, 0},
		"JSON lines":          {"{\"question\":\"Who?\",\"answer\":\"He\"}\n{\"question\":\"When?\",\"answer\":\"Now\"}", []draft{{"Who?", "He"}, {"When?", "Now"}}, 0},
		"JSON of texts":       {`["May I sell it?", "Who decides?"]`, []draft{{"May I sell it?", ""}, {"Who decides?", ""}}, 0},
		"a table":             {"| Question | Answer |\n|---|---|\n| May I sell it? | Yes |", []draft{{"May I sell it?", "Yes"}}, 1},
		"headings":            {"### 1. May I sell it?\nYes, you may.\n### 2. Who decides?\nThe licensor", []draft{{"May I sell it?", "Yes, you may."}, {"Who decides?", "The licensor"}}, 0},
		"a case":              {"Q: My firm changed a program. Must we publish it?\nA: No", []draft{{"My firm changed a program. Must we publish it?", "No"}}, 0},
		"a request":           {"Q: Tell me who decides.\nA: He", []draft{{"Tell me who decides.", "He"}}, 0},
		"German":              {"Frage: Darf ich das verkaufen?\nAntwort: Ja", []draft{{"Darf ich das verkaufen?", "Ja"}}, 0},
		"French":              {"Question : Puis-je le vendre ?\nRéponse : Oui", []draft{{"Puis-je le vendre ?", "Oui"}}, 0},
		"Korean":              {"질문: 팔 수 있나요?\n답변: 네", []draft{{"팔 수 있나요?", "네"}}, 0},
		"items, no questions": {"1. The licence is free.\n2. It may be sold.", nil, 2},
		"what SmolLM2 writes": {"Q: Question: What is it for?\nA: It conveys.\nQuestion: What does it mean?\nThe answer: Conveying.\nQ: question\nA: Q: A: answer\nQ: Question: Who says so?\nA: answer", []draft{{"What is it for?", "It conveys."}, {"What does it mean?", "Conveying."}, {"Who says so?", ""}}, 1},
		"a refusal":           {"I'm sorry, I cannot do that.", nil, 0},
		"nothing":             {"", nil, 0},
	} {
		got, lost := parse(c.reply)
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) || lost != c.lost {
			t.Errorf("%s: %q, %d lost; want %q, %d", name, got, lost, c.want, c.lost)
		}
	}
}

func FuzzParse_TakesNothingThatIsNotThere(f *testing.F) {
	for _, seed := range []string{"Q: a?\nA: b", `[{"question":"x?"}]`, "1. a? (答：b)", "| a? | b |", "问：?？\n答", "{[{[\"?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, reply string) {
		drafts, lost := parse(reply)
		if lost < 0 {
			t.Error(lost)
		}
		for _, d := range drafts {
			if strings.TrimSpace(d.question) == "" && utf8.ValidString(reply) {
				t.Errorf("an empty question: %q", drafts)
			}
		}
	})
}
