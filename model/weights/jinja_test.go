package weights

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"slm/data/tokenizer"
)

// The golden file holds what Jinja makes of conversations under templates of popular models (scripts/golden/chat.py).
func TestCompile_TemplatesOfPopularModelsRenderAsInTransformers(t *testing.T) {
	data, err := os.ReadFile("testdata/chat.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden []struct {
		Name, Template string
		Cases          []struct {
			Messages    []Message
			Reply       bool
			Text, Error string
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) < 10 {
		t.Fatalf("%d templates", len(golden))
	}
	for _, g := range golden {
		compiled, err := compile(g.Template)
		if err != nil {
			t.Errorf("%s: %v", g.Name, err)
			continue
		}
		for _, c := range g.Cases {
			got, err := run(compiled, c.Messages, c.Reply, "<s>", "</s>")
			if c.Error != "" {
				if err == nil || !strings.Contains(err.Error(), c.Error) {
					t.Errorf("%s: %q %v, want the error %q", g.Name, got, err, c.Error)
				}
			} else if err != nil || got != c.Text {
				t.Errorf("%s, %d messages: %v\n got %q\nwant %q", g.Name, len(c.Messages), err, got, c.Text)
			}
		}
	}
}

func TestCompile_HostileTemplatesReachNothing(t *testing.T) {
	for _, template := range []string{
		"{% include '/etc/passwd' %}", "{% extends '/etc/passwd' %}", "{% import '/etc/passwd' as x %}", "{% for i in range(10) %}x{% endfor %}",
		"{{ lipsum(100000) }}", strings.Repeat("x", mostTemplate+1), "{{ raise_exception() }}", "{% for m in messages %}", "{{ messages[9].content }}{{ 1/0 }}",
	} {
		compiled, err := compile(template)
		if err != nil {
			continue
		}
		if text, err := run(compiled, []Message{{"user", "hi"}}, true, "", ""); err == nil && len(text) > 100 {
			t.Errorf("%.40q gives %.40q", template, text)
		}
	}
}

func TestCompile_TemplatesThatTakeTooMuchAreRefused(t *testing.T) {
	double := "{% set a = 'x' %}" + strings.Repeat("{% set a = a ~ a %}", 60)
	inside := "{% set ns = namespace(a='xx') %}" + strings.Repeat("{% set ns.a = ns.a + ns.a %}", 60)
	letters := "'" + strings.Repeat("x", 1000) + "'"
	for _, template := range []string{
		"{{ 'x' * 1000000000 }}", "{{ 2 ** 9 }}", "{{ 'x' | center(1000000000) }}", "{{ 'x'.ljust(1000000000) }}", "{{ '%1000000000d' | format(1) }}", double, inside,
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% for a in [messages] recursive %}{{ loop([messages]) }}{% endfor %}",
		"{% for a in " + letters + " %}{% for b in " + letters + " %}{% for c in " + letters + " %}{% endfor %}{% endfor %}{% endfor %}",
		"{{ " + letters + " | replace('x', " + "'" + strings.Repeat("y", 40000) + "') }}", "{{ messages | tojson(indent=1000000000) }}",
		"{{ " + strings.Repeat("'a' ~ ", mostJoins+1) + "'b' }}", "{% set l = ['x'] %}" + strings.Repeat("{% set l = [l, l] %}", 60) + "{{ l }}",
	} {
		compiled, err := compile(template)
		if err != nil {
			continue
		}
		if text, err := run(compiled, []Message{{"user", "hi"}}, true, "", ""); err == nil {
			t.Errorf("%.60q gives %.40q", template, text)
		}
	}
}

func FuzzCompile_AnyTemplateIsRunOrRefused(f *testing.F) {
	for _, template := range []string{
		"{% for m in messages %}{{ '<|' + m['role'] + '|>' + m.content | trim ~ eos_token }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
		"{%- set ns = namespace(n=0, text='') -%}{%- for m in messages[::-1] -%}{%- set ns.n = ns.n + 1 -%}{%- set ns.text = ns.text ~ m.content.split('x')[-1] -%}{%- endfor -%}{{ ns.text | upper | tojson }}",
		"{{ raise_exception('no') }}", "{% set x = 'a'.replace('a', 'bb') %}{{ x | length }}{{ [1, 2] | join(x) }}", "{% generation %}{{ messages | map(attribute='role') | list }}{% endgeneration %}",
	} {
		f.Add(template, "hi")
	}
	f.Fuzz(func(t *testing.T, template, message string) {
		compiled, err := compile(template)
		if err != nil {
			return
		}
		text, err := run(compiled, []Message{{"system", "be kind"}, {"user", message}}, true, "<s>", "</s>")
		if err == nil && len(text) > mostRendered {
			t.Errorf("%d bytes", len(text))
		}
	})
}

// marked is a tokenizer of single bytes and two marks.
func marked(t *testing.T, start string) *tokenizer.Tokenizer {
	t.Helper()
	tokens := []string{"<s>", "<turn>"}
	for b := range 256 {
		tokens = append(tokens, "<0x"+strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15]))+">")
	}
	tok, err := tokenizer.New(tokenizer.Spec{
		Tokens: tokens, Special: []string{"<s>", "<turn>"}, Pattern: tokenizer.Pieces, Scores: make([]float64, len(tokens)), Start: start,
	})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestChat_MarksInMessagesAreTextAndTextsBeginOnce(t *testing.T) {
	for _, c := range []struct {
		template, start, content string
		want                     []int32 // ids below 2
		fails                    bool
	}{
		{"{{ bos_token }}{% for m in messages %}<turn>{{ m.content | trim }}{% endfor %}", "<s>", " a<turn>b ", []int32{0, 1}, false},
		{"{% for m in messages %}<turn>{{ m.content }}{% endfor %}", "<s>", "<s>", []int32{0, 1}, false},
		{"{% for m in messages %}<turn>{{ m.content }}{% endfor %}", "", "<turn>", []int32{1}, false},
		{"<turn>{% for m in messages %}{{ m.content | upper }}{% endfor %}", "", "abc", []int32{1}, false},
		{"<turn>{% for m in messages %}{{ m.content | replace('x', '') }}{% endfor %}", "", "<tuxrn><turn>", nil, true},
		{"<turn>{% for m in messages %}{{ m.content }}<turn>{% endfor %}", "", "", []int32{1, 1}, false},
	} {
		compiled, err := compile(c.template)
		if err != nil {
			t.Fatal(err)
		}
		tok := marked(t, c.start)
		ids, err := Chat{template: compiled, start: c.start}.Encode(tok, []Message{{"user", c.content}}, true)
		if c.fails {
			if !errors.Is(err, ErrUnsupported) {
				t.Errorf("%q: %v", c.template, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		ids = slices.DeleteFunc(ids, func(id int32) bool { return id > 1 })
		if !slices.Equal(ids, c.want) {
			t.Errorf("%q with %q: marks %v, want %v", c.template, c.content, ids, c.want)
		}
	}
}
