package serve

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

// The protocol's own client drives every endpoint.

func clientOf(t *testing.T, url string) openai.Client {
	t.Helper()
	return openai.NewClient(option.WithBaseURL(url+"/v1"), option.WithAPIKey("a-key-that-nobody-asks-for"), option.WithMaxRetries(0))
}

func TestOpenAI_ClientReadsChats(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	ctx, c := context.Background(), clientOf(t, h.URL)
	ask := openai.ChatCompletionNewParams{Model: "auto", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Why?")}, Temperature: openai.Float(0), MaxCompletionTokens: openai.Int(50)}
	whole, err := c.Chat.Completions.New(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	const want = "It has a rule — 一条规则."
	if ch := whole.Choices[0]; ch.Message.Content != want || ch.FinishReason != "stop" || whole.Usage.TotalTokens != 28 || whole.JSON.ExtraFields["slm"].Raw() == "" {
		t.Errorf("%+v", whole)
	}
	ask.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := c.Chat.Completions.NewStreaming(ctx, ask)
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if ch := acc.Choices[0]; ch.Message.Content != want || ch.FinishReason != "stop" || acc.Usage.TotalTokens != 28 || ch.Message.Role != "assistant" {
		t.Errorf("%+v", acc.ChatCompletion)
	}
	ask.Temperature = openai.Float(0.5)
	var refused *openai.Error
	if _, err := c.Chat.Completions.New(ctx, ask); !errors.As(err, &refused) || refused.StatusCode != 400 || refused.Param != "stream_options" && refused.Param != "temperature" || refused.Type != invalidRequest {
		t.Errorf("%v", err)
	}
}

func TestOpenAI_ClientReadsCompletionsModelsAndEmbeddings(t *testing.T) {
	_, h := serving(t, config(), &fake{})
	ctx, c := context.Background(), clientOf(t, h.URL)
	params := openai.CompletionNewParams{
		Model: "small-model", Prompt: openai.CompletionNewParamsPromptUnion{OfString: openai.String("the rule")}, MaxTokens: openai.Int(0), Echo: openai.Bool(true), Logprobs: openai.Int(1),
	}
	got, err := c.Completions.New(ctx, params)
	if err != nil {
		t.Fatal(err)
	}
	if l := got.Choices[0].Logprobs; got.Choices[0].Text != "the rule" || len(l.TokenLogprobs) != 5 || l.TokenLogprobs[4] >= 0 || !strings.HasPrefix(l.JSON.TopLogprobs.Raw(), `[null,{"`) { // as the protocol has it; the client itself knows no null there
		t.Errorf("%+v", got)
	}
	params.Logprobs, params.Echo, params.MaxTokens = openai.CompletionNewParams{}.Logprobs, openai.Bool(false), openai.Int(6)
	stream := c.Completions.NewStreaming(ctx, params)
	text := ""
	for stream.Next() {
		text += stream.Current().Choices[0].Text
	}
	if err := stream.Err(); err != nil || text == "" {
		t.Errorf("%q %v", text, err)
	}
	models, err := c.Models.List(ctx)
	if err != nil || len(models.Data) != 6 || models.Data[5].ID != Embeddings {
		t.Errorf("%+v %v", models, err)
	}
	if m, err := c.Models.Get(ctx, "auto"); err != nil || m.ID != "auto" {
		t.Errorf("%+v %v", m, err)
	}
	var missing *openai.Error
	if _, err := c.Models.Get(ctx, "nobody"); !errors.As(err, &missing) || missing.StatusCode != 404 {
		t.Error(err)
	}
	v, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: Embeddings, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}}, EncodingFormat: "float"})
	if err != nil || len(v.Data) != 2 || v.Data[1].Index != 1 || float32(v.Data[0].Embedding[1]) != 0.8 {
		t.Errorf("%+v %v", v, err)
	}
}

// TestOpenAI_PythonClientReadsEveryEndpoint runs scripts/golden/openai_client.py.
func TestOpenAI_PythonClientReadsEveryEndpoint(t *testing.T) {
	python := os.Getenv("SLM_PYTHON")
	if python == "" {
		t.Skip("SLM_PYTHON names no python with openai")
	}
	if out, err := exec.Command(python, "-c", "import openai").CombinedOutput(); err != nil {
		t.Skipf("%s has no openai: %s", python, out)
	}
	_, h := serving(t, config(), &fake{})
	if out, err := exec.Command(python, filepath.Join("..", "scripts", "golden", "openai_client.py"), h.URL).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
