"""Compare two kinds of interaction of neighbouring words in a network's logit: decomposed, and by leaving words out.

python -m experiments.interactions runs/demo
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.methods import ContextualDecomposition
from lstmcli.explanation.reading import ReadText, gaps_of, joined
from lstmcli.inference.predictor import Predictor

DATA = Path(__file__).parent.parent / "data"
LABEL, KIND = "joy", "negated-joy"
NUM_TEXTS = 250

NEGATIONS = frozenset(
    [
        "not",
        "no",
        "never",
        "nor",
        "hardly",
        "without",
        "cannot",
        "can't",
        "couldn't",
        "won't",
        "don't",
        "dont",
        "didn't",
        "doesn't",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
    ]
)
# What a word must add to the logit, by leaving it out, to speak for a label.
SPEAKS = 0.5

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """The pairs of neighbours in a text: what they have and their interaction, (pairs,), of either kind."""

    words: Sequence[str]
    left_out: Array
    pairs_left_out: Array
    decomposed: Array
    pairs_decomposed: Array

    @property
    def interactions(self) -> tuple[Array, Array]:
        """Return those by leaving out, and the decomposed ones."""
        by_removal = self.left_out[:-1] + self.left_out[1:] - self.pairs_left_out
        return by_removal, self.pairs_decomposed - self.decomposed[:-1] - self.decomposed[1:]


def pairs_of(predictor: Predictor, texts: Sequence[str], label: int | None) -> Iterator[Pairs]:
    """Yield the pairs of each text with two words; `label` None: the most probable one."""
    explainer, method = Explainer(predictor), ContextualDecomposition(predictor)
    with predictor.turn():
        for text in explainer.read(texts):
            if 1 < text.num_units == len(text.words):
                yield _pairs(predictor, method, text, label)


def _pairs(predictor: Predictor, method: ContextualDecomposition, text: ReadText, label: int | None) -> Pairs:
    tokens, size = joined([text.ids]), text.num_units
    parts = predictor.part_logits(tokens)
    own = int(predictor.mixed(parts)[0].argmax()) if label is None else label
    one, two = (
        parts.network[0, own] - predictor.part_logits_with_gaps(tokens, gaps_of([text], units=units)).network[:, own]
        for units in (1, 2)
    )
    single = np.eye(size, dtype=np.bool_)
    found = method.of_choices(text, np.concatenate([single, single[:-1] | single[1:]]), own)
    words = [text.text[word.start : word.end].lower() for word in text.words]
    return Pairs(words, one, two, found[:size], found[size:])


def _correlation(values: Sequence[tuple[Array, Array]]) -> float:
    left, right = (np.concatenate(each) for each in zip(*values, strict=True))
    return float(np.corrcoef(left, right)[0, 1])


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a bundled file."""
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    predictor = Predictor.open(parser.parse_args().run)
    texts = [row["text"] for row in read("emotion/test.csv")[:NUM_TEXTS]]
    found = list(pairs_of(predictor, texts, None))
    interactions = _correlation([each.interactions for each in found])
    pairs = _correlation([(each.pairs_left_out, each.pairs_decomposed) for each in found])
    print(f"correlation of interactions {interactions:.2f}, of pairs {pairs:.2f}")
    label = predictor.model.labels.names.index(LABEL)
    negated = [row["text"] for row in read("negation/test.csv") if row["kind"] == KIND]
    rows = [
        (by_removal[place], decomposed[place])
        for each in pairs_of(predictor, negated, label)
        for by_removal, decomposed in [each.interactions]
        for place, word in enumerate(each.words[:-1])
        if word in NEGATIONS and each.left_out[place + 1] > SPEAKS
    ]
    left_out, decomposed = np.mean(rows, axis=0)
    print(f"{len(rows)} negations: mean {left_out:.2f} by leaving out, {decomposed:.2f} decomposed")


if __name__ == "__main__":
    main()
