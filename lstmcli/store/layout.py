"""The names of all files and folders of a run directory. The modules that write them describe their contents."""

from typing import Final

# The folder model/.
DESCRIPTION_FILE: Final = "model.json"
VOCABULARY_FILE: Final = "vocabulary.txt"
INDEX_FILE: Final = "vocabulary.npy"
EMBEDDING_FILE: Final = "embedding.npy"
WEIGHTS_FILE: Final = "weights.safetensors"
CARD_FILE: Final = "README.md"
NGRAMS_FILE: Final = "ngrams.npy"
FIRST_NETWORK_FILE: Final = "first_network.json"
FIRST_WEIGHTS_FILE: Final = "first_network.safetensors"

# The folder language_model/, which shares some of the names above.
LANGUAGE_DESCRIPTION_FILE: Final = "language_model.json"

# The run directory.
MODEL_FOLDER: Final = "model"
LANGUAGE_FOLDER: Final = "language_model"
FOLDS_FILE: Final = "folds.json"
BASELINES_FOLDER: Final = "baselines"
SEEN_TEXTS_FOLDER: Final = "seen_texts"
CONFIG_FILE: Final = "config.yaml"
METRICS_FILE: Final = "metrics.json"
MARKDOWN_FILE: Final = "report.md"
HTML_FILE: Final = "report.html"
GRADIENTS_FILE: Final = "gradients.svg"
HISTORY_FILE: Final = "history.jsonl"
CHECKPOINTS_FOLDER: Final = "checkpoints"
PRETRAINING_FOLDER: Final = "pretraining"
TEACHER_FOLDER: Final = "teacher"
FOLDS_FOLDER: Final = "folds"

# The folder checkpoints/.
LAST_FOLDER: Final = "last"
PREVIOUS_FOLDER: Final = "previous"
BEST_FOLDER: Final = "best"
