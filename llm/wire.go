package llm

// What goes over the wire, as far as it is used. Unknown fields are passed over: servers add their own.

type chatRequest struct {
	Model       string        `json:"model"`
	Messages    []chatMessage `json:"messages"`
	MaxTokens   int           `json:"max_tokens"`
	Temperature float64       `json:"temperature"`
	Stop        []string      `json:"stop,omitempty"`
}

type chatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type completionRequest struct {
	Model       string   `json:"model"`
	Prompt      string   `json:"prompt"`
	MaxTokens   int      `json:"max_tokens"`
	Temperature float64  `json:"temperature"`
	Stop        []string `json:"stop,omitempty"`
	Echo        bool     `json:"echo,omitempty"`
	LogProbs    *int     `json:"logprobs,omitempty"`
}

type completionReply struct {
	Model   string `json:"model"`
	Choices []struct {
		Text    *string       `json:"text"`
		Message *replyMessage `json:"message"`
		// LogProbs has a position and a log-probability for each token of prompt and output. The first token has none.
		LogProbs *struct {
			Tokens        []string   `json:"tokens"`
			TokenLogProbs []*float64 `json:"token_logprobs"`
			TextOffset    []int      `json:"text_offset"` // from the prompt's start; characters, with some servers bytes
		} `json:"logprobs"`
	} `json:"choices"`
	Usage *struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	} `json:"usage"`
	Error *wireError `json:"error"`

	said limits // the reply's headers
}

type replyMessage struct {
	Content *string `json:"content"`
}

type wireError struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    any    `json:"code"` // a string or a number
}
