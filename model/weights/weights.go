package weights

import (
	"fmt"
	"iter"
	"slices"
	"sync"

	"slm/checkpoint"
	"slm/data/tokenizer"
	"slm/model"
	"slm/model/kernel"
)

// Source is an open model. Its methods may be called from several goroutines, Close after all others. Their errors name the file and wrap
// ErrFormat or ErrUnsupported, or are those of the file system. What identifies a model is its reference's digest, which is known without opening.
type Source interface {
	// Name is the path that the model was opened with.
	Name() string
	// Config is the model's shape.
	Config() (model.Config, error)
	Tokenizer() (*tokenizer.Tokenizer, error)
	// ChatTemplate is the Jinja template of conversations as the model's maker wrote it; "" = none.
	ChatTemplate() string
	// Tensors goes through all tensors, in any order. The first error ends it.
	Tensors() iter.Seq2[Tensor, error]
	// Close releases the file. What was read is a copy and stays valid.
	Close() error
}

// Tensor is one tensor of a Source.
type Tensor struct {
	Name  string // as Hugging Face's LLaMA has it: model.layers.0.self_attn.q_proj.weight
	Shape []int  // row-major, outermost first
	// Read writes the values as float32, row-major. into is as long as the product of Shape.
	Read func(into []float32) error
}

// Blocks is a Source whose matrices can stay in the file's own blocks.
type Blocks interface {
	Source
	// Rows returns the rows of a matrix by the name that its Tensor has. They may share the file's memory, until Close.
	Rows(name string) ([]kernel.BlockRow, error)
}

// Ending is a Source that says which token ends a text; "" = it names none.
type Ending interface {
	Source
	End() (string, error)
}

// Model is what a format writes.
type Model struct {
	Params       *model.Params
	Tokenizer    *tokenizer.Tokenizer
	ChatTemplate string // "" = none
	Name         string // what people call it; "" = nothing
	End          string // the token that ends a text; "" = the file names none
	Base         string // of an adapter: what its weights are called; "" = nothing
	Type         string // of the matrices, one of the format's Types; "" = the first of them
}

// Format is a way of keeping models in files.
type Format struct {
	Scheme string // what stands before the colon of a reference: small letters and digits
	Open   func(path string) (Source, error)
	Write  func(path string, m Model) error // nil = it is only read
	// Types are those that matrices can be written in for other programs, the exact one first; nil = models are not written for others in this format.
	Types []string
	// Folder says that a path is that of a folder, which other files may be put into.
	Folder bool
	// Adapts says that low-rank updates are written, without the weights that they change: of models that have an adapter alone.
	Adapts bool
	// Files lists the files that a path stands for, which make its digest; nil = the path is the one file.
	Files func(path string) ([]string, error)
}

var registry struct {
	sync.RWMutex
	formats []Format
}

// What is what a reference's path names, as messages have it.
func (f Format) What() string {
	if f.Folder {
		return "FOLDER"
	}
	return "FILE"
}

// Register adds formats. It panics at a scheme that is there already, as that is a mistake of the program.
func Register(formats ...Format) {
	registry.Lock()
	defer registry.Unlock()
	for _, f := range formats {
		if slices.ContainsFunc(registry.formats, func(g Format) bool { return f.Scheme == g.Scheme }) {
			panic("weights: two formats of scheme " + f.Scheme)
		}
		registry.formats = append(registry.formats, f)
	}
}

// Formats lists the registered formats in the order of their registration.
func Formats() []Format {
	registry.RLock()
	defer registry.RUnlock()
	return slices.Clone(registry.formats)
}

// Params reads a model's weights into parameters of their own. A missing, repeated, unknown or misshapen tensor is an error that names it.
func Params(s Source) (*model.Params, error) { return params(s, func(Tensor) bool { return true }) }

// Vectors is Params without the values of matrices, for those who take these as the file has them (Blocks): they are zeros in memory that nobody has
// touched, so that they take none.
func Vectors(s Source) (*model.Params, error) {
	return params(s, func(t Tensor) bool { return len(t.Shape) == 1 })
}

// params reads the tensors that are wanted, and checks all.
func params(s Source, wanted func(Tensor) bool) (*model.Params, error) {
	c, err := s.Config()
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrFormat, s.Name(), fmt.Sprintf(format, args...))
	}
	// The values are counted before memory is asked for, so that a small file cannot claim a large model.
	given := map[string]Tensor{}
	have, need := int64(0), c.Count()
	for t, err := range s.Tensors() {
		if err != nil {
			return nil, err
		}
		if _, twice := given[t.Name]; twice {
			return nil, fail("tensor %s stands twice", t.Name)
		}
		given[t.Name] = t
		if have += t.count(); have < 0 || have > need {
			break
		}
	}
	if have != need {
		return nil, fail("the tensors hold %s%d values, the configuration describes a model of %d", map[bool]string{true: "at least "}[have > need], have, need)
	}
	p := model.Zeros(c)
	for _, want := range p.Tensors() {
		if err := fill(want, given, wanted, fail); err != nil {
			return nil, err
		}
		delete(given, want.Name)
	}
	for name := range given { // only tensors without values are left: the others have been counted
		return nil, fail("tensor %s is none of the model's", name)
	}
	return p, nil
}

func fill(want checkpoint.Tensor, given map[string]Tensor, wanted func(Tensor) bool, fail func(string, ...any) error) error {
	t, ok := given[want.Name]
	switch {
	case !ok:
		return fail("tensor %s is missing", want.Name)
	case !slices.Equal(t.Shape, want.Shape):
		return fail("tensor %s has shape %v, want %v", want.Name, t.Shape, want.Shape)
	case !wanted(t):
		return nil
	}
	return t.Read(want.Data)
}

func (t Tensor) count() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d)
	}
	return n
}
