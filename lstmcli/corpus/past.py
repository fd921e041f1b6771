"""What an earlier training leaves to one that goes on from its model: labels, and which texts it has seen."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.label_set import LabelSet

Keys = NDArray[np.int64]


def _no_keys() -> Keys:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Past:
    """What is known of the rows of an earlier training.

    Attributes:
        name: of the model, for messages.
        labels: that it predicts, in the order of its outputs.
        trained: keys of the texts that it was trained on, see `example_rows.text_key`; sorted.
        validated: keys of the texts that chose its epoch and thresholds; sorted.
    """

    name: str
    labels: LabelSet
    trained: Keys = field(default_factory=_no_keys)
    validated: Keys = field(default_factory=_no_keys)

    @property
    def seen(self) -> Keys:
        """Keys of all texts that the model was trained or validated on."""
        return np.union1d(self.trained, self.validated)

    def with_labels(self, found: LabelSet) -> LabelSet:
        """Return the labels of new rows and those that only the earlier rows had.

        Ordered labels and columns of answers or scores are as the settings name them: one that these lack is given up.
        """
        if found.is_ordered or found.kind in ("traits", "scores"):
            return found
        return LabelSet(tuple(sorted({*found.names, *self.labels.names})), found.kind)

    def given_again(self, keys: Iterable[int] | Keys) -> float:
        """Return the fraction of the earlier training texts that are among new ones with these `keys`.

        Of a model that does not say what it was trained on, none is.
        """
        if not len(self.trained):
            return 0.0
        return float(np.isin(self.trained, np.asarray(keys)).mean())
