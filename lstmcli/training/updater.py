"""One update of all weights and of their average: `RowAdam` for the embedding, `AdamW` for all other weights."""

from torch import Tensor, nn

from lstmcli.config.settings import TrainingSettings
from lstmcli.training.optimizer import BETAS, AdamW, ParamGroup, WeightAverage, clip_gradients, param_groups
from lstmcli.training.row_adam import AdamRates, RowAdam

ROW_TABLE = "embedding.weight"


class Updater:
    """Updates the weights and holds the state of the optimizers.

    Attributes:
        average: the moving average of the weights. With updates by rows, it is up to date only after `catch_up`.
    """

    def __init__(self, model: nn.Module, settings: TrainingSettings, *, embedding_lr_scale: float = 1.0) -> None:
        """Update `ROW_TABLE` by rows if its gradient is sparse, and all other weights densely.

        The learning rate of the table is `embedding_lr_scale` times that of the other weights.
        """
        self.average = WeightAverage(model, settings.average_decay)
        self._clip = settings.gradient_clip
        self._parameters = dict(model.named_parameters())
        self._dense = dict(self._parameters)
        self._rows: RowAdam | None = None
        if getattr(model.get_submodule("embedding"), "sparse", False):
            table = self._dense.pop(ROW_TABLE)
            self._rows = RowAdam(table, self.average.module.get_parameter(ROW_TABLE), betas=BETAS)
        self._optimizer = self._new_optimizer(param_groups(self._dense, settings.weight_decay, embedding_lr_scale))
        self._embedding_lr_scale = embedding_lr_scale

    def _new_optimizer(self, groups: dict[str, ParamGroup]) -> AdamW:
        return AdamW(groups)

    def prepare(self, words: Tensor) -> None:
        """Prepare a forward pass: reset the gradients and bring the rows of the distinct `words` up to date."""
        for parameter in self._parameters.values():
            parameter.grad = None
        if self._rows is not None:
            self._rows.prepare(words)

    def update(self, learning_rate: float) -> None:
        """Clip the gradients, and update the weights and their average."""
        clip_gradients(self._parameters.values(), self._clip)
        self._optimizer.step(learning_rate)
        if self._rows is not None:
            gradient = self._parameters[ROW_TABLE].grad
            if gradient is None or not gradient.is_sparse:
                raise ValueError(f"expected a sparse gradient of {ROW_TABLE}")
            # The gradient has one row per word, in the order of `words`, since the network looks up each word once.
            self._rows.step(
                gradient._values(), AdamRates(learning_rate * self._embedding_lr_scale, self.average.weight)
            )
        self.average.update(self._dense)

    def catch_up(self) -> None:
        """Bring the whole network and its average up to date."""
        if self._rows is not None:
            self._rows.catch_up()

    def tensors(self) -> dict[str, Tensor]:
        """Return the state by name, without the weights of the network itself."""
        tensors = {f"average.{name}": value for name, value in self.average.module.state_dict().items()}
        tensors |= {f"optimizer.{name}": value for name, value in self._optimizer.tensors().items()}
        if self._rows is not None:
            tensors |= {f"rows.{name}": value for name, value in self._rows.tensors().items()}
        return tensors

    def load_tensors(self, tensors: dict[str, Tensor], *, num_updates: int) -> None:
        """Restore a state that `tensors` returned after `num_updates` updates."""
        self.average.module.load_state_dict(below(tensors, "average."))
        self.average.num_updates = num_updates
        self._optimizer.load_tensors(below(tensors, "optimizer."), num_updates=num_updates)
        if self._rows is not None:
            self._rows.load_tensors(below(tensors, "rows."))


def below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names start with `prefix`, with the prefix removed."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
