package weights

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/nikolalohinski/gonja/v2/builtins"
	cs "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// A template comes with a file of weights and is not trusted: it must end, and it must not take all memory. What could make much of little is left out
// or bounded: text times a number, padding to a width, macros and loops that call themselves, and texts in variables, which double with each "a ~ a".
const (
	mostTemplate = 1 << 16 // bytes that are compiled; templates of popular models are a tenth of it
	mostJoins    = 512     // of + and ~ in a template
	mostText     = 1 << 20 // bytes in a variable, and that a filter or a method makes
	mostRendered = 1 << 24 // bytes of a conversation
	mostTurns    = 1 << 16 // of all loops
)

var errLimits = errors.New("it takes too much")

// turnsName is a variable that no template can name: how many turns are left.
const turnsName = "turns:"

// statements are what a template may do: no other file is read, and nothing is included.
var statements = func() *exec.ControlStructureSet {
	allowed := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"if", "for", "set", "filter", "with", "generation"} {
		if s, ok := builtins.ControlStructures.Get(name); ok {
			allowed[name] = s
		}
	}
	plainFor, plainSet := allowed["for"], allowed["set"]
	allowed["for"] = func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		s, err := plainFor(p, args)
		if err != nil {
			return nil, err
		}
		loop, ok := s.(*cs.ForControlStructure)
		if !ok || loop.Recursive {
			return nil, errors.New("a loop that calls itself")
		}
		return &boundedFor{loop}, nil
	}
	allowed["set"] = func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		name := args.Current()
		s, err := plainSet(p, args)
		if err != nil {
			return nil, err
		}
		set, ok := s.(exec.ControlStructure)
		if !ok || name == nil {
			return nil, errors.New("a set without a variable")
		}
		return &boundedSet{set, name.Val}, nil
	}
	return exec.NewControlStructureSet(allowed)
}()

type boundedFor struct{ *cs.ForControlStructure }

func (s *boundedFor) Execute(r *exec.Renderer, tag *nodes.ControlStructureBlock) error {
	over := r.Eval(s.ObjectEvaluator)
	if over.IsError() {
		return over
	}
	left, _ := r.Environment.Context.Get(turnsName)
	turns, ok := left.(*int)
	if !ok {
		return errLimits
	}
	if *turns -= 1 + over.Len(); *turns < 0 {
		return errLimits
	}
	return s.ForControlStructure.Execute(r, tag)
}

type boundedSet struct {
	exec.ControlStructure
	name string
}

func (s *boundedSet) Execute(r *exec.Renderer, tag *nodes.ControlStructureBlock) error {
	if err := s.ControlStructure.Execute(r, tag); err != nil {
		return err
	}
	v, _ := r.Environment.Context.Get(s.name)
	if left := mostText; !fits(reflect.ValueOf(v), &left, 0) {
		return fmt.Errorf("variable %s: %w", Clip(s.name), errLimits)
	}
	return nil
}

// fits takes the size of a value off what is left.
func fits(v reflect.Value, left *int, depth int) bool {
	if *left--; *left < 0 || depth > 100 {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		*left -= v.Len()
	case reflect.Interface, reflect.Pointer:
		return v.IsNil() || fits(v.Elem(), left, depth+1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !fits(v.Index(i), left, depth+1) {
				return false
			}
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if !fits(key, left, depth+1) || !fits(v.MapIndex(key), left, depth+1) {
				return false
			}
		}
	case reflect.Struct:
		if inner, ok := v.Interface().(reflect.Value); ok {
			return !inner.IsValid() || fits(inner, left, depth+1)
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !fits(v.Field(i), left, depth+1) {
				return false
			}
		}
	}
	return *left >= 0
}

// operators refuses a template that multiplies, or joins too often.
func operators(stream *tokens.Stream) error {
	joins := 0
	for ; !stream.End(); stream.Next() {
		switch t := stream.Current(); t.Type {
		case tokens.Multiply, tokens.Power:
			return fmt.Errorf("line %d: %s is not supported", t.Line, t.Val)
		case tokens.Addition, tokens.Tilde:
			joins++
		}
	}
	if joins > mostJoins {
		return fmt.Errorf("%d times + and ~, more than %d", joins, mostJoins)
	}
	return nil
}

// filters are those of the library that make no more of a text than it is, and some within bounds.
var filters = func() *exec.FilterSet {
	allowed := map[string]exec.FilterFunction{}
	for _, name := range []string{
		"abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "groupby", "int", "items", "last", "length", "list",
		"lower", "map", "max", "min", "reject", "rejectattr", "reverse", "round", "safe", "select", "selectattr", "sort", "string", "striptags", "sum", "title",
		"trim", "unique", "upper", "wordcount", "join", "replace", "tojson",
	} {
		if f, ok := builtins.Filters.Get(name); ok {
			allowed[name] = f
		}
	}
	for _, name := range []string{"join", "replace", "tojson"} {
		plain := allowed[name]
		allowed[name] = func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
			if !bounded(in, params) {
				return exec.AsValue(errLimits)
			}
			return plain(e, in, params)
		}
	}
	return exec.NewFilterSet(allowed)
}()

// bounded says that what is made of a value, at most each of its parts with the longest of the arguments beside it, is not too long. A number may be an
// indentation.
func bounded(in *exec.Value, params *exec.VarArgs) bool {
	longest := 8 // what a character may become in JSON
	for _, arg := range params.Args {
		longest = max(longest, argument(arg))
	}
	for _, arg := range params.KwArgs {
		longest = max(longest, argument(arg))
	}
	size := mostText
	return fits(reflect.ValueOf(in), &size, 0) && longest <= mostText && (mostText-size)*longest <= mostRendered
}

func argument(v *exec.Value) int {
	if v.IsInteger() {
		return max(0, min(v.Integer(), mostText+1))
	}
	return v.Len()
}

// methods are those of the library, but for texts.
var methods = func() exec.Methods {
	all := builtins.Methods
	texts := map[string]exec.Method[string]{}
	for _, name := range []string{
		"capitalize", "count", "endswith", "find", "isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "lower", "lstrip", "partition", "removeprefix",
		"removesuffix", "rfind", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper", "join", "replace",
	} {
		if f, ok := all.Str.Get(name); ok {
			texts[name] = f
		}
	}
	for _, name := range []string{"join", "replace"} {
		plain := texts[name]
		texts[name] = func(self string, value *exec.Value, arguments *exec.VarArgs) (any, error) {
			if !bounded(value, arguments) {
				return nil, errLimits
			}
			return plain(self, value, arguments)
		}
	}
	all.Str = exec.NewMethodSet(texts)
	return all
}()

// limited is a text that ends when it is too long.
type limited struct{ text []byte }

func (l *limited) Write(p []byte) (int, error) {
	if len(l.text)+len(p) > mostRendered {
		return 0, errLimits
	}
	l.text = append(l.text, p...)
	return len(p), nil
}
