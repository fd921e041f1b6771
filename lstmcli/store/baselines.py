"""The folder `baselines/` of a run: the baselines of its reports, for later evaluations.

    majority.json        label frequencies of the training rows
    rule.json            decision rule and temperature of TF-IDF + logistic regression
    terms.txt            its n-grams, one per line, with tokens joined by spaces
    weights.safetensors  float32: idf (terms,), coefficients (labels, terms), intercepts (labels,)
    checksums.json       see `data.sealed`

Before version 2, there were no checksums and no version.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.numpy import save_file

from lstmcli.corpus.label_set import LabelSet
from lstmcli.data.atomic import saving_tensors
from lstmcli.data.sealed import SealedFolder, reason_of, seal
from lstmcli.metrics.baselines import MajorityBaseline, TfidfBaseline
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.store.checks import TEMPERATURES, check_version, number_in, numbers_in
from lstmcli.store.layout import WEIGHTS_FILE
from lstmcli.store.tables import Shapes, read_weights

MAJORITY_FILE: Final = "majority.json"
RULE_FILE: Final = "rule.json"
TERMS_FILE: Final = "terms.txt"

FORMAT_VERSION: Final = 2

# An upper limit of the mean length of a term.
MAX_TERM_BYTES: Final = 1024


def write_baselines(folder: Path, majority: MajorityBaseline, tfidf: TfidfBaseline) -> None:
    """Write the files into an existing folder."""
    _write_json(folder / MAJORITY_FILE, {"kind": majority.kind, "shares": majority.shares.tolist()})
    rule = {
        "format_version": FORMAT_VERSION,
        "kind": tfidf.rule.kind,
        "thresholds": tfidf.rule.thresholds.tolist(),
        "at_least_one": tfidf.rule.at_least_one,
        "temperature": tfidf.temperature,
    }
    _write_json(folder / RULE_FILE, rule)
    (folder / TERMS_FILE).write_text("\n".join(tfidf.terms) + "\n", encoding="utf-8", newline="\n")
    weights = {"idf": tfidf.idf, "coefficients": tfidf.coefficients, "intercepts": tfidf.intercepts}
    with saving_tensors(folder / WEIGHTS_FILE):
        save_file({name: value.astype(np.float32) for name, value in weights.items()}, folder / WEIGHTS_FILE)
    seal(folder)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def read_baselines(path: Path, labels: LabelSet) -> tuple[MajorityBaseline, TfidfBaseline]:
    """Read what `write_baselines` wrote for a model with these `labels`.

    Raises:
        DamagedFileError: a file is missing or damaged.
    """
    folder = SealedFolder(path, within=path.parent)
    num_labels = len(labels.names)
    try:
        rule = folder.read_json(RULE_FILE)
        check_version(folder, {"format_version": 1} | rule, FORMAT_VERSION, sealed_from=2)
        if rule["kind"] != labels.kind or type(rule["at_least_one"]) is not bool:
            raise ValueError(f"a rule for labels of kind {rule['kind']!r:.80}, expected {labels.kind!r}")
        thresholds = numbers_in(rule["thresholds"], num_labels, "thresholds", (0.0, 1.0))
        temperature = number_in(rule["temperature"], "temperature", TEMPERATURES)
    except (ValueError, KeyError, TypeError) as error:
        raise folder.damaged(RULE_FILE, f"is damaged ({reason_of(error)})") from None
    return _read_majority(folder, labels), _read_tfidf(
        folder, DecisionRule(labels.kind, thresholds, rule["at_least_one"]), temperature
    )


def _read_majority(folder: SealedFolder, labels: LabelSet) -> MajorityBaseline:
    try:
        stored = folder.read_json(MAJORITY_FILE)
        shares = numbers_in(stored["shares"], len(labels.names), "shares", (0.0, 1.0))
    except (ValueError, KeyError, TypeError) as error:
        raise folder.damaged(MAJORITY_FILE, f"is damaged ({reason_of(error)})") from None
    return MajorityBaseline(shares, labels.kind)


def _read_tfidf(folder: SealedFolder, rule: DecisionRule, temperature: float) -> TfidfBaseline:
    num_labels = len(rule.thresholds)

    def check(shapes: Shapes) -> None:
        num_terms = shapes["idf"][-1]
        expected = {"idf": (num_terms,), "coefficients": (num_labels, num_terms), "intercepts": (num_labels,)}
        if shapes != expected:
            raise ValueError(f"weights of shapes {shapes!s:.200}")

    weights = {name: value.astype(np.float64) for name, value in read_weights(folder, WEIGHTS_FILE, check).items()}
    content = folder.read(TERMS_FILE, most=MAX_TERM_BYTES * (1 + len(weights["idf"])))
    try:
        terms = content.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise folder.damaged(TERMS_FILE, f"is damaged ({error})") from None
    if len(set(terms)) != len(weights["idf"]) or len(terms) != len(weights["idf"]):
        raise folder.damaged(TERMS_FILE, f"is damaged: expected {len(weights['idf'])} distinct terms")
    return TfidfBaseline(terms, weights["idf"], weights["coefficients"], weights["intercepts"], temperature, rule)
