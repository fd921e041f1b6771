"""The folder `baselines/` of a run of scores: the baselines of its reports, for later evaluations.

scores.json          the version, means of the training rows, and how the n-grams alone become scores
terms.txt            n-grams of TF-IDF + ridge regression, one per line, with tokens joined by spaces
weights.safetensors  float32: idf (terms,), coefficients (scores, terms), intercepts (scores,)
checksums.json       see `data.sealed`
"""

import json
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.atomic import saving_tensors
from lstmcli.data.sealed import SealedFolder, reason_of, seal
from lstmcli.metrics.score_baselines import RidgeBaseline, ScoreBaselines
from lstmcli.store.baselines import TERMS_FILE, read_terms
from lstmcli.store.checks import check_version, numbers_in
from lstmcli.store.layout import WEIGHTS_FILE
from lstmcli.store.score_description import VALUES, scores_from_dict, scores_to_dict
from lstmcli.store.tables import Shapes, read_weights

SCORES_FILE: Final = "scores.json"

FORMAT_VERSION: Final = 1


def write_score_baselines(folder: Path, baselines: ScoreBaselines) -> None:
    """Write the files into an existing folder."""
    tfidf, ngrams = baselines.tfidf, baselines.ngrams
    content = {"format_version": FORMAT_VERSION, "means": baselines.means.tolist()}
    content |= {} if ngrams is None else {"ngrams": scores_to_dict(ngrams)}
    (folder / SCORES_FILE).write_text(json.dumps(content) + "\n", encoding="utf-8")
    (folder / TERMS_FILE).write_text("\n".join(tfidf.terms) + "\n", encoding="utf-8", newline="\n")
    weights = {"idf": tfidf.idf, "coefficients": tfidf.coefficients, "intercepts": tfidf.intercepts}
    with saving_tensors(folder / WEIGHTS_FILE):
        save_file({name: value.astype(np.float32) for name, value in weights.items()}, folder / WEIGHTS_FILE)
    seal(folder)


def read_score_baselines(path: Path, labels: LabelSet) -> ScoreBaselines:
    """Read what `write_score_baselines` wrote for a model with these scores.

    Raises:
        DamagedFileError: a file is missing or damaged.
    """
    folder, num_scores = SealedFolder(path, within=path.parent), len(labels.names)
    try:
        stored = folder.read_json(SCORES_FILE)
        check_version(folder, stored, FORMAT_VERSION, sealed_from=1)
        means = numbers_in(stored["means"], num_scores, "means", VALUES)
        ngrams = scores_from_dict(stored["ngrams"], num_scores) if "ngrams" in stored else None
    except (ValueError, KeyError, TypeError) as error:
        raise folder.damaged(SCORES_FILE, f"is damaged ({reason_of(error)})") from None
    return ScoreBaselines(means, _read_ridge(folder, num_scores), ngrams)


def _read_ridge(folder: SealedFolder, num_scores: int) -> RidgeBaseline:
    def check(shapes: Shapes) -> None:
        num_terms = shapes["idf"][-1]
        expected = {"idf": (num_terms,), "coefficients": (num_scores, num_terms), "intercepts": (num_scores,)}
        if shapes != expected:
            raise ValueError(f"weights of shapes {shapes!s:.200}")

    weights = {name: value.astype(np.float64) for name, value in read_weights(folder, WEIGHTS_FILE, check).items()}
    terms = read_terms(folder, len(weights["idf"]))
    return RidgeBaseline(terms, weights["idf"], weights["coefficients"], weights["intercepts"])
