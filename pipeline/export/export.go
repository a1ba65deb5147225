// Package export writes the small model of a run for other programs: with its tokenizer, a model card, a chat template and a Modelfile, as a
// folder of Hugging Face's libraries or as a file of llama.cpp and Ollama. It trains nothing and asks nobody.
package export

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/model"
	"slm/model/weights"
	"slm/pipeline/recipe"
	"slm/pipeline/rundir"
	"slm/stages"
	"slm/stages/domain"
)

// ErrTarget marks a place or a form that a model is not written to: something is there already, or the format cannot express the model.
var ErrTarget = errors.New("export: not written")

// The files of an export beside those of its format. Beside a single file NAME.gguf they are NAME.md and NAME.Modelfile.
const (
	CardFile      = "README.md"
	ModelfileName = "Modelfile"
)

// Stages are those that leave a model that can be exported, in the order in which they train it.
var Stages = []string{stages.DP, stages.KIT, stages.RFT}

// Target is where a model is written to, and in which type.
type Target struct {
	weights.Ref
	Type string // one of the format's
}

// ParseTarget reads SCHEME:PATH or SCHEME:PATH:TYPE.
func ParseTarget(text string) (Target, error) {
	ref, ok, err := weights.Parse(text)
	switch {
	case err != nil:
		return Target{}, fmt.Errorf("%w: %w", ErrTarget, err)
	case !ok || ref.Format.Types == nil:
		return Target{}, fmt.Errorf("%w: %q is none of %s", ErrTarget, text, strings.Join(Targets(), ", "))
	}
	t := Target{Ref: ref, Type: ref.Format.Types[0]}
	i := strings.LastIndexByte(ref.Path, ':')
	if i < 0 || strings.ContainsAny(ref.Path[i:], `/\.`) {
		return t, nil
	}
	t.Path, t.Type = ref.Path[:i], ref.Path[i+1:]
	if t.Path == "" || !slices.Contains(ref.Format.Types, t.Type) {
		return Target{}, fmt.Errorf("%w: %s: the types are %s", ErrTarget, text, strings.Join(ref.Format.Types, ", "))
	}
	return t, nil
}

// Targets lists what targets look like: hf:FOLDER[:f32|bf16|f16].
func Targets() (out []string) {
	for _, f := range weights.Formats() {
		if f.Types != nil {
			out = append(out, fmt.Sprintf("%s:%s[:%s]", f.Scheme, f.What(), strings.Join(f.Types, "|")))
		}
	}
	return out
}

// Options say what of a run is written, and over what.
type Options struct {
	Stage    string // of Stages; "" = the last that the run has
	Force    bool   // replace an export that is there
	Versions map[string]string
}

// Exported is what was written.
type Exported struct {
	Run        string   `json:"run"`
	Stage      string   `json:"stage"`
	Digest     string   `json:"digest"` // of the stage's checkpoint
	Target     string   `json:"target"`
	Type       string   `json:"type"`
	Parameters int64    `json:"parameters"`
	Files      []string `json:"files"`
}

// Export writes the model of a run's folder, whole or not at all. The checkpoints that it reads are verified first.
func Export(folder string, to Target, opt Options) (*Exported, error) {
	stage, err := stageOf(folder, opt.Stage)
	if err != nil {
		return nil, err
	}
	if err := to.free(opt.Force); err != nil {
		return nil, err
	}
	for _, name := range []string{stages.Data, stage} {
		if err := checkpoint.Verify(filepath.Join(folder, name)); err != nil {
			return nil, err
		}
	}
	c, err := readCard(folder, stage, to)
	if err != nil {
		return nil, err
	}
	load := domain.LoadModel
	if to.Format.Adapts {
		load = domain.LoadTrained
	}
	params, err := load(filepath.Join(folder, stage))
	if err != nil {
		return nil, err
	}
	if c.theirs != nil {
		params.Config.Context = max(params.Config.Context, contextOf(*c.theirs, params.Config))
	}
	m := weights.Model{
		Params: params, Tokenizer: c.tokenizer, ChatTemplate: chatTemplate(c.End), Name: c.Name, End: c.End, Base: c.Base, Type: to.Type,
	}
	c.Config, c.Parameters = params.Config, params.Config.Count()
	if a := params.Adapter; a != nil {
		c.Parameters, c.Adapter = a.Count(), a.LoRA.String()
	}
	out := &Exported{
		Run: filepath.Base(folder), Stage: stage, Digest: c.Digest, Target: to.String(), Type: to.Type, Parameters: c.Parameters,
	}
	if to.Format.Folder {
		err = to.writeFolder(m, c, opt.Versions)
	} else {
		err = to.writeFile(m, c)
	}
	if errors.Is(err, weights.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", ErrTarget, err)
	}
	if err == nil {
		out.Files, err = to.written()
	}
	return out, err
}

// contextOf is the longest sequence of weights that have the shape of a model, by their own configuration; 0 where they are no longer there.
func contextOf(ref weights.Ref, shape model.Config) int {
	src, err := ref.Open()
	if err != nil {
		return 0
	}
	own, err := src.Config()
	if err = errors.Join(err, src.Close()); err != nil {
		return 0
	}
	context := own.Context
	if own.Context = shape.Context; own != shape {
		return 0
	}
	return context
}

// stageOf is the stage whose model is meant.
func stageOf(folder, name string) (string, error) {
	if name != "" {
		if !slices.Contains(Stages, name) {
			return "", fmt.Errorf("%w: stage %s leaves no model; there are %s", ErrTarget, name, strings.Join(Stages, ", "))
		}
		if !rundir.IsCheckpoint(filepath.Join(folder, name)) {
			return "", fmt.Errorf("export: %s has no %s: %w", folder, name, checkpoint.ErrMissing)
		}
		return name, nil
	}
	for _, stage := range slices.Backward(Stages) {
		if rundir.IsCheckpoint(filepath.Join(folder, stage)) {
			return stage, nil
		}
	}
	if _, err := recipe.WithModel(filepath.Join(folder, rundir.RecipeFile)); errors.Is(err, recipe.ErrUsage) {
		return "", err
	}
	return "", fmt.Errorf("export: %s has no model yet: %w", folder, checkpoint.ErrMissing)
}

// beside is the name of a file that goes with a single file.
func (t Target) beside(ending string) string {
	return strings.TrimSuffix(t.Path, filepath.Ext(t.Path)) + ending
}

// mine are the paths that an export takes.
func (t Target) mine() []string {
	if t.Format.Folder {
		return []string{t.Path}
	}
	return []string{t.beside(".md"), t.beside("." + ModelfileName), t.Path}
}

// free refuses a place where something is. Force replaces an export; a folder that is none is never replaced.
func (t Target) free(force bool) error {
	for _, path := range t.mine() {
		_, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		if !force {
			return fmt.Errorf("%w: %s is there already; --force replaces it", ErrTarget, path)
		}
		if !t.Format.Folder {
			continue
		}
		if m, err := checkpoint.Load(path); err != nil || m.Stage != kind {
			return fmt.Errorf("%w: %s was not written by slm export, so it is not replaced", ErrTarget, path)
		}
	}
	return nil
}

// kind is the stage that the manifest of an export names.
const kind = "export"

// writeFolder makes a folder that is a checkpoint, too: manifest.json has the hash of each file.
func (t Target) writeFolder(m weights.Model, c *card, versions map[string]string) error {
	p, err := checkpoint.Begin(t.Path)
	if err != nil {
		return err
	}
	write := func() error {
		inside := filepath.Dir(p.Path(CardFile))
		if err := t.Format.Write(inside, m); err != nil {
			return err
		}
		return errors.Join(checkpoint.WriteFileAtomic(p.Path(CardFile), c.render()),
			checkpoint.WriteFileAtomic(p.Path(ModelfileName), c.modelfile(ModelfileName, ".")))
	}
	if err := write(); err != nil {
		return errors.Join(err, p.Abort())
	}
	return p.Commit(&checkpoint.Manifest{
		Stage: kind, Fingerprint: c.Fingerprint, Parents: map[string]string{c.Stage: c.Digest}, Seed: c.Seed, Versions: versions,
		Facts: map[string]string{"target": t.Format.Scheme + ":" + t.Type},
	})
}

// writeFile writes the single file last: where it is, all is there.
func (t Target) writeFile(m weights.Model, c *card) error {
	if err := checkpoint.MakeDir(filepath.Dir(t.Path)); err != nil {
		return err
	}
	written := []string{}
	undo := func(err error) error {
		for _, path := range written {
			err = errors.Join(err, os.Remove(path))
		}
		return err
	}
	card, modelfile := t.beside(".md"), t.beside("."+ModelfileName)
	for path, text := range map[string][]byte{card: c.render(), modelfile: c.modelfile(filepath.Base(modelfile), "./"+filepath.Base(t.Path))} {
		if err := checkpoint.WriteFileAtomic(path, text); err != nil {
			return undo(err)
		}
		written = append(written, path)
	}
	if err := t.Format.Write(t.Path, m); err != nil {
		return undo(err)
	}
	return nil
}

// written lists the files of an export.
func (t Target) written() ([]string, error) {
	if !t.Format.Folder {
		return t.mine(), nil
	}
	entries, err := os.ReadDir(t.Path)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, filepath.Join(t.Path, e.Name()))
	}
	return out, nil
}
