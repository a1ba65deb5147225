package serve

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"slm/model/decode"
	"slm/model/kernel"
	"slm/model/weights"
	_ "slm/model/weights/formats" // of what slm export writes
	"slm/scripts/benchmark/setup"
)

//go:embed lmeval.py
var lmEvalScript string

// lmEval is the Python that has lm-eval.
func lmEval() setup.Python {
	return setup.Python{Venv: "venv-lmeval", Packages: []string{"lm_eval==0.4.13", "transformers==5.23.0", "tenacity==9.2.1", "tiktoken==0.14.0"}}
}

// The tasks of lm-eval: which words go on, and how likely texts are.
const (
	choicesTask = `task: choices
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/choices.jsonl}}
output_type: multiple_choice
test_split: test
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: "{{answer}}"
metric_list: [{metric: acc}, {metric: acc_norm}]
`
	textsTask = `task: texts
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/texts.jsonl}}
output_type: loglikelihood_rolling
test_split: test
doc_to_text: ""
doc_to_target: "{{text}}"
metric_list: [{metric: word_perplexity}, {metric: bits_per_byte}]
`
)

// writeTasks writes both tasks, over licences.
func writeTasks(folder string) error {
	const items, words = 40, 24
	passages, _, err := texts(items, words, 0)
	if err != nil {
		return err
	}
	var choices, whole strings.Builder
	for i, p := range passages {
		item := map[string]any{"answer": i % 4}
		options := make([]string, 4)
		for j := range options { // the right one is how the passage goes on, the others are how others do
			w := strings.Fields(passages[(i+j-i%4+items)%items])
			options[j] = " " + strings.Join(w[words-6:], " ")
		}
		item["question"], item["choices"] = strings.Join(strings.Fields(p)[:words-6], " "), options
		line, _ := json.Marshal(item) // texts and a number
		choices.Write(append(line, '\n'))
		line, _ = json.Marshal(map[string]string{"text": p})
		whole.Write(append(line, '\n'))
	}
	for name, text := range map[string]string{
		"choices.yaml": strings.ReplaceAll(choicesTask, "FOLDER", folder), "texts.yaml": strings.ReplaceAll(textsTask, "FOLDER", folder),
		"choices.jsonl": choices.String(), "texts.jsonl": whole.String(),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compareScores has lm-eval score two tasks over HTTP by the run's small model, and scores the same tokens in this process. Sums must have the same bits.
func (o options) compareScores(ctx context.Context, folder, python string, out, log io.Writer) error {
	model := filepath.Join(folder, "model")
	if text, err := exec.CommandContext(ctx, o.slm, "--dir", o.dir, "export", o.run, "--to", "hf:"+model, "-q").CombinedOutput(); err != nil {
		return fmt.Errorf("slm export: %w: %s", err, text)
	}
	tasks := filepath.Join(folder, "tasks")
	script, scores := filepath.Join(folder, "lmeval.py"), filepath.Join(folder, "scores.jsonl")
	if err := errors.Join(os.Mkdir(tasks, 0o755), os.WriteFile(script, []byte(lmEvalScript), 0o644)); err != nil {
		return err
	}
	if err := writeTasks(tasks); err != nil {
		return err
	}
	s, err := openSLM(exec.CommandContext(ctx, o.slm, "--dir", o.dir, "serve", o.run, "--addr", "127.0.0.1:0", "--offline"), "")
	if err != nil {
		return err
	}
	defer s.stop()
	cmd := exec.CommandContext(ctx, python, script, s.url, model, tasks, scores)
	cmd.Env, cmd.Stderr = append(os.Environ(), "HF_HUB_OFFLINE=1", "HF_DATASETS_OFFLINE=1"), log
	results, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("lm-eval: %w", err)
	}
	n, differ, err := differences(ctx, model, scores)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s%d texts scored over HTTP, %d with other sums or other most likely tokens than in this process\n", results, n, differ)
	if differ > 0 || n == 0 {
		return errors.New("the scores are not those of this process")
	}
	return nil
}

// differences scores what lm-eval has scored.
func differences(ctx context.Context, model, scores string) (n, differ int, err error) {
	ref, _, err := weights.Parse("hf:" + model)
	if err != nil {
		return 0, 0, err
	}
	src, err := ref.Open()
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = src.Close() }()
	p, err := weights.Params(src)
	if err != nil {
		return 0, 0, err
	}
	be, err := kernel.Open("")
	if err != nil {
		return 0, 0, err
	}
	d, vocab := decode.New(p, be), p.Config.Vocab
	f, err := os.Open(scores)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for ; lines.Scan(); n++ {
		var got struct {
			Tokens []int32
			Given  int
			Sum    float64
			Greedy bool
		}
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			return n, differ, err
		}
		logits, err := d.Logits(ctx, got.Tokens)
		if err != nil {
			return n, differ, err
		}
		sum, greedy := 0.0, true
		for i := got.Given; i < len(got.Tokens); i++ {
			row := logits[(i-1)*vocab : i*vocab]
			sum += float64(row[got.Tokens[i]]) - float64(kernel.LogSumExp(row))
			greedy = greedy && kernel.ArgMax(row) == int(got.Tokens[i])
		}
		if math.Float64bits(sum) != math.Float64bits(got.Sum) || greedy != got.Greedy {
			differ++
		}
	}
	return n, differ, lines.Err()
}
