package question

import (
	"regexp"
	"strings"
	"unicode"

	"slm/data/corpus"
)

// manual is how people ask about the documentation of software: not what is allowed, but what something is and how it is done. A language without one
// asks as it does about any text.
type manual struct {
	topic  func(heading string) []string // forms with {x}
	named  []string                      // as language.named
	rules  map[string][]string           // the rules that are used, with their forms
	common *regexp.Regexp                // headings that every page has
	dull   *regexp.Regexp                // questions that point at what only the text shows
}

// technical matches what stands in sections of documentation: code, names of functions and files, addresses.
var technical = regexp.MustCompile("`|\\w\\(\\)|\\w_\\w|::|https?://|--\\w|->")

// leastTechnical is the share of such sections from which a corpus is documentation.
const leastTechnical = 0.2

// markup is what a text of documentation has and no sentence: each pattern with what stays of it.
var markup = []change{
	{regexp.MustCompile("(?s)```.*?(?:```|$)|~~~.*?(?:~~~|$)"), "\n"},
	{regexp.MustCompile(`(?m)^\s*(?:\||:::|!!!|///|\.\. ).*$`), "\n"},
	{regexp.MustCompile(`\{!.*?!\}|\{\{.*?\}\}|\{%.*?%\}|\{[.#][^{}]*\}|\{[a-z:]+\}`), ""},
	{regexp.MustCompile(`!\[[^\]]*\](?:\([^()]*\)|\[[^\]]*\])`), ""},
	{regexp.MustCompile(`\[([^\]]*)\](?:\([^()]*\)|\[[^\]]*\])`), "$1"},
	{regexp.MustCompile(`</?[a-zA-Z][^<>]*>`), ""},
	{regexp.MustCompile(`\*\*|__|(?m)^#+ `), ""},
}

// prose takes the markup out of a section's text.
func prose(text string) string {
	for _, m := range markup {
		text = m.find.ReplaceAllString(text, m.with)
	}
	return text
}

// broken matches markup that is left in a question.
var broken = regexp.MustCompile(`[<>{}\[\]|*#\\@=$]|https?:|::|\.\.|//|--|[a-z]\.(?: |$)`)

// whole reports whether a text has no remains of markup and closes what it opens.
func whole(text string) bool {
	return !broken.MatchString(text) && strings.Count(text, "`")%2 == 0 && strings.Count(text, `"`)%2 == 0 &&
		strings.Count(text, "(") == strings.Count(text, ")") && strings.Count(text, "„")+strings.Count(text, "”") == strings.Count(text, "“")
}

// numbering is what numbers a heading: 2.3.1, 4.
var numbering = regexp.MustCompile(`^\d+(?:\.\d+)*\.?\s+`)

// manualOf says that sections are documentation, by the share of them that hold code or names of code.
func manualOf(sections, technicals int) bool {
	return sections > 0 && float64(technicals) >= leastTechnical*float64(sections)
}

// bareSection is a section of documentation without its markup.
func bareSection(s corpus.Section) corpus.Section {
	s.Text, s.Heading = prose(s.Text), numbering.ReplaceAllString(strings.ReplaceAll(s.Heading, "`", ""), "")
	return s
}

func forms(list ...string) func(string) []string { return func(string) []string { return list } }

func englishManual() *manual {
	verbs := map[string]bool{}
	for _, v := range strings.Fields(`add assign attach avoid build call change check choose clean configure connect convert create customize debug declare define delete deploy disable document download embed enable enforce
		ensure export extend extract find fix format generate get give handle hide implement import include increase inspect install integrate keep limit load lock log make manage map merge migrate mock modify monitor move open
		organize override package parse pass pick pin prepare prevent print profile provide publish read receive reduce redirect register reload remove rename render replace report request require reset resolve restrict return reuse run save secure
		select send serve set share show skip sort specify split start stop store submit support switch test trace translate trim update upgrade upload use validate verify write`) {
		verbs[v] = true
	}
	return &manual{
		topic: func(h string) []string {
			first, rest, _ := strings.Cut(h, " ")
			is, does, _ := agree(h)
			switch first = strings.ToLower(first); {
			case strings.HasSuffix(h, "?"):
				return []string{"{x}"}
			case first == "how" && strings.HasPrefix(rest, "to "):
				what := strings.TrimPrefix(rest, "to ")
				return []string{"How do I " + what + "?", "How can I " + what + "?", "Is there a way to " + what + "?"}
			case first == "how" || first == "why" || first == "what" || first == "when" || first == "where" || first == "which":
				return []string{"Where can I read {x}?", "Where is it explained {x}?"}
			case verbs[first] && rest != "" && !strings.HasPrefix(rest, "of "):
				return []string{"How do I {x}?", "How can I {x}?", "What do I have to do to {x}?"}
			case strings.HasSuffix(first, "ing") && rest != "":
				return []string{"How does {x} work?", "What should I know about {x}?", "Where can I read about {x}?", "What is the way of {x}?"}
			}
			return []string{"What " + is + " {x}?", "How " + does + " {x} work?", "What should I know about {x}?", "Where can I read about {x}?", "Is there anything about {x}?"}
		},
		named: []string{"{bare} in {name}?", "In {name}, {q}", "{name}: {Q}"},
		rules: map[string][]string{
			"you may": {"How do I {v}?", "Can I {v}?", "How can I {v}?"}, "you may not": {"Can I {v}?", "Why can I not {v}?"}, "you must": {"Do I have to {v}?", "Do I need to {v}?"},
			"means": {"What does {x} mean?", "What is meant by {x}?"}, "is defined": {"What does {x} mean?", "What is meant by {x}?"}, "is a": {"What is {x}?", "What is meant by {x}?"},
			"if first": {"What happens if {c}?", "What can I do if {c}?"}, "if later": {"What happens if {c}?"}, "passive": {"How {is} {s} {p}?"},
		},
		common: regexp.MustCompile(`(?i)^(?:usage|examples?|overview|introduction|intro|syntax|options|notes?|description|parameters|summary|background|features|see also|links|references?|index|contents|next steps|what's next|recap|more|more info(?:rmation)?|details|technical details|misc(?:ellaneous)?|warning|tips?|credits|license|other|about|note that)$`),
		dull:   regexp.MustCompile(`(?i)\b(?:it|this|that|these|those|they|them|their|its|such|above|below|here|there|following|same|so|one|ones|both|previous|next|also|now|then|instead|another|something|anything else|everything)\b|\bI (?:be|have|see|find|think|expect|do|even|still|either|familiar|wish|want|notice|imagine|remember|note|need)\b|\b(?:if|is) (?:where|when|since|not|only|\w+(?:ing|ed))\b|\b(?:is|are|an?|the|of|to|in|and|or|with|for|have) ?\?$`),
	}
}

func germanManual() *manual {
	return &manual{
		topic: func(h string) []string {
			words := strings.Fields(h)
			last := words[len(words)-1]
			switch {
			case strings.HasSuffix(h, "?"):
				return []string{"{x}"}
			case len(words) > 1 && strings.HasSuffix(last, "en") && unicode.IsLower([]rune(last)[0]):
				return []string{"Wie kann ich {x}?", "Was muss man tun, um {x} zu können?"}
			}
			return []string{"Was muss ich über {x} wissen?", "Wo finde ich etwas zu {x}?", "Was hat es mit {x} auf sich?"}
		},
		named:  []string{"{name}: {Q}", "{bare} bei {name}?"},
		rules:  map[string][]string{"if first": {"Was passiert, wenn {c}?", "Was kann ich tun, wenn {c}?"}, "if later": {"Was passiert, wenn {c}?"}, "means": {"Was ist {x}?", "Was bedeutet {x}?"}},
		common: regexp.MustCompile(`(?i)^(?:beispiele?|überblick|einführung|einleitung|zusammenfassung|hinweise?|mehr|weitere|details|technische details|rekapitulation|fazit|verwendung|optionen|parameter)$`),
		dull:   regexp.MustCompile(`(?i)\b(?:es|dies|diese[srnm]?|jene[srnm]?|sie|ihre[srnm]?|ihr|dort|hier|oben|unten|solche[srnm]?|das gleiche|dasselbe)\b`),
	}
}

func chineseManual() *manual {
	return &manual{
		topic:  forms("{x}是怎么回事？", "哪里讲到{x}？", "我想了解{x}，看哪里？", "{x}该怎么理解？"),
		named:  []string{"{name}：{Q}", "{name}里，{Q}"},
		rules:  map[string][]string{"means": {"什么是{x}？", "{x}是什么意思？"}, "is a": {"什么是{x}？"}},
		common: regexp.MustCompile(`^(?:说明|概览|概述|检查|总结|小结|示例|例子|简介|介绍|背景|更多|注意|选项|用法|技术细节|回顾|额外信息)$`),
		dull:   regexp.MustCompile(`这|那|它|该|上面|下面|上述|以下`),
	}
}

func frenchManual() *manual {
	return &manual{
		topic:  forms("Que faut-il savoir sur {x} ?", "Où trouver quelque chose sur {x} ?", "De quoi s'agit-il avec {x} ?"),
		named:  []string{"{name} : {Q}"},
		rules:  map[string][]string{"if first": {"Que se passe-t-il si {c} ?"}, "if later": {"Que se passe-t-il si {c} ?"}},
		common: regexp.MustCompile(`(?i)^(?:exemples?|introduction|aperçu|résumé|utilisation|options|notes?|syntaxe)$`),
		dull:   regexp.MustCompile(`(?i)\b(?:ceci|cela|ça|celui|celle|ceux|il|elle|ils|elles)\b`),
	}
}

func koreanManual() *manual {
	return &manual{
		topic:  forms("{x}에 대해 알고 싶어요.", "{x}에 대한 설명은 어디에 있나요?"),
		named:  []string{"{name}: {Q}"},
		rules:  map[string][]string{},
		common: regexp.MustCompile(`^(?:예|예제|예시|개요|소개|요약|사용법|옵션|참고)$`),
		dull:   regexp.MustCompile(`이것|그것|저것|여기|위의|아래`),
	}
}
