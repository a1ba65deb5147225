// Package tokenizer is byte-level byte-pair encoding: a trainer, an encoder and a decoder, kept in Hugging Face's
// tokenizer.json.
//
// It learns the merges that the `tokenizers` library (0.23.3) learns from the same texts, gives the same ids, and
// writes the same bytes to disk, so a model trained here can be used there. The method is GPT-2's (Radford et al. 2019, §2.2):
// text is cut into words by a pattern, each word is spelt in bytes, and the learnt merges are applied to it in the
// order in which they were learnt.
//
// It also reads what others have trained (Spec, Load): the word patterns of LLaMA 3, Qwen 2, GPT-4o, Mistral, DeepSeek and Seed-Coder, and
// SentencePiece's BPE and Unigram with bytes for characters that are no token (Pieces, Unigram). It is not a general reader of tokenizer.json: other
// normalizers, WordPiece, dropout and patterns other than those of Pattern are refused by name, and Save writes only the patterns that Train knows.
//
// Text that is not valid UTF-8 is read as its lossy decoding: every maximal ill-formed sequence becomes one U+FFFD, as
// the Unicode Standard recommends (§3.9) and as Python's bytes.decode("utf-8", "replace") does. The ids of such a text are those
// of that decoding; a valid text comes back from Decode byte for byte.
//
//	tok, err := tokenizer.Train(texts, tokenizer.TrainOptions{Vocab: 4096, Special: []string{"<eos>"}})
//	ids := tok.Encode("Section 4. Redistribution.")
//	text := tok.Decode(ids) // the same again
package tokenizer
