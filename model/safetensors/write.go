package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"slm/checkpoint"
	"slm/model/weights"
)

// Write writes a model and the files beside it, each whole or not at all; the tensors come last. They are float32, so Open reads the same bits again.
func Write(path string, m weights.Model) error {
	c := configuration{Config: m.Params.Config, Kind: "llama", Activation: "silu"}
	if err := writeJSON(beside(path, configFile), c); err != nil {
		return err
	}
	if err := m.Tokenizer.Save(beside(path, tokenizerFile)); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	if m.ChatTemplate != "" {
		if err := writeJSON(beside(path, templateFile), map[string]string{"chat_template": m.ChatTemplate}); err != nil {
			return err
		}
	}
	data, err := encode(m.Params.Tensors())
	if err == nil {
		err = checkpoint.WriteFileAtomic(path, data)
	}
	if err != nil {
		return fmt.Errorf("safetensors: write %s: %w", path, err)
	}
	return nil
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = checkpoint.WriteFileAtomic(path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("safetensors: write %s: %w", path, err)
	}
	return nil
}

// encode lays tensors out as a file, in their order.
func encode(tensors []checkpoint.Tensor) ([]byte, error) {
	header := map[string]any{metadataKey: map[string]string{"format": "pt"}} // which transformers demands
	at := 0
	for _, t := range tensors {
		end := at + 4*len(t.Data)
		header[t.Name] = map[string]any{"dtype": "F32", "shape": t.Shape, "data_offsets": [2]int{at, end}}
		at = end
	}
	text, err := json.Marshal(header) // in the order of the names
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 { // values are aligned
		text = append(text, ' ')
	}
	var b bytes.Buffer
	b.Grow(8 + len(text) + at)
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
	b.Write(text)
	for _, t := range tensors {
		for _, v := range t.Data {
			b.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
	}
	return b.Bytes(), nil
}
