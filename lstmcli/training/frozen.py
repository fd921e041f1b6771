"""What a network computes without being trained further."""

import numpy as np
import torch
from numpy.typing import NDArray

from lstmcli.models.classifier import Classifier
from lstmcli.text.token_ids import TokenIds, batches_by_length
from lstmcli.training.batch import word_batch

BATCH_SIZE = 256

# Maximum number of token positions in a batch, so that long documents do not need much more memory.
BATCH_TOKENS = 32_768


@torch.no_grad()
def pooled_vectors(model: Classifier, token_ids: TokenIds) -> NDArray[np.float32]:
    """Return the pooled states of texts, (texts, width), from which the output of `model` is computed.

    Nothing is dropped; the network is left in the mode in which it was.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    vectors = np.empty((len(token_ids), model.pooling.output_size), dtype=np.float32)
    for rows in batches_by_length(token_ids.lengths, batch_size=BATCH_SIZE, max_tokens=BATCH_TOKENS):
        words, index, lengths = word_batch(token_ids, rows, device)
        encoded = model.encode(model.embedding(words), index, lengths)
        vectors[rows] = model.pooling(encoded).cpu().numpy()
    model.train(was_training)
    return vectors
