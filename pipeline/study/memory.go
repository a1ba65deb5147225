package study

import (
	"os"
	"strconv"
	"strings"
)

// Jobs is how many of the wanted stages may run side by side within so many bytes, by what one of them takes; 0 bytes = three quarters of what is free now. One always may.
func Jobs(wanted int, bytes float64, each uint64) int {
	if bytes <= 0 {
		bytes = 0.75 * float64(freeMemory())
	}
	if each == 0 || bytes == 0 {
		return max(1, wanted)
	}
	return max(1, min(wanted, int(bytes/float64(each))))
}

// freeMemory is what the machine has for new programs, in bytes; 0 = unknown.
func freeMemory() uint64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			if kb, err := strconv.ParseUint(strings.Fields(rest + " 0")[0], 10, 64); err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
