"""What a prediction will cost, in words."""

from lstmcli.inference.cost import Cost

MANY_ROWS = 10**9
HOSTS = 1, 10, 100

UNITS = ("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)


def cost_lines(cost: Cost) -> str:
    """Return what was measured and inferred, a line for each quantity."""
    cores = cost.num_cores
    more = "".join(f", {duration(cost.wall_seconds(number))} with {number}" for number in sorted({2, max(2, cores)}))
    walls = f"{duration(cost.wall_seconds(1))} with --jobs 1{more}"
    idle = "an idle core" if cores == 1 else f"{cores} idle cores"
    sure = "" if cost.spread is None else f" (±{cost.spread:.0%}, if other rows are like those measured)"
    counted = (
        f"{cost.rows:,}" if cost.is_exact else f"about {cost.rows:,} (by the bytes of the first {cost.sample_rows:,})"
    )
    hosts = ", ".join(f"{_many(cost, number)} on {number}" for number in HOSTS)
    own, predicted, read = (
        f"{1e6 * each:.1f} µs" for each in (cost.own_seconds, cost.predict_seconds, cost.read_seconds)
    )
    lines = [
        ("rows", counted),
        ("per row", f"{own} to read and write, {predicted} to predict (CPU, {cost.sample_rows:,} rows)"),
        ("CPU", f"{duration(cost.cpu_seconds())}{sure}"),
        ("wall", f"{walls} ({idle})"),
        ("memory", _memory(cost)),
        ("output", f"{size(cost.output_bytes)} before compression"),
        ("billion", f"such rows on N hosts like this one, --shard I/N --jobs {max(2, cores)} on each:"),
        ("", hosts),
        ("", f"(each host reads all rows, {read} for a row of another shard)"),
    ]
    return "".join(f"{name:<9}{text}".rstrip() + "\n" for name, text in lines)


def _many(cost: Cost, hosts: int) -> str:
    return duration(cost.wall_seconds(max(2, cost.num_cores), rows=MANY_ROWS, hosts=hosts))


def _memory(cost: Cost) -> str:
    if cost.memory_bytes is None:
        return "not known on this system"
    return f"{size(cost.memory_bytes)}, at most as much again for each process of --jobs"


def duration(seconds: float) -> str:
    """Return "3.2 min"."""
    for name, length in UNITS:
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {name}"
    return f"{seconds:.1f} s"


def size(num_bytes: float) -> str:
    """Return "3.2 MB"."""
    for name, length in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if num_bytes >= length:
            return f"{num_bytes / length:,.1f} {name}"
    return f"{num_bytes / 1e3:.1f} kB"
