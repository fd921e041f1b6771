"""The language model: a network for next-word prediction, trained on text without labels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import EngineName
from lstmcli.kernels.softmax import softmax_loss_gradients
from lstmcli.models.devices import to_device
from lstmcli.models.dropout import Dropout
from lstmcli.models.embedding import Embedding
from lstmcli.models.recurrent import Recurrent

CPU = torch.device("cpu")


@dataclass(frozen=True)
class LanguageSizes:
    """The sizes of the network that the texts determine."""

    num_words: int
    embedding_size: int
    pad_id: int


def language_layers(settings: ModelSettings) -> int:
    """Return how many recurrent layers of a classifier can be pretrained on next-word prediction.

    In a bidirectional network only the first can: above it, each state depends on the whole text, including the word to
    be predicted.
    """
    return 1 if settings.bidirectional else settings.layers


class LanguageModel(nn.Module):
    """Embedding and recurrent layers of a classifier, followed by o[t] = softmax(V s[t]) over the vocabulary.

    The forward direction predicts the next word and the backward direction the previous one. V = E P, where E (words,
    size) is the table of word vectors and P (size, hidden) a matrix for each direction. Sharing E means that what is
    learned about a word as an output also improves it as an input. Source: Press and Wolf 2017, arXiv 1608.05859.

    Attributes:
        word_tables: names of the parameters with a row for each word, of which a batch uses those of its words.
    """

    word_tables = "embedding.weight", "bias"

    def __init__(
        self,
        sizes: LanguageSizes,
        settings: ModelSettings,
        dropout: float,
        *,
        engine: EngineName = "auto",
        bptt_steps: int | None = None,
        threads: int = 1,
    ) -> None:
        """Draw new weights.

        `dropout` applies to features of word vectors and of states. The other arguments are passed to `Recurrent`.
        """
        super().__init__()
        num_directions = 2 if settings.bidirectional else 1
        self.settings = replace(settings, layers=language_layers(settings))
        self.embedding = Embedding(sizes.num_words, sizes.embedding_size, pad_id=sizes.pad_id)
        self.feature_dropout = Dropout(dropout)
        self.recurrent = Recurrent(
            settings.cell,
            sizes.embedding_size,
            settings.hidden_size,
            layers=self.settings.layers,
            bidirectional=settings.bidirectional,
            dropout=dropout,
            engine=engine,
            bptt_steps=bptt_steps,
            threads=threads,
            chunk_tokens=settings.chunk_tokens,
        )
        self.output_dropout = Dropout(dropout)
        self.projections = nn.ModuleList(
            nn.Linear(sizes.embedding_size, settings.hidden_size, bias=False) for _ in range(num_directions)
        )
        self.bias = nn.Parameter(torch.zeros(sizes.num_words))

    def start_from(self, counts: NDArray[np.int64]) -> None:
        """Initialise the bias with the log frequencies of the words, so that they need not be learned.

        `counts` (words,) are their numbers of occurrences.
        """
        frequencies = (counts + 1.0) / (counts + 1.0).sum()
        with torch.no_grad():
            self.bias.copy_(torch.from_numpy(np.log(frequencies)))

    def predictions(self, vectors: Tensor, index: Tensor, lengths: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return for each direction s[t], (steps, hidden), and the numbers of the tokens to be predicted, (steps,).

        Steps without a neighbour in that direction are excluded.

        Args:
            vectors: (rows, size), word vectors.
            index: (tokens,), the row of each token, text after text.
            lengths: (batch,), in tokens, at least 1.
        """
        encoded = self.recurrent(self.feature_dropout(vectors), index, lengths)
        parts = encoded.states.chunk(len(self.projections), dim=1)
        steps = zip(parts, neighbours(lengths, vectors.device), strict=False)
        return [(self.output_dropout(states.index_select(0, sources)), targets) for states, (sources, targets) in steps]

    def output_tables(self, vectors: Tensor) -> list[Tensor]:
        """Return V = E P for each direction, (rows, hidden), for word vectors E (rows, size)."""
        return [projection(vectors) for projection in self.projections]


def neighbours(lengths: Tensor, device: torch.device = CPU) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the steps that predict and the tokens to be predicted, (steps,) each: forward, then backward.

    `lengths` are on the CPU, and the steps on `device`.
    """
    tokens = torch.arange(int(lengths.sum()))
    is_last = torch.zeros_like(tokens, dtype=torch.bool)
    is_last[lengths.cumsum(0) - 1] = True
    before = to_device(tokens[~is_last], device)
    yield before, before + 1
    yield before + 1, before


def summed_softmax_loss(states: Tensor, table: Tensor, offsets: Tensor, targets: Tensor) -> Tensor:
    """Return the summed cross-entropy, in nats, of softmax(table s + offsets); shapes as in `kernels.softmax_loss`."""
    if states.device.type != "cpu":
        return F.cross_entropy(F.linear(states, table, offsets), targets, reduction="sum")
    loss: Tensor = _SummedSoftmaxLoss.apply(states, table, offsets, targets)  # type: ignore[no-untyped-call]
    return loss


class _SummedSoftmaxLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, table: Tensor, offsets: Tensor, targets: Tensor) -> Tensor:
        loss, gradients = softmax_loss_gradients(
            states.detach().numpy(), table.detach().numpy(), offsets.detach().numpy(), targets.numpy()
        )
        ctx.gradients = [torch.from_numpy(array) for array in (gradients.states, gradients.table, gradients.offsets)]
        return states.new_tensor(loss)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_loss: Tensor) -> tuple[Any, ...]:
        return (*(gradient * grad_loss for gradient in ctx.gradients), None)
