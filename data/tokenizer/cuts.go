package tokenizer

import (
	"slices"
	"strings"
	"sync"
)

// Patterns that are cuts one after the other, each made within what the ones before it have left whole.
const (
	// O200k is GPT-4o's and LLaMA 4's: words change where capitals follow small letters, and take an English ending with them.
	O200k Pattern = "o200k"
	// Tekken is Mistral's since Nemo: O200k without endings, every number by itself.
	Tekken Pattern = "tekken"
	// SeedCoder is Qwen2, but signs do not take line breaks with them.
	SeedCoder Pattern = "seed-coder"
	// DeepSeekCoder and DeepSeekLLM cut out line breaks, words, signs, Chinese and digits in turn.
	DeepSeekCoder Pattern = "deepseek-coder"
	DeepSeekLLM   Pattern = "deepseek-llm"
)

// digit is what a file's step Digits cuts out: `tokenizers` takes Rust's numbers there (newDigit).
const digit = "[\\p{N}\U00011DE0-\U00011DE9\U00016FF4-\U00016FF6]"

const (
	// cased is the letters with a case as DeepSeek's files list them.
	cased = "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼ" +
		"ℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"
	han     = "[一-龥ࠀ-一가-퟿]+"
	prefix  = `[^\r\n\p{L}\p{N}]?`
	upper   = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	lower   = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	endings = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	blanks  = `|\s*[\r\n]+|\s+(?!\S)|\s+`
	signs   = `| ?[^\s\p{L}\p{N}]+[\r\n/]*`
)

// cuts are the expressions of a pattern, as files spell them (but for what spelling makes of them).
var cuts = map[Pattern][]string{
	O200k:         {prefix + upper + `*` + lower + `+` + endings + `?|` + prefix + upper + `+` + lower + `*` + endings + `?|\p{N}{1,3}` + signs + blanks},
	Tekken:        {prefix + upper + `*` + lower + `+|` + prefix + upper + `+` + lower + `*|\p{N}` + signs + blanks},
	SeedCoder:     {endings + `|` + prefix + `\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+` + blanks},
	DeepSeekCoder: {`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, han, digit},
	DeepSeekLLM:   {`[\r\n]`, `\s?[` + cased + `]+`, `\s?[!-/:-~！-／：-～‘-‟　-。]+`, `\s+$`, han, digit},
}

// escaped writes line breaks in an expression as escapes: files have either.
var escaped = strings.NewReplacer("\r", `\r`, "\n", `\n`)

// expressions are the compiled cuts.
var expressions = sync.OnceValue(func() map[Pattern][]expression {
	all := map[Pattern][]expression{}
	for p, texts := range cuts {
		for _, text := range texts {
			all[p] = append(all[p], compile(text))
		}
	}
	return all
})

// cutBy finds the pattern whose cuts a file's steps are, each written as its expression.
func cutBy(steps []string) (Pattern, bool) {
	for p, texts := range cuts {
		if slices.Equal(texts, steps) {
			return p, true
		}
	}
	return "", false
}

// appendCut appends the ids of text, which is cut by the first expression, then all parts by the next one.
func (t *Tokenizer) appendCut(out []int32, text string, by []expression) []int32 {
	if len(by) == 0 {
		if text != "" {
			out = t.appendWord(out, text)
		}
		return out
	}
	from := 0
	for i := 0; i < len(text); {
		end := by[0].match(text, i)
		if end <= i {
			i = by[0].hopeless(text, i)
			continue
		}
		out = t.appendCut(out, text[from:i], by[1:])
		out = t.appendCut(out, text[i:end], by[1:])
		i, from = end, end
	}
	return t.appendCut(out, text[from:], by[1:])
}
