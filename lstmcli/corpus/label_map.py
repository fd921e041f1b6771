"""Maps of labels to larger groups, such as those of 28 emotions to positive and negative."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings, LabelKind
from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.label_set import SET_SEPARATOR, LabelSet
from lstmcli.data.columns import text_of
from lstmcli.data.reading import ColumnFinder, Wanted, open_records
from lstmcli.errors import DataError, UsageError, nearest

# The maps that come with the tool, one file each; their sources are in its README.
FOLDER = Path(__file__).parent.parent / "label_maps"

COLUMNS = "label", "group"

MAX_NAMES_SHOWN = 5


@dataclass(frozen=True)
class LabelMap:
    """Which groups each label belongs to.

    Attributes:
        name: of the map.
        groups: of each label, at least one.
    """

    name: str
    groups: Mapping[str, tuple[str, ...]]

    def of(self, labels: LabelSet) -> "MappedLabels":
        """Return how the outputs of a model are mapped.

        Raises:
            DataError: the map lacks a label of the model.
        """
        missing = [name for name in labels.names if name not in self.groups]
        if missing:
            shown = ", ".join(missing[:MAX_NAMES_SHOWN]) + (" ..." if len(missing) > MAX_NAMES_SHOWN else "")
            raise DataError(f"--map {self.name}: has no group for {shown}; each label of the model needs a row.")
        names = tuple(dict.fromkeys(group for label in labels.names for group in self.groups[label]))
        belongs = np.array([[group in self.groups[label] for group in names] for label in labels.names])
        is_partition = labels.kind == "single" and bool((belongs.sum(axis=1) == 1).all())
        return MappedLabels(LabelSet(names, "single" if is_partition else "multi"), labels.kind, belongs)


@dataclass(frozen=True)
class MappedLabels:
    """The groups of a model's labels.

    Attributes:
        labels: the groups; "single" if each text has one label and each label one group, otherwise "multi".
        kind: of the model's own labels.
        belongs: (own labels, groups), whether the label belongs to the group.
    """

    labels: LabelSet
    kind: LabelKind
    belongs: NDArray[np.bool_]

    def targets(self, targets: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (rows, groups): the groups of a row's labels."""
        return np.asarray(targets @ self.belongs)

    def probabilities(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (rows, groups): the sum over a group's labels where a text has one of them.

        Where it may have several, which are decided one by one, the probability of at least one, as if these decisions
        were independent.
        """
        if self.kind == "single":
            return np.minimum(probabilities.astype(np.float64) @ self.belongs, 1.0)
        return np.asarray(1.0 - np.exp(np.log1p(-np.minimum(probabilities, 1.0 - 1e-12)) @ self.belongs))

    def decisions(self, decisions: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return (rows, groups), from what the model decides about its own labels.

        The most probable group where a text has one; otherwise the groups of all labels that are picked, whose
        thresholds were tuned in training.
        """
        if self.labels.kind != "single":
            return self.targets(decisions)
        best = self.probabilities(probabilities).argmax(axis=1)
        return np.asarray((np.arange(len(self.labels.names)) == best[:, None]) & decisions.any(axis=1, keepdims=True))


class MapInUse(str):
    """The name of a map that has been read: `DataSettings.label_map` of all that reads rows.

    Attributes:
        groups: see `LabelMap`.
        is_strict: whether each label must be in the map. If not, others stay as they are, and count as unknown labels.
    """

    groups: Mapping[str, tuple[str, ...]]
    is_strict: bool

    @classmethod
    def of(cls, label_map: LabelMap, *, is_strict: bool) -> "MapInUse":
        """Return a map as settings carry it."""
        found = cls(label_map.name)
        found.groups, found.is_strict = label_map.groups, is_strict
        return found

    @property
    def names(self) -> frozenset[str]:
        """The groups, which may also stand in a file as labels."""
        return frozenset(group for own in self.groups.values() for group in own)

    def described(self) -> str:
        """Return each group with its labels."""
        members: dict[str, list[str]] = {}
        for label, own in self.groups.items():
            for group in own:
                members.setdefault(group, []).append(label)
        return "; ".join(f"{group}: {', '.join(labels)}" for group, labels in sorted(members.items()))


def with_map(settings: DataSettings, *, is_strict: bool) -> DataSettings:
    """Return the settings with the map that they name, once it is read.

    Raises:
        UsageError, DataError: see `read_label_map`.
    """
    name = settings.label_map
    if name is None:
        return settings
    found = LabelMap(name, name.groups) if isinstance(name, MapInUse) else read_label_map(name, "data.label_map")
    return replace(settings, label_map=MapInUse.of(found, is_strict=is_strict))


def known_maps() -> list[str]:
    """Return the names of the maps that come with the tool."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


def read_label_map(name: str, option: str = "--map") -> LabelMap:
    """Read a map that comes with the tool, or a file with the columns `label` and `group`; `option` has named it.

    Raises:
        UsageError: there is no such map or file.
        DataError: the file can't be read, or is no map.
    """
    path = FOLDER / f"{name}.csv"
    if name not in known_maps():
        path = Path(name)
        if not path.is_file():
            near = nearest(name, known_maps())
            hint = f"Did you mean {near!r}? " if near is not None else ""
            raise UsageError(f"{option} {name}: no such file or map. {hint}Maps: {', '.join(known_maps())}.")
    groups: dict[str, dict[str, None]] = {}
    with open_records(str(path)) as source:
        find = ColumnFinder(source.name, [Wanted(column, option) for column in COLUMNS], varies=source.columns is None)
        for record in source.records:
            label, group = ("" if at is None else clean_label(text_of(record, at)) for at in find(record.columns))
            if not label or not group or record.is_malformed:
                raise DataError(f"{source.name}, line {record.line}: expected a label and its group.")
            if SET_SEPARATOR in group:
                raise DataError(f"{source.name}, line {record.line}: a group can't contain {SET_SEPARATOR!r}.")
            groups.setdefault(label, {})[group] = None
        find.check()
    if not groups:
        raise DataError(f"{name}: has no rows below the header.")
    return LabelMap(name, {label: tuple(own) for label, own in groups.items()})


def read_label_maps(names: Sequence[str]) -> list[LabelMap]:
    """Read several, each once."""
    return [read_label_map(name) for name in dict.fromkeys(names)]
