package pipeline

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// PeakMemory is the most that this process has had in memory. // bytes; 0 = unknown
func PeakMemory() uint64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.Sys
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseUint(strings.Fields(rest + " 0")[0], 10, 64)
			if err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
