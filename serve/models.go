package serve

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"slm/stages/systems"
)

// Names of models beside a run's systems.
const (
	Usual      = "default"    // the system that answers where none is named
	Embeddings = "embeddings" // the run's encoder
)

// modelInfo is a model in OpenAI's shape, with what it answers.
type modelInfo struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
	SLM     about  `json:"slm"`
}

type about struct {
	Gets      string   `json:"gets"`      // what the LLM is given, or what the model is
	Endpoints []string `json:"endpoints"` // that take it
	Usual     bool     `json:"usual,omitempty"`
}

// list is all that a run answers with. Where a run has no such model it is left out.
func list(ctx context.Context, run Run) ([]modelInfo, error) {
	names, usual, err := run.Systems(ctx)
	if err != nil {
		return nil, err
	}
	var out []modelInfo
	add := func(id, gets string, endpoints ...string) {
		out = append(out, modelInfo{ID: id, Object: "model", OwnedBy: "slm", SLM: about{gets, endpoints, id == usual}})
	}
	const chat, text = "/v1/chat/completions", "/v1/completions"
	for _, name := range names {
		spec, _ := systems.Lookup(name)
		add(name, spec.Gets, chat)
	}
	box := []string{chat}
	switch err := run.HasLarge(ctx); {
	case err == nil:
		box = append(box, text)
	case !errors.Is(err, systems.ErrUnavailable) && degraded(err) == "":
		return nil, err
	}
	add(BlackBox, "the message as it is; the large model itself", box...)
	switch _, err := run.Small(ctx); {
	case err == nil:
		add(SmallModel, "a text to continue; the small model itself", text)
	case !errors.Is(err, systems.ErrUnavailable):
		return nil, err
	}
	if run.HasEncoder(ctx) {
		add(Embeddings, "texts to make vectors of", "/v1/embeddings")
	}
	return out, nil
}

func (s *Server) models(ctx context.Context, x *exchange) error {
	all, err := list(ctx, x.run)
	if err != nil {
		return err
	}
	return x.send(map[string]any{"object": "list", "data": all, "slm": map[string]any{"without": without(x.run)}})
}

// lack is a system that a run does not have.
type lack struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// without are the systems that a run lacks.
func without(run Run) []lack {
	out := []lack{}
	for _, name := range systems.Names() {
		if err := run.Lacks(name); err != nil {
			out = append(out, lack{name, err.Error()})
		}
	}
	return out
}

func (s *Server) model(ctx context.Context, x *exchange) error {
	all, err := list(ctx, x.run)
	if err != nil {
		return err
	}
	id := x.r.PathValue("id")
	i := slices.IndexFunc(all, func(m modelInfo) bool { return m.ID == id })
	if i < 0 {
		return notFound()
	}
	x.model = id
	return x.send(all[i])
}

// known refuses a model that answers no questions.
func (s *Server) known(ctx context.Context, x *exchange, model string) error {
	names, usual, err := x.run.Systems(ctx)
	if err != nil {
		return err
	}
	if model == Usual {
		model = usual
	}
	switch {
	case model == BlackBox, slices.Contains(names, model):
		x.model = model
		return nil
	case model == SmallModel:
		return wrong("model", "it continues texts: ask for it at /v1/completions").withCode("model_not_found")
	}
	if err := x.run.Lacks(model); err != nil {
		return missing("model: %v", err)
	}
	return notFound()
}

func notFound() *fault { return missing("model: the run has none of that name; /v1/models lists them") }

// missing is the fault of a request for a model that is not there.
func missing(format string, args ...any) *fault {
	f := newFault(http.StatusNotFound, invalidRequest, "model_not_found", format, args...)
	param := "model"
	f.Param = &param
	return f
}
