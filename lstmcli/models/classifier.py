"""The whole network: token ids to logits."""

from dataclasses import dataclass

from torch import Tensor, nn

from lstmcli.config.settings import DropoutSettings, ModelSettings
from lstmcli.models.dropout import LockedDropout, WordDropout
from lstmcli.models.embedding import Embedding
from lstmcli.models.pooling import POOLINGS
from lstmcli.models.recurrent import Encoded, Recurrent


@dataclass(frozen=True)
class Sizes:
    """What the corpus decides about the network's shape."""

    num_words: int
    embedding_size: int
    num_labels: int
    pad_id: int
    unknown_id: int


class Classifier(nn.Module):
    """Embedding, recurrent layers, pooling, and o = V s for the one pooled vector s; the softmax is in the loss.

    Classification needs only one final vector of probabilities. The state after every step stays reachable through
    `encode`, since next-word prediction needs an output for each.
    """

    def __init__(self, sizes: Sizes, settings: ModelSettings, dropout: DropoutSettings) -> None:
        super().__init__()
        self.word_dropout = WordDropout(dropout.words, unknown_id=sizes.unknown_id, pad_id=sizes.pad_id)
        self.embedding = Embedding(sizes.num_words, sizes.embedding_size, pad_id=sizes.pad_id)
        self.feature_dropout = LockedDropout(dropout.features)
        self.recurrent = Recurrent(
            settings.cell,
            sizes.embedding_size,
            settings.hidden_size,
            layers=settings.layers,
            bidirectional=settings.bidirectional,
            dropout=dropout.layers,
        )
        self.pooling = POOLINGS[settings.pooling](self.recurrent.output_size)
        self.output_dropout = nn.Dropout(dropout.output)
        self.output = nn.Linear(self.pooling.output_size, sizes.num_labels)

    def encode(self, token_ids: Tensor, lengths: Tensor) -> Encoded:
        """Return the top layer's state at every step and at the end.

        Args:
            token_ids: (batch, time), padding at the end.
            lengths: (batch,), from 1 to time.
        """
        vectors = self.feature_dropout(self.embedding(self.word_dropout(token_ids)))
        encoded: Encoded = self.recurrent(vectors, lengths)
        return encoded

    def forward(self, token_ids: Tensor, lengths: Tensor) -> Tensor:
        """Return logits (batch, labels); arguments as for `encode`."""
        logits: Tensor = self.output(self.output_dropout(self.pooling(self.encode(token_ids, lengths))))
        return logits
