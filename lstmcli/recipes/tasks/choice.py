"""Which task a corpus is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.labels import label_notes
from lstmcli.corpus.scores import score_notes, score_targets
from lstmcli.metrics.score_tuning import Standard
from lstmcli.ngrams.fit import FittedNgrams
from lstmcli.recipes.tasks.labels import LabelTask, fitted_targets
from lstmcli.recipes.tasks.scores import ScoreTask
from lstmcli.recipes.tasks.task import Task


def task_of(config: Config, corpus: Corpus, ngrams: FittedNgrams | None) -> Task:
    """Return what is learned from the corpus, with the n-grams that were fitted on `targets_of`."""
    return ScoreTask(config, corpus, ngrams) if is_scores(corpus) else LabelTask(config, corpus, ngrams)


def targets_of(corpus: Corpus) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what is fitted on the training rows, (rows, outputs), and the targets of the validation rows.

    These are (rows, outputs), too, but for ordered labels (rows, labels).
    """
    if not is_scores(corpus):
        return fitted_targets(corpus), corpus.validation_targets
    train, validation = score_targets(corpus.train), score_targets(corpus.validation)
    standard = Standard.of(train, corpus.train.row_weights)
    return standard.standardised(train).astype(np.float32), standard.standardised(validation).astype(np.float32)


def notes_on_targets(corpus: Corpus) -> list[str]:
    """Return notes on labels or scores that are probably mistakes, but may be intended."""
    if is_scores(corpus):
        return score_notes(corpus.train, corpus.validation)
    return label_notes(corpus.labels, corpus.validation)


def is_scores(corpus: Corpus) -> bool:
    """Whether the corpus has scores instead of labels."""
    return corpus.labels.kind == "scores"
