"""The interface between a training and what it learns: labels or scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.encode import TokenizedTexts
from lstmcli.events import Event
from lstmcli.models.classifier import Classifier
from lstmcli.recipes.linear.sample import LinearRows
from lstmcli.training.loss import Loss

Outputs = NDArray[np.floating]


@dataclass(frozen=True)
class Tuned:
    """What was chosen on validation rows.

    Attributes:
        ngram_share: the weight of the n-grams in the mixture, as a fraction.
        facts: for the reports.
        events: to tell.
        of_model: the attributes of `SavedModel` in which it is stored.
    """

    ngram_share: float
    facts: dict[str, Any]
    events: Sequence[Event]
    of_model: dict[str, Any]


class Task(Protocol):
    """Labels or scores, with the n-grams that were fitted for them."""

    @property
    def headline(self) -> str:
        """The validation score by which parts of the model are compared."""

    @property
    def metric(self) -> str:
        """The validation score that selects the best epoch."""

    @property
    def error(self) -> str:
        """The validation score that is nearest to what training minimises."""

    @property
    def train_targets(self) -> NDArray[Any]:
        """(training rows, outputs), what is fitted."""

    @property
    def validation_targets(self) -> NDArray[Any]:
        """(validation rows, outputs)."""

    def loss(self, targets: NDArray[Any]) -> Loss:
        """Return what training minimises, given the targets of all training rows, (training rows, outputs)."""

    def start_output(self, network: Classifier) -> None:
        """Set the output's bias so that an untrained network predicts what is usual."""

    def scores(self, outputs: Outputs) -> dict[str, float]:
        """Return the validation scores of a network with these outputs, (validation rows, outputs)."""

    def scores_without_ngrams(self, outputs: Outputs) -> dict[str, float]:
        """Return the same without n-grams, also of the n-grams themselves."""

    def tuned(self, outputs: Outputs) -> Tuned:
        """Return what is best for these outputs on validation rows."""

    def fit_baselines(self, place: Path, train: LinearRows, validation: TokenizedTexts) -> None:
        """Fit the baselines on training rows, and write them into the folder `place`."""
