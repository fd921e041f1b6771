"""Finds labels of an evaluation's rows that are probably wrong, and writes them into a file, the worst first."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings
from lstmcli.data.formats import Record
from lstmcli.data.whole_output import open_whole
from lstmcli.metrics.suspects import NO, NUM_FIRST, YES, Doubts, Suspect, Suspects, doubts, doubts_about_label
from lstmcli.recipes.evaluation.rows import format_of_rows
from lstmcli.recipes.score import ScoredRows

OPTION = "--suspects"

NOT_SEEN = (
    "Suspects are only worth looking at in rows that the model was not trained on: of others, it has learned the wrong "
    "labels, too. `lstmcli cross-validate --suspects` judges each row by a model that has not seen it."
)


def check_suspects(path: Path, first_input: str, settings: DataSettings) -> None:
    """Check that suspects can be written into `path`, before anything is computed.

    Raises:
        UsageError: the format can't be written.
    """
    format_of_rows(path, first_input, settings, OPTION)


def with_suspects(path: Path, scored: ScoredRows, first_input: str, settings: DataSettings) -> ScoredRows:
    """Write the suspects into `path`, and return the rows with an evaluation that has the first ones.

    Raises:
        DataError: the file can't be written.
    """
    found, num_rows, num_skipped = find_suspects(scored)
    _write(path, found, scored, first_input, settings)
    num_confident = sum(each.is_confident for each in found)
    suspects = Suspects(num_rows, num_confident, len(found), num_skipped, tuple(found[:NUM_FIRST]))
    notes = scored.evaluation.notes
    if scored.fold is None and scored.evaluation.num_seen != 0:
        notes = (*notes, NOT_SEEN)
    return replace(scored, evaluation=replace(scored.evaluation, suspects=suspects, notes=notes))


def find_suspects(scored: ScoredRows) -> tuple[list[Suspect], int, int]:
    """Return the suspects, the most suspicious first, the number of rows judged, and that of labels that were not."""
    is_known = _known(scored)
    has_label = scored.targets
    if scored.labels.kind == "single":
        is_judged: NDArray[np.bool_] = np.atleast_1d((has_label & is_known).any(axis=1))
        found = doubts(has_label, scored.systems[0].probabilities, is_judged)
        names = scored.labels.names
        suspects = list(_suspects(scored, found, "", names))
        return suspects, int(is_judged.sum()), int((~is_judged).sum())
    suspects = []
    for number, name in enumerate(scored.labels.names):
        probability = scored.systems[0].probabilities[:, number]
        of_label = doubts_about_label(has_label[:, number], probability, is_known[:, number])
        suspects += _suspects(scored, of_label, name, (NO, YES))
    suspects.sort(key=lambda each: (not each.is_confident, each.probability_given - each.probability_suggested))
    return suspects, int(is_known.any(axis=1).sum()), int((~is_known).sum())


def _known(scored: ScoredRows) -> NDArray[np.bool_]:
    """Return which labels the model that predicted a row knows, (rows, labels); those of some folds may lack some."""
    probabilities = scored.systems[0].probabilities
    is_known = np.ones(probabilities.shape, dtype=np.bool_)
    if scored.fold is not None:
        for fold in np.unique(scored.fold):
            rows = scored.fold == fold
            is_known[rows] = (probabilities[rows] > 0.0).any(axis=0)
    return is_known


def _suspects(scored: ScoredRows, found: Doubts, label: str, names: Sequence[str]) -> Iterator[Suspect]:
    examples = scored.examples
    table, texts = examples.table, examples.texts
    files = np.searchsorted(examples.ends, table["text"].to_numpy()[found.rows], side="right").tolist()
    lines = table["line"].to_numpy()[found.rows].tolist()
    columns = (
        found.given.tolist(),
        found.suggested.tolist(),
        found.probability_given.tolist(),
        found.probability_suggested.tolist(),
        found.is_confident.tolist(),
    )
    for row, file, line, given, suggested, own, other, is_confident in zip(
        found.rows.tolist(), files, lines, *columns, strict=True
    ):
        number = file + 1 if len(examples.ends) > 1 else None
        yield Suspect(number, line, texts[row], label, names[given], names[suggested], own, other, is_confident)


def _write(
    path: Path, suspects: Sequence[Suspect], scored: ScoredRows, first_input: str, settings: DataSettings
) -> None:
    file = ["file"] if len(scored.examples.ends) > 1 else []
    label = [] if scored.labels.kind == "single" else ["label"]
    columns = ["rank", *file, "line", "text", *label, "given", "suggested", "probability_given"]
    columns += ["probability_suggested", "confident"]
    with open_whole(path) as stream:
        writer = format_of_rows(path, first_input, settings, OPTION).writer(stream)
        writer.start((), columns, continues=False)
        for rank, each in enumerate(suspects, start=1):
            cells = {**vars(each), "rank": rank, "confident": int(each.is_confident)}
            writer.write(Record(each.line, (), []), {column: cells[column] for column in columns})
