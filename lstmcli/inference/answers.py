"""The columns that a prediction adds to a row: labels, scores and probabilities."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.errors import DataError, UsageError, counted
from lstmcli.inference.predictor import Answers, Predictions, StageAnswers
from lstmcli.store.model import SavedModel

ANSWERED_BY = "answered_by"

# Who answers: the whole model, its n-grams alone, or a network that imitates it.
MODEL, NGRAMS, DISTILLED = "model", "ngrams", "distilled"

Additions = dict[str, str | float | None]


class PredictOptions(NamedTuple):
    """What to add to each row.

    Attributes:
        probabilities: whether to add a column `probability_<label>` for each label.
        top_k: number of most probable labels to add, as columns label_1, score_1, ...; None: no such columns.
        threshold: replaces the model's own decision rule: labels are predicted if they are at least this probable. The
            cells of ranked labels below it are empty.
        min_confidence: a prediction with a lower score is left empty, whatever the rule says; its score stays.
        trait_columns: whether to add a column `predicted_<label>` with 1 or 0 for each label.
        answered_by: whether to add a column `answered_by` that says which stage of a cascade has answered.
        interval: for scores, the part of true ones that `low_<score>` to `high_<score>` hold; None: no such columns.
    """

    probabilities: bool = False
    top_k: int | None = None
    threshold: float | None = None
    min_confidence: float | None = None
    trait_columns: bool = False
    interval: float | None = None
    answered_by: bool = False


class Adder:
    """Names and orders the cells that a prediction adds to a row.

    Attributes:
        num_uncertain: predictions so far that were left empty because of their score.
        watch_stages: is told of the stages of a cascade that have answered.
    """

    def __init__(self, model: SavedModel, options: PredictOptions, format_name: str) -> None:
        self._format_name = format_name
        self._labels = model.labels
        self._has_ngrams = model.ngrams is not None
        self._options = options
        self._rule = model.rule if options.threshold is None else model.rule.with_threshold(options.threshold)
        # A ranked text line starts with the best label.
        self._has_decision = options.top_k is None or format_name != TEXT_FORMAT
        if options.min_confidence is not None and not self._has_decision:
            raise UsageError(
                "--min-confidence: with --top-k, lines of plain text have no prediction; use --threshold, or write a "
                "table (--output-format csv)."
            )
        if options.trait_columns:
            check_trait_columns(model.labels)
        self.num_uncertain = 0
        self.watch_stages: Callable[[StageAnswers], None] = lambda _: None
        self._names: dict[bytes, str] = {}  # by the bytes of a decision

    def decide(self, probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return what is predicted, (texts, labels), before uncertain predictions are left empty."""
        return self._rule.decide(probabilities)

    def additions(self, answers: Answers) -> Iterator[Additions]:
        """Yield the additional cells of each row, in order."""
        columns = self._columns(Predictions.of(answers.probabilities, self._rule))
        if answers.stages is not None:
            self.watch_stages(answers.stages)
        if self._options.answered_by:
            columns[ANSWERED_BY] = _who_answered(answers)
        return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))

    def nothing(self) -> Additions:
        """Return the additional cells of a row without a prediction, all empty."""
        columns = ["prediction", "score"] if self._has_decision else []
        for rank in range(1, min(self._options.top_k or 0, len(self._labels.names)) + 1):
            columns += [f"label_{rank}", f"score_{rank}"]
        if self._options.trait_columns:
            columns += [f"predicted_{name}" for name in self._labels.names]
        if self._options.probabilities:
            columns += [f"probability_{name}" for name in self._labels.names]
        if self._options.answered_by:
            columns.append(ANSWERED_BY)
        return dict.fromkeys(columns)

    @property
    def names_in_rows(self) -> Sequence[str]:
        """The names of the additional cells, if they stand beside those of the input: not in plain text."""
        return [] if self._format_name == TEXT_FORMAT else list(self.nothing())

    def check(self, columns: Sequence[str], name: str) -> None:
        """Raise a DataError if one of the added columns is already in `columns`, those of the input `name`."""
        refuse_taken(self.names_in_rows, columns, name)

    def on_unknown_words(self, num_texts: int) -> str:
        """Return what to tell a user about texts without a word that the model knows."""
        what = "contains no word known to the model; its prediction rests"
        if num_texts > 1:
            what = "contain no word known to the model; their predictions rest"
        grounds = "character n-grams alone" if self._has_ngrams else "little more than the frequencies of the labels"
        return f"{counted(num_texts, 'text')} {what} on {grounds}."

    def on_uncertain(self, num_rows: int) -> str:
        """Return what to tell a user about rows whose prediction is left empty."""
        few = "its prediction is" if num_rows == 1 else "their predictions are"
        return (
            f"{counted(num_rows, 'row')} with a score below {self._options.min_confidence:g}: {few} left empty "
            "(--min-confidence)."
        )

    def _columns(self, predictions: Predictions) -> dict[str, Sequence[str | float | None]]:
        options, labels, probabilities = self._options, self._labels, predictions.probabilities
        columns: dict[str, Sequence[str | float | None]] = {}
        is_certain = None if options.min_confidence is None else predictions.scores >= options.min_confidence
        if self._has_decision:
            self.num_uncertain += 0 if is_certain is None else int((~is_certain).sum())
            columns["prediction"] = _where(is_certain, self._predictions(predictions.decisions))
            columns["score"] = predictions.scores.tolist()
        if options.top_k is not None:
            columns |= self._ranked(probabilities, options.top_k)
        if options.trait_columns:
            by_label = predictions.decisions.T
            columns |= {
                f"predicted_{name}": _where(is_certain, flags(picked))
                for name, picked in zip(labels.names, by_label, strict=True)
            }
        if options.probabilities:
            columns |= {f"probability_{name}": probabilities[:, at].tolist() for at, name in enumerate(labels.names)}
        return columns

    def _ranked(self, probabilities: NDArray[np.float64], top_k: int) -> dict[str, Sequence[str | float | None]]:
        """Return the columns of the `top_k` most probable labels, with empty cells below the threshold."""
        columns: dict[str, Sequence[str | float | None]] = {}
        best_first = np.argsort(-probabilities, axis=1, kind="stable")[:, :top_k]
        scores = np.take_along_axis(probabilities, best_first, axis=1)
        is_listed = scores >= (self._options.threshold or 0.0)
        for rank, (indices, column, listed) in enumerate(
            zip(best_first.T, scores.T, is_listed.T, strict=True), start=1
        ):
            names = [self._labels.names[index] for index in indices]
            columns[f"label_{rank}"] = _where(listed, names)
            columns[f"score_{rank}"] = _where(listed, column.tolist())
        return columns

    def _predictions(self, decisions: NDArray[np.bool_]) -> list[str]:
        content, size = decisions.tobytes(), decisions.shape[1]
        keys = [content[start : start + size] for start in range(0, len(content), size)]
        for key in set(keys).difference(self._names):
            self._names[key] = self._labels.join(np.frombuffer(key, dtype=np.bool_))
        return [self._names[key] for key in keys]


def _who_answered(answers: Answers) -> list[str]:
    """Return the name of the stage that answered each text."""
    stages = answers.stages
    if stages is None:
        return [MODEL] * len(answers.probabilities)
    first = DISTILLED if stages.is_distilled else NGRAMS
    return [first if is_first else MODEL for is_first in stages.is_first]


def flags(picked: NDArray[np.bool_]) -> list[int]:
    """Return 1 for True and 0 for False."""
    return list(map(int, picked.tolist()))


def check_trait_columns(labels: LabelSet) -> None:
    """Raise a UsageError unless a text may have several of the `labels`."""
    if labels.kind == "scores":
        raise UsageError("--trait-columns: is for labels; each score has a column anyway.")
    if labels.kind == "single":
        raise UsageError("--trait-columns: each text has one label here; it is for several labels or yes/no columns.")


def refuse_taken(
    added: Sequence[str], columns: Sequence[str], name: str, *, advice: str = ", or select other columns with --columns"
) -> None:
    """Raise a DataError if one of the `added` columns is already in `columns`, those of the input `name`."""
    taken = [column for column in added if column in columns]
    if taken:
        raise DataError(
            f"{name}: already has a column {taken[0]!r}, which the prediction would add (is this the output of an "
            f"earlier prediction?). Rename or remove it{advice}."
        )


def _where(is_listed: NDArray[np.bool_] | None, cells: Sequence[Any]) -> Sequence[Any]:
    """Return the cells, None where they are not listed."""
    if is_listed is None:
        return cells
    return [cell if listed else None for cell, listed in zip(cells, is_listed.tolist(), strict=True)]
