"""The states that predict words: those of a language model, or of a classifier that started from one."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import ModelSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.errors import RunDirectoryError
from lstmcli.inspection.traces import TracingReader
from lstmcli.kernels.weights import Weights
from lstmcli.store.language_model import SavedLanguageModel
from lstmcli.store.model import SavedModel

Array = NDArray[np.float64]


class StateReader:
    """Reads words with a network.

    Attributes:
        chunk_tokens: how many words it reads at once; None: all.
    """

    def __init__(
        self,
        network: ModelSettings,
        weights: Weights,
        id_of: Callable[[str], int],
        *,
        layers: int | None = None,
        guard: RowGuard | None = None,
    ) -> None:
        """Prepare a network.

        Args:
            network: its shape.
            weights: by torch's names.
            id_of: returns the id of a word in its vocabulary.
            layers: how many layers, from the bottom, have learned to predict words; None: all.
            guard: checks rows of the word vectors before they are read.
        """
        self.chunk_tokens = network.chunk_tokens
        self._reader, self._id_of = TracingReader(network, weights, guard), id_of
        self._top = (layers or network.layers) - 1

    def read(self, texts: Sequence[Sequence[str]]) -> list[list[Array]]:
        """Return the states of each direction, (words, hidden), for each text."""
        traces = self._reader.read([list(map(self._id_of, words)) for words in texts])
        return [[direction.hidden for direction in trace.layers[self._top]] for trace in traces]


def classifier_reader(model: SavedModel, saved: SavedLanguageModel, name: str) -> StateReader:
    """Return what reads with a classifier, of an ensemble the first network, in place of `saved`.

    Raises:
        RunDirectoryError: it has not started from `saved`; `name` is its run, for the message.
    """
    network, own = model.network, saved.network
    shape, expected = ((each.hidden_size, each.bidirectional) for each in (network, own))
    if shape != expected or network.layers < own.layers or model.tokenizer != saved.tokenizer:
        raise RunDirectoryError(f"{name}: the language model in this run does not match its classifier.")
    guard = model.word_guards[0] if model.word_guards else None
    return StateReader(network, model.members[0], model.vocabulary.id_of, layers=own.layers, guard=guard)
