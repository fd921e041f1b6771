"""One update of all weights and of their average: AdamW, but for the rows of the large table `RowAdam`."""

from torch import Tensor, nn

from lstmcli.config.settings import TrainingSettings
from lstmcli.training.optimizer import BETAS, WeightAverage, clip_gradients, make_optimizer
from lstmcli.training.row_adam import AdamRates, RowAdam

ROW_TABLE = "embedding.weight"


class Updater:
    """Holds all state of optimisation.

    Attributes:
        average: the moving average of the weights. With updates by rows it is complete only after `settle`.
    """

    def __init__(self, model: nn.Module, settings: TrainingSettings, *, table_rate: float = 1.0) -> None:
        """Update `ROW_TABLE` by rows where its gradient will be sparse, and all else densely.

        The table's learning rate is `table_rate` times that of all else.
        """
        self.average = WeightAverage(model, settings.average_decay)
        self._clip = settings.gradient_clip
        self._parameters = dict(model.named_parameters())
        self._dense = dict(self._parameters)
        self._rows: RowAdam | None = None
        if getattr(model.get_submodule("embedding"), "sparse", False):
            table = self._dense.pop(ROW_TABLE)
            self._rows = RowAdam(table, self.average.module.get_parameter(ROW_TABLE), betas=BETAS)
        self._optimizer = make_optimizer(self._dense, settings, table_rate=table_rate)
        self._table_rate = table_rate

    def prepare(self, words: Tensor) -> None:
        """Forget old gradients and bring the rows of `words`, distinct ids, up to date; before the forward pass."""
        for parameter in self._parameters.values():
            parameter.grad = None
        if self._rows is not None:
            self._rows.prepare(words)

    def update(self, learning_rate: float) -> None:
        """Use the gradients."""
        clip_gradients(self._parameters.values(), self._clip)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate * group["rate"]
        self._optimizer.step()
        if self._rows is not None:
            gradient = self._parameters[ROW_TABLE].grad
            if gradient is None or not gradient.is_sparse:
                raise ValueError(f"expected a sparse gradient of {ROW_TABLE}")
            # One gradient a word, in the order of `words`: the network looks each word up once.
            self._rows.step(gradient._values(), AdamRates(learning_rate * self._table_rate, self.average.weight))
        self.average.update(self._dense)

    def settle(self) -> None:
        """Bring the whole network and its average up to date."""
        if self._rows is not None:
            self._rows.settle()

    def tensors(self) -> dict[str, Tensor]:
        """Return the state by name, without that of the network itself."""
        tensors = {f"average.{name}": value for name, value in self.average.module.state_dict().items()}
        for index, state in self._optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
        if self._rows is not None:
            tensors |= {f"rows.{name}": value for name, value in self._rows.tensors().items()}
        return tensors

    def load_tensors(self, tensors: dict[str, Tensor], *, num_updates: int) -> None:
        """Go back to a state that `tensors` gave after `num_updates` updates."""
        self.average.module.load_state_dict(below(tensors, "average."))
        self.average.num_updates = num_updates
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in below(tensors, "optimizer.").items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = value
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": state, "param_groups": groups})
        if self._rows is not None:
            self._rows.load_tensors(below(tensors, "rows."))


def below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names start with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
