// Package embed encodes the same sections with this program's encoder and with sentence-transformers, in turn, checks that the vectors are the
// same, and prints the speed of both.
package embed

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"slm/data/corpus"
	"slm/model/kernel"
	"slm/model/weights"
	"slm/retrieve"
	"slm/scripts/benchmark/duel"
	"slm/scripts/benchmark/setup"
)

// timing is one round of one side.
type timing struct {
	Wall    float64     `json:"wall"` // seconds
	CPU     float64     `json:"cpu"`  // seconds, of all threads
	Vectors [][]float32 `json:"vectors"`
}

// near is how far a value of a vector may be from sentence-transformers'.
const near = 1e-4

//go:embed peer.py
var script string

// options are the flags.
type options struct{ sections, rounds int }

// Command is the subcommand.
func Command() *cobra.Command {
	python := setup.Python{
		Venv: "venv-embed", Packages: []string{"torch==2.15.0", "sentence-transformers==6.2.0", "transformers==5.23.0", "numpy==2.4.6"},
		Options: []string{"--only-binary", ":all:"},
	}
	var o options
	cmd := &cobra.Command{
		Use:   "embed",
		Short: "Our encoder of sections beside sentence-transformers",
		Long: "Encodes sections of the licences in the program by all-MiniLM-L6-v2, with this program's encoder and with sentence-transformers, in turn,\n" +
			"on as many threads (GOMAXPROCS), checks that the vectors are the same to 1e-4, and prints the speed of both by wall time and by processor time.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := python.Path(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return setup.InTemp(cmd.Name(), func(folder string) error { return o.compare(cmd.Context(), path, folder, cmd.OutOrStdout()) })
		},
	}
	python.AddFlag(cmd)
	cmd.Flags().IntVar(&o.sections, "sections", 96, "how many sections, at even distances")
	cmd.Flags().IntVar(&o.rounds, "rounds", 3, "rounds; the median is printed")
	return cmd
}

// texts are sections as they are encoded, with what they are called.
func texts(most int) ([]string, error) {
	sections, _, err := corpus.Collect(corpus.Options{From: corpus.Licenses, Numbered: true, Exact: true, Near: 0.8})
	if err != nil {
		return nil, err
	}
	step := max(1, len(sections)/max(1, most))
	var out []string
	for i := 0; i < len(sections) && len(out) < most; i += step {
		out = append(out, sections[i].Title+" "+sections[i].Number+". "+sections[i].Text)
	}
	return out, nil
}

// compare times both sides in turn.
func (o options) compare(ctx context.Context, python, folder string, out io.Writer) error {
	all, err := texts(o.sections)
	if err != nil {
		return err
	}
	ours, err := retrieve.OpenMiniLM(nil)
	if err != nil {
		return err
	}
	be, err := kernel.OpenFloat()
	if err != nil {
		return err
	}
	model, job := filepath.Join(folder, "model"), filepath.Join(folder, "job.json")
	data, err := json.Marshal(all)
	if err = errors.Join(err, os.WriteFile(job, data, 0o644), layOut(model)); err != nil {
		return err
	}
	peer, err := duel.Python(ctx, "sentence-transformers", python, script, model, job, strconv.Itoa(kernel.Threads()))
	if err != nil {
		return err
	}
	defer peer.Stop()
	tokens := 0
	for _, t := range all {
		read, _ := ours.Tokens(t)
		tokens += read
	}
	var a, b []timing
	largest := 0.0
	for range o.rounds {
		first, err := encode(ctx, ours, all)
		if err != nil {
			return err
		}
		var second timing
		if err := peer.Ask("", &second); err != nil {
			return err
		}
		d := difference(first.Vectors, second.Vectors)
		if largest = max(largest, d); !(d <= near) {
			return fmt.Errorf("the vectors differ by %g", d)
		}
		a, b = append(a, first), append(b, second)
	}
	fmt.Fprintf(out, "%d sections, %d tokens, %d threads, kernel %s, median of %d rounds; vectors differ by at most %.1g\n", len(all), tokens, kernel.Threads(), be.Name(), o.rounds, largest)
	print := func(name string, t []timing) (wall, cpu float64) {
		wall, cpu = float64(len(all))/median(t, func(t timing) float64 { return t.Wall }), float64(len(all))/median(t, func(t timing) float64 { return t.CPU })
		fmt.Fprintf(out, "%-22s %7.1f sections/s, %7.1f a second of processor time\n", name, wall, cpu)
		return wall, cpu
	}
	w, c := print("slm", a)
	v, d := print("sentence-transformers", b)
	fmt.Fprintf(out, "%-22s %7.2f             %7.2f\n", "ratio", w/v, c/d)
	return nil
}

// layOut makes the folder that sentence-transformers reads: what set-up fetches, and the list of the model's parts.
func layOut(folder string) error {
	modules := []map[string]any{
		{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
		{"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
		{"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
	}
	data, err := json.Marshal(modules)
	if err == nil {
		err = os.CopyFS(folder, os.DirFS(filepath.Join(weights.Fetched(os.Getenv), "all-MiniLM-L6-v2")))
	}
	return errors.Join(err, os.WriteFile(filepath.Join(folder, "modules.json"), data, 0o644))
}

// encode is a round of ours.
func encode(ctx context.Context, e retrieve.Encoder, all []string) (t timing, err error) {
	start, cpu := time.Now(), duel.Processor()
	t.Vectors, err = e.Sections(ctx, all)
	t.Wall, t.CPU = time.Since(start).Seconds(), duel.Processor()-cpu
	return t, err
}

// difference is the largest of the differences between values.
func difference(a, b [][]float32) (most float64) {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return math.Inf(1)
		}
		for j, v := range a[i] {
			most = max(most, math.Abs(float64(v-b[i][j])))
		}
	}
	return most
}

func median(all []timing, of func(timing) float64) float64 {
	var values []float64
	for _, t := range all {
		values = append(values, of(t))
	}
	return duel.Median(values)
}
