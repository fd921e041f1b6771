"""What happens while a recipe runs, as plain data for its caller: a console, a notebook, a test."""

from collections.abc import Callable
from dataclasses import dataclass

MAX_LINES_SHOWN = 5


@dataclass(frozen=True)
class Event:
    """Something that happened."""


Tell = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Discard the event."""


@dataclass(frozen=True)
class Finding:
    """Rows with the same problem, how they were handled, and the setting that controls this."""

    description: str
    setting: str
    action: str
    lines: tuple[int, ...]

    def __str__(self) -> str:
        shown = ", ".join(str(line) for line in self.lines[:MAX_LINES_SHOWN])
        more = f" and {len(self.lines) - MAX_LINES_SHOWN:,} more" if len(self.lines) > MAX_LINES_SHOWN else ""
        return f"{self.description} at line{'s' if len(self.lines) > 1 else ''} {shown}{more}"


@dataclass(frozen=True)
class RowsRead(Event):
    """Rows of a file, or of a part of it: how many there are, how many are used, and what was found."""

    name: str
    num_rows: int
    num_kept: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class StageMoved(Event):
    """A long stage, such as "read", is done to this `share`, from 0 to 1, for the progress bar."""

    stage: str
    share: float


@dataclass(frozen=True)
class RowsSplit(Event):
    """A file was split into parts."""

    parts: tuple[RowsRead, ...]


@dataclass(frozen=True)
class TextsShared(Event):
    """Two splits have texts in common, so scores on the second are inflated."""

    first: str
    second: str
    num_texts: int


@dataclass(frozen=True)
class Note(Event):
    """A sentence about something that the user should check."""

    text: str


@dataclass(frozen=True)
class LabelsFound(Event):
    """The labels of the training rows."""

    names: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class VocabularyLearned(Event):
    """The number of words with a vector, the number of training tokens, and the fraction of unknown tokens."""

    num_words: int
    num_tokens: int
    unknown_fraction: float


@dataclass(frozen=True)
class VectorsUsed(Event):
    """Word vectors came from a file or a pretraining. `coverage` is the fraction of training tokens found there."""

    source: str
    coverage: float
    num_known: int
    num_further: int


@dataclass(frozen=True)
class NgramsFitted(Event):
    """The n-gram model was fitted. `strength` is C, the inverse regularisation strength, chosen on validation rows."""

    min_characters: int
    max_characters: int
    num_buckets: int
    strength: float
    num_left_out: int
    has_negations: bool


@dataclass(frozen=True)
class NetworkBuilt(Event):
    """The shape of a network; a language model has no pooling."""

    cell: str
    layers: int
    hidden_size: int
    bidirectional: bool
    chunk_tokens: int | None
    pooling: str | None
    num_parameters: int


@dataclass(frozen=True)
class TrainingPlanned(Event):
    """The training schedule of a network; `num_updates` is per epoch."""

    num_epochs: int
    num_updates: int
    batch_size: int
    learning_rate: float
    adversarial: float = 0.0


@dataclass(frozen=True)
class NetworkStarted(Event):
    """Network `number` of an ensemble of `num_networks` is next."""

    number: int
    num_networks: int
    seed: int


@dataclass(frozen=True)
class TrainingResumed(Event):
    """A training continues from a saved state, after `num_batches` of `epoch`."""

    run: str
    epoch: int
    num_batches: int


@dataclass(frozen=True)
class StepFinished(Event):
    """One update was made. `loss` is the mean over this epoch so far, in nats."""

    epoch: int
    num_epochs: int
    batch: int
    num_batches: int
    loss: float
    num_tokens: int


@dataclass(frozen=True)
class EpochFinished(Event):
    """One epoch is over. The loss is in nats; `shown` names the validation scores to display."""

    network: int
    epoch: int
    num_epochs: int
    train_loss: float
    validation: dict[str, float]
    is_best: bool
    num_tokens: int
    cpu_seconds: float
    shown: tuple[str, ...]


@dataclass(frozen=True)
class TrainingFinished(Event):
    """The training of a network is over, stopped early after `num_waited` epochs without improvement unless None."""

    best_epoch: int
    num_epochs: int
    validation: dict[str, float]
    shown: tuple[str, ...]
    num_waited: int | None


@dataclass(frozen=True)
class EnsembleScored(Event):
    """The validation score of each network of an ensemble, and of the ensemble."""

    score: str
    singles: tuple[float, ...]
    together: float


@dataclass(frozen=True)
class PartsScored(Event):
    """Validation scores of the network alone, the n-grams alone, and both combined, and the weight of the n-grams."""

    score: str
    network: float
    ngrams: float
    both: float
    ngram_weight: float


@dataclass(frozen=True)
class StartChosen(Event):
    """What the network starts from was chosen by `model.pretrained: auto`; `what` says what it is and why."""

    what: str


@dataclass(frozen=True)
class ThresholdsChosen(Event):
    """The threshold of each label was chosen; `origins` say from what, and `of` whose answers, if not a text's."""

    names: tuple[str, ...]
    thresholds: tuple[float, ...]
    origins: tuple[str, ...]
    of: str = ""


@dataclass(frozen=True)
class PretrainingStarted(Event):
    """A training begins with next-word prediction on its own texts."""

    num_texts: int


@dataclass(frozen=True)
class TextsHeldOut(Event):
    """Texts were split into those to train on and those held out to compute `measure`."""

    num_train: int
    num_held_out: int
    measure: str


@dataclass(frozen=True)
class PretrainingFinished(Event):
    """Per-word perplexity on held-out texts, of the network and of the unigram baseline."""

    perplexity: float
    unigram_perplexity: float


@dataclass(frozen=True)
class TeacherOpened(Event):
    """A sentence encoder whose vectors have `size` numbers, and which reads `max_tokens` tokens of a text."""

    name: str
    size: int
    max_tokens: int


@dataclass(frozen=True)
class TextsEncoded(Event):
    """The teacher has encoded `num_done` of `num_texts` texts, `num_before` of them before the run was resumed."""

    kind: str
    num_done: int
    num_texts: int
    num_before: int
    seconds: float


@dataclass(frozen=True)
class DistillationFinished(Event):
    """Mean cosine on held-out texts."""

    cosine: float


@dataclass(frozen=True)
class ProbeScored(Event):
    """Validation scores of a logistic regression on vectors, by whose vectors they are."""

    score: str
    values: dict[str, float]


@dataclass(frozen=True)
class FoldStarted(Event):
    """Fold `number` of a cross-validation is next, with `num_rows` test rows."""

    number: int
    num_folds: int
    num_rows: int
