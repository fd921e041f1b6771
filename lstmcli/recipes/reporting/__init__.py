"""What a report shows besides scores: effects of the texts, texts with their words coloured, the data, rebuilding."""
