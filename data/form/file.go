package form

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"slm/checkpoint"
)

// Digest is the hex SHA-256 of the set. It travels with what was trained on it.
func (s Set) Digest() string {
	sum := sha256.Sum256(s.encode())
	return hex.EncodeToString(sum[:])
}

func (s Set) encode() []byte {
	data, _ := json.MarshalIndent(s, "", "  ") // strings always encode
	return append(data, '\n')
}

// Save writes the set as JSON.
func (s Set) Save(path string) error {
	if err := checkpoint.WriteFileAtomic(path, s.encode()); err != nil {
		return fmt.Errorf("form: %w", err)
	}
	return nil
}

// Load reads a set that Save has written, and validates it.
func Load(path string) (Set, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Set{}, fmt.Errorf("form: %w", err)
	}
	s, err := parse(data)
	if err != nil {
		return Set{}, fmt.Errorf("form: %s: %w", path, err)
	}
	return s, nil
}

func parse(data []byte) (Set, error) {
	var s Set
	if err := json.Unmarshal(data, &s); err != nil {
		return Set{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return s, s.Validate()
}
