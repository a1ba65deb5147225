package recipe

import (
	"encoding/json"
	"slices"
	"strings"

	"slm/llm"
	"slm/model/weights"
	"slm/pipeline/schema"
)

// What a field's tag "identity" says of the key, or of all keys of the section, where it is there.
const (
	None    = "none"    // it changes how a run is done and never what it ends in: limits, speed, where it is kept and under which name
	Changed = "changed" // format 1 did not have it from the beginning: it counts only where it differs from its default
)

// Operational reports whether a key changes how a run is done and never what it ends in. It is in no fingerprint, so that a raised budget
// goes on with the same run.
func Operational(path string) bool { return below(path, operational()) }

func operational() []string {
	r := Default()
	return schema.Tagged(&r, "identity", None)
}

// Identity is the part of a recipe that decides what a run ends in, as nested maps for canonical JSON: without what is operational, without
// paths, whose files' digests stand for them, and without folders of weights. Where keys are given, it is the part below them.
func (r *Recipe) Identity(keys ...string) any {
	outside := slices.Concat(operational(), schema.Tagged(r, "kind", "path"), r.unchanged())
	p := r.portable()
	tree := schema.Tree(&p, func(path string) bool {
		if below(path, outside) {
			return true
		}
		return keys != nil && !slices.ContainsFunc(keys, func(k string) bool { return below(path, []string{k}) || strings.HasPrefix(k, path+".") })
	})
	boxes, sections := schema.Every[llm.Config](r)
	for i, path := range boxes { // weights keep their name and lose their folder, since their digest is among the inputs
		if ref, ok := sections[i].Reference(); ok {
			replace(tree, path+".model", ref.Portable().String())
		}
	}
	for key, text := range map[string]string{fromKey: r.Model.From, updateKey: r.Update.From} {
		if ref, ok, err := weights.Parse(text); ok && err == nil {
			replace(tree, key, ref.Portable().String())
		}
	}
	return tree
}

// replace puts a value in the place of the one at a path of nested maps, where there is one.
func replace(tree any, path, value string) {
	name, rest, deeper := strings.Cut(path, ".")
	m, _ := tree.(map[string]any)
	if _, there := m[name]; !there {
		return
	}
	if deeper {
		replace(m[name], rest, value)
	} else {
		m[name] = value
	}
}

// unchanged are the keys that count only where they differ from their defaults, and do not.
func (r *Recipe) unchanged() []string {
	d := Default()
	files := schema.Tagged(r, "kind", "path") // their digests stand for them
	return slices.DeleteFunc(schema.Tagged(r, "identity", Changed), func(path string) bool {
		mine, ok := schema.At(r, path)
		usual, has := schema.At(&d, path)
		switch {
		case !ok: // no section there
			return false
		case !has:
			return !mine.IsZero()
		}
		text := func(name string) bool { return slices.Contains(files, path+"."+name) }
		a, _ := json.Marshal(schema.Tree(mine.Interface(), text)) // a recipe's values can be written
		b, _ := json.Marshal(schema.Tree(usual.Interface(), text))
		return string(a) != string(b)
	})
}

// portable is a recipe without what depends on the program's version: the default list of systems is that of format 1.
func (r *Recipe) portable() Recipe {
	p := *r
	p.Eval.Systems = p.Eval.Systems.Identity()
	return p
}

// below reports whether a path is one of some, or lies below it.
func below(path string, some []string) bool {
	return slices.ContainsFunc(some, func(k string) bool { return path == k || strings.HasPrefix(path, k+".") })
}
