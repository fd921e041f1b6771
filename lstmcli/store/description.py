"""`model.json`: everything about a model but its words and numbers, checked value by value when it is read."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import DataSettings, FormatName, LabelKind, ModelSettings, TokenizerSettings
from lstmcli.corpus.label_map import LabelMap, MapInUse
from lstmcli.corpus.label_set import LabelSet
from lstmcli.metrics.decisions import DecisionRule
from lstmcli.metrics.score_outputs import NO_RULE, ScoreOutputs
from lstmcli.ngrams.row_features import FittedFeatures
from lstmcli.ngrams.table import FeatureKinds
from lstmcli.store.checks import TEMPERATURES, check_values, number_in, numbers_in
from lstmcli.store.feature_description import features_from_dict, features_to_dict
from lstmcli.store.order_description import in_order, measure_from_dict, order_to_dict
from lstmcli.store.score_description import scores_from_dict, scores_to_dict

# The settings of columns that are stored for later use by `evaluate` and `predict`.
COLUMN_KEYS = ("text", "label", "labels", "label_separator", "format", "encoding")
REQUIRED_COLUMN_KEYS = COLUMN_KEYS[:4]
COLUMN_LISTS = ("labels", "annotators", "text_before")

MAX_LOGIT = 1e9
MAX_NGRAM_SIZE = 32


class NgramDescription(NamedTuple):
    """The n-gram model without its table.

    Attributes:
        share: its weight in the mixture with the networks.
        sizes: of the character n-grams.
        intercepts: (outputs,).
        kinds: its features.
    """

    share: float
    sizes: range
    intercepts: NDArray[np.float64]
    kinds: FeatureKinds


class Description(NamedTuple):
    """What `model.json` says. Attributes are as in `SavedModel`; `num_members` is the number of networks."""

    network: ModelSettings
    num_members: int
    tokenizer: TokenizerSettings
    labels: LabelSet
    rule: DecisionRule
    temperature: float
    columns: DataSettings
    ngrams: NgramDescription | None
    scores: ScoreOutputs | None = None
    group_rule: DecisionRule | None = None
    features: FittedFeatures | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the description as it is stored; with scores, there are no thresholds, and no temperature."""
        found: dict[str, Any] = {
            "network": {key: value for key, value in asdict(self.network).items() if key != "pretrained"},
            "members": self.num_members,
            "tokenizer": asdict(self.tokenizer),
            "labels": list(self.labels.names),
            "label_kind": self.labels.kind,
        }
        found |= order_to_dict(self.labels, self.rule)
        if self.scores is None:
            found["thresholds"] = self.rule.thresholds.tolist()
            found["at_least_one"] = self.rule.at_least_one
            found["temperature"] = self.temperature
        else:
            found["scores"] = scores_to_dict(self.scores)
        found["columns"] = _columns_to_dict(self.columns)
        if self.rule.origins:
            found["threshold_origins"] = list(self.rule.origins)
        if self.group_rule is not None:
            found["group_thresholds"] = self.group_rule.thresholds.tolist()
            found["group_threshold_origins"] = list(self.group_rule.origins)
        if self.ngrams is not None:
            found["ngrams"] = {
                "share": self.ngrams.share,
                "sizes": [self.ngrams.sizes.start, self.ngrams.sizes.stop],
                "intercepts": self.ngrams.intercepts.tolist(),
                "pairs": int(self.ngrams.kinds),
            }
        if self.features is not None:
            found["features"] = features_to_dict(self.features)
        return found

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Description":
        """Read what `to_dict` returned, which may be of unknown origin.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: a value is missing, or not what it should be.
        """
        labels = _labels(stored)
        num_labels, has_scores = len(labels.names), labels.kind == "scores"
        network, tokenizer = ModelSettings(**stored["network"]), TokenizerSettings.stored(stored["tokenizer"])
        check_values(network)
        check_values(tokenizer)
        features = features_from_dict(stored["features"], labels.num_outputs) if "features" in stored else None
        return cls(
            network=network,
            num_members=_number_of_networks(stored.get("members", 1)),
            tokenizer=tokenizer,
            labels=labels,
            rule=NO_RULE if has_scores else _rule(stored, labels),
            temperature=1.0 if has_scores else number_in(stored["temperature"], "temperature", TEMPERATURES),
            columns=replace(_columns(stored["columns"], labels), features=() if features is None else features.columns),
            ngrams=_ngrams(stored["ngrams"], labels.num_outputs) if "ngrams" in stored else None,
            scores=scores_from_dict(stored["scores"], num_labels) if has_scores else None,
            group_rule=_group_rule(stored, labels) if "group_thresholds" in stored else None,
            features=features,
        )


def _columns_to_dict(columns: DataSettings) -> dict[str, Any]:
    found: dict[str, Any] = {key: getattr(columns, key) for key in COLUMN_KEYS}
    if columns.text_before:
        found["text_before"] = list(columns.text_before)
    if columns.annotators:
        found["annotators"] = list(columns.annotators)
    if isinstance(columns.label_map, MapInUse):
        groups = {label: list(own) for label, own in columns.label_map.groups.items()}
        found["label_map"] = {"name": str(columns.label_map), "groups": groups}
    return found


def _rule(stored: Mapping[str, Any], labels: LabelSet) -> DecisionRule:
    if type(stored["at_least_one"]) is not bool:
        raise ValueError(f"at_least_one is {stored['at_least_one']!r:.80}")
    num_labels = len(labels.names)
    thresholds = numbers_in(stored["thresholds"], num_labels, "thresholds", (0.0, 1.0))
    measure, cuts = measure_from_dict(stored, labels)
    origins = _origins(stored, "threshold_origins", num_labels)
    return DecisionRule(labels.kind, thresholds, stored["at_least_one"], origins, measure, cuts)


def _labels(stored: Mapping[str, Any]) -> LabelSet:
    labels = LabelSet(_label_names(stored["labels"]), stored["label_kind"], stored.get("ordered", False))
    if labels.kind not in get_args(LabelKind):
        raise ValueError(f"label_kind is {labels.kind!r:.80}")
    return in_order(labels)


def _group_rule(stored: Mapping[str, Any], labels: LabelSet) -> DecisionRule:
    num_labels = len(labels.names)
    if labels.kind != "traits":
        raise ValueError(f"group_thresholds of labels of kind {labels.kind!r}")
    thresholds = numbers_in(stored["group_thresholds"], num_labels, "group_thresholds", (0.0, 1.0))
    return DecisionRule(labels.kind, thresholds, origins=_origins(stored, "group_threshold_origins", num_labels))


def _origins(stored: Mapping[str, Any], key: str, num_labels: int) -> tuple[str, ...]:
    """Return where each threshold comes from; older models do not say."""
    origins = stored.get(key, [])
    if not isinstance(origins, list) or len(origins) not in (0, num_labels):
        raise ValueError(f"{key}: expected {num_labels} texts")
    return tuple(check_text(origin, key) for origin in origins)


def _number_of_networks(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"members is {value!r:.80}, expected the number of networks")
    return value


def check_text(value: Any, name: str) -> str:
    """Return a text that can be shown and written.

    Raises:
        ValueError: it is not text, or contains control characters or lone surrogates.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name}: expected text, got {value!r:.80}")
    if any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in value):
        raise ValueError(f"{name} {value!r:.80} contains control characters")
    return value


def _label_names(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not names:
        raise ValueError("labels: expected a list of names")
    for name in names:
        if not check_text(name, "label").strip():
            raise ValueError("a label is empty")
    if len(set(names)) != len(names):
        raise ValueError("two labels are the same")
    return tuple(names)


def _columns(stored: Mapping[str, Any], labels: LabelSet) -> DataSettings:
    # Older models have neither format nor encoding.
    found: dict[str, Any] = {key: stored[key] for key in COLUMN_KEYS if key in stored or key in REQUIRED_COLUMN_KEYS}
    if found.get("format", "auto") not in {"auto", *get_args(FormatName)}:
        raise ValueError(f"format {found['format']!r:.80}")
    _check_name(found.get("encoding", ""))
    found |= {key: stored.get(key, []) for key in ("annotators", "text_before")}
    if not all(isinstance(found[key], list) for key in COLUMN_LISTS):
        raise ValueError("columns: expected a list of labels, of annotators, and of texts before the text")
    for key in ("text", "label"):
        _check_name(found[key])
    for name in (name for key in COLUMN_LISTS for name in found[key]):
        _check_name(name)
    if found["label_separator"] is not None and not (
        isinstance(found["label_separator"], str) and found["label_separator"]
    ):
        raise ValueError(f"label_separator is {found['label_separator']!r:.80}")
    lists = {key: tuple(found[key]) for key in COLUMN_LISTS}
    found["label_map"] = _label_map(stored["label_map"]) if "label_map" in stored else None
    scores = labels.names if labels.kind == "scores" else ()
    return replace(DataSettings(), **found | lists | {"scores": scores})


def _label_map(stored: Mapping[str, Any]) -> MapInUse:
    groups: dict[str, tuple[str, ...]] = {}
    for label, own in stored["groups"].items():
        if not isinstance(own, list) or not own:
            raise ValueError(f"label_map: expected a list of groups of {label!r:.80}")
        groups[check_text(label, "label_map")] = tuple(check_text(each, "label_map") for each in own)
    return MapInUse.of(LabelMap(check_text(stored["name"], "label_map"), groups), is_strict=False)


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise ValueError(f"names of columns: expected text, got {name!r:.80}")
    name.encode()  # a lone surrogate could not be shown


def _ngrams(stored: Mapping[str, Any], num_labels: int) -> NgramDescription:
    sizes = stored["sizes"]
    if not isinstance(sizes, list) or len(sizes) != 2 or any(type(size) is not int for size in sizes):
        raise ValueError(f"sizes of n-grams: {sizes!r:.80}")
    start, stop = sizes
    if not 0 <= start <= stop <= MAX_NGRAM_SIZE:
        raise ValueError(f"sizes of n-grams: from {start} to {stop}")
    return NgramDescription(
        share=number_in(stored["share"], "share of the n-grams", (0.0, 1.0)),
        sizes=range(start, stop),
        intercepts=numbers_in(stored["intercepts"], num_labels, "intercepts", (-MAX_LOGIT, MAX_LOGIT)),
        kinds=_feature_kinds(stored.get("pairs", int(FeatureKinds.ADJACENT))),  # absent before format version 5
    )


def _feature_kinds(stored: Any) -> FeatureKinds:
    if type(stored) is not int or stored not in set(FeatureKinds):
        raise ValueError(f"pairs of n-grams: {stored!r:.80}")
    return FeatureKinds(stored)
