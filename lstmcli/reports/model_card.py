"""The model card, `model/README.md`: what a model is for, what it has learned from, how good it is, and its limits.

Source: Mitchell et al. 2019, "Model Cards for Model Reporting". It says nothing that differs between equal trainings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Generic, TypeVar

from lstmcli.config.model_settings import DataSettings, LabelKind
from lstmcli.corpus.label_map import MapInUse
from lstmcli.errors import counted
from lstmcli.metrics.evaluation import Evaluation, LabelScores
from lstmcli.metrics.score_evaluation import ScoreEvaluation
from lstmcli.reports.further import estimate_text
from lstmcli.reports.markdown import bullets, escape_markdown, markdown_table
from lstmcli.reports.ranks import ranks_sentence
from lstmcli.reports.row_columns import row_paragraphs
from lstmcli.reports.table import SCORE_TITLES
from lstmcli.reports.verdicts import verdict_sentences
from lstmcli.reports.wording import joined

# Labels are weak below this F1, or with fewer rows than this.
WEAK_F1 = 0.5
FEW_ROWS = 20

MAX_LABELS_SHOWN = 40

ANSWERS: dict[LabelKind, str] = {
    "single": "exactly one of {labels}",
    "multi": "any number of {labels}, perhaps none",
    "traits": "yes or no to each of {labels}",
}

INTENDED = (
    "For texts like those that it was trained on: the same kind of writers, the same kind of text, the same language. "
    "For sorting, counting and searching such texts, and for research on them. Not for decisions about a person, and "
    "not where nobody looks at mistakes."
)
LANGUAGES = (
    "**Language.** It knows the words of its training texts{start}. Its scores say nothing about other languages."
)
ENGLISH = " and those of a network that was pretrained on English"
OPTIMISTIC = (
    "**Optimistic scores.** Epoch, temperature and thresholds were chosen on the rows of {names}, so the scores of the "
    "model on these are better than on new rows."
)
SIMILAR = (
    "**New sources.** Test rows from the same source as the training rows say how good the model is on that source. "
    "Score it on rows of your own before you rely on it."
)
LABELS = "**Labels.** A model repeats the mistakes and the prejudices of those who labelled its training rows."
WENT_ON = "It went on from another model, whose SHA-256 is {digest}."


EvaluationT = TypeVar("EvaluationT", Evaluation, ScoreEvaluation)


@dataclass(frozen=True)
class ModelCard(Generic[EvaluationT]):
    """What is on the card of a model of labels or scores.

    Attributes:
        model: which model, as in `write_up.model_words`.
        columns: of the files, and their names.
        num_train_rows: number of training rows.
        is_english: whether it started from the English network.
        evaluations: of the model, the first on the rows that it was tuned on.
        release: that trained it.
        before: the SHA-256 of the model that it went on from, see `store.model_digest`; "" for none.
        beside: what it reads beside the text, in a few words each.
    """

    model: str
    columns: DataSettings
    num_train_rows: int
    is_english: bool
    evaluations: Sequence[EvaluationT]
    release: str
    before: str = ""
    beside: Sequence[str] = ()


def to_model_card(card: ModelCard[Evaluation]) -> str:
    """Return it as Markdown. Of files, it has the names without their folders, since models are passed on."""
    card = replace(card, evaluations=[_without_folders(each, card.columns) for each in card.evaluations])
    best = card.evaluations[-1]
    labels = next(iter(best.labels.values()))
    sections = {
        "Intended use": [INTENDED],
        "What it predicts": list(_predictions(card, labels)),
        "Data": list(_data(card)),
        "Figures": [part for evaluation in card.evaluations for part in _figures(evaluation)],
        "Limits": [bullets(_limits(card, labels))],
        "How to use it": list(usage(card.columns)),
    }
    parts = [f"# {_title(best)}"]
    for title, content in sections.items():
        parts += [f"## {title}", *content]
    return "\n\n".join(parts) + "\n"


def _without_folders(evaluation: Evaluation, columns: DataSettings) -> Evaluation:
    paths = [path for path in (columns.train, columns.validation, columns.test) if path is not None]

    def shortened(text: str) -> str:
        for path in sorted(paths, key=len, reverse=True):
            text = text.replace(path, PurePath(path).name)
        return text

    return replace(evaluation, name=shortened(evaluation.name), notes=tuple(map(shortened, evaluation.notes)))


def _title(evaluation: Evaluation) -> str:
    num_labels = len(next(iter(evaluation.labels.values())))
    return f"A text classifier with {counted(num_labels, 'label')}"


def _predictions(card: ModelCard[Evaluation], labels: Sequence[LabelScores]) -> Iterator[str]:
    names = [escape_markdown(each.label) for each in labels[:MAX_LABELS_SHOWN]]
    more = len(labels) - len(names)
    shown = joined(names) if not more else f"{', '.join(names)} and {more:,} more"
    answer = ANSWERS[card.evaluations[0].kind].format(labels=shown)
    order = ", from the lowest to the highest" if card.evaluations[0].ordered else ""
    yield f"For each text: {answer}{order}; and a probability of each."
    yield f"The model is {card.model.removesuffix(',')}. It was trained by {card.release}."
    if card.before:
        yield WENT_ON.format(digest=card.before)


def trained_on(num_rows: int, columns: DataSettings) -> str:
    """Return on which rows of which file a model was trained."""
    source = "texts in memory" if columns.train is None else escape_markdown(PurePath(columns.train).name)
    text = "" if columns.train is None else f' Texts are in the column "{escape_markdown(columns.text)}".'
    return f"Trained on {counted(num_rows, 'row')} of {source}.{text}"


def _data(card: ModelCard[Evaluation]) -> Iterator[str]:
    columns = card.columns
    yield trained_on(card.num_train_rows, columns)
    if isinstance(columns.label_map, MapInUse):
        name = escape_markdown(PurePath(columns.label_map).name)
        yield f"Labels were merged before training ({name}): {escape_markdown(columns.label_map.described())}."
    yield from row_paragraphs(columns, card.beside)
    labels = [next(iter(evaluation.labels.values())) for evaluation in card.evaluations]
    rows = [
        [of_label[0].label, *(f"{each.support:,}" for each in of_label)]
        for of_label in list(zip(*labels, strict=True))[:MAX_LABELS_SHOWN]
    ]
    yield markdown_table(["label", *(f"rows of {evaluation.name}" for evaluation in card.evaluations)], rows)


def _figures(evaluation: Evaluation) -> Iterator[str]:
    names = list(next(iter(evaluation.scores.values())))
    rows = [[system, *(estimate_text(scores[name]) for name in names)] for system, scores in evaluation.scores.items()]
    yield f"### {escape_markdown(evaluation.name)}"
    yield markdown_table(["system", *(SCORE_TITLES[name] for name in names)], rows)
    if sentence := ranks_sentence(evaluation):
        yield sentence
    over = counted(evaluation.num_rows, "row")
    groups = "" if evaluation.num_groups is None else f" in {counted(evaluation.num_groups, 'group')}, drawn as a whole"
    yield f"In brackets: {evaluation.confidence:.0%} bootstrap intervals over {over}{groups}."
    sentences = verdict_sentences(evaluation)
    if sentences:
        yield bullets(map(escape_markdown, sentences))


def _limits(card: ModelCard[Evaluation], labels: Sequence[LabelScores]) -> Iterator[str]:
    yield LANGUAGES.format(start=ENGLISH if card.is_english else "")
    tuned = [escape_markdown(evaluation.name) for evaluation in card.evaluations if evaluation.is_tuned_on]
    if tuned:
        yield OPTIMISTIC.format(names=joined(tuned))
    yield SIMILAR
    weak = [each for each in labels if each.support and (each.f1.value < WEAK_F1 or each.support < FEW_ROWS)]
    if weak:
        shown = [
            f"{escape_markdown(each.label)} (F1 {each.f1.value:.2f}, {counted(each.support, 'row')})"
            for each in weak[:MAX_LABELS_SHOWN]
        ]
        more = "" if len(weak) == len(shown) else f", and {len(weak) - len(shown):,} more"
        yield f"**Weak labels** with an F1 below {WEAK_F1} or fewer than {FEW_ROWS} rows: {', '.join(shown)}{more}."
    absent = [escape_markdown(each.label) for each in labels if not each.support]
    if absent:
        yield f"**Labels that were never tested**, since no row has them: {', '.join(absent[:MAX_LABELS_SHOWN])}."
    yield LABELS


def usage(columns: DataSettings) -> Iterator[str]:
    """Yield how to predict with a model that was trained on these columns."""
    yield "This folder is all that it takes; `FOLDER` stands for its path."
    text = columns.text if columns.train is not None else "text"
    yield (
        "    pip install lstmcli\n"
        "    lstmcli predict FOLDER texts.csv --output predictions.csv\n"
        '    python -c \'import lstmcli; print(lstmcli.load("FOLDER").predict(["a text"]))\''
    )
    yield f'In `texts.csv`, texts are expected in the column "{escape_markdown(text)}"; `--text` names another.'
