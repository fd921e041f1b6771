"""What tools that start from a sentence encoder reach with the same rows, and a logistic regression on top.

    python -m experiments.encoders emotion 500 --teacher teacher

For each seed, the rows that `experiments run CORPUS ... --rows N` has drawn are used: C is chosen on the validation
rows, as are temperature and thresholds, and the test file is scored. Two kinds of vectors are compared. `frozen` are
those of the encoder, as in SetFit before it is fine-tuned. `static` follow the recipe of model2vec: the encoder's
vector of each word piece alone, 256 principal components, weights that fall with the frequency of the piece, and the
mean over a text's pieces.
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

from experiments.runner import settings_of
from lstmcli.config.loading import load_config
from lstmcli.corpus.corpus import Corpus, load_corpus
from lstmcli.corpus.targets import label_targets
from lstmcli.metrics.decisions import probabilities_from_logits
from lstmcli.metrics.scores import headline_scores, log_losses
from lstmcli.metrics.tuning import DecisionMaker
from lstmcli.training.teacher import SentenceEncoder

Vectors = NDArray[np.float32]

STRENGTHS = (0.1, 1.0, 10.0, 100.0)
STATIC_SIZE = 256

# A piece of probability p has the weight SMOOTHING / (SMOOTHING + p); probabilities follow Zipf's law.
SMOOTHING = 1e-4


class Static:
    """Vectors of texts from vectors of word pieces."""

    def __init__(self, teacher: Path, encoder: SentenceEncoder) -> None:
        self._tokenizer = Tokenizer.from_file(str(teacher / "tokenizer.json"))
        self._tokenizer.no_padding()
        pieces = sorted(self._tokenizer.get_vocab().items(), key=lambda item: item[1])
        vectors = encoder.encode([piece.removeprefix("##") for piece, _ in pieces])
        centred = vectors - vectors.mean(axis=0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        probabilities = 1.0 / np.arange(2, len(pieces) + 2)
        weights = SMOOTHING / (SMOOTHING + probabilities / probabilities.sum())
        self._table = (centred @ axes[:, ::-1][:, :STATIC_SIZE]) * weights[:, None]

    def encode(self, texts: list[str]) -> Vectors:
        """Return (texts, STATIC_SIZE)."""
        found = self._tokenizer.encode_batch(texts, add_special_tokens=False)
        means = np.stack([self._table[text.ids or [0]].mean(axis=0) for text in found])
        return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9), dtype=np.float32)


class Known:
    """Encodes each text once, since the test rows that can be scored differ with the labels of the training rows."""

    def __init__(self, encode: Callable[[list[str]], Vectors]) -> None:
        self._encode = encode
        self._vectors: dict[str, Vectors] = {}

    def __call__(self, texts: list[str]) -> Vectors:
        """Return (texts, size)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])


def scores(corpus: Corpus, vectors: list[Vectors]) -> dict[str, float]:
    """Return the scores of the test rows; `vectors` are of training, validation and test rows."""
    train, validation, test = vectors
    kind = corpus.labels.kind
    assert corpus.test is not None
    decisions = DecisionMaker(
        kind,
        corpus.train_targets,
        corpus.validation_targets,
        load_config(None, ["data.train=x"]).decision,
        names=corpus.labels.names,
    )
    best: tuple[float, NDArray[np.float64], NDArray[np.float64]] | None = None
    for strength in STRENGTHS:
        on_validation, on_test = fitted_logits(corpus, train, [validation, test], strength)
        temperature = decisions.decision(on_validation).mixture.temperature
        probabilities = probabilities_from_logits(on_validation, kind, temperature=temperature)
        loss = float(log_losses(corpus.validation_targets, probabilities, kind).mean())
        if best is None or loss < best[0]:
            best = loss, on_validation, on_test
    assert best is not None
    decision = decisions.decision(best[1])
    probabilities = probabilities_from_logits(best[2], kind, temperature=decision.mixture.temperature)
    return headline_scores(
        label_targets(corpus.test, corpus.labels), decision.rule.decide(probabilities), probabilities, kind
    )


def fitted_logits(corpus: Corpus, train: Vectors, others: list[Vectors], strength: float) -> list[NDArray[np.float64]]:
    """Return (rows, labels) for each of `others`: of one regression, or of one for each label."""
    targets = corpus.train_targets
    model = LogisticRegression(C=strength, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if corpus.labels.kind == "single" and targets.shape[1] > 2:
            model.fit(train, targets.argmax(axis=1))
            return [model.decision_function(rows) for rows in others]
        columns: list[list[NDArray[np.float64]]] = [[] for _ in others]
        for column in targets.T:
            if len(set(column.tolist())) == 2:
                model.fit(train, column)
            for found, rows in zip(columns, others, strict=True):
                is_fitted = len(set(column.tolist())) == 2
                found.append(model.decision_function(rows) if is_fitted else np.full(len(rows), -10.0))
    return [np.stack(found, axis=1) for found in columns]


def main() -> None:
    """Print a line per kind of vectors and seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("rows", type=int)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, default=Path("corpora"))
    parser.add_argument("--runs", type=Path, default=Path("runs/experiments"))
    parser.add_argument("--seeds", default="1,2,3")
    options = parser.parse_args()
    encoder = SentenceEncoder(options.teacher, threads=1)
    for name, encode in (("frozen", encoder.encode), ("static", Static(options.teacher, encoder).encode)):
        known = Known(encode)
        for seed in options.seeds.split(","):
            folder = options.runs / f"{options.corpus}-{options.rows}" / f"rows-{seed}"
            files = [f"data.train={folder}/train.csv", f"data.validation={folder}/validation.csv"]
            files.append(f"data.test={options.corpora}/{options.corpus}/test.csv")
            settings = [*settings_of("corpora", options.corpus)["settings"], *files]
            corpus = load_corpus(load_config(None, settings).data, seed=1)
            assert corpus.test is not None
            parts = (corpus.train, corpus.validation, corpus.test)
            values = scores(corpus, [known(list(part.texts)) for part in parts])
            print(name, options.corpus, options.rows, seed, {key: round(value, 4) for key, value in values.items()})


if __name__ == "__main__":
    main()
