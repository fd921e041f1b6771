"""Updates on a GPU: few calls, all that changes in tensors, and the whole table of word vectors at once."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from lstmcli.config.settings import TrainingSettings
from lstmcli.training.optimizer import BETAS, AdamW, ParamGroup, clip_gradients, fused_adamw
from lstmcli.training.row_adam import RowAdam
from lstmcli.training.updater import ROW_TABLE, Updater, below

# A GPU updates a table of this size, 256 MB, in less time than it takes to call what `RowAdam` needs for a few rows.
MOST_DENSE_NUMBERS = 1 << 26

MEAN, SQUARE = f"mean.{ROW_TABLE}", f"square.{ROW_TABLE}"


def updater_for(model: nn.Module, settings: TrainingSettings, *, embedding_lr_scale: float) -> Updater:
    """Return the updater for the device of `model`; arguments as for `Updater`."""
    table = model.get_parameter(ROW_TABLE)
    if table.is_cuda and table.numel() <= MOST_DENSE_NUMBERS:
        return GpuUpdater(model, settings, embedding_lr_scale=embedding_lr_scale)
    return Updater(model, settings, embedding_lr_scale=embedding_lr_scale)


class GpuAdamW(AdamW):
    """The same as `AdamW`, with one call for all parameters of the same kind, and all that changes in tensors."""

    def __init__(self, groups: dict[str, ParamGroup]) -> None:
        super().__init__(groups)
        self._kinds: dict[tuple[float, float], list[str]] = {}
        for name, each in groups.items():
            self._kinds.setdefault((each.rate, each.weight_decay), []).append(name)
        device = next(iter(groups.values())).parameter.device
        self._number = torch.zeros((), device=device)
        self._rate = torch.zeros((), device=device)

    def step(self, learning_rate: float) -> None:
        """See `AdamW.step`."""
        self.announce(learning_rate)
        self.apply()

    def announce(self, learning_rate: float) -> None:
        """Set the number and the learning rate of the next update."""
        self._num_updates += 1
        self._number.fill_(float(self._num_updates))
        self._rate.fill_(learning_rate)

    @torch.no_grad()
    def apply(self) -> None:
        """Update all parameters that have a gradient."""
        for (rate, weight_decay), names in self._kinds.items():
            used = [name for name in names if self._groups[name].parameter.grad is not None]
            if used:
                fused_adamw(
                    [self._groups[name].parameter for name in used],
                    [self._means[name] for name in used],
                    [self._squares[name] for name in used],
                    self._number,
                    learning_rate=self._rate if rate == 1.0 else self._rate * rate,
                    weight_decay=weight_decay,
                )


class GpuUpdater(Updater):
    """The same updates as those of `Updater`.

    A table that `Updater` would update by rows is updated as a whole, which gives the same result and is faster on a
    GPU; its gradient is then no longer sparse. The state is stored as if it were, so it can be resumed on any device.
    """

    def __init__(self, model: nn.Module, settings: TrainingSettings, *, embedding_lr_scale: float = 1.0) -> None:
        """See `Updater.__init__`."""
        embedding = model.get_submodule("embedding")
        self._is_stored_by_rows = getattr(embedding, "sparse", False)
        embedding.sparse = False  # type: ignore[assignment]
        super().__init__(model, settings, embedding_lr_scale=embedding_lr_scale)
        averages = dict(self.average.module.named_parameters())
        self._averages: list[Tensor] = [averages[name] for name in self._dense]
        self._averaging_weight = torch.zeros((), device=self._averages[0].device)

    def _new_optimizer(self, groups: dict[str, ParamGroup]) -> AdamW:
        self._gpu_optimizer = GpuAdamW(groups)
        return self._gpu_optimizer

    def update(self, learning_rate: float) -> None:
        """See `Updater.update`."""
        self.announce(learning_rate)
        self.apply()

    def announce(self, learning_rate: float) -> None:
        """Set all that distinguishes the next update from others."""
        self._gpu_optimizer.announce(learning_rate)
        self._averaging_weight.fill_(self.average.weight)
        self.average.num_updates += 1

    @torch.no_grad()
    def apply(self) -> None:
        """Clip the gradients, and update the weights and their average."""
        clip_gradients(self._parameters.values(), self._clip)
        self._gpu_optimizer.apply()
        # `lerp` takes no weight from the GPU.
        differences = list(torch._foreach_sub(list[Tensor](self._dense.values()), self._averages))
        torch._foreach_mul_(differences, self._averaging_weight)
        torch._foreach_add_(self._averages, differences)

    def forget_gradients(self) -> None:
        """Leave all parameters without gradients."""
        for parameter in self._parameters.values():
            parameter.grad = None

    def tensors(self) -> dict[str, Tensor]:
        """See `Updater.tensors`."""
        tensors = super().tensors()
        return stored_by_rows(tensors, self.average.num_updates) if self._is_stored_by_rows else tensors

    def load_tensors(self, tensors: dict[str, Tensor], *, num_updates: int) -> None:
        """See `Updater.load_tensors`."""
        if self._is_stored_by_rows:
            table = self._parameters[ROW_TABLE]
            average = tensors[f"average.{ROW_TABLE}"].to(table.device)
            tensors = dict(without_rows(tensors, table, average)) | {f"average.{ROW_TABLE}": average}
        super().load_tensors(tensors, num_updates=num_updates)


def stored_by_rows(tensors: dict[str, Tensor], num_updates: int) -> dict[str, Tensor]:
    """Return the state of an updater after `num_updates` updates of the whole table, as after updates by rows."""
    kept = {name: value for name, value in tensors.items() if name not in (f"optimizer.{MEAN}", f"optimizer.{SQUARE}")}
    mean, square = tensors[f"optimizer.{MEAN}"], tensors[f"optimizer.{SQUARE}"]
    return kept | {
        "rows.mean": mean,
        "rows.square": square,
        "rows.settled_at": torch.full((len(mean),), num_updates),
        "rows.pending": torch.tensor([[0.0], [1.0], [0.0]], dtype=torch.float64),
        "rows.counts": torch.tensor([num_updates, num_updates]),
    }


def without_rows(tensors: dict[str, Tensor], table: nn.Parameter, average: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Yield the state of an updater of the whole table, from one that was stored after updates by rows.

    `table` and its `average`, as they were stored, are brought up to date.
    """
    rows = RowAdam(table, average, betas=BETAS)
    rows.load_tensors(below(tensors, "rows."))
    rows.catch_up()
    state = rows.tensors()
    yield from ((name, value) for name, value in tensors.items() if not name.startswith("rows."))
    yield f"optimizer.{MEAN}", state["mean"]
    yield f"optimizer.{SQUARE}", state["square"]
