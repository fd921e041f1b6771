"""The folder `baselines/` of a run: the baselines of its reports, for later evaluations.

    majority.json        label frequencies of the training rows
    rule.json            decision rule and temperature of TF-IDF + logistic regression
    ngrams.json          the same of the model's n-grams alone; missing without n-grams, and in older runs
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
from lstmcli.metrics.baselines import Baselines, MajorityBaseline, NgramsBaseline, TfidfBaseline
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.store.checks import TEMPERATURES, check_version, number_in, numbers_in
from lstmcli.store.layout import WEIGHTS_FILE
from lstmcli.store.order_description import measure_from_dict, measure_to_dict
from lstmcli.store.tables import Shapes, read_weights

MAJORITY_FILE: Final = "majority.json"
RULE_FILE: Final = "rule.json"
NGRAMS_RULE_FILE: Final = "ngrams.json"
TERMS_FILE: Final = "terms.txt"

FORMAT_VERSION: Final = 2

# An upper limit of the mean length of a term.
MAX_TERM_BYTES: Final = 1024


def write_baselines(folder: Path, baselines: Baselines) -> None:
    """Write the files into an existing folder."""
    majority, tfidf, ngrams = baselines.majority, baselines.tfidf, baselines.ngrams
    _write_json(folder / MAJORITY_FILE, {"kind": majority.kind, "shares": majority.shares.tolist()})
    _write_json(folder / RULE_FILE, {"format_version": FORMAT_VERSION} | _described(tfidf))
    if ngrams is not None:
        _write_json(folder / NGRAMS_RULE_FILE, _described(ngrams))
    (folder / TERMS_FILE).write_text("\n".join(tfidf.terms) + "\n", encoding="utf-8", newline="\n")
    weights = {"idf": tfidf.idf, "coefficients": tfidf.coefficients, "intercepts": tfidf.intercepts}
    with saving_tensors(folder / WEIGHTS_FILE):
        save_file({name: value.astype(np.float32) for name, value in weights.items()}, folder / WEIGHTS_FILE)
    seal(folder)


def _described(baseline: TfidfBaseline | NgramsBaseline) -> dict[str, Any]:
    rule, group_rule = baseline.rule, baseline.group_rule
    found: dict[str, Any] = {
        "kind": rule.kind,
        "thresholds": rule.thresholds.tolist(),
        "at_least_one": rule.at_least_one,
        "temperature": baseline.temperature,
        **measure_to_dict(rule),
    }
    return found if group_rule is None else found | {"group_thresholds": group_rule.thresholds.tolist()}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content) + "\n", encoding="utf-8")


def read_baselines(path: Path, labels: LabelSet) -> Baselines:
    """Read what `write_baselines` wrote for a model with these `labels`.

    Raises:
        DamagedFileError: a file is missing or damaged.
    """
    folder = SealedFolder(path, within=path.parent)
    decision = _read_rule(folder, RULE_FILE, labels)
    return Baselines(
        _read_majority(folder, labels),
        _read_tfidf(folder, decision),
        _read_rule(folder, NGRAMS_RULE_FILE, labels) if NGRAMS_RULE_FILE in folder.names else None,
    )


def _read_rule(folder: SealedFolder, name: str, labels: LabelSet) -> NgramsBaseline:
    """Return how logits are decided, as for n-grams alone; only `RULE_FILE` has a version."""
    group_rule = None
    try:
        stored = folder.read_json(name)
        if name == RULE_FILE:
            check_version(folder, {"format_version": 1} | stored, FORMAT_VERSION, sealed_from=2)
        if stored["kind"] != labels.kind or type(stored["at_least_one"]) is not bool:
            raise ValueError(f"a rule for labels of kind {stored['kind']!r:.80}, expected {labels.kind!r}")
        thresholds = numbers_in(stored["thresholds"], len(labels.names), "thresholds", (0.0, 1.0))
        temperature = number_in(stored["temperature"], "temperature", TEMPERATURES)
        measure, cuts = measure_from_dict(stored, labels)
        if "group_thresholds" in stored:
            of_groups = numbers_in(stored["group_thresholds"], len(labels.names), "group_thresholds", (0.0, 1.0))
            group_rule = DecisionRule(labels.kind, of_groups)
    except (ValueError, KeyError, TypeError) as error:
        raise folder.damaged(name, f"is damaged ({reason_of(error)})") from None
    rule = DecisionRule(labels.kind, thresholds, stored["at_least_one"], measure=measure, cuts=cuts)
    return NgramsBaseline(temperature, rule, group_rule, is_ordered=labels.is_ordered)


def _read_majority(folder: SealedFolder, labels: LabelSet) -> MajorityBaseline:
    try:
        stored = folder.read_json(MAJORITY_FILE)
        shares = numbers_in(stored["shares"], len(labels.names), "shares", (0.0, 1.0))
    except (ValueError, KeyError, TypeError) as error:
        raise folder.damaged(MAJORITY_FILE, f"is damaged ({reason_of(error)})") from None
    return MajorityBaseline(shares, labels.kind)


def _read_tfidf(folder: SealedFolder, decision: NgramsBaseline) -> TfidfBaseline:
    num_labels = len(decision.rule.thresholds)

    def check(shapes: Shapes) -> None:
        num_terms = shapes["idf"][-1]
        expected = {"idf": (num_terms,), "coefficients": (num_labels, num_terms), "intercepts": (num_labels,)}
        if shapes != expected:
            raise ValueError(f"weights of shapes {shapes!s:.200}")

    weights = {name: value.astype(np.float64) for name, value in read_weights(folder, WEIGHTS_FILE, check).items()}
    terms = read_terms(folder, len(weights["idf"]))
    tables = weights["idf"], weights["coefficients"], weights["intercepts"]
    return TfidfBaseline(terms, *tables, decision.temperature, decision.rule, decision.group_rule)


def read_terms(folder: SealedFolder, num_terms: int) -> list[str]:
    """Return the terms of a TF-IDF baseline.

    Raises:
        DamagedFileError: they are not `num_terms` different ones.
    """
    content = folder.read(TERMS_FILE, most=MAX_TERM_BYTES * (1 + num_terms))
    try:
        terms = content.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise folder.damaged(TERMS_FILE, f"is damaged ({error})") from None
    if len(set(terms)) != num_terms or len(terms) != num_terms:
        raise folder.damaged(TERMS_FILE, f"is damaged: expected {num_terms} distinct terms")
    return terms
