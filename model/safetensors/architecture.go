package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"slm/internal/elementary"
	"slm/model"
	"slm/model/weights"
)

// shape is config.json of a model that can be run: the numbers of model.Config, what makes the variant, and what must have one value.
type shape struct {
	model.Config
	Kind        string   `json:"model_type"`
	Act         string   `json:"hidden_act"`
	Activation  string   `json:"hidden_activation"`
	Scaling     *rope    `json:"rope_scaling"`
	Rope        *rope    `json:"rope_parameters"` // what newer versions have for rope_theta and rope_scaling
	LocalTheta  float64  `json:"rope_local_base_freq"`
	Partial     float64  `json:"partial_rotary_factor"`
	AttnBias    bool     `json:"attention_bias"`
	MLPBias     bool     `json:"mlp_bias"`
	Interleaved bool     `json:"rope_interleaved"`
	Slide       *int     `json:"sliding_window"`
	UseSlide    bool     `json:"use_sliding_window"`
	Layer       []string `json:"layer_types"`
	Scalar      float64  `json:"query_pre_attn_scalar"`
	ScoreLimit  *float64 `json:"attn_logit_softcapping"`
	LogitLimit  *float64 `json:"final_logit_softcapping"`
	Both        bool     `json:"use_bidirectional_attention"`

	factors []float32 // of the wavelengths
}

// rope is how positions are rotated, or of which layers they are rotated how.
type rope struct {
	Type     string  `json:"rope_type"`
	OldType  string  `json:"type"`
	Theta    float64 `json:"rope_theta"`
	Factor   float64 `json:"factor"`
	Low      float64 `json:"low_freq_factor"`
	High     float64 `json:"high_freq_factor"`
	Original float64 `json:"original_max_position_embeddings"`
	Partial  float64 `json:"partial_rotary_factor"`
	Full     *rope   `json:"full_attention"`
	Sliding  *rope   `json:"sliding_attention"`
}

// architecture is a kind of model, by the name that model_type has.
type architecture struct {
	activation string                                           // the one that the models have
	preset     func(*shape)                                     // what holds where config.json is silent; nil: nothing
	variant    func(*shape) error                               // sets what the models do beyond LLaMA's shape; nil: nothing
	tensors    func(s shape, t weights.Tensor) []weights.Tensor // what a tensor is in the program's model; nil: the same
}

var architectures = map[string]architecture{
	"llama":       {activation: "silu"},
	"mistral":     {activation: "silu", variant: windowed},
	"qwen2":       {activation: "silu", variant: func(s *shape) error { s.Bias = true; return unwindowed(s) }},
	"qwen3":       {activation: "silu", preset: func(s *shape) { s.HeadDim = 128 }, variant: func(s *shape) error { s.HeadNorm = true; return unwindowed(s) }},
	"phi3":        {activation: "silu", variant: windowed, tensors: unfused},
	"gemma2":      {activation: tanhGELU, preset: presetGemma(2, 10000), variant: gemma, tensors: plusOne},
	"gemma3_text": {activation: tanhGELU, preset: presetGemma(6, 1000000), variant: gemma3, tensors: plusOne},
}

const tanhGELU = "gelu_pytorch_tanh"

// windowed: every layer has the window.
func windowed(s *shape) error {
	if s.Slide != nil {
		s.Window = *s.Slide
	}
	return nil
}

func unwindowed(s *shape) error {
	if s.UseSlide || slices.Contains(s.Layer, "sliding_attention") {
		return errors.New("use_sliding_window is set")
	}
	return nil
}

func presetGemma(every int, theta float64) func(*shape) {
	return func(s *shape) { s.HeadDim, s.Tied, s.GlobalEvery, s.RopeTheta, s.Scalar = 256, true, every, theta, 256 }
}

func gemma(s *shape) error {
	s.GELU, s.PostNorm, s.EmbedScale = true, true, math.Sqrt(float64(s.Width))
	if s.Scalar > 0 {
		s.QueryScale = 1 / math.Sqrt(s.Scalar)
	}
	for _, limit := range []struct {
		from *float64
		to   *float64
	}{{s.ScoreLimit, &s.ScoreCap}, {s.LogitLimit, &s.LogitCap}} {
		if limit.from != nil {
			*limit.to = *limit.from
		}
	}
	if s.Slide == nil || *s.Slide < 1 {
		return errors.New("sliding_window is missing")
	}
	s.Window = *s.Slide
	for i, kind := range s.Layer {
		if (kind == "sliding_attention") != s.Windowed(i) {
			return fmt.Errorf("layer_types has %s in layer %d, and only every layer of a number can see everything", kind, i)
		}
	}
	if s.Both {
		return errors.New("use_bidirectional_attention is set")
	}
	return nil
}

func gemma3(s *shape) error {
	s.HeadNorm, s.WindowTheta = true, 10000
	if s.LocalTheta > 0 {
		s.WindowTheta = s.LocalTheta
	}
	if s.Rope != nil && s.Rope.Sliding != nil {
		if s.Rope.Sliding.kind() != "default" {
			return fmt.Errorf("rope_parameters of layers with a window are %s", s.Rope.Sliding.kind())
		}
		s.WindowTheta = s.Rope.Sliding.Theta
	}
	return gemma(s)
}

// Config reads the shape of a model from config.json. What this program would compute otherwise is refused by name.
func (d folder) config() (model.Config, error) {
	s, _, err := d.shape()
	return s.Config, err
}

func (d folder) shape() (shape, architecture, error) {
	path := d.path(configFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return shape{}, architecture{}, fmt.Errorf("safetensors: %w", err)
	}
	var kind struct {
		Kind string `json:"model_type"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return shape{}, architecture{}, fmt.Errorf("%w: %s: %w", weights.ErrFormat, path, err)
	}
	refuse := func(format string, args ...any) (shape, architecture, error) {
		return shape{}, architecture{}, fmt.Errorf("%w: %s: %s", weights.ErrUnsupported, path, fmt.Sprintf(format, args...))
	}
	arch, ok := architectures[kind.Kind]
	if !ok {
		return refuse("model_type %q; there are %s", weights.Clip(kind.Kind), strings.Join(slices.Sorted(maps.Keys(architectures)), ", "))
	}
	s := shape{Act: "silu", Activation: tanhGELU, Partial: 1, Config: model.Config{RopeTheta: 10000, NormEps: 1e-6}}
	if arch.preset != nil {
		arch.preset(&s)
	}
	every := s.GlobalEvery
	if err := json.Unmarshal(data, &s); err != nil {
		return shape{}, architecture{}, fmt.Errorf("%w: %s: %w", weights.ErrFormat, path, err)
	}
	s.Variant = model.Variant{GlobalEvery: every} // no key of config.json is one of these
	act := s.Act
	if arch.activation == tanhGELU {
		act = s.Activation
	}
	switch {
	case act != arch.activation:
		return refuse("hidden_act %q, only %q can be run", weights.Clip(act), arch.activation)
	case s.AttnBias || s.MLPBias || s.Interleaved:
		return refuse("attention_bias, mlp_bias or rope_interleaved is set")
	}
	if s.KVHeads == 0 {
		s.KVHeads = s.Heads
	}
	if s.HeadDim == 0 && s.Heads > 0 {
		s.HeadDim = s.Width / s.Heads
	}
	if arch.variant != nil {
		if err := arch.variant(&s); err != nil {
			return refuse("%v", err)
		}
	}
	if err := s.rotary(); err != nil {
		return refuse("%v", err)
	}
	if err := s.Validate(); err != nil {
		return shape{}, architecture{}, fmt.Errorf("%w: %s: %w", weights.ErrFormat, path, err)
	}
	return s, arch, nil
}

func (r *rope) kind() string {
	switch {
	case r.Type != "":
		return r.Type
	case r.OldType != "":
		return r.OldType
	case r.Factor != 0:
		return "" // something is scaled, and nothing says how
	}
	return "default"
}

// rotary reads how positions are rotated in layers that see everything.
func (s *shape) rotary() error {
	all := []*rope{s.Scaling, s.Rope}
	if s.Rope != nil && s.Rope.Full != nil {
		all = []*rope{s.Scaling, s.Rope.Full}
	}
	for _, r := range all {
		if r == nil {
			continue
		}
		if r.Theta != 0 {
			s.RopeTheta = r.Theta
		}
		if r.Partial != 0 {
			s.Partial = r.Partial
		}
		switch r.kind() {
		case "default":
		case "linear":
			s.RopeLinear = r.Factor
		case "llama3":
			if !(r.Factor > 0 && r.High > r.Low && r.Original > 0) || s.HeadDim < 2 {
				return fmt.Errorf("rope_scaling llama3 has no numbers that make sense: %+v", *r)
			}
			s.RopeFactors, s.factors = true, r.factors(s.HeadDim, s.RopeTheta)
		default:
			return fmt.Errorf("rope_scaling %q; there are linear and llama3", weights.Clip(r.kind()))
		}
	}
	if s.Partial != 1 {
		return fmt.Errorf("partial_rotary_factor is %v, only 1 can be run", s.Partial)
	}
	return nil
}

// factors divide the frequencies: short waves stay, long ones become longer, those between a part of it (LLaMA 3.1).
func (r *rope) factors(headDim int, theta float64) []float32 {
	out := make([]float32, min(headDim, 1<<16)/2)
	for i := range out {
		wave := 2 * math.Pi * elementary.Pow(theta, 2*float64(i)/float64(headDim))
		switch {
		case wave < r.Original/r.High:
			out[i] = 1
		case wave > r.Original/r.Low:
			out[i] = float32(r.Factor)
		default:
			smooth := (r.Original/wave - r.Low) / (r.High - r.Low)
			out[i] = float32(1 / ((1-smooth)/r.Factor + smooth))
		}
	}
	return out
}

// plusOne: Gemma's norms are kept as what is added to 1.
func plusOne(_ shape, t weights.Tensor) []weights.Tensor {
	if !strings.HasSuffix(t.Name, "norm.weight") {
		return []weights.Tensor{t}
	}
	read := t.Read
	t.Read = func(into []float32) error {
		if err := read(into); err != nil {
			return err
		}
		for i := range into {
			into[i]++
		}
		return nil
	}
	return []weights.Tensor{t}
}

// unfused parts the matrices that Phi-3 has one below the other.
func unfused(s shape, t weights.Tensor) []weights.Tensor {
	for _, f := range []struct {
		own  string
		part []string
		rows []int
	}{
		{"qkv_proj", []string{"q_proj", "k_proj", "v_proj"}, []int{s.QWidth(), s.KVWidth(), s.KVWidth()}},
		{"gate_up_proj", []string{"gate_proj", "up_proj"}, []int{s.Hidden, s.Hidden}},
	} {
		if !strings.HasSuffix(t.Name, "."+f.own+".weight") || len(t.Shape) != 2 {
			continue
		}
		total, at := 0, 0
		for _, n := range f.rows {
			total += n
		}
		if total != t.Shape[0] {
			break // as it is, it has no place in the model
		}
		var all []weights.Tensor
		for i, n := range f.rows {
			from := at
			all = append(all, weights.Tensor{Name: strings.Replace(t.Name, f.own, f.part[i], 1), Shape: []int{n, t.Shape[1]}, Read: func(into []float32) error {
				whole := make([]float32, t.Shape[0]*t.Shape[1])
				if err := t.Read(whole); err != nil {
					return err
				}
				copy(into, whole[from*t.Shape[1]:])
				return nil
			}})
			at += n
		}
		return all
	}
	return []weights.Tensor{t}
}
