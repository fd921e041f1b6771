"""The content of a run on one screen."""

import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from lstmcli import __version__
from lstmcli.config.model_settings import DataSettings, LabelKind, Measure, ModelSettings
from lstmcli.corpus.label_map import MapInUse
from lstmcli.errors import counted
from lstmcli.metrics.estimates import Estimate
from lstmcli.reports.inspection.cells import display_width
from lstmcli.reports.table import SCORE_TITLES, format_estimate
from lstmcli.store.first_network import Imitation
from lstmcli.store.information import Classifier, Information, Interval, LanguageModel, Scored
from lstmcli.store.language_model import LearnedNextWord
from lstmcli.visible import visible

KINDS: dict[LabelKind, str] = {
    "single": "a classifier, one label per text",
    "multi": "a classifier, several labels per text",
    "traits": "a classifier, yes/no columns",
    "scores": "a model of scores",
}

PREDICTED: dict[Measure, str] = {
    "accuracy": "the most probable label",
    "mae": "the median label",
    "qwk": "by the expected rank, for the best QWK",
}

# Width of the names of the facts.
NAME_WIDTH = 14

# More labels than this would fill the screen; --json has all of them.
MAX_LABELS_SHOWN = 12

# Scores in a table of systems; more would not fit beside their names.
NUM_SCORES_SHOWN = 2


def report(found: Information, *, width: int = 80) -> str:
    """Return the report. Facts are no wider than the screen; commands are on one line each, to be copied."""
    return "".join(f"{visible(line)}\n" for line in _lines(found, width))


def _lines(found: Information, width: int) -> Iterator[str]:
    if found.classifier is not None:
        yield f"{found.path}: {KINDS[found.classifier.label_kind]}{_state(found)}"
        facts = _classifier_facts(found.classifier, found)
    elif found.language_model is not None:
        yield f"{found.path}: a pretrained network, which knows no labels{_state(found)}"
        facts = _pretraining_facts(found.language_model, found)
    elif found.kind == "cross-validation":
        yield f"{found.path}: a cross-validation{_state(found)}"
        facts = _folds_facts(found)
    else:
        yield f"{found.path}: an unfinished run, without a model yet"
        facts = iter(())
    yield ""
    yield from _fact_lines([*facts, *_common_facts(found)], width)
    for scored in found.evaluations:
        yield ""
        yield from _score_lines(scored)
    yield ""
    yield from _usage(found)


def _state(found: Information) -> str:
    return "" if found.is_finished else " (its training has not finished)"


Fact = tuple[str, str]


def _fact_lines(facts: Iterable[Fact], width: int) -> Iterator[str]:
    for name, value in facts:
        if value:
            yield from textwrap.wrap(
                visible(value),
                width,
                initial_indent=name.ljust(NAME_WIDTH),
                subsequent_indent=" " * NAME_WIDTH,
                break_long_words=False,
                break_on_hyphens=False,
            )


def _classifier_facts(model: Classifier, found: Information) -> Iterator[Fact]:
    yield "scores" if model.label_kind == "scores" else "labels", f"{len(model.labels)}: {_labels(model)}"
    yield "order", _order(model)
    label_map = model.columns.label_map
    yield "merged by", f"{label_map}: {label_map.described()}" if isinstance(label_map, MapInUse) else ""
    yield "thresholds", _thresholds(model.thresholds, model.threshold_origins)
    group = "groups" if found.config is None else found.config.data.group
    of_groups = _thresholds(model.group_thresholds, {})
    yield "for groups", f"{of_groups} (answers for each {group}, --by)" if of_groups else ""
    networks = "" if model.num_networks == 1 else f"{model.num_networks} x "
    yield "network", networks + _shape(model.network)
    yield "n-grams", _ngrams(model)
    yield "for --fast", _first_network(model)
    for lexicon in model.lexicons:
        sizes = f"{counted(lexicon.num_entries, 'entry', 'entries')}, {lexicon.num_categories} categories"
        yield "lexicon", f"{lexicon.name}: {sizes}, all of them in the model (sha256 {lexicon.digest[:16]})"
    parameters = found.facts.get("parameters")
    trained = "" if parameters is None else f"{parameters:,} trained parameters, "
    yield "size", f"{trained}{model.num_words:,} words; {_megabytes(found)}"
    yield "trained on", _training(found)
    yield "started from", _start(found)


def _labels(model: Classifier) -> str:
    shares = model.label_shares
    order = sorted(model.labels, key=lambda name: -shares.get(name, 0.0))
    shown = [f"{name} {shares[name]:.0%}" if name in shares else name for name in order[:MAX_LABELS_SHOWN]]
    return _listed(shown, len(order))


def _order(model: Classifier) -> str:
    if model.measure is None:
        return ""
    names = " < ".join(model.labels) if len(model.labels) <= MAX_LABELS_SHOWN else "as --json lists them"
    return f"{names}; predicts {PREDICTED[model.measure]}"


def _thresholds(values: Mapping[str, float], origins: Mapping[str, str]) -> str:
    """Return the thresholds from the lowest, or what they all are."""
    found = set(origins.values())
    origin = f" ({found.pop()})" if len(found) == 1 else ""
    if not values:
        return ""
    if len({round(value, 3) for value in values.values()}) == 1:
        return f"{next(iter(values.values())):.3g} for every label{origin}"
    shown = [f"{name} {value:.2f}" for name, value in sorted(values.items(), key=lambda item: item[1])]
    return _listed(shown[:MAX_LABELS_SHOWN], len(shown)) + origin


def _listed(shown: list[str], num_all: int) -> str:
    more = num_all - len(shown)
    return ", ".join(shown) + (f" and {more:,} more (--json lists them)" if more else "")


def _shape(network: ModelSettings) -> str:
    layers = "" if network.layers == 1 else f"{network.layers} layers of "
    directions = "both directions" if network.bidirectional else "forward only"
    return f"{network.cell}, {layers}{network.hidden_size} units, {directions}, pooling {network.pooling}"


def _ngrams(model: Classifier) -> str:
    if model.ngram_share is None:
        return "none"
    characters = (
        "" if model.ngram_sizes is None else f" and of {model.ngram_sizes[0]} to {model.ngram_sizes[1]} letters"
    )
    return f"words, pairs of words{characters}; {model.ngram_share:.0%} of the weight"


def _first_network(model: Classifier) -> str:
    return "" if model.first_network is None else f"a distilled network, which {agreement_of(model.first_network)}"


def agreement_of(found: Imitation) -> str:
    """Return what to say of a network that imitates a model, such as "predicts the same for 97% of 900 texts"."""
    return f"predicts the same for {found.agreement:.1%} of {counted(found.num_held_out, 'held-out text')}"


def _megabytes(found: Information) -> str:
    total = "" if found.total_bytes == found.model_bytes else f", {found.total_bytes / 1e6:,.1f} MB with all files"
    return f"{found.model_bytes / 1e6:,.1f} MB{total}"


def _training(found: Information) -> str:
    facts = found.facts
    rows = f": {counted(int(facts['train_rows']), 'row')}" if "train_rows" in facts else ""
    epochs = f", epoch {facts['best_epoch']} of {facts['epochs']}" if {"best_epoch", "epochs"} <= set(facts) else ""
    file = None if found.config is None else found.config.data.train
    source = file or ("texts in memory" if found.config is not None else "")
    return f"{source}{rows}{epochs}"


def _start(found: Information) -> str:
    facts = found.facts
    if "pretraining_teacher" in facts:
        return f"sentence vectors of {facts['pretraining_teacher']}"
    if "pretraining_perplexity" in facts:
        return f"next-word prediction (perplexity {facts['pretraining_perplexity']})"
    return ""


def _pretraining_facts(model: LanguageModel, found: Information) -> Iterator[Fact]:
    learned, facts = model.learned, found.facts
    if isinstance(learned, LearnedNextWord):
        unigram = facts.get("frequency_perplexity")
        than = "" if unigram is None else f"; by frequency alone {unigram:,}"
        yield "learned", f"to predict the next word: perplexity {learned.perplexity:,.1f} on held-out texts{than}"
    else:
        yield "learned", f"the sentence vectors of {learned.teacher}: mean cosine {learned.cosine:.3f}"
    yield "network", _shape(model.network)
    parameters = f"{facts['parameters']:,} parameters, " if "parameters" in facts else ""
    yield "size", f"{parameters}{model.num_words:,} words; {_megabytes(found)}"
    names = [] if found.config is None else [*found.config.pretraining.texts] or [str(found.config.data.train or "")]
    texts = f": {facts['texts']:,} texts" if "texts" in facts else ""
    yield "trained on", f"{', '.join(filter(None, names))}{texts}"


def _folds_facts(found: Information) -> Iterator[Fact]:
    facts = found.facts
    rows = f", {facts['rows']:,} rows" if "rows" in facts else ""
    yield "folds", f"{facts.get('folds', '?')}{rows}"
    yield "trained on", "" if found.config is None else str(found.config.data.train or "")
    yield "size", f"{found.total_bytes / 1e6:,.1f} MB"


def _common_facts(found: Information) -> Iterator[Fact]:
    yield "finished", found.finished.replace("T", " ").replace("+00:00", " UTC")
    version = "" if found.format_version is None else f" (format {found.format_version})"
    yield "written by", f"{found.written_by}{version}; this is lstmcli {__version__}" if found.written_by else ""


def _score_lines(scored: Scored) -> Iterator[str]:
    note = ", on which the epoch was chosen" if scored.is_tuned_on else ""
    yield f"{scored.name}: {counted(scored.num_rows, 'row')}{note}"
    names = _shown_scores(scored)
    width = max(map(display_width, scored.scores), default=0) + 2
    columns = [SCORE_TITLES.get(name, name).ljust(22) for name in names]
    yield f"  {' ' * width}{''.join(columns)}".rstrip()
    for system, scores in scored.scores.items():
        cells = [f"{_estimate(scores, name):<21} " for name in names]
        yield f"  {system.ljust(width)}{''.join(cells)}".rstrip()


def _shown_scores(scored: Scored) -> list[str]:
    """Return the main score and the first others of the model."""
    own = next(iter(scored.scores.values()), {})
    others = [name for name in own if name not in {scored.main_score, "log_loss"}]
    return [scored.main_score, *others][:NUM_SCORES_SHOWN]


def _estimate(scores: Mapping[str, Interval], name: str) -> str:
    return format_estimate(Estimate(*scores[name])) if name in scores else "-"


def _usage(found: Information) -> Iterator[str]:
    run = shlex.quote(str(found.path))
    if found.classifier is not None:
        columns = found.classifier.columns
        task = "predict scores of" if found.classifier.label_kind == "scores" else "label"
        yield f"To {task} the texts in the column {columns.text!r} of a file:"
        yield f"  lstmcli predict {run} FILE{_extension(columns, found)} --text {shlex.quote(columns.text)}"
        if columns.encoding.lower() != "utf-8" or columns.format != "auto":
            yield f"  (read as in training, unless options say otherwise: {columns.format}, {columns.encoding})"
    elif found.kind == "pretraining":
        yield "To train from it, and to see what it knows:"
        yield f"  lstmcli train FILE.csv --set model.pretrained={run}"
        yield f"  lstmcli next {run} --text 'once upon a'"
    elif found.kind == "cross-validation":
        yield "It only measures; fold N has a model in folds/N. For a model of all rows:"
        yield f"  lstmcli train --config {run}/config.yaml --run-dir NEW"
    else:
        command = "pretrain" if found.config is not None and found.config.data.train is None else "train"
        yield "To go on:"
        yield f"  lstmcli {command} --resume --run-dir {run}"


def _extension(columns: DataSettings, found: Information) -> str:
    """Return the ending that the training file has."""
    file = None if found.config is None else found.config.data.train
    name = (file or "").rpartition("/")[2].removesuffix(".gz")
    ending = name.rpartition(".")[2] if "." in name else ""
    return f".{ending}" if ending.isalnum() and columns.format == "auto" else ".csv"
