package search

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"slm/llm"
	"slm/model/kernel"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/domain"
)

// Source is what an encoder is opened from.
type Source struct {
	Dir    func(stage string) string // folder of a stage's checkpoint
	Domain *domain.Domain
	Kernel kernel.Backend
	Server func() (llm.Client, error) // of the encoder of that name; nil = it is not asked here
}

// EncoderSpec declares an encoder: all that any other part of the program has to know about it. It is a line in Encoders.
type EncoderSpec struct {
	Name string // in the recipe, and of the encoder itself
	Doc  string // what it is, in a phrase
	// Start is Signal.Start of its signal.
	Start float64
	// Chars is how many characters of a section, with its title and heading, are encoded at a time; a longer one is encoded in several windows.
	// 0 = any number.
	Chars int
	// Check says what a recipe that names the encoder lacks; nil = it needs nothing.
	Check func(s stages.Settings) error
	// Taught says that the encoder was trained on the exams' training questions. It finds their sections by heart, so nothing that is fitted on how well
	// it does so holds for other questions.
	Taught bool
	// Ready says what the machine lacks; nil = it needs nothing of it.
	Ready func() error
	// Open makes the encoder. Nothing of it changes with what it has encoded before.
	Open func(ctx context.Context, from Source) (retrieve.Encoder, error)
	// Cost is what encoding so many texts takes, for plan.
	Cost func(ctx context.Context, c *stages.Calibration, texts int) (stages.Cost, error)
}

// Encoders are the encoders that a recipe can name.
var Encoders = []EncoderSpec{miniLMSpec, e5Spec, ownSpec, serverSpec}

// LookupEncoder returns the encoder of that name.
func LookupEncoder(name string) (EncoderSpec, error) {
	i := slices.IndexFunc(Encoders, func(e EncoderSpec) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range Encoders {
			names = append(names, e.Name)
		}
		return EncoderSpec{}, fmt.Errorf("unknown encoder %q (there are: %s)", name, strings.Join(names, ", "))
	}
	return Encoders[i], nil
}

// Taught says that an encoder was trained by stage dp on the run's own training questions.
func Taught(name string) bool {
	spec, err := LookupEncoder(name)
	return err == nil && spec.Taught
}
