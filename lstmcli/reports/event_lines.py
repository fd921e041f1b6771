"""Events in words: a label and a text for each line that a user reads while a recipe runs."""

from collections.abc import Callable, Mapping
from typing import Any

from lstmcli import events
from lstmcli.errors import counted
from lstmcli.events import RowsRead
from lstmcli.reports.table import SCORE_TITLES

Line = tuple[str, str]

MAX_LABELS_SHOWN = 12


def describe(event: events.Event) -> list[Line]:
    """Return the lines that describe `event`, each a short label and a text; empty for events that are not shown."""
    describer = _DESCRIBERS.get(type(event))
    return [] if describer is None else describer(event)


def describe_rows(rows: RowsRead) -> str:
    """Return "train.csv: 4,812 rows (3 dropped: no label at lines 17, 902, 4001)"."""
    num_dropped = rows.num_rows - rows.num_kept
    reasons = f" ({num_dropped:,} dropped: {_reasons(rows)})" if num_dropped else ""
    return f"{rows.name}: {counted(rows.num_rows, 'row')}{reasons}"


def describe_dropped(rows: RowsRead) -> list[str]:
    """Return a sentence about the dropped rows, if any, to show next to scores on these rows."""
    num_dropped = rows.num_rows - rows.num_kept
    all_rows = counted(rows.num_rows, "row")
    return [f"Not scored: {num_dropped:,} of {all_rows}, {_reasons(rows)}."] if num_dropped else []


def describe_overlap(first: str, second: str, num_texts: int) -> str:
    """Return "12 texts in both train.csv and test.csv; scores on them are inflated."."""
    return f"{counted(num_texts, 'text')} in both {first} and {second}; scores on them are inflated."


def _reasons(rows: RowsRead) -> str:
    return "; ".join(str(finding) for finding in rows.findings if finding.action == "drop")


def _rows_read(event: RowsRead) -> list[Line]:
    kept = [
        ("note", f"{event.name}: {counted(len(finding.lines), 'row')} kept: {finding} (data.{finding.setting})")
        for finding in event.findings
        if finding.action == "keep"
    ]
    return [("read", describe_rows(event)), *kept]


def _rows_split(event: events.RowsSplit) -> list[Line]:
    return [("split", "; ".join(map(describe_rows, event.parts)))]


def _texts_shared(event: events.TextsShared) -> list[Line]:
    return [("note", describe_overlap(event.first, event.second, event.num_texts))]


def _note(event: events.Note) -> list[Line]:
    return [("note", event.text)]


def _labels_found(event: events.LabelsFound) -> list[Line]:
    if event.kind == "scores":
        return [("scores", f"{len(event.names)}: {_first(list(event.names))}")]
    return [("labels", f"{len(event.names)} ({event.kind}): {_first(list(event.names))}")]


def _vocabulary_learned(event: events.VocabularyLearned) -> list[Line]:
    return [
        (
            "words",
            f"{event.num_words:,} words; {event.num_tokens:,} training tokens, {event.unknown_fraction:.1%} unknown",
        )
    ]


def _vectors_used(event: events.VectorsUsed) -> list[Line]:
    further = f"; {event.num_further:,} more words for prediction" if event.num_further else ""
    return [
        (
            "vectors",
            f"{event.source}: {event.num_known:,} words cover {event.coverage:.1%} of the training tokens{further}",
        )
    ]


def _ngrams_fitted(event: events.NgramsFitted) -> list[Line]:
    letters = f", {event.min_characters} to {event.max_characters} characters" if event.max_characters else ""
    negations = ", negated words apart" if event.has_negations else ""
    left_out = f"; {event.num_left_out:,} training texts left out to save memory" if event.num_left_out else ""
    return [
        (
            "n-grams",
            f"1 and 2 words{letters}{negations}: {event.num_buckets:,} hash buckets, C = {event.strength:g} chosen on "
            f"validation rows{left_out}",
        )
    ]


def _network_built(event: events.NetworkBuilt) -> list[Line]:
    directions = "bidirectional" if event.bidirectional else "forward only"
    layers = "1 layer" if event.layers == 1 else f"{event.layers} layers"
    chunks = f", long texts in chunks of {event.chunk_tokens} tokens" if event.chunk_tokens else ""
    pooling = f", {event.pooling} pooling" if event.pooling else ""
    return [
        (
            "model",
            f"{event.cell}, {layers} of {event.hidden_size} units, {directions}{chunks}{pooling}: "
            f"{event.num_parameters:,} parameters",
        )
    ]


def _training_planned(event: events.TrainingPlanned) -> list[Line]:
    adversarial = f", adversarial perturbation {event.adversarial:.2g}" if event.adversarial else ""
    return [
        (
            "plan",
            f"{counted(event.num_epochs, 'epoch')} of {counted(event.num_updates, 'update')}, batches of "
            f"{counted(event.batch_size, 'text')}, learning rate {event.learning_rate:.2g}{adversarial}",
        )
    ]


def _network_started(event: events.NetworkStarted) -> list[Line]:
    return [("network", f"{event.number} of {event.num_networks}, seed {event.seed}")]


def _training_resumed(event: events.TrainingResumed) -> list[Line]:
    return [
        ("resume", f"{event.run}: from epoch {event.epoch}, after {counted(event.num_batches, 'batch', 'batches')}")
    ]


def _epoch_finished(event: events.EpochFinished) -> list[Line]:
    speed = event.num_tokens / max(event.cpu_seconds, 1e-9)
    best = " (best so far)" if event.is_best else ""
    return [
        (
            "epoch",
            f"{event.epoch} of {event.num_epochs}: train loss {event.train_loss:.4f}; validation "
            f"{_scores(event.validation, event.shown)}{best}; {event.cpu_seconds:.1f} s of CPU, {speed:,.0f} tokens/s",
        )
    ]


def _training_finished(event: events.TrainingFinished) -> list[Line]:
    best = f"epoch {event.best_epoch} of {event.num_epochs}: validation {_scores(event.validation, event.shown)}"
    if event.num_waited is None:
        return [("best", best)]
    waited = counted(event.num_waited, "epoch")
    return [("stop", f"no improvement for {waited} (training.patience)"), ("best", best)]


def _ensemble_scored(event: events.EnsembleScored) -> list[Line]:
    each = ", ".join(f"{single:.3f}" for single in event.singles)
    score = SCORE_TITLES[event.score]
    return [("ensemble", f"validation {score}: networks alone {each}; ensemble {event.together:.3f}")]


def _parts_scored(event: events.PartsScored) -> list[Line]:
    return [
        (
            "parts",
            f"validation {SCORE_TITLES[event.score]}: network alone {event.network:.3f}, n-grams alone "
            f"{event.ngrams:.3f}, combined {event.both:.3f} (n-grams carry {event.ngram_weight:.0%} of the weight)",
        )
    ]


def _start_chosen(event: events.StartChosen) -> list[Line]:
    return [("start", f"{event.what} (model.pretrained)")]


def _thresholds_chosen(event: events.ThresholdsChosen) -> list[Line]:
    """Return a line for each origin, with the labels in the order of the corpus."""
    by_origin: dict[str, list[str]] = {}
    for name, threshold, origin in zip(event.names, event.thresholds, event.origins, strict=True):
        by_origin.setdefault(origin, []).append(f"{name} {threshold:.3f}")
    what = f"thresholds for each {event.of}" if event.of else "thresholds"
    return [("decision", f"{what} ({origin}): {_first(labels)}") for origin, labels in by_origin.items()]


def _first(words: list[str]) -> str:
    num_hidden = len(words) - MAX_LABELS_SHOWN
    return ", ".join(words[:MAX_LABELS_SHOWN]) + (f" and {num_hidden} more" if num_hidden > 0 else "")


def _pretraining_started(event: events.PretrainingStarted) -> list[Line]:
    return [("pretrain", f"next-word prediction on {event.num_texts:,} training texts (pretraining.own_texts)")]


def _texts_held_out(event: events.TextsHeldOut) -> list[Line]:
    texts = f"{event.num_train:,} texts to train on, {event.num_held_out:,} held out to measure {event.measure}"
    return [("split", texts)]


def _pretraining_finished(event: events.PretrainingFinished) -> list[Line]:
    remark = "" if event.perplexity < event.unigram_perplexity else ": no better than the baseline"
    return [
        (
            "result",
            f"per-word perplexity {event.perplexity:,.1f} on held-out texts (unigram baseline "
            f"{event.unigram_perplexity:,.1f}){remark}",
        )
    ]


def _teacher_opened(event: events.TeacherOpened) -> list[Line]:
    tokens = f"reads up to {counted(event.max_tokens, 'token')} of a text"
    return [("teacher", f"{event.name}: vectors of {counted(event.size, 'number')}, {tokens}")]


def _texts_encoded(event: events.TextsEncoded) -> list[Line]:
    """Return a line at the end; until then, there is a progress bar."""
    if event.num_done < event.num_texts:
        return []
    speed = (event.num_done - event.num_before) / max(event.seconds, 1e-9)
    before = f"; {event.num_before:,} of them before" if event.num_before else ""
    return [("encoded", f"{event.num_texts:,} {event.kind.replace('-', ' ')}, {speed:,.0f} per second{before}")]


def _distillation_finished(event: events.DistillationFinished) -> list[Line]:
    return [("result", f"mean cosine {event.cosine:.3f} with the teacher's vectors of held-out texts (1: the same)")]


def _probe_scored(event: events.ProbeScored) -> list[Line]:
    values = ", ".join(f"{name} {value:.3f}" for name, value in event.values.items())
    return [("probe", f"validation {SCORE_TITLES[event.score]} of a logistic regression on vectors: {values}")]


def _fold_started(event: events.FoldStarted) -> list[Line]:
    return [("fold", f"{event.number} of {event.num_folds}: {event.num_rows:,} test rows")]


def _scores(validation: Mapping[str, float], shown: tuple[str, ...]) -> str:
    return ", ".join(f"{SCORE_TITLES[name]} {validation[name]:.4f}" for name in shown)


_DESCRIBERS: dict[type[events.Event], Callable[[Any], list[Line]]] = {
    events.RowsRead: _rows_read,
    events.RowsSplit: _rows_split,
    events.TextsShared: _texts_shared,
    events.Note: _note,
    events.LabelsFound: _labels_found,
    events.VocabularyLearned: _vocabulary_learned,
    events.VectorsUsed: _vectors_used,
    events.NgramsFitted: _ngrams_fitted,
    events.NetworkBuilt: _network_built,
    events.TrainingPlanned: _training_planned,
    events.NetworkStarted: _network_started,
    events.TrainingResumed: _training_resumed,
    events.EpochFinished: _epoch_finished,
    events.TrainingFinished: _training_finished,
    events.EnsembleScored: _ensemble_scored,
    events.PartsScored: _parts_scored,
    events.StartChosen: _start_chosen,
    events.ThresholdsChosen: _thresholds_chosen,
    events.PretrainingStarted: _pretraining_started,
    events.TextsHeldOut: _texts_held_out,
    events.PretrainingFinished: _pretraining_finished,
    events.TeacherOpened: _teacher_opened,
    events.TextsEncoded: _texts_encoded,
    events.StageMoved: lambda _: [],
    events.DistillationFinished: _distillation_finished,
    events.ProbeScored: _probe_scored,
    events.FoldStarted: _fold_started,
}
