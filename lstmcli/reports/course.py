"""What a training says on stderr about its rows, words and network before the first epoch."""

import math
from collections.abc import Sequence

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import NgramSettings
from lstmcli.corpus.examples import ReadReport
from lstmcli.corpus.label_set import LabelSet
from lstmcli.errors import counted
from lstmcli.reports.console import Reporter, describe_overlap, describe_rows
from lstmcli.reports.tables import SCORE_TITLES

MAX_LABELS_SHOWN = 12


def report_rows(
    files: tuple[ReadReport, ...],
    parts: tuple[ReadReport, ...],
    overlaps: tuple[tuple[str, str, int], ...],
    reporter: Reporter,
) -> None:
    """Say what was read from `files`, into which `parts` one was split, and which splits share texts."""
    for file in files:
        reporter.rows(file)
    if parts:
        reporter.line("split", "; ".join(map(describe_rows, parts)))
    for overlap in overlaps:
        reporter.line("note", describe_overlap(overlap))


def report_labels(labels: LabelSet, notes: Sequence[str], reporter: Reporter) -> None:
    """Say which labels there are, and `notes` on them."""
    names = ", ".join(labels.names[:MAX_LABELS_SHOWN])
    num_hidden = len(labels.names) - MAX_LABELS_SHOWN
    more = f" and {num_hidden} more" if num_hidden > 0 else ""
    reporter.line("labels", f"{len(labels.names)} ({labels.kind}): {names}{more}")
    for note in notes:
        reporter.line("note", note)


def report_words(num_words: int, num_tokens: int, unknown_share: float, reporter: Reporter) -> None:
    """Say how large the vocabulary is and what it misses."""
    reporter.line("words", f"{num_words:,} words; {num_tokens:,} training tokens, {unknown_share:.1%} of them unknown")


def report_vectors(path: str, coverage: float, num_known: int, num_further: int, reporter: Reporter) -> None:
    """Say what a vector file or a pretraining covers."""
    reporter.line(
        "start",
        f"{path}: cover {coverage:.1%} of the training tokens ({num_known:,} words); "
        f"{num_further:,} further words for prediction",
    )


def report_ngrams(
    settings: NgramSettings, num_buckets: int, strength: float, num_left_out: int, reporter: Reporter
) -> None:
    """Say what the n-gram path looks at."""
    letters = f", {settings.min_characters} to {settings.max_characters} letters" if settings.max_characters else ""
    left_out = f"; {num_left_out:,} training texts left out for memory" if num_left_out else ""
    reporter.line(
        "n-grams",
        f"of 1 and 2 words{letters}: a table of {num_buckets:,} rows, strength {strength:g} on validation{left_out}",
    )


def report_model(settings: ModelSettings, num_parameters: int, reporter: Reporter, *, is_classifier: bool) -> None:
    """Say what the network looks like; a language model pools nothing."""
    directions = "both directions" if settings.bidirectional else "one direction"
    layers = "1 layer" if settings.layers == 1 else f"{settings.layers} layers"
    pieces = f", long texts in pieces of {settings.chunk_tokens} tokens" if settings.chunk_tokens else ""
    pooling = f", {settings.pooling} pooling" if is_classifier else ""
    reporter.line(
        "model",
        f"{settings.cell}, {layers} of {settings.hidden_size}, {directions}{pieces}{pooling}: "
        f"{num_parameters:,} parameters",
    )


def report_schedule(
    batch_size: int, num_epochs: int, num_texts: int, learning_rate: float, adversarial: float, reporter: Reporter
) -> None:
    """Say how long and how fast training will be."""
    updates = counted(math.ceil(num_texts / batch_size), "update")
    texts = counted(batch_size, "text")
    reporter.line(
        "plan",
        f"{counted(num_epochs, 'epoch')} of {updates}, {texts} each, learning rate {learning_rate:.2g}"
        + (f", adversarial shift {adversarial:.2g}" if adversarial else ""),
    )


def report_parts(metric: str, network: float, ngrams: float, both: float, share: float, reporter: Reporter) -> None:
    """Say what each path is worth alone, and what they are together."""
    reporter.line(
        "parts",
        f"validation {SCORE_TITLES[metric]} of the network alone {network:.3f}, of the n-grams alone {ngrams:.3f}, "
        f"of both {both:.3f} (n-grams have {share:.0%} of the logits)",
    )


def report_ensemble(metric: str, singles: list[float], together: float, reporter: Reporter) -> None:
    """Say what each network of an ensemble is worth, and what they are together."""
    each = ", ".join(f"{single:.3f}" for single in singles)
    reporter.line("ensemble", f"validation {SCORE_TITLES[metric]} of each network {each}; of all {together:.3f}")
