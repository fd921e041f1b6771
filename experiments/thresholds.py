"""What each kind of threshold brings: python -m experiments.thresholds ROWS FILE RUN...

The model of each RUN, one with several labels per text, predicts a labelled FILE that it has not seen. ROWS of them, as
many as the validation rows of a training would be, are drawn to tune thresholds, which are scored on the others. All is
averaged over the runs and 10 draws. With {} in FILE, the name of the run stands for it.
"""

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.corpus.examples import read_examples
from lstmcli.corpus.targets import label_targets
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.metrics.scores import point_scores, row_statistics
from lstmcli.metrics.threshold_choice import choose_rule
from lstmcli.metrics.thresholds import f1_thresholds

NUM_DRAWS = 10

Rows = tuple[NDArray[np.float64], NDArray[np.bool_]]
Choose = Callable[[Rows, DecisionRule], DecisionRule]


def chosen(setting: str) -> Choose:
    """Return a function that chooses thresholds as `decision.thresholds=SETTING` does."""

    def choose(rows: Rows, own: DecisionRule) -> DecisionRule:
        names = tuple(map(str, range(rows[1].shape[1])))
        return choose_rule(setting, *rows, names, "multi", is_labelled=own.at_least_one)[0]

    return choose


def without_limit(rows: Rows, own: DecisionRule) -> DecisionRule:
    """Choose thresholds for F1, however many texts get a label because of them."""
    return DecisionRule("multi", f1_thresholds(*rows, most_picked=math.inf), own.at_least_one)


CHOICES: dict[str, Choose] = {
    "f1 without limit": without_limit,
    **{name: chosen(name) for name in ("f1", "jaccard", "half", "precision=0.7", "precision=0.9", "recall=0.8")},
}


def measured(rule: DecisionRule, probabilities: NDArray[np.float64], targets: NDArray[np.bool_]) -> list[float]:
    """Return macro-F1, micro-F1, Jaccard, the precision and recall of all labels, and the largest excess of a label.

    That is how many times as many rows were given a label as have it.
    """
    decisions = rule.decide(probabilities)
    scores = point_scores(row_statistics(targets, decisions, probabilities, "multi"))
    right, picked, actual = (decisions & targets).sum(), decisions.sum(axis=0), targets.sum(axis=0)
    excess = (picked / np.maximum(actual, 1)).max()
    found = [float(scores[name][0]) for name in ("macro_f1", "micro_f1", "jaccard")]
    return [*found, right / max(picked.sum(), 1), right / actual.sum(), excess]


def main() -> None:
    """Print a Markdown table."""
    num_rows, file, *runs = sys.argv[1:]
    results: dict[str, list[list[float]]] = {name: [] for name in CHOICES}
    for run in map(Path, runs):
        predictor = Predictor.open(run)
        model = predictor.model
        examples = read_examples(file.format(run.name), model.columns, known_labels=model.labels.names)
        probabilities, targets = predictor.probabilities(examples.texts), label_targets(examples, model.labels)
        for draw in range(NUM_DRAWS):
            order = np.random.default_rng(draw).permutation(len(targets))
            tuned, scored = order[: int(num_rows)], order[int(num_rows) :]
            for name, choose in CHOICES.items():
                rule = choose((probabilities[tuned], targets[tuned]), model.rule)
                results[name].append(measured(rule, probabilities[scored], targets[scored]))
    print("| thresholds | macro-F1 | micro-F1 | Jaccard | precision | recall | largest excess |")
    print("|---|---|---|---|---|---|---|")
    for name, rows in results.items():
        *scores, excess = np.mean(rows, axis=0)
        print(f"| {name} | {' | '.join(f'{score:.3f}'.lstrip('0') for score in scores)} | {excess:.1f} |")


if __name__ == "__main__":
    main()
