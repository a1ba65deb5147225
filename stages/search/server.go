package search

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"slm/llm"
	"slm/retrieve"
	"slm/stages"
)

// ServerName is the encoder of the section stages.find.server in stages.find.dense, and the black box that answers for it.
const ServerName = "server"

// serverSpec is an encoder behind a server of OpenAI's protocol. Stage find asks it for the sections and the questions that it fits on, bpo, eval and
// ask for their questions alone.
var serverSpec = EncoderSpec{
	Name: ServerName, Doc: "the model of a server, which stages.find.server names", Chars: serverChars,
	Start: 1.5,
	Open: func(ctx context.Context, from Source) (retrieve.Encoder, error) {
		if from.Server == nil {
			return nil, errors.New("search: nobody has opened the server that makes vectors (stages.find.server)")
		}
		client, err := from.Server()
		if err != nil {
			return nil, err
		}
		e, err := retrieve.OpenEndpoint(ctx, ServerName, client)
		if err != nil {
			return nil, err // and not an interface around a nil pointer
		}
		return e, nil
	},
	Cost: func(_ context.Context, _ *stages.Calibration, texts int) (stages.Cost, error) {
		return stages.Cost{Calls: int64(texts), LLMTokens: int64(texts) * serverTokens}, nil
	},
}

const (
	serverChars  = 1500 // of a text: within the 512 tokens that many models for vectors read, also in a script without spaces
	serverTokens = 350  // that such a text has at most, about
)

// Servers are the black boxes that a stage asks for vectors in a recipe; none where stages.find.dense does not name the server.
func Servers(s stages.Settings) []stages.BlackBox {
	config := stages.Get[*llm.Config](s, "stages.find.server")
	if config == nil || !slices.Contains(stages.Get[[]string](s, "stages.find.dense"), ServerName) {
		return nil
	}
	return []stages.BlackBox{{Name: ServerName, Config: *config}}
}

// Serve opens the server for a stage, when it is needed.
func Serve(env *stages.Env, stage string) func() (llm.Client, error) {
	return func() (llm.Client, error) { return env.OtherClient(ServerName, stage) }
}

// ExportServer writes the server's replies that a stage has used beside the files of its checkpoint, where dense names the server. path is that of a
// file of the checkpoint.
func ExportServer(env *stages.Env, stage string, dense []string, path func(file string) string) error {
	if !slices.Contains(dense, ServerName) {
		return nil
	}
	if _, err := env.OtherClient(ServerName, stage); err != nil { // the replies that are on record as this stage's
		return err
	}
	_, table := stages.OtherReplies(ServerName)
	return env.OtherReplies(ServerName, path(table))
}

// ExportFound is ExportServer of a stage behind find.
func ExportFound(env *stages.Env, stage string, path func(file string) string) error {
	fusion, err := ReadFusion(env.Dir(stages.Find))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, ExportServer(env, stage, fusion.Dense, path))
}
