package question

import (
	"slices"
	"strings"
	"testing"
)

func TestParts_MessagesOfEveryLanguageAreCutIntoTheirQuestions(t *testing.T) {
	for _, c := range []struct{ message, asked, aside string }{
		{"Hello team,\n\nI ordered a lamp in March. It does not switch on. What can I do about it?\nAlso, how long is the warranty and do you ship to Norway?\n\nBest regards,\nAnna Berg",
			"It does not switch on. What can I do about it?|Also, how long is the warranty?|Do you ship to Norway?", "Hello team|I ordered a lamp in March.|It does not switch on.|Best regards,|Anna Berg"},
		{"how do i return a lamp. is it free", "how do i return a lamp.|how do i return a lamp. is it free", ""},
		{"Thanks for the quick delivery! I'd like to cancel the second order.\nThank you,\nBo", "I'd like to cancel the second order.", "Thanks for the quick delivery!|Thank you,|Bo"},
		{"The box was open. Two cups are broken.\n\nThe invoice has a wrong name.", "The box was open. Two cups are broken.|The invoice has a wrong name.", ""},
		{"1. What does it cost to send 2.5 kg?\n2. Who pays customs, e.g. in the U.S. or in Norway?", "What does it cost to send 2.5 kg?|Who pays customs, e.g. in the U.S. or in Norway?", ""},
		{"What is the fee for a transfer that is made on a Sunday, or\non a day that is a holiday in my country?", "What is the fee for a transfer that is made on a Sunday, or on a day that is a holiday in my country?", ""},
		{"Guten Tag,\nich habe am 3. Mai eine Lampe gekauft. Wie lange gilt die Garantie und kann ich die Lampe umtauschen?\nMit freundlichen Grüßen\nJonas Weiß",
			"Wie lange gilt die Garantie?|Kann ich die Lampe umtauschen?", "Guten Tag|ich habe am 3. Mai eine Lampe gekauft.|Mit freundlichen Grüßen|Jonas Weiß"},
		{"Bonjour,\nLivrez-vous en Suisse ? Combien cela coûte-t-il ?\nMerci d'avance,\nLuc", "Livrez-vous en Suisse ?|Livrez-vous en Suisse ? Combien cela coûte-t-il ?", "Bonjour|Merci d'avance,|Luc"},
		{"您好，我上周买了一盏灯。保修期是多久？运费谁来付，可以退货吗？谢谢！", "保修期是多久？|运费谁来付？|可以退货吗？", "您好|我上周买了一盏灯。|谢谢！"},
		{"안녕하세요. 램프를 샀습니다. 보증 기간은 얼마나 되나요? 반품하고 싶습니다. 감사합니다.", "보증 기간은 얼마나 되나요?|반품하고 싶습니다.", "안녕하세요|램프를 샀습니다.|감사합니다."},
		{"¿Cuánto cuesta el envío? Gracias.", "¿Cuánto cuesta el envío?", "Gracias."},
		{"What? What?", "What?", ""},
		{"Hello!\n\n--\n", "", "Hello"},
		{" \n ", "", ""},
	} {
		m := Parts(c.message)
		if got := strings.Join(m.Asked, "|"); got != c.asked {
			t.Errorf("%q\nasks %q\nwant %q", c.message, got, c.asked)
		}
		if got := strings.Join(m.Aside, "|"); got != c.aside {
			t.Errorf("%q\nleaves %q\nwant %q", c.message, got, c.aside)
		}
	}
}

func FuzzParts_NoWordOfAMessageIsLost(f *testing.F) {
	for _, s := range []string{"Hi, how are you and what is it? Bye", "您好，运费谁来付，可以退货吗？", "a.\nb?\r\n\r\n- c\xff!", "Thanks. Best regards, x. Is it so?"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, message string) {
		m := Parts(message)
		kept := strings.ToLower(strings.Join(append(slices.Clone(m.Asked), m.Aside...), " "))
		for _, p := range unwrapped(message) {
			for _, line := range p {
				for _, w := range strings.FieldsFunc(strings.ToLower(line), func(r rune) bool { return r < '0' || r > 'z' || r > '9' && r < 'a' }) {
					if !strings.Contains(kept, w) && !slices.Contains(strings.Fields("and or also then und oder auch au erdem et ou aussi"), w) {
						t.Fatalf("%q of %q is lost: %+v", w, message, m)
					}
				}
			}
		}
	})
}
