"""Checks of settings that are valid on their own but contradict each other."""

from lstmcli.config.keys import KeyPath
from lstmcli.config.lexicon_contradictions import lexicon_checks
from lstmcli.config.model_settings import (
    AUTOMATIC_START,
    MAX_RECURRENT_WEIGHTS,
    NO_START,
    label_kind,
    num_recurrent_weights,
)
from lstmcli.config.ordered_contradictions import ordered_checks
from lstmcli.config.row_contradictions import row_column_checks
from lstmcli.config.score_contradictions import score_checks
from lstmcli.config.settings import SCORES_BY_KIND, Config
from lstmcli.config.thresholds import unknown_labels

# Values of `model.pretrained` that name nothing to start from.
NOT_CHOSEN = (AUTOMATIC_START, NO_START, None)

Check = tuple[bool, list[KeyPath], str]  # whether it failed, the keys involved, and the message


def contradictions(config: Config, *, needs_labels: bool, needs_rows: bool = True) -> list[tuple[list[KeyPath], str]]:
    """Return the failed checks: the keys involved and the message of each."""
    checks = (
        (_source_checks(config, needs_labels=needs_labels) if needs_rows else [])
        + _label_checks(config)
        + _row_checks(config, needs_labels=needs_labels)
        + _level_checks(config)
        + row_column_checks(config)
        + score_checks(config)
        + ordered_checks(config)
        + lexicon_checks(config)
        + _training_checks(config)
        + _model_checks(config)
    )
    return [(keys, message) for wrong, keys, message in checks if wrong]


def _source_checks(config: Config, *, needs_labels: bool) -> list[Check]:
    has_texts = bool(config.pretraining.texts)
    return [
        (
            config.data.train is None and (needs_labels or not has_texts),
            [("data", "train")],
            "data.train: no training file given; pass a FILE, or a config that sets data.train."
            if needs_labels
            else "pretraining.texts: no file of texts given; pass a FILE, or set data.train.",
        ),
    ]


def _label_checks(config: Config) -> list[Check]:
    data = config.data
    return [
        (
            bool(data.labels) and data.label_separator is not None,
            [("data", "labels"), ("data", "label_separator")],
            "data.labels and data.label_separator can't be combined: yes/no columns need no separator.",
        ),
        (
            bool(data.annotators) and bool(data.labels or data.soft_labels),
            [("data", "annotators"), ("data", "labels"), ("data", "soft_labels")],
            "data.annotators can't be combined with data.labels or data.soft_labels: each annotator's column holds "
            "labels, and the shares of their votes are the target.",
        ),
        (
            data.label_map is not None and bool(data.labels or data.soft_labels),
            [("data", "label_map"), ("data", "labels"), ("data", "soft_labels")],
            "data.label_map can't be combined with data.labels or data.soft_labels: it merges the labels of a column "
            "(data.label) or of annotators.",
        ),
        (
            len(set(data.annotators)) != len(data.annotators),
            [("data", "annotators")],
            "data.annotators: duplicate column.",
        ),
        (
            len(set(data.labels)) != len(data.labels),
            [("data", "labels")],
            "data.labels: duplicate column.",
        ),
    ]


def _row_checks(config: Config, *, needs_labels: bool) -> list[Check]:
    data = config.data
    label_columns = data.scores or data.labels or data.annotators or (data.label,)
    return [
        (
            data.unlabelled == "keep" and data.label_separator is None,
            [("data", "unlabelled")],
            "data.unlabelled=keep requires data.label_separator; otherwise every text has at least one label.",
        ),
        (
            config.decision.thresholds not in ("auto", "half") and label_kind(data) == "single",
            [("decision", "thresholds")],
            "decision.thresholds: does not apply to single labels, where the most probable label is predicted. To "
            "leave uncertain texts without a label, use `lstmcli predict --min-confidence X`.",
        ),
        (
            bool(data.labels and unknown_labels(config.decision.thresholds, data.labels)),
            [("decision", "thresholds")],
            " ".join(unknown_labels(config.decision.thresholds, data.labels)),
        ),
        (
            data.weight is not None and data.weight in {data.text, *label_columns},
            [("data", "weight")],
            f"data.weight: column {data.weight!r} is also that of the texts or of what is learned.",
        ),
        (
            data.format == "text" and needs_labels,
            [("data", "format")],
            "data.format: a text file has no label column; choose csv, tsv or jsonl.",
        ),
    ]


def _level_checks(config: Config) -> list[Check]:
    is_of_groups, kind = config.decision.level == "group", label_kind(config.data)
    return [
        (
            is_of_groups and kind != "traits",
            [("decision", "level"), ("data", "labels")],
            "decision.level=group: is for yes/no columns (data.labels), whose thresholds it chooses for answers on "
            "whole groups.",
        ),
        (
            is_of_groups and kind == "traits" and config.data.group is None,
            [("decision", "level"), ("data", "group")],
            "decision.level=group requires data.group, the column that says whose text a row is.",
        ),
    ]


def _training_checks(config: Config) -> list[Check]:
    training, kind = config.training, label_kind(config.data)
    # Scores have only one: the default stands for it.
    metrics = (Config().training.metric,) if kind == "scores" else SCORES_BY_KIND[kind]
    return [
        (
            training.metric not in metrics,
            [("training", "metric")],
            "training.metric: applies to labels; with data.scores, the mean squared error selects the best epoch."
            if kind == "scores"
            else f"training.metric={training.metric} is not available for this kind of labels; choose one of "
            f"{', '.join(metrics)}.",
        ),
        (
            training.device == "cuda" and training.engine == "kernels",
            [("training", "engine"), ("training", "device")],
            "training.engine=kernels requires a CPU; set training.device=cpu, or remove training.engine.",
        ),
    ]


def _model_checks(config: Config) -> list[Check]:
    embedding, ngrams = config.embedding, config.ngrams
    num_weights = num_recurrent_weights(config.model, embedding.size or 1)
    return [
        (
            embedding.vectors is not None and config.model.pretrained not in NOT_CHOSEN,
            [("embedding", "vectors"), ("model", "pretrained")],
            "embedding.vectors and model.pretrained can't be combined: both set the initial word vectors. Pass the "
            "vector file to `lstmcli pretrain` instead.",
        ),
        (
            embedding.frozen and embedding.vectors is None and config.model.pretrained in NOT_CHOSEN,
            [("embedding", "frozen"), ("embedding", "vectors")],
            "embedding.frozen requires embedding.vectors or model.pretrained: random vectors must be trained.",
        ),
        (
            0 < ngrams.max_characters < ngrams.min_characters,
            [("ngrams", "min_characters"), ("ngrams", "max_characters")],
            f"ngrams.max_characters is {ngrams.max_characters}, below ngrams.min_characters "
            f"({ngrams.min_characters}). To turn character n-grams off, set it to 0.",
        ),
        (
            num_weights > MAX_RECURRENT_WEIGHTS,
            [("model", "hidden_size"), ("model", "layers")],
            f"model.hidden_size={config.model.hidden_size} and model.layers={config.model.layers} make "
            f"{num_weights / 1e9:,.1f} billion weights, expected at most {MAX_RECURRENT_WEIGHTS / 1e9:.1f} billion; "
            "reduce one of them.",
        ),
    ]
