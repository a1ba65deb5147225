// Package starter writes the first recipe for texts that were surveyed: as few keys as serve them, each with a comment for somebody who sees a
// recipe for the first time.
package starter

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"slm/data/form"
	"slm/pipeline/survey"
)

//go:embed recipe.tmpl
var text string

// Options are what a recipe is written from.
type Options struct {
	Name   string // of the runs
	Path   string // of the texts, as the recipe shall name it
	File   string // of the recipe, as its reader will type it
	Survey *survey.Survey
}

// page is what the template reads.
type page struct {
	Options
	Forms   form.Set
	English bool // the encoder that has read other texts knows this language
	Found   string
	Systems []string
	Numbers bool   // sections are called by their numbers
	Pattern string // how the tokenizer splits text; "" = as usual
}

// systems are those of a recipe's evaluation.
var systems = []string{"llm", "slm", "dp", "cite", "rag1", "rag3", "dense3", "hybrid1", "hybrid3", "auto", "oracle", "shuffled"}

// Write is the text of the recipe.
func Write(o Options) ([]byte, error) {
	s := o.Survey
	p := page{Options: o, Forms: Forms(s.Kind, s.Language, s.Word), English: s.Language == "en", Found: found(s), Systems: systems, Numbers: s.Kind == survey.Statutes}
	if s.Language == "zh" && p.Numbers {
		p.Pattern = "numerals"
	}
	t, err := template.New("recipe").Funcs(template.FuncMap{"quote": quote, "list": list}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("starter: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("starter: %w", err)
	}
	return out.Bytes(), nil
}

// found is the survey in one line.
func found(s *survey.Survey) string {
	return fmt.Sprintf("%s; %d sections of %s in %d documents, about %s tokens", s.Files, s.Sections, s.LanguageName(), s.Documents, thousands(s.Tokens))
}

func thousands(n int64) string {
	if n < 10_000 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt((n+500)/1000, 10) + ",000"
}

// quote is a text in YAML's double quotes, which read what Go writes of texts without control characters.
func quote(s string) string { return strconv.Quote(s) }

// list is a list of plain words.
func list(words []string) string { return "[" + strings.Join(words, ", ") + "]" }
