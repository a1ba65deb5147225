package refresh

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"slm/checkpoint"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/pipeline/schema"
	"slm/stages"
)

// Plan is the recipe of a run that brings another up to date.
type Plan struct {
	Name   string   // of the run
	Before string   // folder of the run before
	Corpus []string // files, folders and patterns
	Replay string   // update.replay
	Anew   bool     // a new model is trained
	Search bool     // the run before has searched a prompt
	Rate   float64  // learning rate of dp where training goes on; 0 = that of the run before
	Set    []string // KEY=VALUE of the user's
}

// forgets is update.forget of an update. Said once a pass, a tenth of the withdrawn texts was still recited where their names are given (docs/update.md).
const forgets = 4

// inherits is stages.bpo.inherit of an update: half of the usual design. The other half still looks elsewhere, since the model has changed.
const inherits = 5

// slower is the share of a run's learning rate with which an update goes on: that of the measurement in docs/update.md. No other was compared.
const slower = 0.4

// RateAfter is the learning rate of dp with which a run's update goes on; 0 = the run's own, which follows from the corpus, or is an update's already.
func RateAfter(before *recipe.Loaded) float64 {
	rate := stages.Get[float64](before, "stages.dp.optim.lr")
	if rate <= 0 || before.Update.Partial() {
		return 0
	}
	return float64(math.Round(slower*rate*1e6)) / 1e6
}

// Settings are the plan as settings over the recipe of the run before.
func (p Plan) Settings() []string {
	own := []string{
		"name=" + p.Name, "update.from=run:" + p.Before, "update.replay=" + p.Replay, "update.forget=" + strconv.Itoa(forgets), "update.anew=" + strconv.FormatBool(p.Anew),
		"data.corpus.from=", "data.corpus.path=[" + strings.Join(p.Corpus, ",") + "]",
	}
	if p.Rate > 0 && !p.Anew {
		own = append(own, "stages.dp.optim.lr="+strconv.FormatFloat(p.Rate, 'g', -1, 64))
	}
	if p.inherits() {
		own = append(own, "stages.bpo.inherit="+strconv.Itoa(inherits))
	}
	if slices.ContainsFunc(p.Set, func(s string) bool { return strings.HasPrefix(s, "stages.dp.epochs=") }) {
		own = append(own, "stages.dp.tokens=0") // as the recipe will have it
	}
	return append(own, p.Set...)
}

// inherits reports whether the search begins with the prompts of the run before.
func (p Plan) inherits() bool {
	return p.Search && !p.Anew && !slices.ContainsFunc(p.Set, func(s string) bool { return strings.HasPrefix(s, "stages.bpo=") })
}

// Recipe is the plan as a recipe that lies in a folder; paths of the corpus and of the run before start there. r is the recipe of the run before
// with Settings, passes those over what differs.
func (p Plan) Recipe(dir string, r *recipe.Loaded, passes float64) ([]byte, error) {
	before, err := relative(dir, p.Before)
	if err != nil {
		return nil, err
	}
	corpus := make([]string, len(p.Corpus))
	for i, path := range p.Corpus {
		if corpus[i], err = relative(dir, path); err != nil {
			return nil, err
		}
	}
	change := yaml.MapSlice{{Key: "from", Value: "run:" + before}}
	if p.Anew {
		change = append(change, yaml.MapItem{Key: "anew", Value: true})
	} else {
		change = append(change, yaml.MapItem{Key: "replay", Value: written(p.Replay, r.Update.Replay)}, yaml.MapItem{Key: "forget", Value: r.Update.Forget})
	}
	tree := yaml.MapSlice{{Key: "slm", Value: recipe.Format}, {Key: "name", Value: p.Name}, {Key: "extends", Value: before + "/" + rundir.RecipeFile}, {Key: "update", Value: change}}
	tree = put(tree, "data.corpus.from", "")
	tree = put(tree, "data.corpus.path", corpus)
	if !p.Anew {
		tree = put(tree, "stages.dp.tokens", 0)
		tree = put(tree, "stages.dp.epochs", math.Ceil(passes))
		if p.Rate > 0 {
			tree = put(tree, "stages.dp.optim.lr", p.Rate)
		}
	}
	if p.inherits() {
		tree = put(tree, "stages.bpo.inherit", inherits)
	}
	for _, text := range p.Set {
		key, value, _ := strings.Cut(text, "=")
		var v any
		if at, ok := schema.At(&r.Recipe, key); ok {
			v = at.Interface()
		}
		tree = put(tree, key, written(value, v))
	}
	text, err := yaml.Marshal(tree)
	head := fmt.Sprintf("# Brings %s up to date with the texts in data.corpus. Written by slm update.\n", filepath.Base(p.Before))
	return append([]byte(head), text...), err
}

// relative is the way from a folder to a path.
func relative(dir, path string) (string, error) {
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	out, err := filepath.Rel(from, path)
	return filepath.ToSlash(out), err
}

// put sets the value of a dotted key of nested mappings.
func put(tree yaml.MapSlice, key string, value any) yaml.MapSlice {
	name, rest, deeper := strings.Cut(key, ".")
	i := slices.IndexFunc(tree, func(item yaml.MapItem) bool { return item.Key == name })
	if i < 0 {
		i, tree = len(tree), append(tree, yaml.MapItem{Key: name})
	}
	if deeper {
		below, _ := tree[i].Value.(yaml.MapSlice)
		value = put(below, rest, value)
	}
	tree[i].Value = value
	return tree
}

// written is the value of a key as a recipe has it: a word for one that follows from others, or is off, as that word.
func written(text string, value any) any {
	if text == "auto" || text == schema.Off || value == nil {
		return text
	}
	return value
}

// Write writes a recipe, or finds it there as it would be written. What else is there stays.
func Write(file string, text []byte) error {
	switch old, err := os.ReadFile(file); {
	case err == nil && bytes.Equal(old, text):
		return nil
	case err == nil:
		return fmt.Errorf("%w: %s is there and says something else: name another with --name", recipe.ErrUsage, file)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return checkpoint.WriteFileAtomic(file, text)
}

var serial = regexp.MustCompile(`^(.*)-(\d+)$`)

// Next names the run after one of a name: legal-2 after legal, legal-3 after legal-2.
func Next(name string) string {
	if m := serial.FindStringSubmatch(name); m != nil {
		if n, err := strconv.Atoi(m[2]); err == nil && n > 1 && n < 1e6 {
			return fmt.Sprintf("%s-%d", m[1], n+1)
		}
	}
	return name + "-2"
}
