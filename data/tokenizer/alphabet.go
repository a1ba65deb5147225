package tokenizer

// alphabet spells each byte as one printable character, GPT-2's way: printable Latin-1 characters stand for themselves, the
// other 68 bytes take U+0100 onwards in byte order (so a space is Ġ and a newline Ċ).
var alphabet = func() (a [256]rune) {
	next := rune(0x100)
	for b := range a {
		switch {
		case b >= '!' && b <= '~', b >= 0xA1 && b <= 0xAC, b >= 0xAE:
			a[b] = rune(b)
		default:
			a[b] = next
			next++
		}
	}
	return a
}()

// alphabetBytes is the inverse of alphabet.
var alphabetBytes = func() map[rune]byte {
	m := make(map[rune]byte, 256)
	for b, r := range alphabet {
		m[r] = byte(b)
	}
	return m
}()

// spell returns the bytes that a token of the byte alphabet stands for. A token with any other character stands for its
// own text, as in Hugging Face's ByteLevel decoder.
func spell(token string) []byte {
	out := make([]byte, 0, len(token))
	for _, r := range token {
		b, ok := alphabetBytes[r]
		if !ok {
			return []byte(token)
		}
		out = append(out, b)
	}
	return out
}

// inAlphabet spells a text in the byte alphabet.
func inAlphabet(text string) string {
	out := make([]rune, len(text))
	for i := range len(text) {
		out[i] = alphabet[text[i]]
	}
	return string(out)
}
