package recipe

import (
	"fmt"
	"reflect"

	"slm/model"
	"slm/model/weights"
)

// fromKey names the weights that training goes on from.
const fromKey = "model.from"

// From is the weights that training goes on from; false = it begins with random ones. Those that set-up fetches are named by their place once the
// recipe is loaded.
func (r *Recipe) From() (weights.Ref, bool) {
	if s, ok := weights.FindShipped(r.Model.From); ok {
		ref, _, err := weights.Parse(s.Ref)
		return ref, err == nil
	}
	ref, ok, err := weights.Parse(r.Model.From)
	return ref, ok && err == nil
}

// updateKey names the run that this one brings up to date.
const updateKey = "update.from"

// continueFrom makes the weights of the run that is brought up to date those that training goes on from. A recipe that names other weights beside it
// contradicts itself; what a recipe has that is extended gives way.
func (l *Loaded) continueFrom() error {
	if l.Update.From == "" {
		return nil
	}
	at, named := l.Origins[fromKey]
	mine := l.Origins[updateKey]
	beside := named && l.Model.From != "" && at.Layer == mine.Layer && at.File == mine.File
	want := l.Update.From
	if l.Update.Anew {
		want = ""
	}
	if beside && l.Model.From != want {
		return fmt.Errorf("%w: model.from: stands beside update.from, whose weights are taken or, with update.anew, none: leave it out", ErrUsage)
	}
	l.Model.From, l.Origins[fromKey] = want, mine
	return nil
}

// begin takes over the shape of the weights that training goes on from. What stands beside model.from, in the same recipe or the same settings,
// has to agree; what a recipe has that is extended gives way. A recipe that names all of it, as a run's own does, needs no weights to be read.
func (l *Loaded) begin() error {
	ref, ok := l.From()
	if !ok {
		return nil
	}
	beside := func(key string) bool {
		at, named := l.Origins[key]
		mine := l.Origins[fromKey]
		return named && at.Layer == mine.Layer && at.File == mine.File
	}
	open := false
	eachOfShape(&l.Model, func(key string, _ reflect.Value) { open = open || !beside(key) })
	if !open {
		return nil
	}
	fail := func(err error) error { return fmt.Errorf("%w: %s: %w", ErrUsage, fromKey, err) }
	src, err := ref.Open()
	if err != nil {
		return fail(err)
	}
	defer func() { _ = src.Close() }() // opened for reading
	c, err := src.Config()
	if err != nil {
		return fail(err)
	}
	given, err := model.ShapeOf(c)
	if err != nil {
		return fail(fmt.Errorf("%w: %s: %w", weights.ErrUnsupported, ref, err))
	}
	if !beside("model.context") {
		l.Model.Context = min(l.Model.Context, given.Context)
	}
	if l.Model.Context > given.Context {
		return fail(fmt.Errorf("model.context: %d tokens; the weights are made for %d", l.Model.Context, given.Context))
	}
	theirs := map[string]any{}
	eachOfShape(&given, func(key string, v reflect.Value) { theirs[key] = v.Interface() })
	eachOfShape(&l.Model, func(key string, v reflect.Value) {
		if beside(key) && err == nil && v.Interface() != theirs[key] {
			err = fmt.Errorf("%s: is %v, and that of the weights is %v: leave it out", key, v.Interface(), theirs[key])
		}
		v.Set(reflect.ValueOf(theirs[key]))
	})
	if err != nil {
		return fail(err)
	}
	return nil
}

// eachOfShape goes through the keys that weights decide, in the order of the struct.
func eachOfShape(s *model.Shape, visit func(key string, v reflect.Value)) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("yaml")
		if name != "from" && name != "context" {
			visit("model."+name, v.Field(i))
		}
	}
}
