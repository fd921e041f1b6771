"""Everything stored on disk: run directories, models, language models and checkpoints."""
