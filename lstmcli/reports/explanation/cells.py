"""Explanations as cells of a row: nested in JSON Lines, JSON in a cell in tables."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from lstmcli.data.formats.base import PROBABILITY_DIGITS, FileFormat, Record, RecordWriter, RowByRow, Rows
from lstmcli.explanation.results import Explanation, FeatureShare, PhraseShare, WordShare


def explanation_cells(explanation: Explanation, top: int | None, *, has_phrases: bool) -> dict[str, Any]:
    """Return the cells of an explanation, with its `top` strongest words (None: all), and perhaps its phrases."""
    parts = explanation.parts
    found = {"network": _rounded(parts.network)}
    if parts.ngrams is not None and parts.intercept is not None:
        found |= {"ngrams": _rounded(parts.ngrams), "intercept": _rounded(parts.intercept)}
    return {
        "explained": explanation.label,
        "parts": found,
        "words": [word_cells(word) for word in explanation.strongest(top)],
        **({"features": [_feature_cells(each) for each in explanation.features]} if explanation.features else {}),
        **({"phrases": [_phrase_cells(phrase) for phrase in explanation.phrases]} if has_phrases else {}),
    }


def word_cells(word: WordShare) -> dict[str, Any]:
    """Return a word and its share; of a model that reads several columns, with the one that it is from."""
    if word.column is None:
        return {"word": word.word, "start": word.start, "end": word.end, "share": _rounded(word.share)}
    name, before = word.column.name, word.column.start
    places = {"start": None, "end": None} if name is None else {"start": word.start - before, "end": word.end - before}
    return {"word": word.word, "column": name, **places, "share": _rounded(word.share)}


def _feature_cells(feature: FeatureShare) -> dict[str, Any]:
    return {"feature": feature.feature, "value": feature.value, "share": _rounded(feature.share)}


def _phrase_cells(phrase: PhraseShare) -> dict[str, Any]:
    return {
        "phrase": phrase.phrase,
        "start": phrase.start,
        "end": phrase.end,
        "share": _rounded(phrase.share),
        "interaction": _rounded(phrase.interaction),
    }


def _rounded(value: float) -> float:
    return round(value, PROBABILITY_DIGITS) + 0.0  # never -0.0


class WithJsonCells:
    """Another format, in which nested cells are JSON, unless it nests itself."""

    def __init__(self, inner: FileFormat, *, is_nested: bool) -> None:
        self.names_are_unique = inner.names_are_unique
        self._inner = inner
        self._is_nested = is_nested

    def read(self, lines: Iterable[str], name: str) -> Rows:
        """See `FileFormat`."""
        return self._inner.read(lines, name)

    def writer(self, stream: TextIO) -> RecordWriter:
        """See `FileFormat`."""
        writer = self._inner.writer(stream)
        return writer if self._is_nested else _JsonCellWriter(writer)


class _JsonCellWriter(RowByRow):
    def __init__(self, inner: RecordWriter) -> None:
        self._inner = inner
        self.notes = inner.notes

    def start(self, columns: Sequence[str], added: Sequence[str], *, continues: bool) -> None:
        self._inner.start(columns, added, continues=continues)

    def write(self, record: Record, additions: Mapping[str, Any]) -> None:
        cells = {
            name: _as_json(value) if isinstance(value, dict | list) else value for name, value in additions.items()
        }
        self._inner.write(record, cells)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
