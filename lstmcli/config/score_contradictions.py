"""Checks of settings that contradict `data.scores`: numbers as targets instead of labels."""

from lstmcli.config.keys import KeyPath
from lstmcli.config.settings import Config

Check = tuple[bool, list[KeyPath], str]  # see `contradictions`

ONLY_LABELS = "applies to labels, and data.scores are numbers; remove one of them."

# Settings that say that labels are learned, and which.
LABELS = {
    "label": "a column of labels",
    "labels": "yes/no columns",
    "label_separator": "several labels per text",
    "label_map": "labels merged into groups",
    "annotators": "labels of several annotators",
    "soft_labels": "probabilities of labels",
}


def score_checks(config: Config) -> list[Check]:
    """Return the checks of a config with `data.scores`, and of one setting that means nothing without."""
    data, training, default = config.data, config.training, Config()
    if not data.scores:
        is_set = training.score_loss != default.training.score_loss
        return [(is_set, [("training", "score_loss")], "training.score_loss: applies to scores; set data.scores.")]
    combined: list[Check] = [
        (
            getattr(data, key) != getattr(default.data, key),
            [("data", key), ("data", "scores")],
            f"data.{key} and data.scores can't be combined: a model predicts either {what} or scores.",
        )
        for key, what in LABELS.items()
    ]
    return [
        *combined,
        (len(set(data.scores)) != len(data.scores), [("data", "scores")], "data.scores: duplicate column."),
        (
            any(not name.strip() or name != " ".join(name.split()) for name in data.scores),
            [("data", "scores")],
            "data.scores: a name is empty, or has spaces at its ends or line breaks; rename the column.",
        ),
        (
            data.text in data.scores,
            [("data", "text"), ("data", "scores")],
            f"data.scores: column {data.text!r} is also set as data.text.",
        ),
        (
            training.class_weights != default.training.class_weights,
            [("training", "class_weights")],
            f"training.class_weights: {ONLY_LABELS}",
        ),
        (
            config.decision.thresholds not in ("auto", "half"),
            [("decision", "thresholds")],
            f"decision.thresholds: {ONLY_LABELS}",
        ),
    ]
