"""Adam and the weight average for a large table of which each update uses only a few rows."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

# Pending updates of the whole table are applied after this many updates at the latest, which bounds the bookkeeping.
MAX_PENDING_UPDATES = 4096

# Rows brought up to date at a time, so that doing so for the whole table needs little extra memory.
CATCH_UP_ROWS = 8192


@dataclass(frozen=True)
class AdamRates:
    """The rates of one update."""

    learning_rate: float
    averaging_weight: float


class _RowState(NamedTuple):
    table: Tensor
    average: Tensor
    mean: Tensor  # m
    square: Tensor  # v


class RowAdam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980) and an exponential moving average, at the cost of the rows in use.

    Adam moves every row at every update: without a new gradient, the moments m and v of a row decay, but m / sqrt(v)
    keeps moving it, and for a rare word these later moves add up to ten times the first one. Lazy variants skip them.
    Here they are deferred and applied all at once when the row is next needed. Without gradients, update s, after the
    row's last gradient at update t, moves it by

        c[s] r^(s-t) m[t] / sqrt(v[t]),   r = b1 / sqrt(b2),   c[s] = rate[s] sqrt(1 - b2^s) / (1 - b1^s)

    The sum over s depends on the row only through t, so the pending move of a row is m[t] / sqrt(v[t]) times one number
    per t. The same holds for the average. The result equals that of dense Adam up to rounding and the small constant
    that Adam adds to sqrt(v).

    Attributes:
        table: (rows, size), the parameter. Rows with pending updates are out of date until `catch_up`.
        average: (rows, size), its moving average.
    """

    def __init__(
        self, table: nn.Parameter, average: Tensor, *, betas: tuple[float, float], epsilon: float = 1e-8
    ) -> None:
        self.table = table
        self.average = average
        self._betas = betas
        self._epsilon = epsilon
        self._mean = torch.zeros_like(table, requires_grad=False)
        self._square = torch.zeros_like(table, requires_grad=False)
        self._prepared: tuple[Tensor, _RowState] | None = None
        self._caught_up_at = torch.zeros(len(table), dtype=torch.int64, device=table.device)  # t of each row
        self._num_updates = 0
        self._first_pending = 0  # every row has been up to date at this update or later
        ratio = betas[0] / math.sqrt(betas[1])
        self._powers = ratio ** torch.arange(MAX_PENDING_UPDATES, 0, -1, dtype=torch.float64, device=table.device)
        # Column t - _first_pending is what rows have missed since t: their move, decay and move of their average.
        self._pending = torch.tensor([[0.0], [1.0], [0.0]], dtype=torch.float64, device=table.device)

    @torch.no_grad()
    def prepare(self, rows: Tensor) -> None:
        """Bring the distinct `rows` of `table` up to date. The next call must be `step`, with their gradients."""
        state = self._caught_up(rows)
        self.table.detach().index_copy_(0, rows, state.table)
        self._prepared = rows, state

    @torch.no_grad()
    def step(self, gradients: Tensor, rates: AdamRates) -> None:
        """Update the prepared rows with their gradients, (rows, size)."""
        if self._prepared is None:
            raise ValueError("expected `prepare` before `step`")
        (rows, state), self._prepared = self._prepared, None
        self._num_updates += 1
        n, (decay_mean, decay_square) = self._num_updates, self._betas
        correction = math.sqrt(1.0 - decay_square**n)
        factor = rates.learning_rate * correction / (1.0 - decay_mean**n)
        self._record_skipped_updates(factor, rates.averaging_weight)
        state.mean.lerp_(gradients, 1.0 - decay_mean)
        state.square.mul_(decay_square).addcmul_(gradients, gradients, value=1.0 - decay_square)
        state.table.addcdiv_(state.mean, state.square.sqrt().add_(self._epsilon * correction), value=-factor)
        state.average.lerp_(state.table, rates.averaging_weight)
        self._write(rows, state)
        if n - self._first_pending >= MAX_PENDING_UPDATES:
            self.catch_up()

    @torch.no_grad()
    def catch_up(self) -> None:
        """Apply the pending updates of all rows: `table` and `average` are then as after dense Adam."""
        for rows in torch.split(torch.arange(len(self.table), device=self.table.device), CATCH_UP_ROWS):
            self._write(rows, self._caught_up(rows))
        self._first_pending = self._num_updates
        self._pending = self._pending[:, :1] * 0.0
        self._pending[1] = 1.0

    def tensors(self) -> dict[str, Tensor]:
        """Return the state, except for `table` and `average`."""
        return {
            "mean": self._mean,
            "square": self._square,
            "settled_at": self._caught_up_at,
            "pending": self._pending,
            "counts": torch.tensor([self._num_updates, self._first_pending]),
        }

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Restore a state that `tensors` returned; the caller restores `table` and `average`."""
        self._mean.copy_(tensors["mean"])
        self._square.copy_(tensors["square"])
        self._caught_up_at.copy_(tensors["settled_at"])
        self._pending = tensors["pending"].to(self._pending.device)
        self._num_updates, self._first_pending = tensors["counts"].tolist()

    def _tables(self) -> _RowState:
        return _RowState(self.table.detach(), self.average, self._mean, self._square)

    def _caught_up(self, rows: Tensor) -> _RowState:
        """Return the rows of all tables with their pending updates applied."""
        state = _RowState(*(tensor.index_select(0, rows) for tensor in self._tables()))
        settled_at = self._caught_up_at[rows]
        missed = self._pending[:, settled_at - self._first_pending, None].to(state.table.dtype)
        moved, kept, average_moved = missed
        direction = state.mean / state.square.sqrt().add_(self._epsilon)
        # average = kept * average + (1 - kept) * table - average_moved * direction
        state.average.sub_(state.table).mul_(kept).add_(state.table).addcmul_(direction, average_moved, value=-1.0)
        state.table.addcmul_(direction, moved, value=-1.0)
        age = (self._num_updates - settled_at).double()
        for moment, decay in zip((state.mean, state.square), self._betas, strict=True):
            moment.mul_(torch.pow(decay, age).to(moment.dtype)[:, None])
        return state

    def _write(self, rows: Tensor, state: _RowState) -> None:
        for tensor, values in zip(self._tables(), state, strict=True):
            tensor.index_copy_(0, rows, values)
        self._caught_up_at[rows] = self._num_updates

    def _record_skipped_updates(self, factor: float, averaging_weight: float) -> None:
        """Record update n for the rows last updated at each t < n, and add an entry for those updated at n."""
        moved, kept, average_moved = self._pending
        moved.add_(self._powers[-len(moved) :], alpha=factor)
        kept.mul_(1.0 - averaging_weight)
        average_moved.lerp_(moved, averaging_weight)
        self._pending = nn.functional.pad(self._pending, (0, 1))
        self._pending[1, -1] = 1.0
