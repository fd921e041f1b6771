"""Collects what the reports of a training, an evaluation and a cross-validation show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.corpus.examples import Examples
from lstmcli.errors import counted
from lstmcli.inference.predictor import Predictor
from lstmcli.inspection.gradients import FileGradients
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.recipes.reporting.texts import MAX_TRAINING_SHARE, ReadableRows, shown_texts
from lstmcli.recipes.reporting.versions import versions
from lstmcli.recipes.score import ScoredRows
from lstmcli.reports.report_page.content import DataFile, History, LabelSuspect, ReportContent, ShownTexts
from lstmcli.reports.write_up import model_words
from lstmcli.store.model import SavedModel
from lstmcli.store.provenance import Provenance


def content_of_training(
    title: str,
    config: Config,
    corpus: Corpus,
    predictor: Predictor,
    scored: Sequence[ScoredRows],
    facts: Mapping[str, Any],
    history: History,
    gradients: FileGradients | None,
    source: Provenance,
) -> ReportContent:
    """Return the report on a training, whose last scored rows are those of the main result."""
    splits = {"training": corpus.train, "choosing the best epoch": corpus.validation, "testing": corpus.test}
    names, counts = corpus.labels.names, corpus.train_targets.sum(axis=0).tolist()
    num_words = sum(epoch["num_tokens"] for epoch in history)
    texts = None
    if config.evaluation.texts:
        texts = shown_texts(readable(scored[-1]), lambda _: predictor, most_words=MAX_TRAINING_SHARE * num_words)
    return ReportContent(
        title=title,
        evaluations=[evaluation for each in scored for evaluation in each.evaluations[::-1]],
        facts=facts,
        subject=subject_of(predictor.model, f"trained on {_texts_of(corpus.train)}{_merged(predictor.model)}"),
        files=[data_file(use, split) for use, split in splits.items() if split is not None],
        train_rows=dict(zip(names, counts, strict=True)),
        settings=settings_of(config),
        versions=versions(),
        history=history,
        gradients=gradients,
        texts=texts,
        source=source,
    )


def content_of_evaluation(
    title: str, scored: ScoredRows, model: SavedModel | None, facts: Mapping[str, Any], **further: Any
) -> ReportContent:
    """Return the report on a model that was scored on some rows; `further` are attributes of the content."""
    return ReportContent(
        title=title,
        evaluations=scored.evaluations[::-1],
        facts=facts,
        subject="" if model is None else subject_of(model, f"scored on {_texts_of(scored.examples)}{_merged(model)}"),
        files=[data_file("testing", scored.examples)],
        versions=versions(),
        source=scored.provenance,
        suspects=suspects_of(scored.evaluation),
        **further,
    )


def suspects_of(evaluation: Evaluation) -> list[LabelSuspect]:
    """Return the most suspicious labels of an evaluation that has looked for them."""
    return [
        LabelSuspect(
            place=f"line {each.line}" if each.file is None else f"file {each.file}, line {each.line}",
            given=f"{each.label}: {each.given}" if each.label else each.given,
            suggested=f"{each.label}: {each.suggested}" if each.label else each.suggested,
            probability=each.probability_suggested,
            text=each.text or None,
        )
        for each in (() if evaluation.suspects is None else evaluation.suspects.first)
    ]


def without_texts(scored: ScoredRows) -> ScoredRows:
    """Return the scored rows without the texts that an evaluation itself holds."""
    evaluation = scored.evaluation
    suspects = evaluation.suspects
    if suspects is not None:
        suspects = replace(suspects, first=tuple(replace(each, text="") for each in suspects.first))
    variants = tuple(replace(each, examples=()) for each in evaluation.variants)
    return replace(scored, evaluation=replace(evaluation, suspects=suspects, variants=variants))


def texts_of_folds(scored: ScoredRows, predictor_of_fold: Callable[[int], Predictor]) -> ShownTexts:
    """Return the rows worth reading of a cross-validation, each explained by the model that has not seen it."""
    opened: dict[int, Predictor] = {}

    def predictor_of(row: int) -> Predictor:
        number = 1 if scored.fold is None else int(scored.fold[row])
        if number not in opened:
            opened[number] = predictor_of_fold(number)
        return opened[number]

    return shown_texts(readable(scored), predictor_of)


def readable(scored: ScoredRows) -> ReadableRows:
    """Return scored rows for people to look at."""
    examples = scored.examples

    def place_of(row: int) -> str:
        line = f"line {int(examples.table['line'].iloc[row])}"
        if len(examples.ends) < 2:
            return line
        file = int(np.searchsorted(examples.ends, int(examples.table["text"].iloc[row]), side="right")) + 1
        return f"file {file}, {line}"

    return ReadableRows(examples.texts, place_of, scored.labels, scored.targets, scored.systems[0])


def subject_of(model: SavedModel, what: str) -> str:
    """Return "A bidirectional LSTM (80 hidden units, ...), trained on ..."."""
    network = model.network
    words = model_words(
        network.cell,
        network.hidden_size,
        network.pooling,
        is_bidirectional=network.bidirectional,
        num_networks=len(model.members),
        ngrams=model.ngrams is not None,
    ).rstrip(",")
    return f"{words[0].upper()}{words[1:]}, {what}."


def _merged(model: SavedModel) -> str:
    return "" if model.columns.label_map is None else f", with labels merged by {model.columns.label_map}"


def _texts_of(examples: Examples) -> str:
    return f"{counted(len(examples.table), 'text')} of {examples.name}"


def data_file(use: str, examples: Examples) -> DataFile:
    """Return the rows of a file in numbers."""
    num_rows = len(examples.table)
    num_repeated = int(examples.table["text_key"].duplicated().sum())
    return DataFile(use, examples.name, num_rows, examples.num_rows - num_rows, num_repeated)


def settings_of(config: Config) -> dict[str, str]:
    """Return the settings that say what was trained; null is written as "by the size of the corpus"."""
    data, model, training = config.data, config.model, config.training
    found = {
        "text column": data.text,
        "columns before the text": ", ".join(data.text_before) or None,
        "columns beside the text": ", ".join(data.features) or None,
        "weight column": data.weight,
        "label columns": ", ".join(data.labels) or data.label,
        "label separator": data.label_separator,
        "labels merged by": data.label_map,
        "group column": data.group,
        "cell": model.cell,
        "hidden units": model.hidden_size,
        "layers": model.layers,
        "bidirectional": model.bidirectional,
        "pooling": model.pooling,
        "pretrained": model.pretrained,
        "n-grams": config.ngrams.enabled,
        "networks": training.ensemble,
        "epochs, at most": training.epochs or "by the size of the corpus",
        "batch size": training.batch_size or "by the size of the corpus",
        "learning rate": training.learning_rate or "by the size of the corpus",
        "best epoch by": training.metric,
        "class weights": training.class_weights,
        "thresholds": config.decision.thresholds,
        "thresholds of groups": "yes" if config.decision.level == "group" else None,
        "seed": training.seed,
    }
    words = {True: "yes", False: "no"}
    return {
        name: words[value] if isinstance(value, bool) else str(value)
        for name, value in found.items()
        if value is not None
    }
