// Package find is the stage that prepares what sections are found with: the vectors of the corpus by each encoder, and the weights with which the
// signals are put together, fitted on training and development questions that people have asked; where the recipe wants them, the bridge and the gate over what is found
// (package gate). It also says how well each of them finds the sections of the
// development questions.
package find

import (
	"context"
	"errors"
	"os"
	"slices"

	"slm/checkpoint"
	"slm/data/exam"
	"slm/retrieve"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/gate"
	"slm/stages/search"
)

// Stage prepares the retrievers of a run.
type Stage struct{ cfg Config }

// New returns the stage.
func New(cfg Config) *Stage { return &Stage{cfg} }

// Name is the stage's folder.
func (s *Stage) Name() string { return stages.Find }

// Ready asks the encoders what the machine lacks.
func (s *Stage) Ready() error {
	for _, name := range s.cfg.Dense {
		if spec, err := search.LookupEncoder(name); err == nil && spec.Ready != nil {
			if err := spec.Ready(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run encodes the sections, fits the fusion and what chooses from it, measures them and writes the checkpoint.
func (s *Stage) Run(ctx context.Context, env *stages.Env) (err error) {
	dom, err := domain.Open(env.Dir(stages.Data))
	if err != nil {
		return err
	}
	defer func() { _ = dom.Close() }() // mapped for reading
	from := search.Source{Dir: env.Dir, Domain: dom, Kernel: env.Kernel, Server: search.Serve(env, stages.Find)}
	made := make([]*retrieve.Vectors, len(s.cfg.Dense))
	keyword, err := retrieve.OpenKeyword(dom.Sections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keyword.Close()) }()
	var signals []search.Signal
	index := retrieve.NewIndex(dom.Sections, s.cfg.Aliases)
	for _, name := range retrieve.Signals() {
		signals = append(signals, search.Signal{Name: name, Scorer: index.Signal(name), Start: start[name]})
	}
	defer func() {
		for _, s := range signals {
			err = errors.Join(err, s.Scorer.Close())
		}
	}()
	for i, name := range s.cfg.Dense {
		spec, err := search.LookupEncoder(name)
		if err != nil {
			return err
		}
		if made[i], err = vectors(ctx, env, from, spec); err != nil {
			return err
		}
		encoder, err := spec.Open(ctx, from)
		if err != nil {
			return err
		}
		dense, err := retrieve.NewDense(encoder, made[i])
		if err != nil {
			return errors.Join(err, encoder.Close())
		}
		signals = append(signals, search.Signal{Name: name, Scorer: dense, Start: spec.Start})
	}
	fit := fitting{
		cfg: s.cfg, sections: dom.Sections.Len(), keyword: keyword, signals: signals, parts: parts(dom, s.cfg.Dense), seed: env.Seed,
		progress: func(phase string, step, of int) {
			env.Emit(stages.Event{Type: "step", Phase: phase, Step: step, Of: of})
		},
	}
	fusion, held, quality, err := fit.run(ctx)
	if err != nil {
		return err
	}
	var selected selection
	if s.cfg.Bridge {
		if selected, err = s.choose(ctx, env, dom, fit.parts, held, fit.near()); err != nil {
			return err
		}
		quality = append(quality, selected.quality...)
	}
	p, err := checkpoint.Begin(env.Dir(stages.Find))
	if err != nil {
		return err
	}
	errs := []error{fusion.Write(p.Path(search.FusionFile)), search.WriteRetrieval(p.Path(search.RetrievalFile), quality)}
	for i, name := range s.cfg.Dense {
		errs = append(errs, made[i].Write(p.Path(search.VectorsFile(name))))
	}
	if s.cfg.Bridge {
		errs = append(errs, selected.bridge.Write(p.Path(gate.BridgeFile)))
	}
	if s.cfg.Gate {
		errs = append(errs, selected.gate.Write(p.Path(gate.GateFile)))
	}
	if selected.asked {
		errs = append(errs, env.Replies(p.Path(RepliesFile)))
	}
	errs = append(errs, search.ExportServer(env, stages.Find, s.cfg.Dense, p.Path))
	if err := errors.Join(errs...); err != nil {
		return errors.Join(err, p.Abort())
	}
	m := env.Manifest(stages.Find)
	m.Counters["questions"], m.Counters["dev"] = int64(fusion.Questions), int64(len(fit.where(func(p part) bool { return p.split == exam.Dev })))
	m.Facts["split_digest"] = exam.Digest(dom.Items)
	if i := slices.IndexFunc(quality, func(q retrieve.Quality) bool { return q.Retriever == search.Hybrid }); i >= 0 {
		env.Log.Info("retrieval", "first", quality[i].Recall1.Value, "among five", quality[i].Recall5.Value)
	}
	if err := p.Commit(m); err != nil {
		return err
	}
	return os.RemoveAll(env.Work(stages.Find))
}
