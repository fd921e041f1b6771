"""`lstmcli explain`: rows in, the same rows out with a prediction and the share of each word, in order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from lstmcli.data.formats import FileFormat, output_format
from lstmcli.data.formats.text import TEXT_FORMAT
from lstmcli.data.output import STANDARD_OUTPUT
from lstmcli.data.reading import check_exist
from lstmcli.explanation.explainer import Explainer
from lstmcli.explanation.methods import DEFAULT_METHOD
from lstmcli.explanation.results import ExplainedTexts
from lstmcli.inference.answers import PredictOptions, refuse_taken
from lstmcli.inference.predictor import Answers, Predictor
from lstmcli.inference.row_counts import RowCounts
from lstmcli.inference.rows import RowStream
from lstmcli.inference.score_answers import adder_of
from lstmcli.recipes.predict import InputOptions, OutputOptions, answer_rows, input_layouts, name_of_output_format
from lstmcli.reports.explanation.cells import WithJsonCells, explanation_cells
from lstmcli.reports.explanation.page import WithPage
from lstmcli.store.model import SavedModel

DEFAULT_FORMAT = "jsonl"


@dataclass(frozen=True)
class ExplainOptions:
    """What is explained.

    Attributes:
        label: to explain; None: the one that is predicted.
        top: how many of the strongest words are kept; None: all.
        method: of `explanation.methods`.
        phrases: how many pairs of neighbouring words are added for each text; None: no such cell.
    """

    label: str | None = None
    top: int | None = None
    method: str = DEFAULT_METHOD
    phrases: int | None = None


class ExplainingPool:
    """Explains each block immediately."""

    def __init__(self, explainer: Explainer) -> None:
        self._explainer = explainer

    def submit(self, texts: Sequence[str]) -> list[ExplainedTexts]:
        """Return what is predicted for each text, and why."""
        return [self._explainer.explain(texts)]

    def drain(self) -> list[ExplainedTexts]:
        """Return nothing, since nothing waits."""
        return []


class ExplanationAdder:
    """Adds the prediction, its score, the label that is explained, the logits of the parts, and the words."""

    num_uncertain = 0

    def __init__(self, model: SavedModel, format_name: str, options: ExplainOptions) -> None:
        """Take the format of the output, and what is explained."""
        self._predictions = adder_of(model, PredictOptions(), format_name)
        self._has_names = format_name != TEXT_FORMAT
        self._options = options
        self._beside = [] if model.features is None else ["features"]

    @property
    def names_in_rows(self) -> Sequence[str]:
        """See `CellAdder`."""
        return list(self.nothing()) if self._has_names else []

    def additions(self, answers: ExplainedTexts) -> Iterator[Mapping[str, Any]]:
        """See `CellAdder`."""
        predicted = Answers(answers.predictions.probabilities, answers.num_without_known_word)
        top, has_phrases = self._options.top, self._options.phrases is not None
        for cells, explanation in zip(self._predictions.additions(predicted), answers.explanations, strict=True):
            yield {**cells, **explanation_cells(explanation, top, has_phrases=has_phrases)}

    def nothing(self) -> Mapping[str, Any]:
        """See `CellAdder`."""
        added = [
            "explained",
            "parts",
            "words",
            *self._beside,
            *(["phrases"] if self._options.phrases is not None else []),
        ]
        return {**self._predictions.nothing(), **dict.fromkeys(added)}

    def check(self, columns: Sequence[str], name: str) -> None:
        """See `CellAdder`."""
        refuse_taken(self.names_in_rows, columns, name)

    def on_unknown_words(self, num_texts: int) -> str:
        """See `CellAdder`."""
        return self._predictions.on_unknown_words(num_texts)

    def on_uncertain(self, num_rows: int) -> str:
        """See `CellAdder`."""
        return self._predictions.on_uncertain(num_rows)


def explain_files(
    model: SavedModel,
    paths: Sequence[str],
    *,
    options: ExplainOptions,
    inputs: InputOptions,
    output: OutputOptions,
    warn: Callable[[str], None],
    screen: FileFormat | None = None,
    page: TextIO | None = None,
) -> RowCounts:
    """Explain every row of the `paths` ("-": standard input), one input after the other, and count them.

    Args:
        model: whose predictions are explained.
        paths: of the inputs.
        options: what is explained.
        inputs: how they are read.
        output: how and where the rows are written.
        warn: see `predict_files`.
        screen: how rows are written to a terminal, unless a format or a file was asked for.
        page: where a page for people is written, too.

    Raises:
        DataError: an input can't be read or has no such column.
        UsageError: the options don't fit together, or to the model.
    """
    check_exist(paths)
    explainer = Explainer(Predictor(model), method=options.method, label=options.label, phrases=options.phrases or 0)
    layouts = input_layouts(model, paths, inputs)
    format_name = _output_format(inputs, output, is_screen=screen is not None)
    written_as = screen
    if written_as is None or format_name is not None:
        name = format_name or DEFAULT_FORMAT
        written_as = WithJsonCells(
            output_format(name, escapes_formulas=output.escape_formulas), is_nested=name == "jsonl"
        )
    if page is not None:
        written_as = WithPage(written_as, page)
    adder = ExplanationAdder(model, format_name or DEFAULT_FORMAT, options)
    rows = RowStream(ExplainingPool(explainer), adder, written_as, inputs.on_error, warn, lambda _: None)
    return answer_rows(rows, paths, layouts, inputs=inputs, output=output, columns=model.columns, warn=warn)


def _output_format(inputs: InputOptions, output: OutputOptions, *, is_screen: bool) -> str | None:
    """Return the format that was asked for, by its name, by that of the file, or by that of the input."""
    named = None if inputs.format_name in {None, "auto", TEXT_FORMAT} or is_screen else inputs.format_name
    name = name_of_output_format(output, named or DEFAULT_FORMAT)
    is_asked_for = named is not None or output.format_name != "auto" or output.path not in {None, STANDARD_OUTPUT}
    return name if is_asked_for else None
