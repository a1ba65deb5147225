package llm

import (
	"regexp"
	"strings"
	"unicode"
)

// A letter's surroundings say whether it is decided for, decided against, or only mentioned. The patterns are matched to the text right before
// the letter and right behind it.
const (
	marks  = `[\s"'“”‘’「」『』《》*_` + "`" + `()（）\[\]{}<>:：=≡~→\-–—,，#\\$|]*`
	noun   = `(?:(?:the )?(?:option|choice|letter|answer|text|boxed|mathrm|textbf|textit|antwort|lösung|réponse|lettre|opción|letra|opzione|lettera|opção|вариант|选项|選項|選択肢|보기|선택지|项|la|el|die)` + marks + `)*`
	answer = `(?:answer|solution|antwort|lösung|réponse|respuesta|risposta|resposta|ответ|答案|答复|正解|答え|解答|回答|정답|답변|답)`
)

var (
	chosen = regexp.MustCompile(`(?i)(?:` +
		`\b(?:correct|right|best|final|chosen|richtige|bonne|correcta|corretta|correta) (?:option|choice|letter|one|opción|opzione|opção)(?: here)?` + marks + `(?:is|would be|should be|must be|es|è|é)?` +
		`|` + answer + `(?: (?:choice|option|letter|here|to (?:the|this) question|correcte|correcta|corretta|correta|exacte))*` + marks +
		`(?:is|are|would be|should be|must be|has to be|seems to be|might be|lautet|ist|wäre|est|es|è|é|это|是|为|為|应为|应该是|就是|は|은|는|이|가)?(?: (?:therefore|thus|clearly|likely|probably|definitely|simply|most likely))?` +
		`|\b(?:choose|choosing|chose|pick|picking|select|selecting|go with|going with|opt for|wähle|choisis|elijo|elegir|scelgo|escolho|выбираю)` +
		`|\b(?:therefore|thus|hence|so|conclusion|i'd say|i would say|i say|it's|it has to be|it must be|it should be|it would be)` +
		`|\\boxed|\\text|####|<answer>|=>|⇒` +
		`|选择|选|選擇|選|应选|故选)` + marks + noun + marks + `$`)
	stated  = regexp.MustCompile(`(?i)\b(?:is|be|was|ist|est|es|è|é|no[,:]|wait|actually|correction|i mean|or rather|sorry)` + marks + noun + marks + `$`)
	ends    = regexp.MustCompile(`^[\s"'”’」』*_` + "`" + `)）\]}>$\\]*(?:[.!。！]|\n|$)`)
	favours = regexp.MustCompile(`(?i)^[\s"'”’」』*_` + "`" + `)）\]}.:\-–—]*(?:[✅✓✔☑]|(?:is|was|would be|seems|appears|looks|must be|should be|ist|est|es|è|é)(?: (?:the|die|la|a|both|indeed|clearly|definitely|most|likely|probably|therefore|thus))*` +
		` ?(?:most )?(?:correct|right|best|true|accurate|answer|one|richtig|korrekt|correct|bonne|correcta|corretta|correta|giusta|certa)\b` +
		`|(?:项|選|选|项是|是)?(?:正确|正確|对的|對的)|が(?:正しい|正解|適切)|です|である|だ。|입니다|이다|이에요|예요|번|[가이] (?:정답|맞|옳))`)
	rejects = regexp.MustCompile(`(?i)^[\s"'”’」』*_` + "`" + `)）\]}:\-–—]*(?:[❌✗✘☒]|(?:is|are|was|were|would be|seems|looks|can be|could be|must be|ist|est|es|è|é)? ?(?:also |clearly |definitely |simply |obviously |therefore |completely |partly )*` +
		`(?:wrong|incorrect|false|not\b|invalid|inaccurate|out\b|ruled out|eliminated|excluded|discarded|irrelevant|unrelated|too\b|falsch|nicht|faux|fausse|pas\b|incorrecte?\b|incorrecta|no es|sbagliat|errad|scorrett)` +
		`|(?:isn't|isn’t|doesn't|doesn’t|does not|do not|don't|cannot|can't|can be (?:ruled|eliminated|excluded)|contradicts|fails|n'est pas)` +
		`|(?:项|選|选项)?(?:是)?(?:不对|不對|不正确|不正確|错|錯|误|誤|不是|不符)|は(?:誤|間違|違|正しくな|不正解)|ではな|じゃな|(?:는|은|가|이)? ?(?:틀|아니|오답|맞지 않|옳지 않))`)
	against  = regexp.MustCompile(`(?i)(?:\b(?:not|never|neither|nor|except|eliminate|eliminates|eliminated|eliminating|eliminated are|rule out|rules out|ruled out|ruling out|reject|rejecting|exclude|excluding|rather than|instead of|unlike|nicht|statt|ni|pas|au lieu de)|n't|n’t|不是|不选|不選|而非|排除|并非|不应选)` + marks + `(?:(?:be|is|the)` + marks + `)*` + noun + marks + `$`)
	joined   = regexp.MustCompile(`(?i)^[\s"'*_)）\]]*(?:,|/|&|\+|、|，|and|or|vs\.?|versus|und|oder|et|ou|y|o|e|和|或者|或|还是|跟|と|か|または|와|과|또는|или|и)[\s"'*_(（\[]*(?:or |and |option |choice |both |选项?)*[\s"'*_(（\[]*$`)
	leading  = regexp.MustCompile(`^[^\pL\pN]*([A-Za-z])(?:[^\pL\pN]*$|[\s*_"'` + "`" + `]*[).:,;\]}）．。：、，\n]|\s+[-–—]\s)`)
	listed   = regexp.MustCompile(`(?m)^[\s*_(（\[#>-]*([A-Z])[*_]*(?:[).:．：）\]]|\s+[-–—]\s|\s*[✅✓✔☑❌✗✘☒])`)
	preface  = regexp.MustCompile(`(?i)^(?:the )?(?:correct |right |best |final )?` + answer + marks + `(?:is)?` + marks)
	notOne   = regexp.MustCompile(`(?i)\bN/A\b`)
	named    = regexp.MustCompile(`(?i)^\PL*(?:option|choice|letter|alternative|opción|opzione|opção|choix|buchstabe|lettre|lettera)\PL+[a-z]\PL*$`)
	partName = regexp.MustCompile(`(?i)(?:\b(?:sections?|appendix|annex|annexe|schedule|part|exhibit|article|chapter|table|figure|clause|paragraph|attachment|anhang|anlage|artikel|teil|allegato|anexo) |附件|附录|附錄|附表|別表|부록|별표 )$`)
	nextWord = regexp.MustCompile(`^ \pL+`)
)

// verbs follow a letter that begins a sentence, where a noun would follow the article.
var verbs = map[string]bool{"is": true, "was": true, "would": true, "seems": true, "appears": true, "because": true, "since": true, "as": true, "says": true, "and": true, "or": true, "best": true,
	"fits": true, "describes": true, "matches": true, "applies": true, "states": true, "correctly": true, "should": true, "ist": true, "est": true, "es": true, "are": true, "isn": true, "vs": true, "versus": true, "doesn": true, "oder": true, "und": true, "et": true, "ou": true, "y": true, "o": true, "e": true, "n": true, "sind": true, "sont": true, "son": true, "sono": true, "lautet": true}

// mention is a letter that stands alone in a reply.
type mention struct {
	index    int  // of the choice; -1 = there is no such choice
	decided  bool // the reply says that it is the answer
	rejected bool // the reply says that it is not
	shared   bool // together with the next one
}

// parseLetter finds the choice that a reply decides for. The last decision in words counts ("the answer is B", "选B"), else a letter at the
// start, else the text of a choice, else the only letter that is mentioned and not rejected. -1 = the reply decides for none. sure is false
// where a mention alone decided: more text could change it.
func parseLetter(reply string, choices []string) (index int, sure bool) {
	text, _ := visible(reply)
	text = notOne.ReplaceAllString(foldLetters(text), " ")
	found := mentions(text, len(choices))
	for i := len(found) - 1; i >= 0; i-- {
		if m := found[i]; m.decided && !m.rejected {
			if m.shared || i > 0 && found[i-1].shared && found[i-1].decided {
				return -1, true
			}
			return m.index, true
		}
	}
	if m := leading.FindStringSubmatchIndex(text); m != nil && !enumerates(text) {
		first := numberOf(rune(text[m[2]]), len(choices))
		quoted := first >= 0 && strings.HasPrefix(strings.ToLower(strings.TrimLeft(text[m[3]:], " *_).:,;]）．。：、，\n")), strings.ToLower(strings.Trim(choices[first], " .")))
		if quoted || len(found) == 0 || found[0].index != first || !found[0].rejected && !found[0].shared {
			return first, true
		}
	}
	bare := strings.Trim(preface.ReplaceAllString(text, ""), " .*\"'")
	for i, c := range choices {
		if strings.EqualFold(bare, strings.Trim(c, " .*\"'")) {
			return i, true
		}
	}
	only := -1
	for _, m := range found {
		switch {
		case m.rejected || m.index < 0 || m.index == only:
		case only >= 0:
			return -1, false // several, and no decision
		default:
			only = m.index
		}
	}
	return only, false
}

// enumerates says that a reply lists several options by their letters.
func enumerates(text string) bool {
	first := ""
	for _, m := range listed.FindAllStringSubmatch(text, -1) {
		if first == "" {
			first = m[1]
		}
		if m[1] != first {
			return true
		}
	}
	return false
}

// mentions lists the letters that stand alone in a text, in order. A small letter counts only where a decision leads to it.
func mentions(text string, choices int) []mention {
	var out []mention
	runes := []rune(text)
	at := 0 // byte position
	last := -1
	for i, r := range runes {
		size := len(string(r))
		before, after := text[:at], text[at+size:]
		at += size
		small := r >= 'a' && r <= 'z'
		if !small && (r < 'A' || r > 'Z') || joins(runes, i-1, -1) || joins(runes, i+1, 1) {
			continue
		}
		near := before
		if len(near) > 120 {
			near = strings.ToValidUTF8(near[len(near)-120:], "")
		}
		if led := chosen.MatchString(near) && ends.MatchString(after); small && !led && !named.MatchString(text) || article(r, before, after) || inside(near, after) {
			continue
		}
		m := mention{index: numberOf(r, choices)}
		m.rejected = rejects.MatchString(after) || against.MatchString(near)
		m.decided = chosen.MatchString(near) || favours.MatchString(after) || stated.MatchString(near) && ends.MatchString(after)
		if n := len(out) - 1; n >= 0 && out[n].index != m.index && joined.MatchString(text[last:at-size]) && (!m.rejected || !out[n].decided) {
			out[n].shared = true
			m.decided = m.decided || out[n].decided
		}
		out, last = append(out, m), at
	}
	for i := len(out) - 2; i >= 0; i-- { // "A and B are wrong" rejects both
		if out[i].shared && out[i+1].rejected {
			out[i].rejected, out[i].shared = true, false
		}
	}
	return out
}

// article says that a letter is a word of its own: "A" and "I" at the start of a sentence, in front of a word that no statement about an
// option begins with.
func article(r rune, before, after string) bool {
	if r != 'A' && r != 'I' && r != 'O' && r != 'E' && r != 'Y' {
		return false
	}
	word := strings.TrimSpace(nextWord.FindString(after))
	if word == "" || !unicode.IsLower([]rune(word)[0]) || verbs[word] {
		return false
	}
	return r == 'I' || begins([]rune(before))
}

// inside says that a letter belongs to a name: that of a part of a text ("Appendix A"), or of a language of programs.
func inside(before, after string) bool {
	return strings.HasPrefix(after, "++") || strings.HasPrefix(after, "#") || partName.MatchString(before) && !favours.MatchString(after)
}

// joins says that the rune at i makes a word of the letter beside it, away from which by leads. Scripts that put no space between words do not;
// an apostrophe does in front of another letter.
func joins(runes []rune, i, by int) bool {
	if i < 0 || i >= len(runes) {
		return false
	}
	r := runes[i]
	if r == '\'' || r == '’' {
		return i+by >= 0 && i+by < len(runes) && unicode.IsLetter(runes[i+by])
	}
	return unicode.IsDigit(r) || unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// numberOf is the choice that a letter names; -1 = there is none.
func numberOf(r rune, choices int) int {
	if i := int(unicode.ToUpper(r) - 'A'); i >= 0 && i < choices {
		return i
	}
	return -1
}

// latin are alphabets of letters that are Latin in another dress, by their first and last one, with what the first one stands for.
var latin = []struct{ first, last, as rune }{
	{'Ａ', 'Ｚ', 'A'}, {'ａ', 'ｚ', 'a'}, {'Ⓐ', 'Ⓩ', 'A'}, {'🄰', '🅉', 'A'}, {'🅐', '🅩', 'A'}, {'🅰', '🆉', 'A'}, {'𝐀', '𝐙', 'A'},
}

// cyrillic are the capitals that look like Latin ones.
var cyrillic = map[rune]rune{'А': 'A', 'В': 'B', 'С': 'C', 'Е': 'E'}

// foldLetters writes full-width, circled, squared and mathematical letters, and the Cyrillic ones that look like Latin, as Latin.
func foldLetters(text string) string {
	runes := []rune(text)
	for i, r := range runes {
		if as, ok := cyrillic[r]; ok && (i == 0 || !unicode.IsLetter(runes[i-1])) && (i+1 == len(runes) || !unicode.IsLetter(runes[i+1]) && runes[i+1] != ' ') {
			runes[i] = as
			continue
		}
		for _, a := range latin {
			if a.first <= r && r <= a.last {
				runes[i] = a.as + r - a.first
			}
		}
	}
	return string(runes)
}

// begins says that a sentence begins after this text: only there has the article a capital letter.
func begins(before []rune) bool {
	for i := len(before) - 1; i >= 0; i-- {
		if !unicode.IsSpace(before[i]) && !strings.ContainsRune(`"'“‘(*_`, before[i]) {
			return strings.ContainsRune(".!?:。！？：\n", before[i])
		}
	}
	return true
}
