"""Everything that a report shows, as plain data; `lstmcli.reports.files` renders it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lstmcli.inspection.gradients import FileGradients
from lstmcli.metrics.evaluation import Evaluation
from lstmcli.store.provenance import UNKNOWN, Provenance

History = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class DataFile:
    """Labelled rows that a model was trained on or scored on.

    Attributes:
        use: what for, such as "training".
        name: of the file, or of a part of it.
        num_rows: number of rows that are used.
        num_dropped: number of the others.
        num_repeated: number of rows whose text is in an earlier row, too.
    """

    use: str
    name: str
    num_rows: int
    num_dropped: int = 0
    num_repeated: int = 0


@dataclass(frozen=True)
class ShownText:
    """A row of the rows that were scored.

    Attributes:
        place: its line, or file and line.
        pieces: of its text, words and what is between them, in order, each with how much it speaks for what was
            predicted; None: not known.
        num_hidden: number of further words.
        gold: its labels, joined.
        prediction: the predicted labels, joined.
        score: the confidence of the prediction.
    """

    place: str
    pieces: Sequence[tuple[str, float | None]]
    num_hidden: int
    gold: str
    prediction: str
    score: float


@dataclass(frozen=True)
class ShownTexts:
    """Rows worth reading.

    Attributes:
        mistakes: wrong predictions, the most confident first.
        doubtful: predictions of the lowest confidence, right or wrong.
        note: what the colours of the words mean; "" if there are none.
    """

    mistakes: Sequence[ShownText]
    doubtful: Sequence[ShownText]
    note: str = ""


@dataclass(frozen=True)
class LabelSuspect:
    """A row whose given label is probably a mistake.

    Attributes:
        place: its line, or file and line.
        given: its labels, joined.
        suggested: what it should probably have.
        probability: that the suggestion is right.
        text: of the row; None if texts are not to be shown.
    """

    place: str
    given: str
    suggested: str
    probability: float
    text: str | None = None


@dataclass(frozen=True)
class ReportContent:
    """A report.

    Attributes:
        title: of the report.
        evaluations: on each file, the one with the main result last.
        facts: figures about how the model was made, by name.
        subject: what was scored, in a sentence.
        files: the rows behind it.
        train_rows: number of training rows by label, if known.
        settings: the most important settings, by name.
        versions: of what computed the scores, by name.
        history: of the epochs.
        gradients: through time, after a training.
        texts: rows worth reading, of the last evaluation; None if they are not to be shown.
        source: of the scores, for metrics.json.
        suspects: rows whose labels are probably wrong, if someone has looked for them.
    """

    title: str
    evaluations: Sequence[Evaluation]
    facts: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    files: Sequence[DataFile] = ()
    train_rows: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    history: History = ()
    gradients: FileGradients | None = None
    texts: ShownTexts | None = None
    suspects: Sequence[LabelSuspect] = ()
    source: Provenance = UNKNOWN

    @property
    def main(self) -> Evaluation:
        """The evaluation with the main result."""
        return self.evaluations[-1]

    @property
    def ordered(self) -> Sequence[Evaluation]:
        """All evaluations, the main one first."""
        return self.evaluations[::-1]
