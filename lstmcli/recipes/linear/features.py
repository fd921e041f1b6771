"""The features of a training beside its n-grams: what is learned of them from training rows."""

from lstmcli.config.settings import Config
from lstmcli.corpus.feature_cells import wanted_features
from lstmcli.corpus.texts import Texts
from lstmcli.data.row_text import cells_of
from lstmcli.inference.given_texts import text_blocks
from lstmcli.lexicons.reading import read_lexicon
from lstmcli.ngrams.column_features import learn_columns
from lstmcli.ngrams.lexicon_features import learn_lexicons
from lstmcli.ngrams.row_features import RowFeatures

# Rows that are read at a time.
BLOCK_ROWS = 1 << 14


def learned_features(config: Config, train: Texts) -> tuple[RowFeatures, ...]:
    """Return all features beside n-grams, learned from the training texts; see `ngrams.row_features` to add some."""
    found: list[RowFeatures] = []
    wanted = wanted_features(config.data)
    if wanted:
        found.append(learn_columns(wanted, (cells_of(text) or [""] * len(wanted) for text in train)))
    if config.data.lexicons:
        lexicons = [read_lexicon(path) for path in config.data.lexicons]
        found.append(learn_lexicons(lexicons, text_blocks(train, BLOCK_ROWS)))
    return tuple(found)
