"""Texts of a batch in slots of equal size, so that batches of similar length have the same shapes."""

from typing import NamedTuple

from torch import Tensor


class EvenTexts(NamedTuple):
    """What the layers need to know of texts that have `num_steps` slots each, of which the first hold its tokens.

    All tensors are on the GPU, so nothing that is computed with them waits for it or depends on their values.

    lengths: (texts,), in tokens.
    starts: (texts,), the first slot of each.
    spans: (2, texts), see `FusedLayer`.
    num_steps: slots of each text.
    """

    lengths: Tensor
    starts: Tensor
    spans: Tensor
    num_steps: int


Lengths = Tensor | EvenTexts
