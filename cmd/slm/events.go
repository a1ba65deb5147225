package main

import (
	"encoding/json"

	"slm/stages"
)

// jsonLines shows events as they are in events.jsonl, on stdout, for -o jsonl.
type jsonLines struct{ enc *json.Encoder }

// Event writes one line; a closed pipe must not stop the run.
func (j *jsonLines) Event(e stages.Event) { _ = j.enc.Encode(e) }

// Close does nothing.
func (j *jsonLines) Close() {}
