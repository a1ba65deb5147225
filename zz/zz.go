package zz

import (
	_ "github.com/apache/arrow/go/v17/arrow/ipc"
	_ "github.com/ebitengine/purego"
	_ "github.com/goccy/go-yaml"
	_ "github.com/gofrs/flock"
	_ "github.com/google/flatbuffers/go"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/google/licenseclassifier/v2"
	_ "github.com/google/licenseclassifier/v2/assets"
	_ "github.com/klauspost/cpuid/v2"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/spf13/cobra"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "golang.org/x/text/unicode/norm"
	_ "golang.org/x/time/rate"
	_ "gonum.org/v1/gonum/mat"
	_ "gonum.org/v1/gonum/optimize"
	_ "gorgonia.org/gorgonia"
	_ "gorgonia.org/tensor"
	_ "modernc.org/sqlite"
)
