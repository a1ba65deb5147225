package kernel

//go:generate go -C genasm run .

import "fmt"

// The vec*.go files hold single-threaded kernels on plain slices; callers tile over threads. Each has a plain Go reference (…Go), which is
// the generic level's and what assembly is tested against. Which one runs is in the level's table (ops). The assembly is generated: see genasm.
//
// What all of them keep:
//   - any length works, 0 and 1 included; nothing outside the slices is read or written;
//   - a result depends on the inputs and the CPU level alone; element-wise kernels give each element the same value wherever it stands,
//     so tiling never shows; reductions have one fixed order for a length;
//   - a destination may be the same slice as a source, but must not overlap one otherwise;
//   - slices that must be equally long and are not are a bug in the caller, and panic as an index out of range would.

// sameLen panics unless all lengths equal n.
func sameLen(name string, n int, lengths ...int) {
	for _, l := range lengths {
		if l != n {
			lengthPanic(name, n, l)
		}
	}
}

func lengthPanic(name string, want, got int) {
	panic(fmt.Sprintf("kernel: %s: slices of %d and %d elements", name, want, got))
}
