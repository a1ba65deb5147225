package writer

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
)

// draft is a question as it was written, with its answer if there is one.
type draft struct{ question, answer string }

// Labels that replies put in front of questions and of answers, in the languages that models write them in whatever they were asked.
var (
	questionLabel = regexp.MustCompile(`(?i)^(?:q(?:uestion)?|frage|pregunta|domanda|问题?|問題?|质问|질문|문)\s*[0-9]{0,3}\s*[:：.)、]\s*`)
	answerLabel   = regexp.MustCompile(`(?i)^(?:the )?(?:a(?:nswer)?|short answer|antwort|réponse|reponse|respuesta|risposta|答案?|回答|답변?)\s*[0-9]{0,3}\s*[:：]\s*`)
	inlineAnswer  = regexp.MustCompile(`(?i)\s*(?:[(（\[]\s*)?\b(?:a|answer|antwort|réponse)\s*[:：]\s*|\s*[(（\[]?\s*(?:答案?|답)\s*[:：]\s*`)
	bullet        = regexp.MustCompile(`^(?:[-*•·‣▪–—+]\s+|#{1,6}\s+|>\s*)`)
	numbering     = regexp.MustCompile(`^(?:[(（\[]?[0-9]{1,3}[)）\].、:：]|[a-hA-H][)）.]|[①-⑳])\s*`)
	placeholder   = regexp.MustCompile(`(?i)^(?:(?:q|a|question|answer|问|答|问题|答案)[:：.\s]*)+$`)
	fence         = regexp.MustCompile("(?m)^\\s*```[a-zA-Z]*\\s*$")
)

// parse reads the questions of a reply, without thoughts, in any of the forms that models write: lines that begin with Q and A, numbered lists,
// bullets, tables, JSON. What introduces or ends the list is left out. lost counts lines that begin like an item and hold no question.
func parse(reply string) (drafts []draft, lost int) {
	reply = fence.ReplaceAllString(reply, "")
	if found := parseJSON(reply); len(found) > 0 {
		return found, 0
	}
	open, next := false, false // the last draft waits for its answer; and this is the line behind it
	for line := range strings.Lines(reply) {
		text, item := bare(line)
		behind := next
		if next = false; !strings.ContainsFunc(text, unicode.IsLetter) && !strings.ContainsFunc(text, unicode.IsDigit) {
			continue
		}
		if answer := answerLabel.FindString(text); answer != "" {
			if n := len(drafts); open {
				drafts[n-1].answer, open = unlabelled(text, answerLabel), false
			}
			continue
		}
		label := questionLabel.FindString(text)
		question, rest, asks := cutQuestion(unlabelled(text, questionLabel))
		switch {
		case placeholder.MatchString(question):
			lost++
		case asks || label != "" && question != "":
			drafts = append(drafts, draft{question, rest})
			open, next = rest == "", rest == ""
		case open && behind && !item: // a plain line right behind a question is its answer
			drafts[len(drafts)-1].answer, open = unquote(text), false
		case item:
			lost++
		}
	}
	return drafts, lost
}

// unlabelled is a text without a label, which small models repeat, and nothing where it repeats the form that it was shown.
func unlabelled(text string, label *regexp.Regexp) string {
	for {
		m := label.FindString(text)
		if m == "" {
			break
		}
		text = strings.TrimSpace(text[len(m):])
	}
	if placeholder.MatchString(text) && label == answerLabel {
		return ""
	}
	return unquote(text)
}

// bare is a line without bullets, numbering, emphasis and the borders of tables; item = it had some.
func bare(line string) (text string, item bool) {
	text = strings.TrimSpace(line)
	if strings.HasPrefix(text, "|") {
		text, item = strings.Join(strings.FieldsFunc(strings.Trim(text, "| "), func(r rune) bool { return r == '|' }), " "), true
	}
	text = strings.ReplaceAll(text, "**", "")
	for range 4 {
		before := text
		for _, mark := range []*regexp.Regexp{bullet, numbering} {
			if m := mark.FindString(text); m != "" && len(m) < len(text) {
				text, item = text[len(m):], true
			}
		}
		if text = strings.TrimSpace(text); text == before {
			break
		}
	}
	return text, item
}

// cutQuestion cuts a line behind its question mark; what follows on the line is the answer. asks = there is a question.
func cutQuestion(text string) (question, rest string, asks bool) {
	text = unquote(text)
	end := strings.LastIndexAny(text, "?？")
	if i := inlineAnswer.FindStringIndex(text); i != nil && i[0] > 0 {
		end = strings.LastIndexAny(text[:i[0]], "?？")
		if end < 0 {
			end = i[0] - 1
		}
	} else if end < 0 {
		if strings.HasSuffix(text, "吗") || strings.HasSuffix(text, "呢") {
			return text, "", true
		}
		return text, "", false
	}
	if end < 0 || end >= len(text) {
		return text, "", false
	}
	size := 1
	if strings.HasPrefix(text[end:], "？") {
		size = len("？")
	}
	question, rest = unquote(text[:end+size]), strings.TrimSpace(text[end+size:])
	if i := inlineAnswer.FindStringIndex(rest); i != nil && i[0] == 0 {
		rest = rest[i[1]:]
	}
	rest = strings.Trim(unquote(rest), "-–— )）]")
	return question, strings.TrimSpace(rest), strings.ContainsAny(question, "?？")
}

// unquote takes off space, quotation marks and emphasis around a text.
func unquote(text string) string {
	text = strings.TrimSpace(text)
	for _, pair := range [][2]string{{`"`, `"`}, {"“", "”"}, {"「", "」"}, {"*", "*"}, {"_", "_"}} {
		if inner, ok := strings.CutPrefix(text, pair[0]); ok {
			if inner, ok := strings.CutSuffix(inner, pair[1]); ok {
				text = strings.TrimSpace(inner)
			}
		}
	}
	return text
}

// parseJSON reads a list of objects or of texts, or each whole object of a list that was cut off.
func parseJSON(reply string) (drafts []draft) {
	for at := strings.IndexAny(reply, "[{"); at >= 0; {
		var v any
		dec := json.NewDecoder(strings.NewReader(reply[at:]))
		if err := dec.Decode(&v); err == nil {
			drafts = collect(v, drafts)
			at += int(dec.InputOffset())
		} else {
			at++
		}
		next := strings.IndexAny(reply[at:], "[{")
		if next < 0 {
			break
		}
		at += next
	}
	return drafts
}

var (
	questionKeys = []string{"question", "q", "query", "instruction", "问题", "问", "frage", "질문"}
	answerKeys   = []string{"answer", "a", "short_answer", "short answer", "output", "response", "答案", "答", "antwort", "réponse", "답변", "답"}
)

// collect finds questions in a value, however deep.
func collect(v any, drafts []draft) []draft {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if text, ok := x.(string); ok {
				if question, rest, asks := cutQuestion(text); asks {
					drafts = append(drafts, draft{question, rest})
				}
				continue
			}
			drafts = collect(x, drafts)
		}
	case map[string]any:
		if question := field(v, questionKeys); question != "" {
			return append(drafts, draft{question, field(v, answerKeys)})
		}
		for _, name := range []string{"questions", "items", "qa", "pairs", "data", "list", "faq", "result"} {
			if x, ok := v[name]; ok {
				drafts = collect(x, drafts)
			}
		}
	}
	return drafts
}

// field is the text of the first key that an object has, in whatever case; booleans are yes and no.
func field(v map[string]any, keys []string) string {
	for _, key := range keys {
		for _, name := range []string{key, strings.ToUpper(key[:1]) + key[1:], strings.ToUpper(key)} {
			switch x := v[name].(type) {
			case string:
				return unquote(x)
			case bool:
				return map[bool]string{true: "Yes", false: "No"}[x]
			case float64:
				text, _ := json.Marshal(x) // a number can be written
				return string(text)
			}
		}
	}
	return ""
}
