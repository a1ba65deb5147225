package weights

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// conditional is text with a conditional expression in parentheses behind it, which the library does not read.
var conditional = regexp.MustCompile(`(?s)\{\{(-?)([^{}]+?)\+ \((\w+) if ([\w.]+) else (""|'')\) (-?)\}\}`)

// compile reads a Jinja template as transformers does: line breaks behind blocks and white space in front of them are no text. Nothing of the
// machine can be reached from it.
func compile(template string) (t *exec.Template, err error) {
	defer caught(&err)
	if len(template) > mostTemplate {
		return nil, fmt.Errorf("%d bytes, more than %d", len(template), mostTemplate)
	}
	template = conditional.ReplaceAllString(template, "{{$1$2}}{{ $3 if $4 else $5 $6}}")
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true
	if err := operators(tokens.LexAll(template, c)); err != nil {
		return nil, err
	}
	globals := exec.NewContext(map[string]any{"raise_exception": func(_ *exec.Evaluator, params *exec.VarArgs) (*exec.Value, error) {
		if len(params.Args) != 1 {
			return nil, errors.New("raise_exception takes one text")
		}
		return nil, errors.New(params.Args[0].String())
	}})
	for _, name := range []string{"namespace", "dict"} { // range is none of them: a file could ask for any number of turns
		if f, ok := builtins.GlobalFunctions.Get(name); ok {
			globals.Set(name, f)
		}
	}
	return exec.NewTemplate("/chat", c, loaders.MustNewMemoryLoader(map[string]string{"/chat": template}), &exec.Environment{
		Context: globals, Filters: filters, Tests: builtins.Tests, ControlStructures: statements, Methods: methods,
	})
}

// caught makes an error of a panic of the library: files are not trusted.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%v", p)
	}
}

// run renders a conversation. start and end are the tokens that a text begins and ends with.
func run(t *exec.Template, messages []Message, reply bool, start, end string) (text string, err error) {
	defer caught(&err)
	turns := make([]any, len(messages))
	for i, m := range messages {
		turns[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	left := mostTurns
	var out limited
	err = t.Execute(&out, exec.NewContext(map[string]any{
		"messages": turns, "add_generation_prompt": reply, "bos_token": start, "eos_token": end, turnsName: &left,
	}))
	return string(out.text), err
}

// sentinel stands for message i while it is looked for where a template puts the messages.
func sentinel(i int) string { return fmt.Sprintf("\ue000%d\ue001", i) }

// places finds where the messages stand in a rendered conversation: [from, to) in bytes, in order. marked is the same conversation with a sentinel for
// each message. A template may leave white space around a message out; one that writes a message otherwise, twice or not at all is not ok.
func places(text, marked string, messages []Message) (all [][2]int, ok bool) {
	at := 0
	for i, m := range messages {
		before, after, found := strings.Cut(marked, sentinel(i))
		if !found || !strings.HasPrefix(text[at:], before) {
			return nil, false
		}
		at += len(before)
		next := after
		if cut := strings.Index(after, sentinel(i+1)); cut >= 0 {
			next = after[:cut]
		}
		placed := false
		for _, form := range []string{m.Content, strings.TrimSpace(m.Content)} {
			if strings.HasPrefix(text[at:], form) && strings.HasPrefix(text[at+len(form):], next) {
				all, placed = append(all, [2]int{at, at + len(form)}), true
				break
			}
		}
		if !placed {
			return nil, false
		}
		at, marked = all[i][1], after
	}
	return all, text[at:] == marked
}
