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
