"""What can be wrong between settings that are each right by themselves."""

from lstmcli.config.model_settings import label_kind
from lstmcli.config.settings import SCORES_BY_KIND, Config

KeyPath = tuple[str, ...]
Check = tuple[bool, list[KeyPath], str]  # whether it is wrong, the keys that may have caused it, and the message


def contradictions(config: Config, *, needs_labels: bool, needs_rows: bool = True) -> list[tuple[list[KeyPath], str]]:
    """Return what is wrong between keys: the keys that may have caused it, and the message."""
    checks = (
        (_source_checks(config, needs_labels=needs_labels) if needs_rows else [])
        + _data_checks(config, needs_labels=needs_labels)
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
            "data.train: no training file is named; name a FILE, or a config with one."
            if needs_labels
            else "pretraining.texts: no file of texts is named; name a FILE, or set data.train.",
        ),
    ]


def _data_checks(config: Config, *, needs_labels: bool) -> list[Check]:
    data = config.data
    return [
        (
            bool(data.labels) and data.label_separator is not None,
            [("data", "labels"), ("data", "label_separator")],
            "data.labels and data.label_separator exclude each other: 0/1 columns need no separator.",
        ),
        (
            len(set(data.labels)) != len(data.labels),
            [("data", "labels")],
            "data.labels: a column is named twice.",
        ),
        (
            data.unlabelled == "keep" and data.label_separator is None,
            [("data", "unlabelled")],
            "data.unlabelled=keep needs data.label_separator: only there can a text have no label at all.",
        ),
        (
            config.decision.thresholds == "f1" and not data.labels and data.label_separator is None,
            [("decision", "thresholds")],
            "decision.thresholds=f1 has no use where a text has exactly one label: the most probable one is picked.",
        ),
        (
            data.format == "text" and needs_labels,
            [("data", "format")],
            "data.format: a text file has no label column; choose csv, tsv or jsonl.",
        ),
    ]


def _training_checks(config: Config) -> list[Check]:
    training, scores = config.training, SCORES_BY_KIND[label_kind(config.data)]
    return [
        (
            training.metric not in scores,
            [("training", "metric")],
            f"training.metric={training.metric} does not suit these labels; choose one of {', '.join(scores)}.",
        ),
        (
            training.device == "cuda" and training.engine == "kernels",
            [("training", "engine"), ("training", "device")],
            "training.engine=kernels runs on a CPU; set training.device=cpu, or leave the engine out.",
        ),
    ]


def _model_checks(config: Config) -> list[Check]:
    embedding, ngrams = config.embedding, config.ngrams
    return [
        (
            embedding.vectors is not None and config.model.pretrained is not None,
            [("embedding", "vectors"), ("model", "pretrained")],
            "embedding.vectors and model.pretrained exclude each other: both say where word vectors start. Give the "
            "vector file to `lstmcli pretrain`.",
        ),
        (
            embedding.frozen and embedding.vectors is None and config.model.pretrained is None,
            [("embedding", "frozen"), ("embedding", "vectors")],
            "embedding.frozen needs embedding.vectors or model.pretrained: a random table must be trained.",
        ),
        (
            0 < ngrams.max_characters < ngrams.min_characters,
            [("ngrams", "min_characters"), ("ngrams", "max_characters")],
            f"ngrams.max_characters is {ngrams.max_characters}, below ngrams.min_characters "
            f"({ngrams.min_characters}); 0 leaves n-grams of characters out.",
        ),
    ]
