package task

import (
	"fmt"
	"path/filepath"
	"slices"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/gocode"
	"slm/data/rouge"
	"slm/data/taskrow"
	"slm/stages/domain"
)

// Code is the kind of task whose answers are programs: the bodies of functions of Go packages that nothing has read, put to the packages' own tests.
//
// Controls are a body that returns zero values, the body of the nearest known function, the same model without the corpus, and the black box.
const Code = "code"

var programs = kind{name: Code, file: CodeFile, lesson: newCoded, read: readAs[Bodies], verbatim: true}

// CodeConfig is the recipe's section stages.task.code.
type CodeConfig struct {
	Test      []string `yaml:"test" unset:"none" doc:"import paths of the packages among file whose functions are only counted. None of their files may be among data.corpus.path. Packages that those of testing need cannot be replaced: choose leaves"`
	Dev       []string `yaml:"dev" unset:"none" doc:"import paths of the packages on whose functions the held-out loss is measured"`
	Tokens    int      `yaml:"tokens" min:"16" max:"100000" doc:"longest body, tokens, which the text leaves free in the model's context. Test functions with longer ones are left out; in training they are cut"`
	Functions int      `yaml:"functions" min:"1" max:"100000" doc:"test functions at most, evenly chosen, of which those are counted whose tests fail without them"`
	Twin      bool     `yaml:"twin" doc:"a second model of the same shape, with random weights in the place of those that have read the corpus, is tuned on the same functions: what reading is worth"`
	LLM       int      `yaml:"llm" min:"0" max:"100000" unset:"none" doc:"how many of the counted functions the black box continues too, evenly chosen: a call each"`
}

func defaultCode() CodeConfig { return CodeConfig{Tokens: 128, Functions: 100, Twin: true} }

// coded is functions with their bodies.
type coded struct {
	material
	cfg   CodeConfig
	known []taskrow.Row          // that are trained
	of    map[string]gocode.Func // test functions by their ID
	left  map[string]int         // test functions that are not counted, by reason
}

// Why a test function is not counted.
const (
	leftLong    = "longer than code.tokens"
	leftForeign = "of another platform"
	leftCopied  = "nearly a body that is trained"
	leftFails   = "its package's tests fail here"
	leftIdle    = "its package's tests pass without it"
)

// nearCopy is the ROUGE-L with a trained body from which a body counts as a copy, and leastCopied the words of the shortest that can be one: in
// shorter ones there is little to copy.
const (
	nearCopy    = 0.9
	leastCopied = 8
)

func newCoded(s *Stage, dom *domain.Domain, _ uint64) (lesson, error) {
	list, err := s.functions()
	if err != nil {
		return nil, err
	}
	m := &coded{cfg: s.cfg.Code, of: map[string]gocode.Func{}, left: map[string]int{}}
	copies := rouge.NewIndex()
	for _, f := range list {
		row := taskrow.Row{ID: f.ID, Text: f.Text, Target: f.Body, Split: exam.Train}
		switch {
		case slices.Contains(s.cfg.Code.Test, f.Package):
		case slices.Contains(s.cfg.Code.Dev, f.Package):
			row.Split = exam.Dev
			m.held = append(m.held, row)
		default:
			m.known = append(m.known, row)
			copies.Add(f.Body)
		}
	}
	if len(m.known) == 0 {
		return nil, fmt.Errorf("task: %w: no function is for training", ErrRows)
	}
	var test []taskrow.Row
	for _, f := range list {
		if !slices.Contains(s.cfg.Code.Test, f.Package) {
			continue
		}
		_, _, copied := copies.Above(f.Body, nearCopy)
		switch {
		case !f.Built:
			m.left[leftForeign]++
		case len(dom.Tokenizer.Encode(f.Body))+1 > s.cfg.Code.Tokens:
			m.left[leftLong]++
		case copied && len(rouge.Words(f.Body)) >= leastCopied:
			m.left[leftCopied]++
		default:
			test = append(test, taskrow.Row{ID: f.ID, Text: f.Text, Target: f.Body, Split: exam.Test})
			m.of[f.ID] = f
		}
	}
	m.held = append(m.held, exam.Evenly(test, s.cfg.Code.Functions)...)
	m.train = func(int) []taskrow.Row { return slices.Clone(m.known) }
	return m, nil
}

func (m *coded) rows() *material { return &m.material }

func (m *coded) reserve(*domain.Domain) int { return m.cfg.Tokens }

// functions reads the files, and makes sure that the held-out packages are among them and not in the corpus.
func (s *Stage) functions() ([]gocode.Func, error) {
	list, err := gocode.Read(s.cfg.File)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	held := map[string]string{} // by folder
	for _, pkg := range slices.Concat(s.cfg.Code.Test, s.cfg.Code.Dev) {
		i := slices.IndexFunc(list, func(f gocode.Func) bool { return f.Package == pkg })
		if i < 0 {
			return nil, fmt.Errorf("task: %w: no function of stages.task.file is of the package %s, which is to be held out", ErrRows, pkg)
		}
		held[filepath.Dir(list[i].File)] = pkg
	}
	if s.corpus.From != "" {
		return list, nil
	}
	read, err := corpus.List(s.corpus.Paths)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	for _, f := range read.Files {
		if pkg, ok := held[filepath.Dir(f.Name)]; ok {
			return nil, fmt.Errorf("task: %w: %s is of the package %s, which is held out, and data.corpus.path names it: tokenizer and dp would read it", ErrRows, f.Label, pkg)
		}
	}
	return list, nil
}
