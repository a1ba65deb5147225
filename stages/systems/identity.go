package systems

import "slices"

// format1 is the default list in recipes of format 1, and will stay so: it stands in the fingerprints of every run that names no systems.
var format1 = List{"llm", "slm", "dp", "blade-z0", "blade", "cite", "rag1", "rag3", "rag+blade", "oracle", "shuffled"}

// Identity is the list as it stands in a run's fingerprint. A list with all systems of format 1, in their order, is the default of this or of
// another version of the program, which may have more. It stands for format 1's, so that runs made before a system was there are still found.
func (l List) Identity() List {
	founding := slices.DeleteFunc(slices.Clone(l), func(name string) bool { return !slices.Contains(format1, name) })
	if slices.Equal(founding, format1) {
		return format1
	}
	return l
}
