"""What a run directory says about itself, gathered without computing anything."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from lstmcli.config.model_settings import DataSettings, LabelKind, Measure, ModelSettings
from lstmcli.config.settings import Config
from lstmcli.data.sealed import SealedFolder, parse_json, reason_of
from lstmcli.errors import RunDirectoryError
from lstmcli.lexicons.storing import StoredLexicon, stored_lexicon
from lstmcli.store.checks import number_in
from lstmcli.store.description import check_text
from lstmcli.store.first_network import Imitation, read_first_network
from lstmcli.store.language_model import Learned, read_language_model
from lstmcli.store.layout import (
    BASELINES_FOLDER,
    CONFIG_FILE,
    DESCRIPTION_FILE,
    FOLDS_FILE,
    LANGUAGE_DESCRIPTION_FILE,
    LANGUAGE_FOLDER,
    METRICS_FILE,
)
from lstmcli.store.model import SavedModel, find_model, read_model
from lstmcli.store.run_directory import RunDirectory
from lstmcli.store.verify import MAX_REPORT_BYTES

RunKind = Literal["classifier", "pretraining", "cross-validation", "unfinished"]

# The shares of the labels among the training rows, as the majority baseline has them.
MAJORITY_FILE: Final = "majority.json"

# The facts that are numbers, if a run has them.
NUMBERS: Final = {"train_rows", "best_epoch", "epochs", "parameters", "rows", "folds", "texts", "frequency_perplexity"}
NUMBERS_OF_TEXTS: Final = {"median_tokens", "unknown_words"}

Interval = tuple[float, float, float]  # a score and the ends of its interval


@dataclass(frozen=True)
class Scored:
    """The scores on one file.

    Attributes:
        name: of the file.
        num_rows: that were scored.
        is_tuned_on: whether the epoch and the decision rule were chosen on these rows.
        confidence: of the intervals.
        main_score: in which systems are compared.
        scores: system -> score -> value and interval; the first system is the model.
    """

    name: str
    num_rows: int
    is_tuned_on: bool
    confidence: float
    main_score: str
    scores: dict[str, dict[str, Interval]]


@dataclass(frozen=True)
class Classifier:
    """A trained model.

    Attributes:
        labels: their names.
        label_kind: how many of them a text may have.
        label_shares: of the training rows, by label; empty if the run does not say.
        thresholds: by label, for several labels per text or yes/no columns, otherwise empty.
        threshold_origins: by label, where each comes from; empty if the model does not say.
        group_thresholds: by label, for answers on groups of texts; empty if none were chosen.
        network: its shape.
        num_networks: more than one for an ensemble.
        num_words: with a vector of their own.
        ngram_share: the weight of the n-grams, or None without them.
        ngram_sizes: the shortest and the longest character n-grams; None without them.
        columns: what prediction reads.
        measure: what the predicted one of ordered labels is best for; None: they have no order.
        lexicons: whose words the model contains.
        first_network: how well the small network that `predict --fast` asks first imitates the model; None without one.
    """

    labels: tuple[str, ...]
    label_kind: LabelKind
    label_shares: dict[str, float]
    thresholds: dict[str, float]
    threshold_origins: dict[str, str]
    network: ModelSettings
    num_networks: int
    num_words: int
    ngram_share: float | None
    ngram_sizes: tuple[int, int] | None
    columns: DataSettings
    group_thresholds: dict[str, float] = field(default_factory=dict)
    measure: Measure | None = None
    lexicons: tuple[StoredLexicon, ...] = ()
    first_network: Imitation | None = None


@dataclass(frozen=True)
class LanguageModel:
    """A pretrained network: its shape, its words, and what it has learned."""

    network: ModelSettings
    num_words: int
    learned: Learned


@dataclass(frozen=True)
class Information:
    """A run.

    Attributes:
        path: as it was given.
        kind: what it is.
        is_finished: whether its recipe has ended; true for a copied model folder.
        written_by: the release that wrote the model, "" if that is not said.
        format_version: of the model, or None without one.
        finished: when the recipe ended, in ISO form, "" if that is not known.
        model_bytes: size of the model's folder.
        total_bytes: size of everything.
        facts: the plain values of metrics.json.
        evaluations: the scores in metrics.json.
        config: of the run; None for a copied model folder.
        classifier: only of a run that is one.
        language_model: only of a pretraining.
    """

    path: Path
    kind: RunKind
    is_finished: bool
    written_by: str
    format_version: int | None
    finished: str
    model_bytes: int
    total_bytes: int
    facts: dict[str, str | float]
    evaluations: tuple[Scored, ...]
    config: Config | None
    classifier: Classifier | None = None
    language_model: LanguageModel | None = None


def read_information(run: Path) -> Information:
    """Gather what there is to know about a run directory or a model folder.

    Raises:
        RunDirectoryError: there is none, or a newer lstmcli wrote it.
        DamagedFileError: a file is damaged.
    """
    kind = _kind(run)
    folder = find_model(run) if kind == "classifier" else run / LANGUAGE_FOLDER
    facts, evaluations = _metrics(run)
    has_config = (run / CONFIG_FILE).is_file()
    config = RunDirectory(run).read_config(needs_labels=False, needs_rows=False) if has_config else None
    model = read_model(run) if kind == "classifier" else None
    description = _description(folder, LANGUAGE_DESCRIPTION_FILE if model is None else DESCRIPTION_FILE)
    return Information(
        path=run,
        kind=kind,
        is_finished=folder == run or (run / METRICS_FILE).is_file(),
        written_by=str(description.get("written_by", "")),
        format_version=description.get("format_version"),
        finished=_finished(run),
        model_bytes=_size(folder),
        total_bytes=_size(run),
        facts=facts,
        evaluations=evaluations,
        config=config,
        classifier=None if model is None else _classifier(model, run),
        language_model=_language_model(run) if kind == "pretraining" else None,
    )


def _kind(run: Path) -> RunKind:
    try:
        find_model(run)
    except RunDirectoryError:
        if (run / LANGUAGE_FOLDER / LANGUAGE_DESCRIPTION_FILE).is_file():
            return "pretraining"
        if (run / FOLDS_FILE).is_file():
            return "cross-validation"
        if RunDirectory(run).is_run:
            return "unfinished"
        raise
    return "classifier"


def _description(folder: Path, name: str) -> Mapping[str, Any]:
    if not (folder / name).is_file():
        return {}
    content = SealedFolder(folder, within=folder.parent).read_json(name)
    return content if isinstance(content, dict) else {}


def _classifier(model: SavedModel, run: Path) -> Classifier:
    rule, ngrams, names = model.rule, model.ngrams, model.labels.names
    first = read_first_network(run, model)
    of_groups = [] if model.group_rule is None else model.group_rule.thresholds.tolist()
    has_thresholds = model.labels.kind in {"multi", "traits"}
    ngram_share = model.ngram_share if model.scores is None else model.scores.ngram_share
    return Classifier(
        labels=names,
        label_kind=model.labels.kind,
        label_shares=_shares(run, names),
        thresholds=dict(zip(names, rule.thresholds.tolist(), strict=True)) if has_thresholds else {},
        threshold_origins=dict(zip(names, rule.origins, strict=True)) if has_thresholds and rule.origins else {},
        group_thresholds=dict(zip(names, of_groups, strict=False)),
        network=model.network,
        num_networks=len(model.members),
        num_words=len(model.vocabulary),
        ngram_share=None if ngrams is None else ngram_share,
        ngram_sizes=None if ngrams is None or not ngrams.sizes else (ngrams.sizes.start, ngrams.sizes.stop - 1),
        columns=model.columns,
        measure=rule.measure if model.labels.is_ordered else None,
        lexicons=() if model.features is None else tuple(map(stored_lexicon, model.features.lexicons)),
        first_network=None if first is None else first.imitation,
    )


def _shares(run: Path, names: tuple[str, ...]) -> dict[str, float]:
    """Return the share of the training rows that have each label, if the run has baselines."""
    place = run / BASELINES_FOLDER
    if not (place / MAJORITY_FILE).is_file():
        return {}
    folder = SealedFolder(place, within=run)
    try:
        shares = folder.read_json(MAJORITY_FILE)["shares"]
        return {name: number_in(share, "shares", (0.0, 1.0)) for name, share in zip(names, shares, strict=True)}
    except (ValueError, KeyError, TypeError) as error:
        raise folder.damaged(MAJORITY_FILE, f"is damaged ({reason_of(error)})") from None


def _language_model(run: Path) -> LanguageModel:
    model = read_language_model(run)
    return LanguageModel(model.network, len(model.vocabulary), model.learned)


def _metrics(run: Path) -> tuple[dict[str, str | float], tuple[Scored, ...]]:
    """Return the facts and the scores of metrics.json; none of a run that has not finished."""
    if not (run / METRICS_FILE).is_file():
        return {}, ()
    folder = SealedFolder(run)
    try:
        metrics = parse_json(folder.read(METRICS_FILE, most=MAX_REPORT_BYTES))
        facts = {
            check_text(key, METRICS_FILE): value for key, value in metrics.items() if type(value) in (int, float, str)
        }
        for key in (NUMBERS | NUMBERS_OF_TEXTS) & set(facts):
            number_in(facts[key], key, (0, 2**53))
        return facts, tuple(map(_scored, metrics.get("evaluations", {}).values()))
    except (ValueError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise folder.damaged(METRICS_FILE, f"is damaged ({reason_of(error)})") from None


def _scored(stored: Mapping[str, Any]) -> Scored:
    scores = {
        check_text(system, METRICS_FILE): {
            name: _interval(estimate) for name, estimate in estimates.items() if estimate is not None
        }
        for system, estimates in stored["scores"].items()
    }
    return Scored(
        name=check_text(stored["name"], METRICS_FILE),
        num_rows=int(number_in(stored["num_rows"], "num_rows", (0, 2**53))),
        is_tuned_on=bool(stored["is_tuned_on"]),
        confidence=number_in(stored["confidence"], "confidence", (0.0, 1.0)),
        main_score=check_text(stored["main_score"], METRICS_FILE),
        scores=scores,
    )


def _interval(estimate: Mapping[str, Any]) -> Interval:
    value, low, high = (number_in(estimate[key], key, (-1e300, 1e300)) for key in ("value", "low", "high"))
    return value, low, high


def _finished(run: Path) -> str:
    """Return the time of the file that is written last; no file may hold a time, since resumed runs equal others."""
    path = run / METRICS_FILE
    if not path.is_file():
        return ""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


def _size(folder: Path) -> int:
    """Return the size of all files in a folder, links not followed."""
    return sum(
        (Path(place) / name).lstat().st_size for place, _, names in os.walk(folder, followlinks=False) for name in names
    )
