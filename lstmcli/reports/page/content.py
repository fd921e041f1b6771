"""What a page holds of a model: a description as plain values, and its tables as bytes."""

from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.data.sealed import RowGuard
from lstmcli.explanation.reading import MAX_UNITS
from lstmcli.kernels.weights import Weights
from lstmcli.ngrams import features, negation
from lstmcli.ngrams.table import FeatureKinds, NgramTable
from lstmcli.reports.page.encoding import floats, integers
from lstmcli.reports.page.patterns import tokenizer_tables
from lstmcli.reports.page.word_vectors import rounded
from lstmcli.store.model import EMBEDDING, SavedModel
from lstmcli.text.vocabulary import UNKNOWN_TOKEN

# The step of the weights of n-grams, in logits of the whole model.
NGRAM_STEP = 0.002


@dataclass(frozen=True)
class PageContent:
    """A model as `assets/model.js` reads it.

    Attributes:
        description: for JSON.
        tables: bytes by name, before compression.
    """

    description: dict[str, Any]
    tables: dict[str, bytes]


def content_of(model: SavedModel) -> PageContent:
    """Return what runs `model`, whose tables are checked."""
    words = model.vocabulary.words
    tables = {"words": "\n".join(words).encode()}
    members = []
    weight = (1.0 - model.ngram_share) / model.temperature / np.sqrt(len(model.members))
    for number, (weights, guard) in enumerate(zip_longest(model.members, model.word_guards), start=1):
        members.append(_member(model, weights, guard, float(weight), tables, f"network{number}"))
    network = {key: value for key, value in asdict(model.network).items() if key != "pretrained"}
    description = {
        "labels": list(model.labels.names),
        "kind": model.labels.kind,
        "thresholds": model.rule.thresholds.tolist(),
        "at_least_one": model.rule.at_least_one,
        "temperature": model.temperature,
        "ngram_share": model.ngram_share,
        "network": network,
        "members": members,
        "tokenizer": asdict(model.tokenizer) | {"tables": tokenizer_tables(model.tokenizer)},
        "unknown": UNKNOWN_TOKEN,
        "max_units": MAX_UNITS,
        "ngrams": None if model.ngrams is None else _ngrams(model.ngrams, model, tables),
    }
    return PageContent(description, tables)


def _member(
    model: SavedModel, weights: Weights, guard: RowGuard | None, weight: float, tables: dict[str, bytes], name: str
) -> dict[str, Any]:
    """Add the tables of one network, and return the names and shapes of its weights, in order."""
    vectors = rounded(model.network, weights, guard, weight)
    own: dict[str, NDArray[np.floating]] = {"scales": vectors.scales}
    for key, value in weights.items():
        if key == EMBEDDING:
            continue
        is_input = key.startswith("recurrent.layers.0.") and key.endswith("weight_input")
        own[key] = value.astype(np.float64) @ vectors.back.T if is_input else value
    tables[f"{name}-vectors"] = integers(vectors.numbers.T)
    tables[f"{name}-weights"] = floats(np.concatenate([np.asarray(value).reshape(-1) for value in own.values()]))
    return {
        "name": name,
        "rank": vectors.numbers.shape[1],
        "weights": [[key, list(value.shape)] for key, value in own.items()],
    }


def _ngrams(table: NgramTable, model: SavedModel, tables: dict[str, bytes]) -> dict[str, Any]:
    """Add the rows in use, and return the description of the n-grams."""
    rows = np.asarray(table.rows)
    is_used = rows.any(axis=1)
    used = rows[is_used].astype(np.float64)
    step = NGRAM_STEP * model.temperature / max(model.ngram_share, 1e-3)
    tables["ngrams-used"] = np.packbits(is_used, bitorder="little").tobytes()
    tables["ngrams-idf"] = floats(used[:, 0])
    tables["ngrams-weights"] = integers(np.rint(used[:, 1:] / step).T)
    return {
        "sizes": [table.sizes.start, table.sizes.stop],
        "buckets": len(rows),
        "rows": len(used),
        "step": step,
        "intercepts": table.intercepts.tolist(),
        "has_marks": table.kinds is not FeatureKinds.ADJACENT,
        "over_one_weight": features.OVER_ONE_WEIGHT,
        "max_characters": features.MAX_CHARACTERS,
        "word_seed": features.WORD_SEED,
        "mark": str(features.MARK_CODE),
        "factors": [str(each) for each in (features.FIRST_FACTOR, features.SECOND_FACTOR, features.OVER_ONE_FACTOR)],
        "negation": _negation() if table.kinds is FeatureKinds.NEGATED else None,
    }


def _negation() -> dict[str, Any]:
    return {
        "scope": negation.SCOPE,
        "negations": sorted(negation.NEGATIONS),
        "clauses": sorted(negation.CLAUSES),
        "function_words": sorted(negation.FUNCTION_WORDS),
        "plane": negation.PRIVATE_PLANE,
        "mask": negation.PLANE_MASK,
    }
