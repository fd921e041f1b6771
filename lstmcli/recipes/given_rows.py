"""What a Python program passes to a training: settings, and perhaps texts and labels."""

import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcli.config import loading
from lstmcli.config.settings import Config
from lstmcli.inference.given_texts import BLOCK_TEXTS, text_blocks
from lstmcli.inference.rows_in_memory import given_rows
from lstmcli.recipes.continuing.settings import settings_to_continue
from lstmcli.recipes.run_setup import default_run_dir
from lstmcli.training.continued import read_past

if TYPE_CHECKING:  # a mistake is told before pandas is loaded
    import numpy as np
    from numpy.typing import NDArray

    from lstmcli.corpus.corpus import Corpus
    from lstmcli.corpus.past import Past


def given_inputs(
    settings: Mapping[str, Any],
    texts: Iterable[str] | None,
    labels: Iterable[Any] | None,
    scores: Mapping[str, Iterable[Any]] | None = None,
    weights: Iterable[Any] | None = None,
    features: Mapping[str, Iterable[Any]] | None = None,
    *,
    start: Path | None = None,
) -> "tuple[Config, Corpus | None]":
    """Return the config, and the corpus if the texts are not in files; `start` is a run to go on from."""
    loading.check_settings(settings)
    past = None
    if start is not None:
        settings = {**settings_to_continue(start, in_memory=texts is not None), **settings}
        past = read_past(start)
    if scores is not None:
        return _given_scores(settings, texts, labels, scores, weights, features, past)
    if (texts is None) != (labels is None):
        raise TypeError(f"expected texts and labels together, got only {'labels' if texts is None else 'texts'}")
    for name, values, key in (("weights", weights, "weight"), ("features", features, "features")):
        if texts is None and values is not None:
            raise TypeError(f"expected texts and {name} together, got only {name}; for rows in a file, set data.{key}")
    if texts is None or labels is None:
        return loading.config_from(settings), None
    from lstmcli.corpus.in_memory import corpus_in_memory, given_labels, labelled_settings

    names = given_labels(labels)
    config = loading.config_from({**_named(features), **settings, **labelled_settings(names)}, needs_rows=False)
    given = _checked_texts(given_rows(config.data, texts, features))
    numbers = _checked_weights(weights, len(given))
    return config, corpus_in_memory(given, names, config.data, seed=config.training.seed, past=past, weights=numbers)


def _given_scores(
    settings: Mapping[str, Any],
    texts: Iterable[str] | None,
    labels: Iterable[Any] | None,
    scores: Mapping[str, Iterable[Any]],
    weights: Iterable[Any] | None,
    features: Mapping[str, Iterable[Any]] | None,
    past: "Past | None",
) -> "tuple[Config, Corpus]":
    if labels is not None:
        raise TypeError("expected labels or scores, got both")
    if texts is None:
        raise TypeError("expected texts and scores together, got only scores")
    from lstmcli.corpus.scores_in_memory import given_scores, scores_in_memory

    numbers = given_scores(scores)
    config = loading.config_from({**_named(features), **settings, "data.scores": list(numbers.names)}, needs_rows=False)
    given = _checked_texts(given_rows(config.data, texts, features))
    checked = _checked_weights(weights, len(given))
    return config, scores_in_memory(given, numbers, config.data, seed=config.training.seed, past=past, weights=checked)


def _named(features: Mapping[str, Iterable[Any]] | None) -> dict[str, Any]:
    """Return the settings by which given features are read, unless others are set."""
    return {} if features is None else {"data.features": list(features)}


def _checked_texts(texts: Iterable[Any]) -> list[Any]:
    return list(chain.from_iterable(text_blocks(texts, BLOCK_TEXTS)))


def _checked_weights(weights: Iterable[Any] | None, num_texts: int) -> "NDArray[np.float64] | None":
    if weights is None:
        return None
    from lstmcli.corpus.row_weights import given_weights

    return given_weights(weights, num_texts)


def given_path(
    config: Config, run_dir: str | os.PathLike[str] | None, *, has_rows: bool, start: Path | None = None
) -> Path:
    """Return where to write; with texts, the caller has to say it. `start` is the run to go on from."""
    if run_dir is not None:
        return Path(run_dir)
    if not has_rows and config.output.run_dir is None:
        raise TypeError("expected run_dir with texts and labels: there is no file to name the run after")
    return default_run_dir(config, start=start)
