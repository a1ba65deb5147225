package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"

	"slm/checkpoint"
	"slm/model/kernel"
	"slm/model/weights"
)

// types are those that tensors can be written in.
var types = []string{"f32", "bf16", "f16"}

// kinds has their names in a file of tensors and in config.json.
var kinds = map[string]struct{ tensor, torch string }{"f32": {"F32", "float32"}, "bf16": {"BF16", "bfloat16"}, "f16": {"F16", "float16"}}

// Write writes a model and the files beside it, each whole or not at all; the tensors come last. As float32, Open reads the same bits again; in the
// other types each value is rounded to the nearest, which is exact for what came from them.
func Write(path string, m weights.Model) error {
	fail := func(err error) error { return fmt.Errorf("safetensors: write %s: %w", path, err) }
	d := folder(filepath.Dir(path))
	if m.Type == "" {
		m.Type = types[0]
	}
	kind, ok := kinds[m.Type]
	if !ok {
		return fail(fmt.Errorf("%w: type %q; there are %v", weights.ErrUnsupported, m.Type, types))
	}
	if err := checkpoint.MakeDir(string(d)); err != nil {
		return fail(err)
	}
	end := json.RawMessage("null")
	if m.End != "" {
		id, ok := m.Tokenizer.ID(m.End)
		if !ok {
			return fail(fmt.Errorf("%w: the vocabulary lacks %s", weights.ErrFormat, weights.Clip(m.End)))
		}
		end = strconv.AppendInt(nil, int64(id), 10)
	}
	files := []struct {
		name  string
		value any
	}{
		{configFile, configuration{
			Architectures: []string{"LlamaForCausalLM"}, Config: m.Params.Config, Kind: "llama", Activation: "silu", End: end, Type: kind.torch,
		}},
		{generationFile, map[string]any{"bos_token_id": nil, "eos_token_id": end, "pad_token_id": end, "do_sample": false}},
		{templateFile, tokenizerConfig(m)},
	}
	for _, f := range files {
		text, err := json.MarshalIndent(f.value, "", "  ")
		if err == nil {
			err = checkpoint.WriteFileAtomic(d.path(f.name), append(text, '\n'))
		}
		if err != nil {
			return fail(err)
		}
	}
	if err := m.Tokenizer.Save(d.path(tokenizerFile)); err != nil {
		return fail(err)
	}
	err := checkpoint.WriteStreamAtomic(path, func(w io.Writer) error { return encode(w, m.Params.Tensors(), m.Type) })
	if err != nil {
		return fail(err)
	}
	return nil
}

// tokenizerConfig is what AutoTokenizer reads beside tokenizer.json. There is no start token, and the padding is masked out, whichever token it is.
func tokenizerConfig(m weights.Model) map[string]any {
	c := map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false, "bos_token": nil, "unk_token": nil,
		"model_max_length": m.Params.Config.Context, "model_input_names": []string{"input_ids", "attention_mask"}, // LLaMA takes no token types
	}
	if m.End != "" {
		c["eos_token"], c["pad_token"] = m.End, m.End
	}
	if m.ChatTemplate != "" {
		c["chat_template"] = m.ChatTemplate
	}
	return c
}

// encode lays tensors out as a file, in their order.
func encode(to io.Writer, tensors []checkpoint.Tensor, kind string) error {
	header := map[string]any{metadataKey: map[string]string{"format": "pt"}} // which transformers demands
	width, at := int(widths[kinds[kind].tensor]), 0
	for _, t := range tensors {
		end := at + width*len(t.Data)
		header[t.Name] = map[string]any{"dtype": kinds[kind].tensor, "shape": t.Shape, "data_offsets": [2]int{at, end}}
		at = end
	}
	text, err := json.Marshal(header) // in the order of the names
	if err != nil {
		return err
	}
	for len(text)%8 != 0 { // values are aligned
		text = append(text, ' ')
	}
	w := bufio.NewWriterSize(to, 1<<16)
	start := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if _, err := w.Write(start); err != nil {
		return err
	}
	var b [4]byte
	var rounded [1]uint16
	for _, t := range tensors {
		for i, v := range t.Data {
			switch kind {
			case "f32":
				binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
			case "f16":
				binary.LittleEndian.PutUint16(b[:], kernel.ToHalf(v))
			case "bf16":
				kernel.ToBF16(rounded[:], t.Data[i:i+1])
				binary.LittleEndian.PutUint16(b[:], rounded[0])
			}
			if _, err := w.Write(b[:width]); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}
