"""From text to token ids: tokenizer, vocabulary, encoder, word-vector files."""
