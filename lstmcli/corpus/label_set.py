"""The labels that a model knows, in the order of its outputs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind, OutputKind

SET_SEPARATOR = "|"


@dataclass(frozen=True)
class LabelSet:
    """Label names and how many of them a text may have.

    `kind` is "single" (exactly one: softmax), "multi" (any number: sigmoids), "traits" (several yes/no questions:
    sigmoids) or "scores" (no labels, but numbers that every text has: linear outputs). Labels of the kind "single" may
    be ordered, from the lowest to the highest; their outputs are then cumulative, see `metrics.ordinal`.
    """

    names: tuple[str, ...]
    kind: LabelKind
    is_ordered: bool = False

    @property
    def output_kind(self) -> OutputKind:
        """What the outputs of a model with these labels stand for."""
        return "ordered" if self.is_ordered else self.kind

    @property
    def num_outputs(self) -> int:
        """How many outputs such a model has."""
        return len(self.names) - self.is_ordered

    @classmethod
    def from_examples(cls, labels: Iterable[Sequence[str]], kind: LabelKind) -> "LabelSet":
        """Take the labels that occur, in code-point order."""
        return cls(tuple(sorted({name for names in labels for name in names})), kind)

    def targets(self, labels: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
        """Return (texts, labels) booleans, True where the text has the label.

        Raises:
            KeyError: a label is not in this set.
        """
        index = {name: position for position, name in enumerate(self.names)}
        targets = np.zeros((len(labels), len(self.names)), dtype=np.bool_)
        for row, names in enumerate(labels):
            for name in names:
                targets[row, index[name]] = True
        return targets

    def join(self, decisions: NDArray[np.bool_]) -> str:
        """Return the names that `decisions` (labels,) picks, joined with SET_SEPARATOR; "" for none."""
        return SET_SEPARATOR.join(name for name, picked in zip(self.names, decisions, strict=True) if picked)
