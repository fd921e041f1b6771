"""Texts with scores that are already in memory, checked like the rows of a file."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.corpus import Corpus, split_examples
from lstmcli.corpus.example_rows import ExampleRows
from lstmcli.corpus.examples import Examples
from lstmcli.corpus.in_memory import FILE_SETTINGS, NAME, weighted
from lstmcli.corpus.past import Past
from lstmcli.corpus.score_cells import MAX_SCORE, ScoreValues
from lstmcli.errors import ConfigError
from lstmcli.events import Finding


def given_scores(scores: Mapping[str, Iterable[object]]) -> ScoreValues:
    """Check scores passed by a program: for each name, one number for each text; None or NaN where it is missing.

    Raises:
        TypeError: they are no mapping of names to numbers.
        ValueError: there are none, or not as many for each name, or a number is too large.
    """
    if not isinstance(scores, Mapping) or not all(isinstance(name, str) for name in scores):
        raise TypeError(f"expected scores as a mapping of names to numbers, got {type(scores).__name__}")
    columns = []
    for name, values in scores.items():
        try:
            numbers = [np.nan if value is None else value for value in values]
            columns.append(np.array(numbers, dtype=np.float64).reshape(len(numbers)))
        except (TypeError, ValueError):
            raise TypeError(f"expected numbers for the score {name!r}, got something else") from None
    sizes = {len(column) for column in columns}
    if len(sizes) != 1:
        raise ValueError(f"expected one or more scores of the same length, got lengths {sorted(sizes)}")
    values = np.column_stack(columns)
    if (np.abs(values) > MAX_SCORE).any():
        raise ValueError(f"expected scores of at most {MAX_SCORE:.0e}")
    return ScoreValues(tuple(scores), values)


def scores_in_memory(
    texts: Sequence[str],
    scores: ScoreValues,
    settings: DataSettings,
    *,
    seed: int,
    past: Past | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Corpus:
    """Return a corpus with some of the rows held out for validation; texts without any score are left out.

    Raises:
        ConfigError: `settings` name files or columns.
        DataError: the rows leave nothing to learn, or are too few to split.
        ValueError: there are no texts, or not as many scores.
    """
    others = [key for key in FILE_SETTINGS if key != "scores"]
    found = [f"data.{key}" for key in others if getattr(settings, key) != getattr(DataSettings(), key)]
    if found:
        raise ConfigError(f"{', '.join(found)}: only for rows in files, but texts and scores were given.")
    if len(texts) != len(scores.values):
        raise ValueError(
            f"expected as many scores as texts, got {len(texts):,} texts and {len(scores.values):,} scores"
        )
    has_score = [not np.isnan(values).all() for values in scores.values]
    if not any(has_score):
        raise ValueError("expected texts with scores, got none")
    rows = ExampleRows(scores.names)
    for number, (text, values) in enumerate(zip(texts, scores.values.tolist(), strict=True), start=1):
        if has_score[number - 1]:
            rows.append(number, text, (), "", values)
    lines = tuple(number for number, has_any in enumerate(has_score, start=1) if not has_any)
    findings = (Finding("no score", "unlabelled", "drop", lines),) if lines else ()
    numbers = None if rows.scores is None else rows.scores.score_values()
    table = rows.table()
    examples = Examples(
        NAME, len(texts), table, tuple(rows.label_sets), rows.store, findings, scores=numbers, cells=rows.cells
    )
    train, validation, labels = split_examples(weighted(examples, weights), settings, seed, past)
    return Corpus((), (train.report, validation.report), train, validation, None, labels, ())
