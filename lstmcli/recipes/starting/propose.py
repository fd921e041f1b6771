"""`lstmcli init`: from a file of rows to a config that trains on it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lstmcli.config.explained import explain
from lstmcli.config.loading import config_from
from lstmcli.config.settings import Config
from lstmcli.corpus.column_profiles import ColumnProfile, profile_columns
from lstmcli.corpus.order_hint import order_hint
from lstmcli.corpus.proposal import Proposal, propose
from lstmcli.data.guessing import GuessedLayout, guess_layout
from lstmcli.data.opening import open_file
from lstmcli.data.reading import STANDARD_INPUT, open_records
from lstmcli.errors import DataError, counted
from lstmcli.visible import visible

# The settings that the config shows; `lstmcli config` lists all others.
SHOWN = ("data", "training.epochs", "training.class_weights", "training.seed", "output.run_dir")

# What the files of the other splits are called, where the training file has "train" in its name.
SPLITS = {"validation": ("validation", "valid", "val", "dev", "devel"), "test": ("test",)}
TRAIN = re.compile(r"train(?:ing)?", re.IGNORECASE)

# A training with fewer rows teaches nothing.
FEW_ROWS = 100


@dataclass(frozen=True)
class Started:
    """A config for a file.

    Attributes:
        path: of the file.
        num_rows: of the file.
        layout: how the file is read.
        proposal: its columns.
        config: all settings.
        hints: what the user should know.
    """

    path: str
    num_rows: int
    layout: GuessedLayout
    proposal: Proposal
    config: Config
    hints: tuple[str, ...]

    def lines(self) -> list[tuple[str, str]]:
        """Return what was found and why: names of up to eight characters, and sentences."""
        layout, proposal, data = self.layout, self.proposal, self.config.data
        found = [("read", f"{self.path}: {counted(self.num_rows, 'row')} of {layout.format_name}, {layout.encoding}")]
        reasons = proposal.reasons
        found.append(("text", f"column {proposal.text!r}{_because(reasons, 'text')}"))
        if proposal.scores:
            found.append(("scores", f"columns {', '.join(map(repr, proposal.scores))}{_because(reasons, 'scores')}"))
        elif proposal.labels:
            found.append(("labels", f"columns {', '.join(map(repr, proposal.labels))}{_because(reasons, 'labels')}"))
        else:
            found.append(("label", f"column {proposal.label!r}{_because(reasons, 'label')}"))
        if proposal.separator is not None:
            found.append(("split at", f"{proposal.separator!r}{_because(reasons, 'label_separator')}"))
        if proposal.group is not None:
            found.append(("group", f"column {proposal.group!r}{_because(reasons, 'group')}"))
        for split, file in (("validate", data.validation), ("test", data.test)):
            if file is not None:
                found.append((split, f"{file}: beside the training file, with the same columns"))
        return found + [("note", hint) for hint in self.hints]

    def to_yaml(self) -> str:
        """Return the config with what was found as comments."""
        found = "\n".join(f"#   {name.ljust(9)}{visible(text)}" for name, text in self.lines())
        return (
            "# A first config, by `lstmcli init`. It trains as it is; `lstmcli config` explains all other settings.\n"
            f"# Found in the file:\n{found}\n\n{explain(self.config, SHOWN)}"
        )


def _because(reasons: dict[str, str], key: str) -> str:
    return f": {reasons[key]}" if key in reasons else ""


def start(
    path: str,
    *,
    text: str | None = None,
    labels: Sequence[str] = (),
    format_name: str | None = None,
    encoding: str | None = None,
) -> Started:
    """Look at a file and return a config that trains on it; what is given is not guessed.

    Raises:
        DataError: the file can't be read, or a column can't be told; the message lists the candidates.
    """
    if path == STANDARD_INPUT or not Path(path).is_file():
        if path != STANDARD_INPUT:
            open_file(path).close()  # says why it can't be opened
        raise DataError(f"{path}: a pipe can be read only once; save the rows to a file first.")
    layout = guess_layout(path, format_name=format_name, encoding=encoding)
    with open_records(path, format_name=layout.format_name, encoding=layout.encoding) as source:
        profiles, num_rows = profile_columns(source.records)
    _check_header(path, layout, profiles)
    if not num_rows:
        raise DataError(f"{path}: there are no usable rows below the header.")
    proposal = propose(path, profiles, text=text, labels=labels)
    settings = _settings(path, layout, proposal)
    hints = proposal.hints
    if "label" in settings and proposal.separator is None:
        hints += order_hint(next(each.values for each in profiles if each.name == proposal.label))
    if num_rows < FEW_ROWS:
        hints += (f"{counted(num_rows, 'row')} are few; a useful model needs hundreds",)
    return Started(path, num_rows, layout, proposal, config_from({"data": settings}), hints)


def _check_header(path: str, layout: GuessedLayout, profiles: Iterable[ColumnProfile]) -> None:
    """Raise DataError if the first line is a row: a name that is a number, or is also a value of its column."""
    if layout.columns is None:
        return
    for profile in profiles:
        is_value = profile.num_values < 50 and profile.values[profile.name] > 0
        if is_value or re.fullmatch(r"\d+(?:\.\d+)?", profile.name.strip()):
            columns = layout.columns
            names = ["text", "label", *(f"column{number}" for number in range(3, len(columns) + 1))][: len(columns)]
            raise DataError(
                f"{path}: the first line looks like a row, since {profile.name!r} is no name of a column. Add a line "
                f"with the names of its {len(columns)} cells in their order, for example: "
                f"sed '1i {','.join(names)}' FILE > NEW"
            )


def _settings(path: str, layout: GuessedLayout, proposal: Proposal) -> dict[str, object]:
    settings: dict[str, object] = {"train": path, "text": proposal.text}
    if not layout.is_plain:
        settings |= {"format": layout.format_name, "encoding": layout.encoding}
    if proposal.scores:
        settings["scores"] = list(proposal.scores)
    elif proposal.labels:
        settings["labels"] = list(proposal.labels)
    else:
        settings |= {"label": proposal.label, "label_separator": proposal.separator}
    if proposal.group is not None:
        settings["group"] = proposal.group
    return settings | _siblings(path, layout, proposal)


def _siblings(path: str, layout: GuessedLayout, proposal: Proposal) -> dict[str, str]:
    """Return the files of the other splits beside a training file, if they have its columns."""
    file = Path(path)
    found: dict[str, str] = {}
    if not TRAIN.search(file.name):
        return found
    for split, names in SPLITS.items():
        for name in names:
            other = file.with_name(TRAIN.sub(name, file.name, count=1))
            if split not in found and other.is_file() and _has_columns(str(other), layout, proposal):
                found[split] = str(other)
    return found


def _has_columns(path: str, layout: GuessedLayout, proposal: Proposal) -> bool:
    wanted = {proposal.text, *proposal.labels, *proposal.scores, *([proposal.label] if proposal.label else [])}
    try:
        with open_records(path, format_name=layout.format_name, encoding=layout.encoding) as source:
            first = next(source.records, None)
    except DataError:
        return False
    return first is not None and wanted <= set(first.columns)


def config_name(path: str) -> Path:
    """Return the name of a config for a file: its own, or that of its folder if it is just called train."""
    file = Path(path)
    stem = file.name.split(".")[0] or "config"
    if TRAIN.fullmatch(stem) and file.absolute().parent.name:
        stem = file.absolute().parent.name
    return Path(f"{stem}.yaml")
