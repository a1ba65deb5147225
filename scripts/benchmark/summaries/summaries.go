// Package summaries measures what sentences of an abstract come to as its conclusion, chosen without any training: what a model that writes conclusions
// would have to be better than.
package summaries

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"slm/data/corpus"
	"slm/data/rouge"
	"slm/data/taskrow"
	"slm/retrieve"
	"slm/rng"
	"slm/score"
	"slm/stat"
)

// result is a way to summarise, over all abstracts.
type result struct {
	Way      string         `json:"way"`
	RougeL   stat.Interval  `json:"rouge_l"`            // mean, with the conclusion
	Over     *stat.Interval `json:"over_first_three"`   // the same less that of the first three sentences
	Faithful stat.Interval  `json:"faithfulness"`       // mean share of the sentences that the rest of the abstract supports
	Words    float64        `json:"words"`              // mean
	Rows     int            `json:"abstracts,omitzero"` //
}

// abstract is a text without its last sentences, which are its conclusion.
type abstract struct {
	sentences  []string
	conclusion string
}

// Command is the subcommand.
func Command() *cobra.Command {
	ends, seed := 2, uint64(7)
	cmd := &cobra.Command{
		Use: "summaries FILE", Short: "Conclusions of abstracts from their own sentences, without training", Args: cobra.ExactArgs(1),
		Long: "Takes the last sentences of each abstract of FILE (abstracts with an empty line between them) for its conclusion, summarises the rest by sentences of it, and prints a line of JSON for each way:\n" +
			"ROUGE-L with the conclusion and faithfulness to the rest, with intervals over abstracts. Where the conclusion really begins is not known of such a file.",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			return run(cmd.Context(), cmd.OutOrStdout(), read(string(text), ends), seed)
		},
	}
	cmd.Flags().IntVar(&ends, "conclusion", ends, "how many sentences at the end are the conclusion")
	cmd.Flags().Uint64Var(&seed, "seed", seed, "of the sentences that are drawn, and of the intervals")
	return cmd
}

// read cuts abstracts into what is to be summarised and their last sentences. Those with too few sentences are left out.
func read(text string, ends int) (out []abstract) {
	for part := range strings.SplitSeq(text, "\n\n") {
		if s, conclusion, ok := taskrow.Ends(part, ends); ok {
			out = append(out, abstract{s, conclusion})
		}
	}
	return out
}

func run(ctx context.Context, out io.Writer, abstracts []abstract, seed uint64) error {
	if len(abstracts) == 0 {
		return fmt.Errorf("summaries: no abstract has %d sentences and a conclusion", taskrow.LeastSentences)
	}
	draw := rng.New(seed, "summaries", "random")
	scores, faithful, words := map[string][]float64{}, map[string][]float64{}, map[string]int{}
	for i, a := range abstracts {
		if err := ctx.Err(); err != nil {
			return err
		}
		chosen, err := choose(ctx, a, draw.At(uint64(i)))
		if err != nil {
			return err
		}
		for way, text := range chosen {
			share, _ := score.Faithful(text, strings.Join(a.sentences, "\n"))
			scores[way], faithful[way] = append(scores[way], rouge.L(text, a.conclusion)), append(faithful[way], share)
			words[way] += len(rouge.Words(text))
		}
	}
	enc := json.NewEncoder(out)
	opt := stat.Options{Resamples: 2000, Stream: rng.New(seed, "summaries", "bootstrap")}
	for _, way := range ways {
		r := result{Way: way, Words: float64(words[way]) / float64(len(abstracts)), Rows: len(abstracts)}
		var err error
		if r.RougeL, err = stat.Mean(scores[way], opt); err != nil {
			return err
		}
		if r.Faithful, err = stat.Mean(faithful[way], opt); err != nil {
			return err
		}
		if way != first {
			over, err := stat.Difference(scores[way], scores[first], opt)
			if err != nil {
				return err
			}
			r.Over = &over
		}
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// The ways, in the order in which they are printed.
const (
	first   = "first three sentences"
	last    = "last sentence"
	lasts   = "last three sentences"
	random  = "three sentences at random"
	central = "most central sentence (BM25)"
	oracle  = "the sentence nearest to the conclusion"
	own     = "the conclusion itself"
)

var ways = []string{first, last, lasts, random, central, oracle, own}

// choose summarises an abstract in every way. oracle knows the conclusion: no choice of one sentence can have a larger ROUGE-L.
func choose(ctx context.Context, a abstract, draw *rng.Stream) (map[string]string, error) {
	s := a.sentences
	middle, err := mostCentral(ctx, s)
	if err != nil {
		return nil, err
	}
	nearest, most := 0, -1.0
	for i := range s {
		if l := rouge.L(s[i], a.conclusion); l > most {
			nearest, most = i, l
		}
	}
	at := draw.Perm(len(s))[:3]
	slices.Sort(at)
	return map[string]string{
		first: strings.Join(s[:3], " "), last: s[len(s)-1], lasts: strings.Join(s[len(s)-3:], " "), central: s[middle], oracle: s[nearest], own: a.conclusion,
		random: strings.Join([]string{s[at[0]], s[at[1]], s[at[2]]}, " "),
	}, nil
}

// mostCentral is the sentence that the others find most: the sum of its BM25 scores for each of them as a question, as shares of the best score.
func mostCentral(ctx context.Context, sentences []string) (int, error) {
	var all corpus.Slice
	for _, s := range sentences {
		all = append(all, corpus.Section{Text: s})
	}
	search, err := retrieve.OpenKeyword(all)
	if err != nil {
		return 0, err
	}
	defer func() { _ = search.Close() }() // in memory
	sum := make([]float64, len(sentences))
	for i, s := range sentences {
		scores, err := search.Scores(ctx, s)
		if err != nil {
			return 0, err
		}
		scores[i] = 0
		if best := slices.Max(scores); best > 0 {
			for k, x := range scores {
				sum[k] += x / best
			}
		}
	}
	return slices.Index(sum, slices.Max(sum)), nil
}
