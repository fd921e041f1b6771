"""What happens while a recipe runs, as plain data, and how a caller asks it to stop.

Recipes neither print nor catch signals. They `tell` each event to whoever called them: the command line turns events
into lines and a progress bar (`reports.console`), a notebook may draw them, a test may collect them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MAX_LINES_SHOWN = 5


@dataclass(frozen=True)
class Event:
    """Something that happened."""


Tell = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Tell nobody."""


class Stop:
    """Asks a recipe to stop. This one never does; the command line has one that listens to signals."""

    def is_set(self) -> bool:
        """Whether to stop now."""
        return False

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Promise that `is_set` is asked every moment while the block runs, so that a request may wait for it."""
        yield


NEVER = Stop()


@dataclass(frozen=True)
class Finding:
    """Rows that share a peculiarity, what was done with them, and the setting that decides it."""

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
    """Rows were read from a file, or make up a part of it: how many there are, how many are used, what was found."""

    name: str
    num_rows: int
    num_kept: int
    findings: tuple[Finding, ...]


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
    """Something that a user should look at, in a sentence."""

    text: str


@dataclass(frozen=True)
class LabelsFound(Event):
    """The labels of the training rows."""

    names: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class VocabularyLearned(Event):
    """The words that have a vector, the training tokens, and the fraction of them without a word of their own."""

    num_words: int
    num_tokens: int
    unknown_fraction: float


@dataclass(frozen=True)
class VectorsUsed(Event):
    """Word vectors came from a file or a pretraining: the fraction of training tokens and the words that it knows."""

    source: str
    coverage: float
    num_known: int
    num_further: int


@dataclass(frozen=True)
class NgramsFitted(Event):
    """The n-gram model was fitted. `strength` is the inverse regularisation that validation rows chose."""

    min_characters: int
    max_characters: int
    num_buckets: int
    strength: float
    num_left_out: int


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
    """How long and how fast a network will be trained; `num_updates` are those of an epoch."""

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
    """One update. `loss` is the mean of this epoch so far, in nats."""

    epoch: int
    num_epochs: int
    batch: int
    num_batches: int
    loss: float
    num_tokens: int


@dataclass(frozen=True)
class EpochFinished(Event):
    """One epoch. Loss in nats, CPU time in seconds; `shown` names the validation scores worth a line."""

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
    """All epochs of a network are over; `best_epoch` is kept. `num_waited`: epochs without gain that ended it early."""

    best_epoch: int
    num_epochs: int
    validation: dict[str, float]
    shown: tuple[str, ...]
    num_waited: int | None


@dataclass(frozen=True)
class EnsembleScored(Event):
    """The validation score of each network of an ensemble, and of all together."""

    score: str
    singles: tuple[float, ...]
    together: float


@dataclass(frozen=True)
class PartsScored(Event):
    """The validation score of the network alone, of the n-grams alone, and of both; the weight of the n-grams."""

    score: str
    network: float
    ngrams: float
    both: float
    ngram_weight: float


@dataclass(frozen=True)
class PretrainingStarted(Event):
    """A training first learns to predict the next word of its own texts."""

    num_texts: int


@dataclass(frozen=True)
class TextsHeldOut(Event):
    """Texts to learn from, and texts to measure perplexity on."""

    num_train: int
    num_held_out: int


@dataclass(frozen=True)
class PretrainingFinished(Event):
    """Per-word perplexity on held-out texts, of the network and of word frequencies alone."""

    perplexity: float
    unigram_perplexity: float


@dataclass(frozen=True)
class FoldStarted(Event):
    """Fold `number` of a cross-validation is next, with so many test rows."""

    number: int
    num_folds: int
    num_rows: int
