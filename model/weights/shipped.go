package weights

import "strings"

// Shipped is a model that set-up fetches into the cache folder.
type Shipped struct {
	Ref    string // from there
	SHA256 string
}

var shipped = map[string]Shipped{
	"smollm2-135m-instruct": {"gguf:SmolLM2-135M-Instruct.Q4_1.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
}

// ShippedNames lists what such models are called, for messages.
const ShippedNames = "smollm2-135m-instruct"

// FindShipped finds one by its name.
func FindShipped(name string) (Shipped, bool) {
	s, ok := shipped[strings.ToLower(name)]
	return s, ok
}

// In is the model's reference where the cache folder is that of an environment.
func (s Shipped) In(getenv func(string) string) (Ref, error) {
	ref, _, err := Parse(s.Ref)
	if err != nil {
		return ref, err
	}
	return ref.Absolute(Fetched(getenv))
}
