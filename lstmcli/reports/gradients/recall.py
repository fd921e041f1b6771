"""`lstmcli gradients --recall` in a terminal, as a chart and as JSON."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lstmcli.charts import Line, line_chart
from lstmcli.errors import counted
from lstmcli.reports.gradients.as_json import short
from lstmcli.reports.inspection.cells import ASCII_BLOCKS, BLOCKS, Style, wrapped
from lstmcli.training.recall import GOAL, NUM_SYMBOLS, WINDOW, Learning

# Updates per block of a learning curve.
STEP = 5

Group = tuple[int, str, Sequence[Learning]]


def recall_report(found: Sequence[Learning], style: Style) -> str:
    """Return what each cell learned, learning curves, and why."""
    groups = list(grouped(found))
    heading = [
        f"Name the first symbol of a sequence after N others that mean nothing; chance is {1 / NUM_SYMBOLS:.0%}.",
        f"learned: {GOAL:.0%} right in {WINDOW} updates in a row, within {found[0].settings.num_updates}",
        "gradient: its norm at the first step (of dL/dS; rnn: dL/dh), divided by that of dL/dh at the last, in the "
        "new and in the trained network; medians",
    ]
    lines = [
        f"{'N':>5}  {'cell':<9}{'learned':>10}{'updates':>9}{'accuracy':>10}{'gradient: new':>16}{'trained':>10}",
        *(_row(group) for group in groups),
        "",
        f"accuracy, a block for {STEP} updates, first seed",
        *(f"{distance:>5}  {cell:<9}  {_curve(each[0].accuracies, style)}" for distance, cell, each in groups),
        "",
    ]
    return wrapped(heading, style) + "\n" + "\n".join(lines) + "\n" + wrapped(verdicts(groups), style)


def grouped(found: Sequence[Learning]) -> Iterator[Group]:
    """Yield distance, cell and the trainings of all seeds."""
    keys = dict.fromkeys((each.settings.distance, each.settings.cell) for each in found)
    for distance, cell in keys:
        yield (
            distance,
            cell,
            [each for each in found if (each.settings.distance, each.settings.cell) == (distance, cell)],
        )


def _row(group: Group) -> str:
    distance, cell, each = group
    counts = [one.learned_after for one in each if one.learned_after is not None]
    updates = f"{np.median(counts):.0f}" if counts else "-"
    accuracy = float(np.mean([one.final_accuracy for one in each]))
    learned = f"{len(counts)} of {len(each)}"
    new, trained = arriving(each)
    return f"{distance:>5}  {cell:<9}{learned:>10}{updates:>9}{accuracy:>10.0%}{new:>16.1e}{trained:>10.1e}"


def arriving(found: Sequence[Learning]) -> tuple[float, float]:
    """Return which part of the gradient arrives at the first step, before and after training; medians over seeds."""
    before = [each.before.first / each.before.last for each in found]
    after = [each.after.first / each.after.last if each.after.last else math.nan for each in found]
    return float(np.median(before)), float(np.median(after))


def _curve(values: Sequence[float], style: Style) -> str:
    blocks = BLOCKS if style.is_unicode else ASCII_BLOCKS
    means = [float(np.mean(values[start : start + STEP])) for start in range(0, len(values), STEP)]
    return "".join(blocks[round(min(1.0, value) * (len(blocks) - 1))] for value in means)


# Less than this part of the gradient at the last step explains why the first step is not learned.
NOTHING_ARRIVES = 0.01


def verdicts(groups: Sequence[Group]) -> Iterator[str]:
    """Say which cell learned what, and why not."""
    for distance, cell, found in groups:
        num_learned = sum(each.learned_after is not None for each in found)
        if num_learned == len(found):
            continue
        new = arriving(found)[0]
        how_often = "does not learn" if num_learned == 0 else f"learns with {num_learned} of {len(found)} seeds only"
        told = f"{cell} {how_often} over {distance}"
        arrives = f"{new:.1e} of the gradient arrives at the first step, before training"
        if new < NOTHING_ARRIVES:
            yield f"{told}: {arrives}."
        else:
            yield f"{told} in {counted(found[0].settings.num_updates, 'update')}, although {arrives}."
    if all(each.learned_after is not None for _, _, found in groups for each in found):
        yield "Every cell learned over every distance."


def explode_report(found: Sequence[Learning], style: Style) -> str:
    """Return what clipping does to a plain network whose gradient explodes."""
    settings, (new, _) = found[0].settings, arriving(found[:1])
    heading = [
        f"rnn with its recurrent matrix times {settings.scale:g}, N = {settings.distance}: the gradient at the first "
        f"step of the new network is {new:.1e} times that at the last.",
    ]
    titles = ("largest norm", "median norm", "clipped", "accuracy", "loss")
    lines = [f"{'':<18}" + "".join(f"{title:>12}" for title in titles)]
    for each in found:
        name = "not clipped" if math.isinf(each.settings.clip) else f"clipped at {each.settings.clip:g}"
        clipped = f"{each.num_clipped} of {len(each.norms)}"
        lines.append(
            f"{name:<18}{max(each.norms):>12.1e}{np.median(each.norms):>12.1e}{clipped:>12}"
            f"{each.final_accuracy:>12.0%}{np.mean(each.losses[-WINDOW:]):>12.2g}"
        )
    notes = ["norm: of the gradient of all weights, before clipping; accuracy and loss: at the end"]
    return "\n" + wrapped(heading, style) + "\n" + "\n".join(lines) + "\n" + wrapped(notes, style)


def recall_chart(found: Sequence[Learning]) -> str:
    """Return the learning curves of the longest distance; of the first seed."""
    groups = list(grouped(found))
    longest = max(distance for distance, _, _ in groups)
    lines = []
    for distance, cell, each in groups:
        if distance == longest:
            values = each[0].accuracies
            means = [float(np.mean(values[start : start + STEP])) for start in range(0, len(values), STEP)]
            lines.append(Line(cell, [(float(number * STEP), value) for number, value in enumerate(means)]))
    return line_chart(
        f"Recalling a symbol after {longest} others",
        lines,
        x_label="updates",
        y_label=f"accuracy (chance: {1 / NUM_SYMBOLS:g})",
        description=" ".join(verdicts(groups)),
        with_zero=True,
    )


def recall_content(found: Sequence[Learning], exploding: Sequence[Learning]) -> dict[str, Any]:
    """Return all numbers."""
    return {"recall": [_content(each) for each in found], "explode": [_content(each) for each in exploding]}


def _content(learning: Learning) -> dict[str, Any]:
    settings = asdict(learning.settings)
    settings["clip"] = None if math.isinf(settings["clip"]) else settings["clip"]
    return {
        **settings,
        "learned_after": learning.learned_after,
        "final_accuracy": short(learning.final_accuracy),
        "gradient_new": {name: _finite(value) for name, value in learning.before._asdict().items()},
        "gradient_trained": {name: _finite(value) for name, value in learning.after._asdict().items()},
        "num_clipped": learning.num_clipped,
        "accuracy": [short(value) for value in learning.accuracies],
        "loss": [_finite(value) for value in learning.losses],
        "gradient_norm": [_finite(value) for value in learning.norms],
    }


def _finite(value: float) -> float | None:
    return short(value) if math.isfinite(value) else None
