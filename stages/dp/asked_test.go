package dp

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"slm/data/exam"
	"slm/retrieve"
	"slm/rng"
	"slm/stages"
	"slm/stages/domain"
	"slm/stages/search"
	"slm/stages/stagetest"
	"slm/stat"
)

// What the encoder earns on questions as people ask them, with five seeds. It needs the checkpoint of stage data of a recipe with data.asked:
//
//	SLM_TEST_ALL=1 SLM_TEST_DATA=RUN/data SLM_TEST_PAIRS=30 go test ./stages/dp -run PeopleAsk -v
func TestEncoder_FindsWhatPeopleAsk(t *testing.T) {
	dir := os.Getenv("SLM_TEST_DATA")
	if os.Getenv("SLM_TEST_ALL") == "" || dir == "" {
		t.Skip("minutes, and a data checkpoint: SLM_TEST_ALL=1 and SLM_TEST_DATA")
	}
	each, err := strconv.ParseFloat(os.Getenv("SLM_TEST_PAIRS"), 64)
	if err != nil {
		t.Fatal(err)
	}
	dom, err := domain.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dom.Close() }()
	var dev []retrieve.Asked
	for _, item := range exam.Only(dom.Asked, exam.Dev) {
		asked := retrieve.Asked{Question: item.Question}
		for _, place := range item.Right() {
			if _, i, ok := dom.Section(place); ok {
				asked.Sections = append(asked.Sections, i)
			}
		}
		if len(asked.Sections) > 0 {
			dev = append(dev, asked)
		}
	}
	keyword, err := retrieve.OpenKeyword(dom.Sections)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = keyword.Close() }()
	measure := func(name string, s retrieve.Scorer) float64 {
		ranks, err := retrieve.Ranks(t.Context(), retrieve.Ranked(s), dev)
		if err != nil {
			t.Fatal(err)
		}
		q, err := retrieve.Measure(name, dev, ranks, stat.Options{Resamples: 2000, Stream: rng.New(1, "asked")})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-12s first %.3f, among 3 %.3f, 5 %.3f, 20 %.3f, MRR %.3f", name, q.Recall1.Value, q.Recall3.Value, q.Recall5.Value, q.Recall20.Value, q.MRR.Value)
		return q.MRR.Value
	}
	alone, gain := measure("keyword", keyword), 0.0
	const seeds = 5
	for seed := range uint64(seeds) {
		own := ownScorer(t, dom, each, 7+seed)
		both, err := retrieve.Learned([]float64{1, 1}, keyword, own)
		if err != nil {
			t.Fatal(err)
		}
		measure("own", own)
		gain += (measure("both", both) - alone) / seeds
	}
	if gain <= 0 {
		t.Errorf("%+.3f of MRR over keywords", gain)
	}
}

// ownScorer trains an encoder and encodes the sections, each as a whole.
func ownScorer(t *testing.T, dom *domain.Domain, each float64, seed uint64) retrieve.Scorer {
	t.Helper()
	env, cfg := stagetest.Env(t), Default()
	cfg.Mix.Contrast = each
	mix, err := NewMixture(dom, cfg.Mix, longest, false, seed)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(cfg, stagetest.Shape(dom)).encoder(context.Background(), env, mix)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(env.Dir(stages.DP), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(filepath.Join(env.Dir(stages.DP), domain.EncoderFile)); err != nil {
		t.Fatal(err)
	}
	spec, err := search.LookupEncoder("own")
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := spec.Open(t.Context(), search.Source{Dir: env.Dir, Domain: dom})
	if err != nil {
		t.Fatal(err)
	}
	vectors := retrieve.NewVectors(encoder.Name(), encoder.Dim(), dom.Sections.Len())
	for i, s := range dom.Sections.All() {
		v, err := encoder.Sections(t.Context(), []string{shown(s)})
		if err != nil {
			t.Fatal(err)
		}
		if err := vectors.Append([]int{i}, v); err != nil {
			t.Fatal(err)
		}
	}
	dense, err := retrieve.NewDense(encoder, vectors)
	if err != nil {
		t.Fatal(err)
	}
	return dense
}
