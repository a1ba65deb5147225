package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"slm/data/corpus"
	"slm/data/exam"
	"slm/data/form"
	"slm/data/tokenizer"
	"slm/model"
	"slm/model/decode"
	"slm/model/kernel"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/dp"
	"slm/stages/knowledge"
	"slm/stages/trainer"
)

func main() {
	tokens := flag.Int64("tokens", 2e6, "")
	batch := flag.Int("batch", 8192, "")
	ctxl := flag.Int("context", 512, "")
	maxs := flag.Int("max", 384, "")
	near := flag.Float64("near", .8, "")
	lr := flag.Float64("lr", 1.5e-3, "")
	mc := flag.Float64("mc", 1, "")
	mp := flag.Float64("mp", .2, "")
	ml := flag.Float64("ml", .5, "")
	oth := flag.Float64("other", .2, "")
	dev := flag.Float64("dev", .3, "")
	test := flag.Float64("test", .2, "")
	layers := flag.Int("layers", 6, "")
	width := flag.Int("width", 256, "")
	seed := flag.Uint64("seed", 7, "")
	only := flag.String("only", "", "")
	flag.Parse()
	opt := corpus.Options{From: corpus.Licenses, Exact: true, Near: *near, Numbered: true}
	if *only != "" {
		opt.Only = strings.Split(*only, ",")
	}
	secs, rep, err := corpus.Collect(opt)
	check(err)
	forms, _ := form.Default(form.LicenseForms)
	items, err := exam.Build(secs, forms, exam.Options{Choices: 4, Dev: *dev, Test: *test, Chars: 120, Seed: *seed, Near: *near})
	check(err)
	tok, err := tokenizer.Train(func(y func(string) bool) {
		for _, s := range secs {
			if !y(forms.PlaceOf(s)+" "+s.Text) {
				return
			}
		}
	}, tokenizer.TrainOptions{Vocab: 4096, Special: []string{domain.EOS}})
	check(err)
	eos, _ := tok.ID(domain.EOS)
	dom := &domain.Domain{Tokenizer: tok, Sections: secs, Items: items, Forms: forms, EOS: eos}
	total := 0
	long := 0
	docs := map[string]bool{}
	for _, s := range secs {
		n := len(tok.Encode(s.Text))
		total += n
		docs[s.Title] = true
		if n > *maxs {
			long++
		}
	}
	fmt.Printf("%d docs (%d dropped near, %d exact), %d sections, %d tokens, %d longer than %d; items train %d dev %d test %d\n", len(docs), rep.DroppedNear, rep.DroppedExact, len(secs), total, long, *maxs,
		len(exam.Only(items, exam.Train)), len(exam.Only(items, exam.Dev)), len(exam.Only(items, exam.Test)))
	be, err := kernel.Open("")
	check(err)
	w := *width
	cfg := model.Config{Vocab: tok.Vocab(), Width: w, Layers: *layers, Heads: w / 64, KVHeads: w / 64, HeadDim: 64, Hidden: (w*8/3 + 63) / 64 * 64, Context: *ctxl, RopeTheta: 10000, NormEps: 1e-5, Tied: true}
	p := model.New(cfg, *seed)
	mix := dp.NewMixture(dom, dp.Mix{Corpus: *mc, Pairs: *mp, Places: *ml, Other: *oth}, *maxs, *seed)
	ep := mix.Epoch(0)
	n := 0
	for _, e := range ep {
		n += len(e.Tokens)
	}
	fmt.Printf("epoch: %d examples, %d tokens; %d parameters; %s\n", len(ep), n, cfg.Count(), be.Name())
	dir, _ := os.MkdirTemp("", "dev")
	defer os.RemoveAll(dir)
	env := &stages.Env{Run: dir, Seed: *seed, Kernel: be, Log: slog.Default(), Now: time.Now, Emit: func(e stages.Event) {
		if e.Type == "step" && (e.Step%20 == 0 || e.HeldOut > 0) {
			fmt.Printf("step %d/%d loss %.4f held %.4f tok/s %.0f eta %.0f\n", e.Step, e.Of, e.Loss, e.HeldOut, e.TokS, e.ETA)
		}
	}}
	o := trainer.DefaultOptim(*lr)
	t0 := time.Now()
	sum, err := trainer.Run(context.Background(), env, trainer.Job{Stage: "dp", Model: p, Epoch: mix.Epoch, HeldOut: dp.HeldOut(dom), Tokens: *tokens, Batch: *batch, Context: *ctxl, Optim: o, Save: trainer.Save{Minutes: 100}})
	check(err)
	fmt.Printf("trained %d tokens in %.0f s, held-out %.4f\n", sum.Tokens, time.Since(t0).Seconds(), sum.HeldOut)
	sp := knowledge.New(decode.New(p, be), dom, false)
	for _, split := range []string{exam.Train, exam.Dev, exam.Test} {
		it := exam.Only(items, split)
		qs := make([]string, len(it))
		for i := range it {
			qs[i] = it[i].Question
		}
		t0 = time.Now()
		pieces, err := sp.Say(context.Background(), qs, nil)
		check(err)
		place, exact, ver := 0, 0, 0
		for i, pc := range pieces {
			if pc.Place == it[i].Place {
				place++
			}
			k := []rune(it[i].Knowledge)
			if strings.HasPrefix(pc.Text, string(k[:min(40, len(k))])) {
				exact++
			}
			if pc.Verified {
				ver++
			}
			if i < 6 && split == exam.Test {
				fmt.Printf("  Q %q → %q (%q) %.60q want %.60q\n", qs[i], pc.Place, it[i].Place, pc.Text, it[i].Knowledge)
			}
		}
		fmt.Printf("%s: place %d, exact 40 %d, verified %d of %d (%.1f s)\n", split, place, exact, ver, len(it), time.Since(t0).Seconds())
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
