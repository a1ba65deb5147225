// Openaiclient drives a server of OpenAI's protocol with OpenAI's own Go client, for the tests of package serve. It is a module of its own:
// compiling that client takes minutes of a processor.
//
//	go run . ADDRESS
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: openaiclient ADDRESS")
		os.Exit(2)
	}
	client := openai.NewClient(option.WithBaseURL(os.Args[1]+"/v1"), option.WithAPIKey("a-key-that-nobody-asks-for"), option.WithMaxRetries(0))
	failed := false
	for _, c := range []struct {
		endpoint string
		drive    func(context.Context, openai.Client) error
	}{{"chat", chat}, {"completions", completions}, {"models", models}, {"embeddings", embeddings}} {
		if err := c.drive(context.Background(), client); err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "%s: %v\n", c.endpoint, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// chat asks for a whole reply, for the same in pieces, and for what the server does not support.
func chat(ctx context.Context, c openai.Client) error {
	ask := openai.ChatCompletionNewParams{
		Model: "auto", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Why?")},
		Temperature: openai.Float(0), MaxCompletionTokens: openai.Int(50),
	}
	whole, err := c.Chat.Completions.New(ctx, ask)
	if err != nil {
		return err
	}
	const want = "It has a rule — 一条规则."
	if ch := whole.Choices[0]; ch.Message.Content != want || ch.FinishReason != "stop" || whole.Usage.TotalTokens != 28 || whole.JSON.ExtraFields["slm"].Raw() == "" {
		return fmt.Errorf("whole: %+v", whole)
	}
	ask.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := c.Chat.Completions.NewStreaming(ctx, ask)
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		return err
	}
	if ch := acc.Choices[0]; ch.Message.Content != want || ch.FinishReason != "stop" || acc.Usage.TotalTokens != 28 || ch.Message.Role != "assistant" {
		return fmt.Errorf("streamed: %+v", acc.ChatCompletion)
	}
	ask.Temperature = openai.Float(0.5)
	_, err = c.Chat.Completions.New(ctx, ask)
	var refused *openai.Error
	if !errors.As(err, &refused) || refused.StatusCode != 400 || refused.Param != "stream_options" && refused.Param != "temperature" || refused.Type != "invalid_request_error" {
		return fmt.Errorf("a temperature: %v", err)
	}
	return nil
}

// completions scores a prompt, and goes on from it in pieces.
func completions(ctx context.Context, c openai.Client) error {
	prompt := openai.CompletionNewParamsPromptUnion{OfString: openai.String("the rule")}
	got, err := c.Completions.New(ctx, openai.CompletionNewParams{
		Model: "small-model", Prompt: prompt, MaxTokens: openai.Int(0), Echo: openai.Bool(true), Logprobs: openai.Int(1),
	})
	if err != nil {
		return err
	}
	if l := got.Choices[0].Logprobs; got.Choices[0].Text != "the rule" || len(l.TokenLogprobs) != 5 || l.TokenLogprobs[4] >= 0 ||
		!strings.HasPrefix(l.JSON.TopLogprobs.Raw(), `[null,{"`) { // as the protocol has it; the client itself knows no null there
		return fmt.Errorf("echo: %+v", got)
	}
	stream := c.Completions.NewStreaming(ctx, openai.CompletionNewParams{Model: "small-model", Prompt: prompt, MaxTokens: openai.Int(6)})
	text := ""
	for stream.Next() {
		text += stream.Current().Choices[0].Text
	}
	if err := stream.Err(); err != nil || text == "" {
		return fmt.Errorf("streamed: %q %v", text, err)
	}
	return nil
}

// models lists the models, reads one, and asks for one that is not there.
func models(ctx context.Context, c openai.Client) error {
	list, err := c.Models.List(ctx)
	if err != nil || len(list.Data) != 6 || list.Data[5].ID != "embeddings" {
		return fmt.Errorf("list: %+v %v", list, err)
	}
	if m, err := c.Models.Get(ctx, "auto"); err != nil || m.ID != "auto" {
		return fmt.Errorf("auto: %+v %v", m, err)
	}
	_, err = c.Models.Get(ctx, "nobody")
	var missing *openai.Error
	if !errors.As(err, &missing) || missing.StatusCode != 404 {
		return fmt.Errorf("nobody: %v", err)
	}
	return nil
}

func embeddings(ctx context.Context, c openai.Client) error {
	v, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: "embeddings", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a", "b"}}, EncodingFormat: "float",
	})
	if err != nil || len(v.Data) != 2 || v.Data[1].Index != 1 || float32(v.Data[0].Embedding[1]) != 0.8 {
		return fmt.Errorf("%+v %v", v, err)
	}
	return nil
}
