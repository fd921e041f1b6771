"""Pooling: the states of all steps become the vector that is classified. Padding is ignored."""

import torch
from torch import Tensor, nn

from lstmcli.models.kernel_attention import kernel_attention
from lstmcli.models.recurrent import Encoded

ATTENTION_SIZE = 64


class LastPooling(nn.Module):
    """The state of each direction after its last real step."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.output_size = size

    def forward(self, encoded: Encoded) -> Tensor:
        """-> (batch, size)."""
        return encoded.final


class MeanPooling(nn.Module):
    """The mean over real steps."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.output_size = size

    def forward(self, encoded: Encoded) -> Tensor:
        """-> (batch, size)."""
        return encoded.padded().sum(dim=1) / encoded.lengths[:, None]  # states are 0 at padding


class MaxPooling(nn.Module):
    """The maximum of each feature over real steps."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.output_size = size

    def forward(self, encoded: Encoded) -> Tensor:
        """-> (batch, size)."""
        return encoded.padded().masked_fill(~encoded.mask()[..., None], -torch.inf).amax(dim=1)


class AttentionPooling(nn.Module):
    """A weighted mean with the weights a[t] = softmax over t of v · tanh(A h[t] + b).

    Source: Yang et al. 2016, "Hierarchical Attention Networks for Document Classification", equations 5 to 7.
    """

    def __init__(self, size: int, attention_size: int = ATTENTION_SIZE) -> None:
        """Draw new weights: A is (attention_size, size)."""
        super().__init__()
        self.output_size = size
        self.projection = nn.Linear(size, attention_size)
        self.query = nn.Linear(attention_size, 1, bias=False)

    def attention_weights(self, encoded: Encoded) -> Tensor:
        """Return a[t], (batch, time), which add up to 1 over real steps and are 0 at padding."""
        scores = self.query(torch.tanh(self.projection(encoded.padded()))).squeeze(-1)
        attention_weights: Tensor = scores.masked_fill(~encoded.mask(), -torch.inf).softmax(dim=-1)
        return attention_weights

    def forward(self, encoded: Encoded) -> Tensor:
        """-> (batch, size)."""
        if encoded.by_kernels:
            weights = (self.projection.weight, self.projection.bias, self.query.weight[0])
            return kernel_attention(encoded.states, encoded.lengths, *weights)
        return torch.einsum("bt,bts->bs", self.attention_weights(encoded), encoded.padded())


Pooling = LastPooling | MeanPooling | MaxPooling | AttentionPooling

POOLINGS: dict[str, type[Pooling]] = {
    "last": LastPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": AttentionPooling,
}
