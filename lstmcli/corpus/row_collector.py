"""Collects the usable rows of a file, and what is wrong with the others."""

from collections.abc import Iterable

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.columns import Cells, CellSelector
from lstmcli.corpus.example_rows import ExampleRows
from lstmcli.corpus.feature_cells import BadFeatureError
from lstmcli.corpus.label_cells import BadLabelError
from lstmcli.corpus.row_targets import row_targets
from lstmcli.corpus.row_weights import without_weight
from lstmcli.data.blank import is_blank
from lstmcli.data.formats import Record
from lstmcli.errors import DataError, counted
from lstmcli.events import MAX_LINES_SHOWN, Finding


class RowCollector:
    """Adds the usable rows of one file to those of all."""

    def __init__(self, name: str, selector: CellSelector, rows: ExampleRows, settings: DataSettings) -> None:
        """Start with the file `name`, whose cells the `selector` finds."""
        self._name, self._selector, self._rows, self._settings = name, selector, rows, settings
        kinds = ("repeated_headers", "malformed_rows", "unlabelled", "empty_texts")
        self._lines: dict[str, list[int]] = {kind: [] for kind in kinds}
        self._without_weight: list[int] = []
        self._bad_labels: list[str] = []
        self._bad_weights: list[str] = []
        self._bad_features: list[str] = []

    def collect(self, records: Iterable[Record]) -> int:
        """Add the usable rows among `records`, and return how many there are in all.

        Raises:
            DataError: labels, weights or features are invalid, or all records lack a column.
        """
        num_rows = 0
        for record in records:
            num_rows += 1
            layout_problem = _layout_problem(record)
            if layout_problem is not None:
                self._lines[layout_problem].append(record.line)
                continue
            try:
                cells = self._selector.select(record)
            except BadFeatureError as error:
                self._bad_features.append(f"line {record.line}: {error}")
                continue
            self._take(record.line, cells)
        self._selector.check()
        self._check("labels" if self._rows.scores is None else "scores", self._bad_labels)
        self._check("weights", self._bad_weights)
        self._check("features", self._bad_features)
        return num_rows

    def findings(self) -> list[Finding]:
        """Return what is wrong with rows, and how they were handled."""
        descriptions = {
            "repeated_headers": ("the header line again", "malformed_rows"),
            "malformed_rows": ("more or fewer cells than the header (an unquoted delimiter?)", "malformed_rows"),
            "unlabelled": ("no score" if self._settings.scores else "no label", "unlabelled"),
            "empty_texts": ("empty text", "empty_texts"),
        }
        found = [
            Finding(description, setting, getattr(self._settings, setting), tuple(self._lines[kind]))
            for kind, (description, setting) in descriptions.items()
            if self._lines[kind]
        ]
        return [*found, without_weight(self._without_weight)] if self._without_weight else found

    def _take(self, line: int, cells: Cells) -> None:
        rows, settings = self._rows, self._settings
        rows.soft = self._selector.soft
        try:
            targets = row_targets(cells, rows, settings)
        except BadLabelError as error:
            self._bad_labels.append(f"line {line}: {error}")
            return
        weight = self._weight(line, cells)
        if not weight:
            return
        if targets.labels is None:
            self._lines["unlabelled"].append(line)
        has_text = not is_blank(cells.text)
        if not has_text:
            self._lines["empty_texts"].append(line)
        is_usable = targets.labels is not None or settings.unlabelled == "keep"
        if is_usable and (has_text or settings.empty_texts == "keep"):
            rows.append(line, cells.text, targets.labels or (), cells.group, targets.scores)
            rows.append_soft(targets.values, targets.votes, has_own=targets.has_own)
            if rows.weights is not None:
                rows.weights.append(weight)

    def _weight(self, line: int, cells: Cells) -> float:
        """Return the weight of a row, 1 where rows have none; note rows that are left out because of it."""
        if self._rows.weights is None:
            return 1.0
        try:
            weight = self._rows.weights.parse(cells.weight)
        except BadLabelError as error:
            self._bad_weights.append(f"line {line}: {error}")
            return 0.0
        if not weight:
            self._without_weight.append(line)
        return weight

    def _check(self, what: str, problems: list[str]) -> None:
        if problems:
            shown = "; ".join(problems[:MAX_LINES_SHOWN])
            raise DataError(f"{self._name}: invalid {what} in {counted(len(problems), 'row')}: {shown}.")


def _layout_problem(record: Record) -> str | None:
    if record.problem is not None:
        return "repeated_headers"  # any other problem ends the reading
    return "malformed_rows" if record.is_malformed else None
