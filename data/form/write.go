package form

import (
	"fmt"
	"strings"
	"unicode"
)

// Chinese reports whether a text is written in Chinese: most of its letters are Han characters, and it has no kana.
func Chinese(text string) bool {
	han, letters := 0, 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Hiragana, unicode.Katakana):
			return false
		case unicode.Is(unicode.Han, r):
			han++
			letters++
		case unicode.IsLetter(r):
			letters++
		}
	}
	return 2*han > letters
}

// WriteQuestions is the message that asks a language model for n questions that a text answers, each with its short answer, in the words of
// somebody who does not know the text. title names the document. Its language is Chinese for a Chinese text; else English, which asks for the
// text's language. The kinds of questions are those of tests of reading (yes/no, which, how, when, a case).
func WriteQuestions(title, text string, n int) string {
	if Chinese(text) {
		return fmt.Sprintf(`请阅读下面的文本，写出%d个可以用它回答的问题。提问的人没有读过这段文本，他在生活或工作中遇到了事情，用平常的话来问。
要求：
- 问题的种类要不同：能用“是”或“否”回答的，问“哪个”“谁”“什么”的，问“怎样”的，问“何时”“多久”“多少”的，以及先讲一个具体情况再问该怎么办的。
- 不要照抄文本的句子，不要提到“本文”“该条”或条款的编号；可以说出文件的名称。
- 每个问题后面写出简短的答案，答案必须来自文本。

文件：%s
文本：
%s

按下面的格式写，不要写别的内容：
问：问题
答：答案`, n, title, strings.TrimSpace(text))
	}
	return fmt.Sprintf(`Read the text below and write %d questions that it answers. Those who ask have never read the text: something has come up in their life or work, and they ask in everyday words.
Rules:
- The questions are of different kinds: one to be answered with yes or no, one that asks which, who or what, one that asks how, one that asks when, how long or how much, one that tells a short situation and asks what to do.
- Do not copy sentences of the text. Do not mention "the text" or the number of a section; you may say the name of the document.
- Write the short answer behind each question. It must come from the text.
- Write in the language of the text.

Document: %s
Text:
%s

Write in this form and nothing else:
Q: question
A: answer`, n, title, strings.TrimSpace(text))
}

// AnswerShortly is the message that asks a language model for the short answer to a question from a text.
func AnswerShortly(text, question string) string {
	if Chinese(text) {
		return fmt.Sprintf("%s\n\n问题：%s\n请只根据上面的文本，用几个字回答，不要解释。", strings.TrimSpace(text), strings.TrimSpace(question))
	}
	return fmt.Sprintf("%s\n\nQuestion: %s\nAnswer from the text above, in a few words and in its language, without an explanation.", strings.TrimSpace(text), strings.TrimSpace(question))
}

// selfReferences are words by which a question speaks of the text that it was made from, in lower case. Who has not read the text cannot ask so.
var selfReferences = []string{
	"the text", "this text", "the passage", "this passage", "the excerpt", "the paragraph", "this paragraph", "this section", "this article", "this document", "the document", "this clause", "the above", "mentioned above", "according to the section", "the given",
	"本文", "文本", "该文", "上文", "本条", "该条", "本款", "上述", "这段", "以上内容",
	"im text", "dem text", "der text", "des textes", "dieser abschnitt", "diesem abschnitt", "dieser artikel", "diesem artikel", "diesem absatz",
	"le texte", "du texte", "ce texte", "cet article", "ce paragraphe", "cette section", "le passage", "ce passage",
	"본문", "이 글", "위 글", "위의 글", "이 조항", "본 조", "이 문서",
}

// SpeaksOfText reports whether a question speaks of the text that it was made from, and by which word.
func SpeaksOfText(question string) (word string, ok bool) {
	words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(question), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
	for _, w := range selfReferences {
		at := w
		if w[0] < 0x80 { // whole words, where the script has them
			at = " " + w + " "
		}
		if strings.Contains(words, at) {
			return w, true
		}
	}
	return "", false
}
