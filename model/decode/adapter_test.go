package decode

import (
	"slices"
	"testing"

	"slm/model"
	"slm/rng"
)

func TestNew_AdapterIsMergedInEveryFormat(t *testing.T) {
	p := sharp(tiny)
	var lora model.LoRA
	lora.SetDefaults()
	p.Adapter = model.NewAdapter(p.Config, lora, 7)
	draw := rng.New(8, "adapter")
	for _, u := range p.Adapter.Tensors(p.Config) {
		for i := range u.Data {
			u.Data[i] = float32(0.1 * draw.Norm())
		}
	}
	text := tokens(3, 20, p.Config.Vocab)
	for name, open := range map[string]func(*model.Params) (*Decoder, error){
		"f32":  func(p *model.Params) (*Decoder, error) { return New(p, backend(t, "go")), nil },
		"bf16": func(p *model.Params) (*Decoder, error) { return New(p, backend(t, "pair")), nil },
		"int8": func(p *model.Params) (*Decoder, error) { return NewInt8(p, backend(t, "go")) },
	} {
		logits := func(p *model.Params) []float32 {
			d, err := open(p)
			if err != nil {
				t.Fatal(err)
			}
			l, err := d.Logits(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		apart := logits(p)
		if p.Adapter == nil || !slices.Equal(apart, logits(p.Merged())) || slices.Equal(apart, logits(p.Base())) {
			t.Errorf("%s: the logits are not those of base and adapter", name)
		}
	}
}
