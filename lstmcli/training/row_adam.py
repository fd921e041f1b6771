"""Adam and the weight average for a large table of which each update touches a few rows."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

# Pending moves are settled for the whole table after so many updates at the latest: it bounds their bookkeeping.
MAX_PENDING_UPDATES = 4096

# Rows settled at a time, so that a whole table needs little memory beside itself.
CATCH_UP_ROWS = 8192


@dataclass(frozen=True)
class AdamRates:
    """What one update of Adam is made with."""

    learning_rate: float
    averaging_weight: float


class _RowState(NamedTuple):
    table: Tensor
    average: Tensor
    mean: Tensor  # m
    square: Tensor  # v


class RowAdam:
    """Adam (Kingma and Ba 2015, arXiv 1412.6980) and an exponential moving average, at the cost of the rows in use.

    In Adam every row moves at every update: without a new gradient its moments m and v shrink, but m / sqrt(v) goes on
    moving it, and for a rare word these later moves sum up to ten times the first one. The lazy variants leave them
    out. Here they are made late instead, when the row is needed next, in one go: without gradients, update s after
    update t moves a row by

        c[s] r^(s-t) m[t] / sqrt(v[t]),   r = b1 / sqrt(b2),   c[s] = rate[s] sqrt(1 - b2^s) / (1 - b1^s)

    so that all it has missed is a number that depends on t alone, times m[t] / sqrt(v[t]); and the same holds for the
    average. The result is that of dense Adam, up to rounding and to the small constant that Adam adds to sqrt(v).

    Attributes:
        table: (rows, size), the parameter. Rows with pending moves lag behind until `catch_up`.
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
        self._first_pending = 0  # no row was settled before this update
        ratio = betas[0] / math.sqrt(betas[1])
        self._powers = ratio ** torch.arange(MAX_PENDING_UPDATES, 0, -1, dtype=torch.float64, device=table.device)
        # By t - _first_pending: what was missed since. The move, what is left of the average, the average's move.
        self._pending = torch.tensor([[0.0], [1.0], [0.0]], dtype=torch.float64, device=table.device)

    @torch.no_grad()
    def prepare(self, rows: Tensor) -> None:
        """Bring `rows` (distinct) of `table` up to date; `step` must follow with their gradients."""
        state = self._caught_up(rows)
        self.table.detach().index_copy_(0, rows, state.table)
        self._prepared = rows, state

    @torch.no_grad()
    def step(self, gradients: Tensor, rates: AdamRates) -> None:
        """Make one update with the gradients of the prepared rows, (rows, size)."""
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
        """Make the pending moves of all rows: `table` and `average` are then what dense Adam would have made them."""
        for rows in torch.split(torch.arange(len(self.table), device=self.table.device), CATCH_UP_ROWS):
            self._write(rows, self._caught_up(rows))
        self._first_pending = self._num_updates
        self._pending = self._pending[:, :1] * 0.0
        self._pending[1] = 1.0

    def tensors(self) -> dict[str, Tensor]:
        """Return the state beside `table` and `average`."""
        return {
            "mean": self._mean,
            "square": self._square,
            "settled_at": self._caught_up_at,
            "pending": self._pending,
            "counts": torch.tensor([self._num_updates, self._first_pending]),
        }

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Go back to a state that `tensors` gave; `table` and `average` are the caller's."""
        self._mean.copy_(tensors["mean"])
        self._square.copy_(tensors["square"])
        self._caught_up_at.copy_(tensors["settled_at"])
        self._pending = tensors["pending"].to(self._pending.device)
        self._num_updates, self._first_pending = tensors["counts"].tolist()

    def _tables(self) -> _RowState:
        return _RowState(self.table.detach(), self.average, self._mean, self._square)

    def _caught_up(self, rows: Tensor) -> _RowState:
        """Return the rows of all tables with their pending moves made."""
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
        """Book update n for the rows settled at each t < n, and make room for those settled at n."""
        moved, kept, average_moved = self._pending
        moved.add_(self._powers[-len(moved) :], alpha=factor)
        kept.mul_(1.0 - averaging_weight)
        average_moved.lerp_(moved, averaging_weight)
        self._pending = nn.functional.pad(self._pending, (0, 1))
        self._pending[1, -1] = 1.0
