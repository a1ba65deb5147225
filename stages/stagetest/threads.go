package stagetest

import (
	"os"
	"runtime"
)

// The models of tests are so small that a second thread would wait for the first most of the time, which takes more of the processor than the model itself.
// So what works with such a model is tested on one thread, and go test runs two packages side by side. Tests of many threads say how many.
func init() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
}
