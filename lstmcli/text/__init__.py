"""From text to token ids, and the names of labels: tokenizer, vocabulary, label set, word-vector files."""
