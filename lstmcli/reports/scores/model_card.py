"""The model card of a model of scores; see `lstmcli.reports.model_card`."""

from collections.abc import Iterator
from pathlib import PurePath

from lstmcli.config.model_settings import DataSettings
from lstmcli.errors import counted
from lstmcli.metrics.score_evaluation import OneScore, ScoreEvaluation
from lstmcli.reports.further import estimate_text
from lstmcli.reports.markdown import bullets, escape_markdown, markdown_table
from lstmcli.reports.model_card import (
    ENGLISH,
    INTENDED,
    LANGUAGES,
    OPTIMISTIC,
    SIMILAR,
    WENT_ON,
    ModelCard,
    trained_on,
    usage,
)
from lstmcli.reports.row_columns import row_paragraphs
from lstmcli.reports.scores.titles import TITLES
from lstmcli.reports.scores.verdicts import score_verdicts
from lstmcli.reports.table import NO_SCORE
from lstmcli.reports.wording import joined

LABELS = (
    "**Ratings.** A model repeats the mistakes and the prejudices of those who rated its training rows. Its "
    "predictions are closer to the mean than the true scores are."
)


def to_score_card(card: ModelCard[ScoreEvaluation]) -> str:
    """Return it as Markdown. Of files, it has the names without their folders, since models are passed on."""
    names = [escape_markdown(one.name) for one in _own(card.evaluations[-1])]
    sections = {
        "Intended use": [INTENDED],
        "What it predicts": [
            f"For each text: a number for {joined(names)}.",
            f"The model is {card.model.removesuffix(',')}. It was trained by {card.release}.",
            *([WENT_ON.format(digest=card.before)] if card.before else []),
        ],
        "Data": [_data(card)],
        "Figures": [part for evaluation in card.evaluations for part in _figures(evaluation, card.columns)],
        "Limits": [bullets(_limits(card))],
        "How to use it": list(usage(card.columns)),
    }
    parts = [f"# A model of {counted(len(names), 'score')} of a text"]
    for title, content in sections.items():
        parts += [f"## {title}", *content]
    return "\n\n".join(parts) + "\n"


def _own(evaluation: ScoreEvaluation) -> list[OneScore]:
    return next(iter(evaluation.each_score.values()))


def _data(card: ModelCard[ScoreEvaluation]) -> str:
    columns = card.columns
    return "\n\n".join([trained_on(card.num_train_rows, columns), *row_paragraphs(columns, card.beside)])


def _figures(evaluation: ScoreEvaluation, columns: DataSettings) -> Iterator[str]:
    figures = list(next(iter(evaluation.scores.values())))
    named = [(system, scores) for system, scores in evaluation.scores.items()]
    rows = [
        [system, *(NO_SCORE if (each := scores[name]) is None else estimate_text(each) for name in figures)]
        for system, scores in named
    ]
    yield f"### {escape_markdown(_short(evaluation.name, columns))}"
    yield markdown_table(["system", *(TITLES[name] for name in figures)], rows)
    each_score = [[one.name, f"{one.num_rows:,}", *(_value(one, name) for name in figures)] for one in _own(evaluation)]
    yield markdown_table(["score", "rows", *(TITLES[name] for name in figures)], each_score)
    over = counted(evaluation.num_rows, "row")
    groups = "" if evaluation.num_groups is None else f" in {counted(evaluation.num_groups, 'group')}, drawn as a whole"
    yield f"In brackets: {evaluation.confidence:.0%} bootstrap intervals over {over}{groups}."
    yield bullets(escape_markdown(_short(sentence, columns)) for sentence in score_verdicts(evaluation))


def _value(one: OneScore, figure: str) -> str:
    estimate = getattr(one, figure)
    return NO_SCORE if estimate is None else f"{estimate.value:.3f}"


def _short(text: str, columns: DataSettings) -> str:
    """Return a text with the names of files instead of their paths."""
    paths = [path for path in (columns.train, columns.validation, columns.test) if path is not None]
    for path in sorted(paths, key=len, reverse=True):
        text = text.replace(path, PurePath(path).name)
    return text


def _limits(card: ModelCard[ScoreEvaluation]) -> Iterator[str]:
    yield LANGUAGES.format(start=ENGLISH if card.is_english else "")
    tuned = [escape_markdown(_short(each.name, card.columns)) for each in card.evaluations if each.is_tuned_on]
    if tuned:
        yield OPTIMISTIC.replace("thresholds", "mixture").format(names=joined(tuned))
    yield SIMILAR
    weak = [one.name for one in _own(card.evaluations[-1]) if one.r2 is None or one.r2.low <= 0.0]
    if weak:
        yield (
            f"**Weak scores**, on which the model is not clearly better than their mean: "
            f"{joined(list(map(escape_markdown, weak)))}."
        )
    yield LABELS
