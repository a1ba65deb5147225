// Package recipes holds the recipes that are part of the program. It is not a place for code.
package recipes

import "embed"

// Files are the recipes, by name with the ending .yaml.
//
//go:embed *.yaml
var Files embed.FS
