package read

import (
	"strings"
	"testing"

	"slm/data/corpus/doc"
)

// shown is what stays of a Markdown text, and what is left out of it, which together are the whole.
func shown(t *testing.T, source string, mdx bool) (text, left string) {
	t.Helper()
	var kept, out strings.Builder
	chars := 0
	for _, b := range outlineOf(source, 1, mdx) {
		if chars += doc.Chars(b.Text); b.Kind == doc.Aside {
			out.WriteString(b.Why + ": " + b.Text + "\n")
		} else {
			kept.WriteString(b.Text)
		}
	}
	if chars != doc.Chars(source) {
		t.Errorf("%d characters of %d", chars, doc.Chars(source))
	}
	return strings.Join(strings.Fields(kept.String()), " "), out.String()
}

func TestOutlineOf_MarksOfSiteGeneratorsAreNoText(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"{% include nav.html %}\nText with {{ site.name }} in it.\n{: .note .info}\n", "Text with in it."},
		{"```liquid\n{% raw %}{% for x in y %}{{ x }}{% endraw %}\n```\n", "```liquid {% for x in y %}{{ x }} ```"},
		{"Write `{% if %}` so.\n", "Write `{% if %}` so."},
		{"{{< tabs >}}\nHugo.\n{{% /notice %}}\n", "Hugo."},
		{"/// tip | \"Tipp\"\n\nInnen.\n\n///\n", "Tipp Innen."},
		{":::note[Mind this]\nInside.\n:::\n", "Mind this Inside."},
		{"!!! warning \"Careful\"\n    Indented, and no code.\n", "Careful Indented, and no code."},
		{"::: httpx.Client\n    :docstring:\n\nAfter.\n", "After."},
		{"```Python hl_lines=\"4\"\n{!> ../../src/a.py!}\n```\n", ""},
		{"(target)=\n# Options\n\nSee {func}`option` and {ref}`x <y>`.\n", "# Options See `option` and `x <y>`."},
		{"```{note}\nA note with {class}`C`.\n```\n\nAnd {class}`D`.\n", "A note with `C`. And `D`."},
		{"```{toctree}\na\nb\n```\n\nText.\n", "Text."},
		{"See [it][x].\n\n[x]: https://example.org\n", "See [it][x]."},
		{"<p class=\"a\">One</p><p>Two <b>bold</b></p>\n\n<script>\nvar x;\n</script>\n", "OneTwo bold"},
		{"An <a href=\"x\">anchor</a> and `<div>`.\n", "An anchor and `<div>`."},
	} {
		if got, left := shown(t, c.source, false); got != c.want {
			t.Errorf("%q shows %q, want %q\nleft out: %s", c.source, got, c.want, left)
		}
	}
}

func TestOutlineOf_MDXIsMarkdownWithoutItsProgram(t *testing.T) {
	source := "import { Tabs } from \"x\";\nimport y from 'y';\n\nexport const a = {\n  b: 1,\n};\n\n# Title\n\n<Tabs syncKey=\"a\" items={[{ x: \"}\" }, 2]}>\n  <TabItem>\n\nInside **bold**.\n\n" +
		"  </TabItem>\n</Tabs>\n\n{/* a comment */}\n\n```jsx\nimport z from \"z\";\n<Tabs />\n```\n"
	got, left := shown(t, source, true)
	if want := "# Title Inside **bold**. ```jsx import z from \"z\"; <Tabs /> ```"; got != want {
		t.Errorf("shows %q, want %q", got, want)
	}
	for _, want := range []string{"import: import {", "export const", "tag: <Tabs sync", "comment: {/*"} {
		if !strings.Contains(left, want) {
			t.Errorf("%q is not left out: %s", want, left)
		}
	}
}
