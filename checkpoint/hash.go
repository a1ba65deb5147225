package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// HashBytes is the SHA-256 of data, in hex.
func HashBytes(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// HashJSON is the SHA-256 of v as canonical JSON, in hex: keys sorted, no white space, numbers in their shortest form.
func HashJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return HashBytes(text), nil
}

// IsDigest reports whether a text is a SHA-256 in hex, as this package writes it.
func IsDigest(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == sha256.Size && hex.EncodeToString(sum) == text
}
