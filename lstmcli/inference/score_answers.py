"""The columns that a prediction of scores adds to a row: each score, and how low and high its truth may be."""

from collections.abc import Iterator, Sequence

import numpy as np

from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.errors import UsageError, counted
from lstmcli.inference.answers import Adder, Additions, PredictOptions, refuse_taken
from lstmcli.inference.predictor import Answers
from lstmcli.metrics.score_outputs import LEAST_COVERAGE, MOST_COVERAGE, ScoreOutputs
from lstmcli.store.model import SavedModel


def adder_of(model: SavedModel, options: PredictOptions, format_name: str) -> "Adder | ScoreAdder":
    """Return what adds the cells of such a model, labels or scores.

    Raises:
        UsageError: an option is for the other kind of model.
    """
    if model.scores is not None:
        return ScoreAdder(model, options, format_name)
    if options.interval is not None:
        raise UsageError("--interval: this model predicts labels, whose probabilities --probabilities adds.")
    return Adder(model, options, format_name)


class ScoreAdder:
    """Names and orders the cells: predicted_<score>, and with an interval low_<score> and high_<score> beside it."""

    num_uncertain = 0

    def __init__(self, model: SavedModel, options: PredictOptions, format_name: str) -> None:
        """Check that the options are those of scores."""
        refuse_label_options(options)
        if model.scores is None:
            raise ValueError("expected a model of scores")
        self._names = model.labels.names
        self._has_ngrams = model.ngrams is not None
        self._format_name = format_name
        self._reach = None if options.interval is None else interval_reach(model.scores, options.interval, self._names)

    def additions(self, answers: Answers) -> Iterator[Additions]:
        """See `CellAdder`."""
        values, columns = answers.probabilities, list(self.nothing())
        parts = [values] if self._reach is None else [values, values - self._reach, values + self._reach]
        cells = np.stack(parts, axis=2).reshape(len(values), len(columns)).tolist()
        return (dict(zip(columns, row, strict=True)) for row in cells)

    def nothing(self) -> Additions:
        """See `CellAdder`."""
        prefixes = ["predicted"] if self._reach is None else ["predicted", "low", "high"]
        return dict.fromkeys(f"{prefix}_{name}" for name in self._names for prefix in prefixes)

    @property
    def names_in_rows(self) -> Sequence[str]:
        """See `CellAdder`."""
        return [] if self._format_name == TEXT_FORMAT else list(self.nothing())

    def check(self, columns: Sequence[str], name: str) -> None:
        """See `CellAdder`."""
        refuse_taken(self.names_in_rows, columns, name)

    def on_unknown_words(self, num_texts: int) -> str:
        """See `CellAdder`."""
        what = "contains no word known to the model; its scores rest"
        if num_texts > 1:
            what = "contain no word known to the model; their scores rest"
        grounds = "character n-grams alone" if self._has_ngrams else "little more than the means of the training rows"
        return f"{counted(num_texts, 'text')} {what} on {grounds}."

    def on_uncertain(self, num_rows: int) -> str:
        """See `CellAdder`; no score is left empty."""
        raise ValueError(f"expected no uncertain rows, got {num_rows}")


def refuse_label_options(options: PredictOptions) -> None:
    """Raise a UsageError if an option is one for labels."""
    wanted = {
        "--probabilities": options.probabilities,
        "--trait-columns": options.trait_columns,
        "--top-k": options.top_k is not None,
        "--threshold": options.threshold is not None,
        "--min-confidence": options.min_confidence is not None,
    }
    given = [name for name, is_given in wanted.items() if is_given]
    if given:
        raise UsageError(
            f"{', '.join(given)}: for models of labels; this one predicts scores, one column each. For how far off "
            "they may be, use --interval 0.8."
        )


def interval_reach(scores: ScoreOutputs, coverage: float, names: Sequence[str]) -> np.ndarray:
    """Return half the width of the prediction intervals, (scores,).

    Raises:
        UsageError: the coverage is out of range, or the model was tuned on too few rows for it.
    """
    if not LEAST_COVERAGE <= coverage <= MOST_COVERAGE:
        raise UsageError(
            f"--interval {coverage:g}: expected the part of true scores that the intervals should hold, from "
            f"{LEAST_COVERAGE:g} to {MOST_COVERAGE:g}."
        )
    reach = scores.reach(coverage)
    unknown = [name for name, each in zip(names, reach.tolist(), strict=True) if np.isnan(each)]
    if unknown:
        raise UsageError(
            f"--interval {coverage:g}: the model was tuned on too few rows with {', '.join(unknown)}; ask for less, or "
            "train with more validation rows."
        )
    return reach
