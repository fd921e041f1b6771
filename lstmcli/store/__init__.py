"""What lies on disk: run directories, models, language models, checkpoints."""
