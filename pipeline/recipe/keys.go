package recipe

import "slm/pipeline/schema"

// Keys documents every key of a recipe with its default.
func Keys() []schema.Key {
	r := Default()
	return schema.Describe(&r)
}

// JSONSchema describes a recipe for editors. A recipe says its format unless the one that it extends does.
func JSONSchema() map[string]any {
	r := Default()
	s := schema.JSONSchema(&r)
	s["title"] = "recipe of slm"
	s["anyOf"] = []any{map[string]any{"required": []string{"slm"}}, map[string]any{"required": []string{"extends"}}}
	return s
}

// Unknown says what is wrong with a path that leads to no key, with the one that was probably meant; nil when there is one.
func Unknown(path string) error {
	r := Default()
	return schema.Missing(&r, path).Err()
}
