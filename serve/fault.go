package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"slm/llm"
	"slm/model/decode"
	"slm/model/schedule"
	"slm/pipeline/session"
	"slm/stages/systems"
)

// fault is an error in OpenAI's shape, with its status.
type fault struct {
	status int
	after  time.Duration // when to come again; 0 = not said

	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"` // the field that is wrong
	Code    *string `json:"code"`
}

func (f *fault) Error() string { return f.Message }

// Types of errors, as OpenAI has them.
const (
	invalidRequest = "invalid_request_error"
	tooMany        = "rate_limit_error"
	serverError    = "server_error"
)

func newFault(status int, kind, code, format string, args ...any) *fault {
	f := &fault{status: status, Type: kind, Message: fmt.Sprintf(format, args...)}
	if code != "" {
		f.Code = &code
	}
	return f
}

// wrong says that a field cannot be honoured.
func wrong(param, format string, args ...any) *fault {
	f := newFault(http.StatusBadRequest, invalidRequest, "", "%s: %s", param, fmt.Sprintf(format, args...))
	f.Param = &param
	return f
}

func (f *fault) withCode(code string) *fault {
	f.Code = &code
	return f
}

// statusGone is what a log says of a client that went away; nobody reads it.
const statusGone = 499

// faultOf puts an error of the run into OpenAI's shape. Messages of a run may quote a question or name a folder, so none is passed on.
func faultOf(err error) *fault {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.Canceled):
		return newFault(statusGone, serverError, "cancelled", "the client went away, or the server stops")
	case errors.Is(err, context.DeadlineExceeded):
		return newFault(http.StatusGatewayTimeout, serverError, "timeout", "no answer within the time that a request may take")
	case errors.Is(err, decode.ErrTooLong), errors.Is(err, llm.ErrTooLong), errors.Is(err, schedule.ErrMemory):
		return newFault(http.StatusBadRequest, invalidRequest, "context_length_exceeded", "the request, with the reply that it asks for, is longer than the model's context")
	case errors.Is(err, decode.ErrRequest):
		return newFault(http.StatusBadRequest, invalidRequest, "", "the model cannot read this: it is empty, or has tokens that the vocabulary lacks")
	case errors.Is(err, session.ErrRoute):
		return wrong("slm.route", "the run cannot route this: its evaluation has fitted no router, or none that knows prices, or the model is not "+systems.Auto)
	case errors.Is(err, systems.ErrUnavailable):
		return newFault(http.StatusNotFound, invalidRequest, "model_not_found", "the run has no such system for this question")
	case errors.Is(err, errDay), errors.Is(err, llm.ErrBudget):
		return newFault(http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota", "the budget for calls of the language model is used up")
	case errors.Is(err, llm.ErrOffline):
		return newFault(http.StatusServiceUnavailable, serverError, "offline", "the server is offline, and the language model's reply is not stored")
	case errors.Is(err, llm.ErrNoText):
		return newFault(http.StatusBadRequest, invalidRequest, "unsupported_value", noText+": send slm.choices")
	case errors.Is(err, llm.ErrUnavailable), errors.Is(err, llm.ErrAuth), errors.Is(err, llm.ErrQuota):
		return newFault(http.StatusServiceUnavailable, serverError, "llm_unavailable", "the language model gives no answer")
	}
	return newFault(http.StatusInternalServerError, serverError, "internal_error", "the server could not answer; its log has the request's id")
}

// write sends an error.
func (f *fault) write(w http.ResponseWriter) {
	if f.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((f.after+time.Second-1)/time.Second)))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": f}) // the client may be gone
}
