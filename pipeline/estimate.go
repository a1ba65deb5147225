package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"slm/data/exam"
	"slm/data/form"
	"slm/data/pack"
	"slm/data/pairs"
	"slm/llm"
	"slm/model"
	"slm/model/kernel"
	"slm/pipeline/recipe"
	"slm/report/ladder"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/dp"
	"slm/stages/kit"
	"slm/stages/knowledge"
)

// StageCost is what one stage is expected to take.
type StageCost struct {
	Stage     string  `json:"stage"`
	Seconds   float64 `json:"seconds"`
	Tokens    int64   `json:"tokens"`     // places that are trained on
	FLOPs     float64 `json:"flops"`      // of the training: 6 a parameter and token
	Questions int64   `json:"questions"`  // that the stage puts, at most; the same one with the same knowledge is asked once
	Calls     int64   `json:"llm_calls"`  // that is expected to leave
	LLMTokens int64   `json:"llm_tokens"` // prompts and options
}

// Cost is what the stages of a plan that are run are expected to take.
type Cost struct {
	Stages []StageCost `json:"stages"`
	All    StageCost   `json:"all"`
	USD    *float64    `json:"usd"`    // nil = the price is not known; local weights cost nothing
	Memory uint64      `json:"memory"` // bytes at the peak, as measured while calibrating; 0 = unknown
	Notes  []string    `json:"notes,omitempty"`
}

// Estimate tells what a plan will take from a short calibration: one training step of the recipe's shape, some generation, and two
// questions to local weights. A data stage that was not run before is run into a temporary folder. now times.
func (p *Plan) Estimate(ctx context.Context, r *recipe.Loaded, be kernel.Backend, box *BlackBox, now func() time.Time) (*Cost, error) {
	e := &estimator{recipe: r, kernel: be, now: now, cost: &Cost{}}
	dir, err := p.dataFolder(ctx, be, now)
	if dir.temporary {
		defer func() { _ = os.RemoveAll(filepath.Dir(dir.path)) }() // nobody reads it any more
	}
	if err != nil {
		return nil, err
	}
	if e.dom, err = domain.Open(dir.path); err != nil {
		return nil, err
	}
	e.shape = r.Model.Config(e.dom.Tokenizer.Vocab())
	if err := e.calibrate(ctx, box); err != nil {
		return nil, err
	}
	for _, s := range p.Stages {
		if s.Action == Reuse || s.Action == Adopt || s.Action == Skip {
			continue
		}
		c := e.stage(s.Stage, dir.seconds)
		c.Stage = s.Stage
		e.cost.Stages = append(e.cost.Stages, c)
		all := &e.cost.All
		all.Seconds, all.Tokens, all.FLOPs = all.Seconds+c.Seconds, all.Tokens+c.Tokens, all.FLOPs+c.FLOPs
		all.Questions, all.Calls, all.LLMTokens = all.Questions+c.Questions, all.Calls+c.Calls, all.LLMTokens+c.LLMTokens
	}
	e.cost.All.Stage = "all"
	e.price()
	e.cost.Memory = peakMemory()
	return e.cost, nil
}

// dataAt is a data checkpoint to read.
type dataAt struct {
	path      string
	temporary bool
	seconds   float64 // that it took to make
}

// dataFolder finds the data checkpoint that a plan will use, or makes it.
func (p *Plan) dataFolder(ctx context.Context, be kernel.Backend, now func() time.Time) (dataAt, error) {
	i := p.index(stages.Data)
	switch pl := p.Stages[i]; {
	case pl.Source != "":
		return dataAt{path: pl.Source}, nil
	case pl.Digest != "":
		return dataAt{path: p.folder(stages.Data)}, nil
	}
	tmp, err := os.MkdirTemp("", "slm-plan-")
	if err != nil {
		return dataAt{}, fmt.Errorf("pipeline: plan: %w", err)
	}
	at := dataAt{path: filepath.Join(tmp, stages.Data), temporary: true}
	env := &stages.Env{Run: tmp, Seed: p.job.Seed, Fingerprint: p.Stages[i].Fingerprint, Kernel: be, Log: quiet(), Now: now, Emit: func(stages.Event) {}}
	start := now()
	if err := guard(ctx, p.job.Steps[i].Stage, env); err != nil {
		return at, fmt.Errorf("%s: %w", stages.Data, err)
	}
	at.seconds = now().Sub(start).Seconds()
	return at, nil
}

// estimator turns what was measured into what to expect.
type estimator struct {
	recipe *recipe.Loaded
	kernel kernel.Backend
	now    func() time.Time
	dom    *domain.Domain
	shape  model.Config
	cost   *Cost

	place, step float64 // seconds: of a trained place, of the optimiser
	token       float64 // seconds of a generated token, among many
	question    float64 // seconds of a question to the black box; 0 = not known
}

func (e *estimator) stage(name string, data float64) (c StageCost) {
	switch name {
	case stages.Data:
		c.Seconds = data
	case stages.DP:
		e.train(&c, e.dpPlaces(), e.recipe.Stages.DP.Batch)
	case stages.KIT:
		e.kit(&c)
	case stages.BPO:
		e.bpo(&c)
	case stages.Eval:
		e.eval(&c)
	}
	return c
}

func (e *estimator) train(c *StageCost, places float64, batch int) {
	c.Tokens = int64(places)
	c.FLOPs = 6 * float64(e.shape.Count()) * places
	c.Seconds += places*e.place + places/float64(batch)*e.step
}

// packed is how much of a row packing fills, about.
const packed = 0.95

func (e *estimator) dpPlaces() float64 {
	d := e.recipe.Stages.DP
	if d.Tokens > 0 {
		return float64(d.Tokens)
	}
	limit := e.shape.Context
	if d.MaxSection > 0 {
		limit = min(limit, d.MaxSection)
	}
	n := 0
	for _, ex := range dp.NewMixture(e.dom, d.Mix, limit, e.recipe.Seed).Epoch(0) {
		n += len(ex.Tokens)
	}
	return d.Epochs * float64(n) / packed
}

func (e *estimator) kit(c *StageCost) {
	k := e.recipe.Stages.KIT
	tok, forms := e.dom.Tokenizer, e.dom.Forms
	var list []pairs.Pair
	if k.Pairs.From != "file" {
		list = slices.DeleteFunc(pairs.FromSections(exam.TrainSections(e.dom.Sections, e.dom.Items), forms, e.recipe.Seed),
			func(p pairs.Pair) bool { return !slices.Contains(k.Pairs.Templates, p.Kind) })
	}
	if k.Pairs.From != "corpus" {
		more, err := pairs.Read(k.Pairs.File)
		if err != nil {
			e.note("kit: its file of pairs is left out of the estimate: %v", err)
		}
		list = append(list, more...)
	}
	n := 0
	for _, p := range list {
		reply := p.Reply(forms)
		if k.Knowledge == kit.TwoStep && p.Place != "" {
			reply = forms.Reply(p.Place, "")
		}
		n += min(e.shape.Context, len(pack.Encode(tok, p.ID, forms.Ask(p.Question), reply, e.dom.EOS, false).Tokens))
	}
	section := 0
	for _, s := range e.dom.Sections {
		section += min(e.shape.Context, len(tok.Encode(form.Join(forms.DocumentOf(s, 0), s.Text))))
	}
	places := float64(n) + k.Replay*float64(len(list))*float64(section)/float64(max(1, len(e.dom.Sections)))
	e.train(c, k.Epochs*places/packed, k.Batch)
	if k.Filter {
		asked := len(exam.Only(e.dom.Items, exam.Train))
		e.ask(c, asked, asked, true)
	}
}

// climbs is the share of trials that reach each further rung of the ladder, about.
const climbs = 0.55

// answers is how many different texts the trials bring out of the small model for one question, about: most prompts name the same place.
const answers = 2

func (e *estimator) bpo(c *StageCost) {
	b := e.recipe.Stages.BPO
	dev := len(exam.Only(e.dom.Items, exam.Dev))
	held := int(float64(dev)*b.Final.Share + 0.5)
	ladder := []int{}
	for _, rung := range b.Items.Ladder {
		if rung = min(rung, dev-held); rung > 0 && (len(ladder) == 0 || rung > ladder[len(ladder)-1]) {
			ladder = append(ladder, rung)
		}
	}
	if held < 1 || len(ladder) == 0 {
		e.note("bpo: %d development questions are too few to search on", dev)
		return
	}
	most, trial, share := ladder[len(ladder)-1], 0.0, 1.0
	for i, rung := range ladder {
		if i > 0 {
			rung -= ladder[i-1]
			share *= climbs
		}
		trial += share * float64(rung)
	}
	arms := 1
	if slices.Contains(b.Controls, "random") {
		arms = 2
	}
	questions := most + arms*int(float64(b.Init+b.Trials)*trial) + (1+arms*b.Final.Best)*held
	e.ask(c, questions, min(questions, answers*(most+held)), true)
	texts := min(questions, answers*(most+held))
	c.Seconds += float64(questions)*e.place/3*float64(e.questionTokens()+b.Soft.Tokens) + e.token*float64(questions*placeTokens+texts*b.Passage)
}

// placeTokens is how long a generated place is, about.
const placeTokens = 12

func (e *estimator) eval(c *StageCost) {
	items := len(exam.Only(e.dom.Items, exam.Test))
	if n := e.recipe.Eval.Items; n > 0 {
		items = min(items, n)
	}
	systems, err := ladder.Resolve(e.recipe.Eval.Systems)
	if err != nil {
		return // the recipe was checked
	}
	speaks := 0
	for _, s := range systems {
		if s != "slm" {
			e.ask(c, items, items, s != "llm")
		}
		if s == "dp" || s == "blade-z0" || s == "blade" {
			speaks++
		}
	}
	c.Seconds += e.token * float64(speaks*items*(placeTokens+e.recipe.Eval.Knowledge))
}

// ask adds questions to the black box, of which some leave.
func (e *estimator) ask(c *StageCost, questions, leave int, known bool) {
	chars, calls := e.questionSize(known)
	c.Questions += int64(questions)
	c.Calls += int64(leave * calls)
	c.LLMTokens += int64(math.Round(float64(leave) * chars / charsPerToken))
	c.Seconds += float64(leave) * e.question
}

// charsPerToken is what a language model's token holds of English, about.
const charsPerToken = 4.4

// questionSize is the mean length of a question to the black box in characters, and the calls that it takes.
func (e *estimator) questionSize(known bool) (chars float64, calls int) {
	calls = 1
	items := e.dom.Items[:min(len(e.dom.Items), 50)]
	for _, item := range items {
		q := llm.Question{Question: item.Question, Choices: item.Choices}
		if known {
			q.Knowledge = knowledge.Head(e.dom, item.Knowledge, e.recipe.Eval.Knowledge)
		}
		r, err := llm.Render(e.recipe.LLM.Answer, q)
		if err != nil {
			continue
		}
		times := 1
		if e.recipe.LLM.Provider == llm.OpenAI && len(r.Options) > 0 {
			times, calls = len(r.Options), len(r.Options) // a server reads the prompt again for each
		}
		chars += float64(times * len(r.Prompt))
		for _, o := range r.Options {
			chars += float64(len(o))
		}
	}
	return chars / float64(max(1, len(items))), calls
}

func (e *estimator) questionTokens() int {
	if len(e.dom.Items) == 0 {
		return 0
	}
	return len(e.dom.Tokenizer.Encode(e.dom.Forms.Ask(e.dom.Items[0].Question)))
}

// price is the cost of the calls in dollars.
func (e *estimator) price() {
	var usd float64
	switch p := e.recipe.LLM.Price; {
	case e.recipe.LLM.Provider != llm.OpenAI:
	case p == nil:
		return
	default:
		usd = float64(e.cost.All.LLMTokens)*p.Input/1e6 + float64(e.cost.All.Calls)*p.Output/1e6
	}
	e.cost.USD = &usd
}

func (e *estimator) note(format string, args ...any) {
	e.cost.Notes = append(e.cost.Notes, fmt.Sprintf(format, args...))
}

// calibrate measures.
func (e *estimator) calibrate(ctx context.Context, box *BlackBox) error {
	params := model.New(e.shape, e.recipe.Seed)
	if err := e.timeGeneration(ctx, params); err != nil {
		return err
	}
	if err := e.timeTraining(ctx, params); err != nil {
		return err
	}
	if e.recipe.LLM.Provider == llm.OpenAI {
		e.note("the time that the server takes is not known, and not counted")
		return nil
	}
	err := e.timeQuestions(ctx, box)
	if errors.Is(err, llm.ErrUnavailable) {
		e.note("the time of the black box is not counted: %v", err)
		return nil
	}
	return err
}
