"""The whole network, from token ids to logits."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import DropoutSettings, EngineName
from lstmcli.kernels.weights import Weights
from lstmcli.models.dropout import Dropout
from lstmcli.models.embedding import Embedding
from lstmcli.models.gpu.texts import Lengths
from lstmcli.models.pooling import POOLINGS
from lstmcli.models.recurrent import Encoded, Recurrent


@dataclass(frozen=True)
class Sizes:
    """The sizes of the network that the corpus determines."""

    num_words: int
    embedding_size: int
    num_labels: int
    pad_id: int


class Classifier(nn.Module):
    """Embedding, recurrent layers, pooling, and o = V s for the pooled vector s; the softmax is part of the loss.

    Classification needs one output per text. `encode` returns the state after every step, for uses that need an output
    for each.
    """

    def __init__(
        self,
        sizes: Sizes,
        settings: ModelSettings,
        dropout: DropoutSettings,
        *,
        engine: EngineName = "auto",
        bptt_steps: int | None = None,
        threads: int = 1,
    ) -> None:
        """Draw new weights. `engine`, `bptt_steps` and `threads` are passed to `Recurrent`."""
        super().__init__()
        self.embedding = Embedding(sizes.num_words, sizes.embedding_size, pad_id=sizes.pad_id)
        self.feature_dropout = Dropout(dropout.features)
        self.recurrent = Recurrent(
            settings.cell,
            sizes.embedding_size,
            settings.hidden_size,
            layers=settings.layers,
            bidirectional=settings.bidirectional,
            dropout=dropout.layers,
            engine=engine,
            bptt_steps=bptt_steps,
            threads=threads,
            chunk_tokens=settings.chunk_tokens,
        )
        self.pooling = POOLINGS[settings.pooling](self.recurrent.output_size)
        self.output_dropout = Dropout(dropout.output)
        self.output = nn.Linear(self.pooling.output_size, sizes.num_labels)

    @classmethod
    def from_saved(cls, network: ModelSettings, weights: Weights, *, pad_id: int) -> "Classifier":
        """Return a network of a saved model in torch, in evaluation mode; nothing is dropped in it.

        Args:
            network: `SavedModel.network`.
            weights: one of `SavedModel.members`. Rows of words that training never met are rows like all others here.
            pad_id: the row of padding.
        """
        num_words, embedding_size = weights["embedding.weight"].shape
        sizes = Sizes(num_words, embedding_size, num_labels=len(weights["output.bias"]), pad_id=pad_id)
        model = cls(sizes, network, DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0))
        model.load_state_dict({name: torch.from_numpy(value.astype(np.float32)) for name, value in weights.items()})
        return model.eval()

    def encode(self, vectors: Tensor, index: Tensor, lengths: Lengths) -> Encoded:
        """Return the top layer's state at every step and at the end.

        The first layer projects each distinct word once, not each of its tokens.

        Args:
            vectors: (words, size), of the distinct words of the batch.
            index: (tokens,), the word of each token, text after text.
            lengths: (batch,), in tokens, at least 1; see `Recurrent.forward`.
        """
        encoded: Encoded = self.recurrent(self.feature_dropout(vectors), index, lengths)
        return encoded

    def classify(self, vectors: Tensor, index: Tensor, lengths: Lengths) -> Tensor:
        """Return logits (batch, labels); arguments as for `encode`."""
        logits: Tensor = self.output(self.output_dropout(self.pooling(self.encode(vectors, index, lengths))))
        return logits

    def forward(self, words: Tensor, index: Tensor, lengths: Lengths) -> Tensor:
        """Return logits (batch, labels) of texts whose distinct token ids are `words`; see `encode`."""
        return self.classify(self.embedding(words), index, lengths)


def classifier_weights(model: nn.Module) -> Weights:
    """Return a classifier's weights by torch's names, with the vectors of all words in one table."""
    weights = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    embedding = model.get_submodule("embedding")
    if not isinstance(embedding, Embedding):
        raise ValueError(f"expected a classifier with an Embedding, got {type(embedding).__name__}")
    weights["embedding.weight"] = embedding.table().detach().cpu().numpy()
    return weights
