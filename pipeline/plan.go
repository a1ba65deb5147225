package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/pipeline/rundir"
)

// What happens to a stage.
const (
	Reuse  = "reuse"  // its checkpoint serves
	Adopt  = "adopt"  // another run's checkpoint serves; its files are taken over
	Run    = "run"    // from the start
	Resume = "resume" // from what an interrupted call left
	Depend = "depend" // reused if the stage before it ends in the same digest, else run
	Skip   = "skip"   // not asked for
	Wait   = "wait"   // another run makes the same checkpoint
)

// Job is what a run is made from.
type Job struct {
	Dir      string       // where runs/ is
	Name     string       // of the run
	ID       string       // hex; its first 8 characters are part of the folder's name
	Recipe   []byte       // recipe.yaml
	Answer   string       // how the black box is asked
	Context  int          // of the model, tokens
	Class    kernel.Class // of the numerics, part of every fingerprint
	Steps    []Step       // parents before children
	Versions map[string]string
}

// Folder is the run's folder.
func (j *Job) Folder() string {
	return filepath.Join(j.Dir, "runs", j.Name+"-"+j.ID[:min(8, len(j.ID))])
}

// Choice says which stages are wanted and how old work is treated.
type Choice struct {
	Only, From, Until string
	Fresh             bool // nothing old is used
	NoResume          bool // a stage starts from its beginning, not from where it was interrupted
}

// Planned is one stage of a plan.
type Planned struct {
	Stage       string            `json:"stage"`
	Action      string            `json:"action"`
	Why         string            `json:"why"`
	Fingerprint string            `json:"fingerprint"`
	Inputs      map[string]string `json:"inputs,omitempty"`
	Format      int               `json:"format"`           // of what the stage writes
	Digest      string            `json:"digest,omitempty"` // of the checkpoint that serves
	Source      string            `json:"-"`                // folder of the checkpoint to adopt
	forced      bool
}

// Plan is what a run will do. Its JSON is plan.json.
type Plan struct {
	Version int          `json:"v"`
	Name    string       `json:"name"`
	ID      string       `json:"fingerprint"`
	Class   kernel.Class `json:"numerics,omitempty"`
	Kernel  string       `json:"kernel,omitempty"` // of runs of older programs, which had a kernel's name in place of a class
	Stages  []Planned    `json:"stages"`
	job     *Job
	choice  Choice
}

// New plans a job. It writes nothing.
func New(job *Job, choice Choice) (*Plan, error) {
	if err := choice.check(job.Steps); err != nil {
		return nil, err
	}
	prints, err := fingerprints(job.Steps, job.Class)
	if err != nil {
		return nil, err
	}
	p := &Plan{Version: 1, Name: job.Name, ID: job.ID, Class: job.Class, job: job, choice: choice}
	digests := map[string]string{}
	for _, s := range job.Steps {
		pl := Planned{Stage: s.Name, Fingerprint: prints[s.Name], Inputs: s.Inputs, Format: s.Format, forced: choice.Fresh || choice.From == s.Name}
		if err := p.decide(&pl, s, digests); err != nil {
			return nil, err
		}
		if pl.Digest != "" {
			digests[s.Name] = pl.Digest
		}
		p.Stages = append(p.Stages, pl)
	}
	return p, nil
}

// Again plans the same job by what is there now.
func (p *Plan) Again() (*Plan, error) { return New(p.job, p.choice) }

// check refuses a choice that makes no sense.
func (c Choice) check(steps []Step) error {
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.Name
	}
	for flag, name := range map[string]string{"--only": c.Only, "--from": c.From, "--until": c.Until} {
		if name != "" && !slices.Contains(names, name) {
			return fmt.Errorf("%w: %s %s: there is no such stage (there are: %s)", rundir.ErrUsage, flag, name, strings.Join(names, ", "))
		}
	}
	switch {
	case c.Only != "" && (c.Until != "" || c.From != "" && c.From != c.Only):
		return fmt.Errorf("%w: --only cannot stand beside --until or another stage's --from", rundir.ErrUsage)
	case c.From != "" && c.Until != "" && slices.Index(names, c.From) > slices.Index(names, c.Until):
		return fmt.Errorf("%w: --from %s comes after --until %s", rundir.ErrUsage, c.From, c.Until)
	}
	return nil
}

// wanted reports whether the choice asks for a stage.
func (p *Plan) wanted(name string) bool {
	switch {
	case p.choice.Only != "":
		return name == p.choice.Only
	case p.choice.Until != "":
		return p.index(name) <= p.index(p.choice.Until)
	}
	return true
}

func (p *Plan) index(name string) int {
	return slices.IndexFunc(p.job.Steps, func(s Step) bool { return s.Name == name })
}

// decide fills in what happens to a stage, given the digests of the checkpoints before it that serve. It returns an error only for
// what no run could mend: a checkpoint of a newer format, or a file system that cannot be read.
func (p *Plan) decide(pl *Planned, s Step, digests map[string]string) error {
	parents := map[string]string{}
	open := ""
	for _, name := range s.Parents {
		if d, ok := digests[name]; ok {
			parents[name] = d
		} else if open == "" {
			open = name
		}
	}
	if !p.wanted(s.Name) {
		pl.Action, pl.Why = Skip, "not asked for"
		if digest, _, err := p.find(s.Name, pl.Fingerprint, parents, s.Parents, false); err == nil {
			pl.Digest = digest
		}
		return nil
	}
	digest, source, why := p.find(s.Name, pl.Fingerprint, parents, s.Parents, !p.choice.Fresh)
	if why != nil && !errors.Is(why, errUnfit) {
		return why
	}
	switch {
	case pl.forced && p.choice.Fresh:
		pl.Action, pl.Why = Run, "--fresh"
	case pl.forced:
		pl.Action, pl.Why = Run, "named by --from"
	case open != "":
		pl.Action, pl.Why = Run, "needs "+open+", which is run before"
		if p.fits(s.Name, pl.Fingerprint) {
			pl.Action, pl.Why = Depend, "reused if "+open+" ends in the same digest"
		}
	case why != nil:
		pl.Action, pl.Why = Run, strings.TrimPrefix(why.Error(), errUnfit.Error()+": ")
	case source == p.folder(s.Name):
		pl.Action, pl.Why, pl.Digest = Reuse, "same fingerprint", digest
	default:
		pl.Action, pl.Why, pl.Digest, pl.Source = Adopt, "same fingerprint in "+filepath.Base(filepath.Dir(source)), digest, source
	}
	if pl.Action == Run && !p.choice.Fresh && !p.choice.NoResume && open == "" && p.interrupted(s.Name, rundir.Stamp(pl.Fingerprint, parents)) {
		pl.Action, pl.Why = Resume, pl.Why+"; goes on where it was interrupted"
	}
	return nil
}

// errUnfit says that there is no checkpoint that serves.
var errUnfit = errors.New("unfit")

func (p *Plan) folder(stage string) string { return filepath.Join(p.job.Folder(), stage) }

// fits reports whether the run's own checkpoint bears a fingerprint, whatever its parents.
func (p *Plan) fits(stage, fingerprint string) bool {
	m, err := checkpoint.Load(p.folder(stage))
	return err == nil && m.Fingerprint == fingerprint
}

// find looks for a checkpoint of a stage that serves: first in the run, then, with others set, in the other runs beside it. It
// returns errUnfit with the reason why the run's own does not serve.
func (p *Plan) find(stage, fingerprint string, parents map[string]string, needed []string, others bool) (digest, source string, err error) {
	own := p.folder(stage)
	m, err := checkpoint.Load(own)
	switch {
	case err == nil:
		if err = p.serves(m, fingerprint, parents, needed); err == nil {
			return m.Digest(), own, nil
		}
	case errors.Is(err, checkpoint.ErrNewer):
		return "", "", err
	case errors.Is(err, checkpoint.ErrMissing):
		err = fmt.Errorf("%w: no checkpoint yet", errUnfit)
	case errors.Is(err, checkpoint.ErrIncomplete), errors.Is(err, checkpoint.ErrCorrupt):
		err = fmt.Errorf("%w: %s", errUnfit, err)
	default:
		return "", "", err
	}
	if !others {
		return "", "", err
	}
	for _, manifest := range rundir.Glob(p.job.Dir, "runs", "*", stage, checkpoint.ManifestName) {
		dir := filepath.Dir(manifest)
		if dir == own {
			continue
		}
		if m, lerr := checkpoint.Load(dir); lerr == nil && p.serves(m, fingerprint, parents, needed) == nil {
			return m.Digest(), dir, nil
		}
	}
	return "", "", err
}

// serves says why a checkpoint cannot be used, or nil.
func (p *Plan) serves(m *checkpoint.Manifest, fingerprint string, parents map[string]string, needed []string) error {
	switch {
	case m.Fingerprint != fingerprint && m.Numerics != "" && m.Numerics != string(p.job.Class):
		return fmt.Errorf("%w: made in another class of numerics (%s)", errUnfit, m.Numerics)
	case m.Fingerprint != fingerprint && m.Version == 1 && m.Kernel != "":
		return fmt.Errorf("%w: made by the kernel %s of an older program", errUnfit, m.Kernel)
	case m.Fingerprint != fingerprint:
		return fmt.Errorf("%w: recipe, data or program changed", errUnfit)
	}
	for _, name := range needed {
		if parents[name] == "" || m.Parents[name] != parents[name] {
			return fmt.Errorf("%w: %s has another digest now", errUnfit, name)
		}
	}
	return nil
}

// interrupted reports whether a stage's work area holds work with that stamp.
func (p *Plan) interrupted(stage, mark string) bool {
	text, err := os.ReadFile(p.stampFile(stage))
	if err != nil || string(text) != mark {
		return false
	}
	entries, err := os.ReadDir(p.work(stage))
	return err == nil && len(entries) > 0
}

func (p *Plan) work(stage string) string {
	return filepath.Join(p.job.Folder(), rundir.WorkFolder, stage)
}
func (p *Plan) stampFile(stage string) string { return p.work(stage) + rundir.StampExt }

// Done reports whether nothing is left to do.
func (p *Plan) Done() bool {
	return !slices.ContainsFunc(p.Stages, func(s Planned) bool { return s.Action != Reuse && s.Action != Skip })
}

// Folder is the run's folder.
func (p *Plan) Folder() string { return p.job.Folder() }
