"""What a prediction costs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What was measured. All seconds are CPU time.

    Attributes:
        rows: of the inputs.
        is_exact: whether all rows were read, rather than their number inferred from bytes.
        sample_rows: that were answered.
        start_seconds: before the first row.
        read_seconds: to read a row that another shard answers.
        own_seconds: to read and write a row.
        predict_seconds: to compute a row, which worker processes share.
        spread: two standard errors of the seconds per row, relative to them; None for less than two blocks.
        memory_bytes: at most, of this process; None where the system does not say.
        output_bytes: of all rows, before compression.
        num_cores: that this process may use.
    """

    rows: int
    is_exact: bool
    sample_rows: int
    start_seconds: float
    read_seconds: float
    own_seconds: float
    predict_seconds: float
    spread: float | None
    memory_bytes: int | None
    output_bytes: int
    num_cores: int

    def cpu_seconds(self) -> float:
        """Return the CPU time of all rows."""
        return self.start_seconds + self.rows * (self.own_seconds + self.predict_seconds)

    def wall_seconds(self, jobs: int, *, rows: int | None = None, hosts: int = 1) -> float:
        """Return the wall time of each of several hosts, each with idle cores and as fast as this one.

        One process reads and writes, `jobs` others compute if that is more than 1; neither can have more cores than
        there are. A host reads the rows of all shards.
        """
        all_rows = self.rows if rows is None else rows
        own = all_rows / hosts
        reading = own * self.own_seconds + (all_rows - own) * self.read_seconds
        computing = own * self.predict_seconds
        if jobs == 1:
            return self.start_seconds + reading + computing
        return self.start_seconds + max(reading, computing / jobs, (reading + computing) / self.num_cores)
