package export

import (
	"fmt"
	"strings"
)

// chatTemplate is the form in which the small model was asked (form.Ask), as a Jinja template: a question with its white space in order, then the
// answer and the end token. The model has seen single questions only, without a system message, which is left out.
func chatTemplate(end string) string {
	return `{% for message in messages %}{% if message['role'] == 'user' %}{{ 'Question: ' + (message['content'].split() | join(' ')) + '\nAnswer:' }}` +
		`{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'].strip() + '` + jinja(end) + `' }}{% endif %}{% endfor %}`
}

// jinja escapes a text within a string of a template.
func jinja(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`).Replace(text)
}

// modelfile is what Ollama makes a model of: its own name, and the file or folder of weights from where it lies.
func (c *card) modelfile(name, from string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# ollama create %s -f %s\n", strings.ToLower(c.Name), name)
	if c.Adapter != "" {
		fmt.Fprintf(&b, "# FROM is the model that the adapter belongs to, %s\nFROM %s\nADAPTER %s\n", c.Base, c.Base[strings.IndexByte(c.Base, ':')+1:], from)
	} else {
		fmt.Fprintf(&b, "FROM %s\n", from)
	}
	b.WriteString("TEMPLATE \"\"\"Question: {{ .Prompt }}\nAnswer:\"\"\"\n")
	fmt.Fprintf(&b, "PARAMETER stop %q\n", c.End)
	b.WriteString("PARAMETER temperature 0\nPARAMETER repeat_penalty 1\n") // as slm answers: the most likely token, whatever was said before
	fmt.Fprintf(&b, "PARAMETER num_ctx %d\n", c.Config.Context)
	return []byte(b.String())
}
