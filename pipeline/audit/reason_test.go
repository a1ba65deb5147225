package audit

import (
	"slices"
	"testing"

	"slm/pipeline/runtest"
	"slm/stages"
)

func TestReproduce_RunThatReasonsIsWhole(t *testing.T) {
	r, err := runtest.Load("model.context=512", "stages.reason.tasks=8", "stages.reason.words=24", "stages.reason.epochs=1", "stages.reason.batch=1024", "stages.bpo=off", "eval.systems=[llm,slm]")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := runtest.Train(t.Context(), r, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if v := verified(t, folder); !v.OK {
		t.Errorf("%+v", v)
	}
	again, err := Reproduce(t.Context(), folder, againIn(t))
	if err != nil || !again.OK || !slices.ContainsFunc(again.Stages, func(s Reproduced) bool { return s.Stage == stages.Reason && s.Result == Same }) {
		t.Errorf("%+v, %v", again, err)
	}
}
