package schema

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// scalarText is the text of a scalar as it was written, before YAML guesses a type.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// quoted reports whether a scalar is in quotes or in block style, which makes it text.
func quoted(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.LiteralNode:
		return true
	case *ast.StringNode:
		return n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
	}
	return false
}

// describe names a node's kind for a message.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a group of fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "text"
}

// valuePlace is the place of a single setting's value.
func (l *Layer) valuePlace() Place {
	return Place{File: l.file, Line: l.first, Col: l.shift + 1, Len: max(1, utf8.RuneCountInString(l.raw)), Text: l.lines[0]}
}

// choiceError is a word that is none of the allowed ones.
type choiceError struct {
	word    string
	allowed []string
}

func (e *choiceError) Error() string { return fmt.Sprintf("unknown value %q", e.word) }

// oneOf checks a word against a list a|b|c; no list allows everything.
func oneOf(word, list string) error {
	if list == "" {
		return nil
	}
	allowed := strings.Split(list, "|")
	for _, a := range allowed {
		if word == a {
			return nil
		}
	}
	return &choiceError{word, allowed}
}

// noteOf is what the carets should say about an error.
func noteOf(err error) string {
	if c, ok := err.(*choiceError); ok {
		return didYouMean(c.word, c.allowed, "one of")
	}
	return ""
}
