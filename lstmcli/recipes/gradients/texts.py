"""The gradient of the loss through time in a trained network and in new ones, for the command and for reports."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from lstmcli.config.model_settings import CellName, ModelSettings, OutputKind
from lstmcli.config.settings import DropoutSettings
from lstmcli.data.sealed import RowGuard
from lstmcli.errors import UsageError, counted
from lstmcli.inspection.gradients import (
    Array,
    FileGradients,
    NetworkGradients,
    joined_norms,
    largest_singular_value,
    signal_of,
)
from lstmcli.inspection.traces import FORGET, GATES, TextTrace, TracingReader
from lstmcli.kernels.weights import Weights
from lstmcli.metrics.ordinal import cumulative_targets
from lstmcli.models.cells import CELLS, Cell
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.recipes.gradients.labelled_rows import read_labelled_rows
from lstmcli.recipes.inspection.rows import RowOptions
from lstmcli.store.model import EMBEDDING, SavedModel, read_label_model
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import PAD_ID, UNKNOWN_ID
from lstmcli.training.gradient_norms import StateGradients, state_gradients

BATCH_TEXTS = 32

# Of a training's report.
REPORT_TEXTS = 64
REPORT_TOKENS = 100

NO_DROPOUT = DropoutSettings(words=0.0, features=0.0, layers=0.0, output=0.0)


def gradients_of_run(
    run: Path, path: str, options: RowOptions, *, member: int = 1, seed: int = 1, most: int = 500
) -> tuple[FileGradients, int]:
    """Compare the trained network with new ones on the first `most` texts of the file at `path`.

    New networks have the size of the trained one and its word vectors; all other weights are drawn with `seed`.

    Returns:
        What was found, and how many rows could not be used.

    Raises:
        RunDirectoryError: there is no usable model.
        DataError: the file has no text.
        UsageError: the model has no such network.
    """
    model = read_label_model(run, "lstmcli gradients")
    if member > len(model.members):
        raise UsageError(f"--member {member}: this model has {counted(len(model.members), 'network')}, counted from 1.")
    rows = read_labelled_rows(path, options, model, most)
    found = compare(
        model, rows.texts, rows.targets, _cells(model.network.cell), name=rows.name, member=member, seed=seed
    )
    return replace(found, num_left_out=rows.num_left_out, has_labels=rows.has_labels), rows.num_skipped


def gradients_of_training(
    model: SavedModel, texts: Sequence[str], targets: NDArray[np.bool_], *, name: str, seed: int
) -> FileGradients | None:
    """Compare a network that was just trained with a new one and with a new plain one, on a few texts.

    These are at most REPORT_TEXTS texts from all over `texts`, each with its last REPORT_TOKENS tokens, so that the
    computation is short beside any training.

    Args:
        model: whose first network is taken.
        texts: of a split.
        targets: (texts, labels).
        name: of the split.
        seed: draws the new networks.

    Returns:
        What was found; None if the texts are too short, or no gradient arrives.
    """
    rows = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), REPORT_TEXTS)).round().astype(int))
    cells = list(dict.fromkeys([model.network.cell, "rnn"]))
    found = compare(
        model, [texts[row] for row in rows], targets[rows], cells, name=name, member=1, seed=seed, last=REPORT_TOKENS
    )
    found = replace(found, num_left_out=len(texts) - len(rows))
    return None if found.networks[0].path.factor is None else found


def compare(
    model: SavedModel,
    texts: Sequence[str],
    targets: NDArray[np.bool_],
    cells: Sequence[CellName],
    *,
    name: str,
    member: int,
    seed: int,
    last: int | None = None,
) -> FileGradients:
    """Compare network number `member` with new ones that have `cells`.

    Args:
        model: of the network.
        texts: to read.
        targets: (texts, labels).
        cells: of the new networks.
        name: of the file.
        member: from 1.
        seed: draws the new networks.
        last: read only so many tokens of each text, the last ones.
    """
    tokenizer = Tokenizer(model.tokenizer)
    ids = [[model.vocabulary.id_of(word) for word in tokenizer(text)] or [UNKNOWN_ID] for text in texts]
    if last is not None:
        ids = [each[-last:] for each in ids]
    guard = model.word_guards[member - 1] if model.word_guards else None
    networks = []
    for cell, is_trained in [(model.network.cell, True), *((cell, False) for cell in cells)]:
        settings = replace(model.network, cell=cell)
        weights = model.members[member - 1]
        if not is_trained:
            weights = new_weights(settings, weights, seed)
        reader = GradientReader(settings, weights, model.labels.output_kind, guard)
        networks.append(reader.summary(ids, targets, is_trained=is_trained))
    return FileGradients(
        name=name,
        num_texts=len(ids),
        num_left_out=0,
        has_labels=True,
        member=member,
        layer=model.network.layers,
        chunk_tokens=model.network.chunk_tokens,
        networks=tuple(networks),
    )


def _cells(first: CellName) -> list[CellName]:
    names: list[CellName] = ["rnn", "lstm", "peephole"]
    return [first, *(name for name in names if name != first)]


def new_weights(settings: ModelSettings, trained: Weights, seed: int) -> Weights:
    """Return weights as before any training, but with the word vectors of `trained`."""
    vectors = trained[EMBEDDING]
    sizes = Sizes(PAD_ID + 1, vectors.shape[1], num_labels=len(trained["output.bias"]), pad_id=PAD_ID)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Classifier(sizes, settings, NO_DROPOUT)
    return {**{name: value.numpy() for name, value in model.state_dict().items()}, EMBEDDING: vectors}


class GradientReader:
    """Computes the gradients of one network in float64."""

    def __init__(self, settings: ModelSettings, weights: Weights, kind: OutputKind, guard: RowGuard | None) -> None:
        """Prepare the top layer; `guard` checks rows of the word vectors before they are read."""
        self._settings, self._kind, self._guard = settings, kind, guard
        self._tracer = TracingReader(settings, weights, guard)
        self._embedding = weights[EMBEDDING]
        self._cell = forward_cell(settings, weights)
        self._output = torch.from_numpy(weights["output.weight"].astype(np.float64))
        self._bias = torch.from_numpy(weights["output.bias"].astype(np.float64))

    def summary(
        self, texts: Sequence[Sequence[int]], targets: NDArray[np.bool_], *, is_trained: bool
    ) -> NetworkGradients:
        """Return what is found over `texts`, with targets (texts, labels)."""
        order = np.argsort([len(ids) for ids in texts], kind="stable")
        found, forget_gates = [], []
        for start in range(0, len(order), BATCH_TEXTS):
            rows = order[start : start + BATCH_TEXTS]
            traces = self._tracer.read([texts[row] for row in rows])
            found.append(self.gradients([texts[row] for row in rows], traces, targets[rows]))
            tops = (trace.layers[-1][0].gates.get(FORGET) for trace in traces)
            forget_gates += [gate for gate in tops if gate is not None]
        memories = [each.cell for each in found if each.cell is not None]
        return NetworkGradients(
            cell=self._settings.cell,
            is_trained=is_trained,
            hidden=signal_of(joined_norms([each.hidden for each in found])),
            memory=signal_of(joined_norms(memories)) if memories else None,
            singular_values=dict(_singular_values(self._cell)),
            forget_gate=float(np.concatenate(forget_gates).mean()) if forget_gates else None,
        )

    def gradients(
        self, texts: Sequence[Sequence[int]], traces: Sequence[TextTrace], targets: NDArray[np.bool_]
    ) -> StateGradients:
        """Return the gradients of texts in their last pieces."""
        inputs = [self._inputs(ids, trace) for ids, trace in zip(texts, traces, strict=True)]
        lengths = torch.tensor([len(each) for each in inputs])
        padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in inputs], batch_first=True)
        others = torch.from_numpy(np.stack([self._other_states(trace) for trace in traces]))
        fitted = cumulative_targets(targets) if self._kind == "ordered" else targets
        wanted = torch.from_numpy(fitted.astype(np.float64))

        def loss_of(last: Tensor) -> Tensor:
            logits = torch.cat([last, others], dim=1) @ self._output.T + self._bias
            return loss_sum(logits, wanted, self._kind)

        return state_gradients(self._cell, padded, lengths, loss_of)

    def _inputs(self, ids: Sequence[int], trace: TextTrace) -> Array:
        """Return what the top layer reads of the last piece of a text, (tokens, input)."""
        length = trace.layers[-1][0].pieces[-1]
        if len(trace.layers) == 1:
            return np.asarray(self._embedding[np.asarray(ids[-length:])].astype(np.float64))
        return np.concatenate([each.hidden[-length:] for each in trace.layers[-2]], axis=1)

    def _other_states(self, trace: TextTrace) -> Array:
        """Return the last state of the backward direction, which is a constant here, (hidden,); else (0,)."""
        if len(trace.layers[-1]) == 1:
            return np.empty(0)
        backward = trace.layers[-1][1]
        return np.asarray(backward.hidden[len(backward.hidden) - backward.pieces[-1]])


def forward_cell(settings: ModelSettings, weights: Weights) -> Cell:
    """Return the forward direction of the top layer in float64."""
    prefix = f"recurrent.layers.{settings.layers - 1}.0."
    own = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    with torch.random.fork_rng(devices=[]):
        cell = CELLS[settings.cell](own["weight_input"].shape[1], settings.hidden_size).double()
    cell.load_state_dict({name: torch.from_numpy(value.astype(np.float64)) for name, value in own.items()})
    return cell.requires_grad_(requires_grad=False)


def loss_sum(logits: Tensor, targets: Tensor, kind: OutputKind) -> Tensor:
    """Return the sum of the losses of all texts, in nats; logits and targets are (texts, outputs)."""
    if kind == "single":
        return F.cross_entropy(logits, targets.argmax(dim=1), reduction="sum")
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(dim=1).sum()


def _singular_values(cell: Cell) -> Iterator[tuple[str, float]]:
    matrices = cell.weight_hidden.detach().chunk(cell.num_gates)
    names = ("W",) if cell.num_gates == 1 else GATES
    for name, matrix in zip(names, matrices, strict=True):
        yield name, largest_singular_value(matrix.numpy())
