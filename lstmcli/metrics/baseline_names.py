"""What the baselines of every report are called."""

from typing import Final

MAJORITY_NAME: Final = "majority class"
MEDIAN_NAME: Final = "median class"
TFIDF_NAME: Final = "TF-IDF + logistic regression"
NGRAMS_NAME: Final = "n-grams alone"

# How they are called where a name is typed.
SHORT_NAMES: Final = {MAJORITY_NAME: "majority", MEDIAN_NAME: "median", TFIDF_NAME: "tfidf", NGRAMS_NAME: "ngrams"}
