"""The weights of a trained model in a network for new rows, and targets that do not let it forget."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstmcli.corpus.label_set import LabelSet
from lstmcli.kernels.weights import Weights
from lstmcli.metrics.score_tuning import Standard
from lstmcli.models.classifier import Classifier
from lstmcli.store.model import EMBEDDING
from lstmcli.text.vocabulary import UNKNOWN_ID
from lstmcli.training.continued import Continued
from lstmcli.training.word_vectors import EmbeddingRows, VectorSource


def word_vectors_of(continued: Continued) -> VectorSource:
    """Return the word vectors of a model; of an ensemble, those of its first network, which has all words, too."""
    table = continued.model.members[0][EMBEDDING].astype(np.float32)
    return VectorSource(continued.name, continued.words[2:], table[2:], unknown=table[UNKNOWN_ID])


def output_labels(labels: LabelSet) -> LabelSet:
    """Return names for the outputs: of ordered labels, "above k" is called after the label that follows k."""
    return LabelSet(labels.names[1:], "multi") if labels.is_ordered else labels


def continue_network(
    network: Classifier,
    continued: Continued,
    *,
    member: int,
    rows: EmbeddingRows,
    labels: LabelSet,
    standard: Standard | None,
) -> None:
    """Copy the weights of network number `member`, from 1, of the model into a new network.

    Words and labels that the model lacks keep what the new network has for them.

    Args:
        network: of the same shape, but for words and labels.
        continued: the model.
        member: see above.
        rows: the words of the new network.
        labels: of the new network.
        standard: means and deviations of scores in the new training rows; None for labels.
    """
    weights = continued.model.members[member - 1]
    with torch.no_grad():
        _continue_words(network, continued, weights, rows)
        for name, parameter in network.named_parameters():
            if name.startswith("output."):
                for at, row in _output_rows(name, weights, continued, labels, standard):
                    parameter[at] = row
            elif not name.startswith("embedding."):
                parameter.copy_(torch.from_numpy(weights[name].astype(np.float32)))


def _continue_words(network: Classifier, continued: Continued, weights: Weights, rows: EmbeddingRows) -> None:
    id_of = {word: number for number, word in enumerate(continued.words)}
    ids = np.array([id_of.get(word, -1) for word in rows.vocabulary.words])
    ids[0] = -1  # padding stays 0
    vectors = torch.from_numpy(weights[EMBEDDING][np.maximum(ids, 0)].astype(np.float32))
    is_known = torch.from_numpy(ids >= 0)
    num_trained, embedding = rows.num_trained, network.embedding
    embedding.weight[is_known[:num_trained]] = vectors[:num_trained][is_known[:num_trained]]
    embedding.extra[is_known[num_trained:]] = vectors[num_trained:][is_known[num_trained:]]


def _output_rows(
    name: str, weights: Weights, continued: Continued, labels: LabelSet, standard: Standard | None
) -> Iterator[tuple[int, Tensor]]:
    """Yield the place of each known label among the new ones, and its row of the weights or its bias.

    Outputs of scores are in standard deviations of the training rows, which new rows change.
    """
    values = weights[name].astype(np.float64)
    old, names = continued.model.scores, output_labels(labels).names
    for number, label in enumerate(output_labels(continued.model.labels).names):
        if label not in names:
            continue
        at, row = names.index(label), values[number]
        if standard is not None and old is not None:
            row = row * (old.deviations[number] / standard.deviations[at])
            if name == "output.bias":
                row = row + (old.means[number] - standard.means[at]) / standard.deviations[at]
        yield at, torch.from_numpy(np.asarray(row, dtype=np.float32))


def soft_targets(
    targets: NDArray[np.bool_ | np.float32],
    remembered: NDArray[np.floating],
    weight: float,
    labels: LabelSet,
    old: LabelSet,
) -> NDArray[np.float32]:
    """Return targets that are partly what the old model says, so that it is not forgotten.

    Where a text has one label, a row with a new label keeps its target, since the old model can't know it.

    Args:
        targets: (texts, labels).
        remembered: (texts, old labels), what the old model predicts.
        weight: of the old model, from 0 to 1.
        labels: the columns of `targets`.
        old: the columns of `remembered`.
    """
    shared = [name for name in old.names if name in labels.names]
    ours, theirs = ([names.index(name) for name in shared] for names in (labels.names, old.names))
    mixed = targets.astype(np.float32)
    columns = (1.0 - weight) * mixed[:, ours] + weight * remembered[:, theirs].astype(np.float32)
    if labels.kind != "single":
        mixed[:, ours] = columns
        return mixed
    is_new = np.delete(mixed, ours, axis=1).sum(axis=1) > 0.0
    mixed[np.ix_(~is_new, ours)] = columns[~is_new]
    return mixed
