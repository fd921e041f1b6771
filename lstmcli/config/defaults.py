"""The defaults that depend on the size of the corpus."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import Config, DropoutSettings, NgramSettings, PretrainingSettings, TrainingSettings

# Small corpora need many passes; large ones converge after a few.
WANTED_TEXTS = 50_000
MIN_EPOCHS = 6
MAX_EPOCHS = 30

# Long texts make every pass expensive; beyond this many tokens, more than MIN_EPOCHS are not worth the time.
MAX_TOKENS = 6_000_000

# Batches shrink with the corpus, down to 16 texts, so that an epoch still has a hundred updates.
BATCH_SIZES = (16, 32, 64, 128)
WANTED_UPDATES_AN_EPOCH = 100


@dataclass(frozen=True)
class Schedule:
    """Texts per batch, and passes over the training rows."""

    batch_size: int
    num_epochs: int


def schedule_for(num_texts: int, num_tokens: int, settings: TrainingSettings) -> Schedule:
    """Return batch size and epochs, where `settings` leave them open by the size of the training set.

    Args:
        num_texts: number of training texts.
        num_tokens: number of tokens in these texts.
        settings: `batch_size` and `epochs` take precedence if they are set.
    """
    largest = num_texts / WANTED_UPDATES_AN_EPOCH
    batch_size = settings.batch_size or max((size for size in BATCH_SIZES if size <= largest), default=BATCH_SIZES[0])
    num_epochs = min(math.ceil(WANTED_TEXTS / num_texts), MAX_TOKENS // num_tokens)
    return Schedule(batch_size, settings.epochs or min(MAX_EPOCHS, max(MIN_EPOCHS, num_epochs)))


# Pretraining reads about this many tokens in total, and fewer if it only prepares for training on the same texts.
# Batches shrink with the collection, as in training.
WANTED_LANGUAGE_TOKENS = 1_000_000
WANTED_OWN_TOKENS = 550_000
MIN_LANGUAGE_EPOCHS = 2
MAX_LANGUAGE_EPOCHS = 8
WANTED_LANGUAGE_UPDATES_AN_EPOCH = 50
MIN_BATCH_TOKENS = 256
MAX_BATCH_TOKENS = 1_024


def language_schedule(
    num_texts: int, num_tokens: int, settings: PretrainingSettings, *, wanted_tokens: int
) -> Schedule:
    """Return batch size and epochs for next-word prediction, arguments as in `schedule_for`."""
    wanted = num_tokens // WANTED_LANGUAGE_UPDATES_AN_EPOCH
    batch_tokens = settings.batch_tokens or min(MAX_BATCH_TOKENS, max(MIN_BATCH_TOKENS, wanted))
    batch_size = max(1, round(batch_tokens * num_texts / num_tokens))
    num_epochs = math.ceil(wanted_tokens / num_tokens)
    return Schedule(batch_size, settings.epochs or min(MAX_LANGUAGE_EPOCHS, max(MIN_LANGUAGE_EPOCHS, num_epochs)))


# Distillation sees about this many texts in total.
WANTED_TAUGHT_TEXTS = 600_000
MIN_TAUGHT_EPOCHS = 4
MAX_TAUGHT_EPOCHS = 40
TAUGHT_BATCH_SIZE = 64

# A teacher's vectors say much more about each text than a label does, so the network hardly overfits.
TAUGHT_DROPOUT = DropoutSettings(words=0.05, features=0.1, layers=0.1, output=0.0)


def distillation_schedule(num_texts: int, num_tokens: int, settings: PretrainingSettings) -> Schedule:
    """Return batch size and epochs for learning a teacher's vectors, arguments as in `schedule_for`."""
    batch_size = TAUGHT_BATCH_SIZE
    if settings.batch_tokens is not None:
        batch_size = max(1, round(settings.batch_tokens * num_texts / num_tokens))
    num_epochs = math.ceil(WANTED_TAUGHT_TEXTS / num_texts)
    return Schedule(batch_size, settings.epochs or min(MAX_TAUGHT_EPOCHS, max(MIN_TAUGHT_EPOCHS, num_epochs)))


# Chunks are short enough for the network to remember, and a batch of long texts takes fewer time steps.
CHUNK_TOKENS = 128


def network_settings(settings: ModelSettings) -> ModelSettings:
    """Return the shape of the network with its defaults filled in; `pretrained`, which only training needs, is None."""
    chunk_tokens = settings.chunk_tokens
    if chunk_tokens is None and settings.pooling != "last":  # the last state would be that of the last chunk alone
        chunk_tokens = CHUNK_TOKENS
    return replace(settings, chunk_tokens=chunk_tokens or None, pretrained=None)


# The hashed n-gram table has fewer rows for many labels, so that it stays below 10 MB.
NGRAM_BUCKET_BITS = 18
MAX_NGRAM_NUMBERS = 1 << 22


def ngram_buckets(num_labels: int, settings: NgramSettings) -> int:
    """Return the number of rows of the n-gram table, a power of two, halved until `num_labels` columns fit."""
    if settings.bucket_bits is not None:
        return 1 << settings.bucket_bits
    bits = NGRAM_BUCKET_BITS
    while (num_labels << bits) > MAX_NGRAM_NUMBERS:
        bits -= 1
    return int(1 << bits)


@dataclass(frozen=True)
class CorpusSizes:
    """Sizes of a corpus. `vector_size` is the width of the given word vectors, if there are any."""

    num_texts: int
    num_tokens: int
    num_labels: int
    vector_size: int | None = None


# The width of randomly initialised word vectors.
DEFAULT_VECTOR_SIZE = 200


@dataclass(frozen=True)
class Resolved:
    """The final values of settings that a config may leave open.

    Attributes:
        network: the shape of the network; with `chunk_tokens` None, texts are not split into chunks.
        vector_size: width of the word vectors.
        learning_rate: the peak.
        schedule: batch size and epochs.
        ngram_buckets: number of rows of the n-gram table.
    """

    network: ModelSettings
    vector_size: int
    learning_rate: float
    schedule: Schedule
    ngram_buckets: int


# A network that knows what sentences mean forgets less with smaller steps. Held-out rows, with .01, .005 and .003: 500
# rows of CARER .765, .770, .766; of GoEmotions (macro-F1) .302, .311, .300; of film reviews .706, .707, .712.
LEARNING_RATE = 0.01
INFORMED_LEARNING_RATE = 0.005

# A training that goes on from a model takes a third of the epochs. If the earlier rows are given again, batches have
# half the size. Validation log loss after half of the training rows of CARER and two epochs on all of them, with
# batches of 128 and word vectors trained at 0.3 times the rate: .154, .149, .143 with the learning rates .0025, .005,
# .01; with the last and batches of 64, .139; and with word vectors trained like the rest, .132. Six epochs from
# scratch: .124. Accuracy was .929 to .936. With the other half alone, smaller steps forget less: accuracy .934 with
# the rate .005, and .928 with .01, half the batch size, and word vectors trained like the rest.
CONTINUED_EPOCHS_DIVISOR = 3
CONTINUED_BATCH_DIVISOR = 2

# Whether a training that goes on from a model is given the rows of that model again.
EarlierRows = Literal["given", "absent"]


def _continued(schedule: Schedule, settings: TrainingSettings, earlier: EarlierRows) -> Schedule:
    num_epochs = settings.epochs or math.ceil(schedule.num_epochs / CONTINUED_EPOCHS_DIVISOR)
    halved = max(BATCH_SIZES[0], schedule.batch_size // CONTINUED_BATCH_DIVISOR)
    batch_size = halved if earlier == "given" and settings.batch_size is None else schedule.batch_size
    return Schedule(batch_size, num_epochs)


def resolve(
    config: Config, sizes: CorpusSizes, *, knows_sentences: bool = False, earlier: EarlierRows | None = None
) -> Resolved:
    """Fill in every null setting of `config` whose default depends on the corpus.

    Args:
        config: of the run.
        sizes: of the corpus.
        knows_sentences: whether the network starts from sentence vectors.
        earlier: whether the rows of the model that it goes on from are given again; None: it does not.
    """
    rate = INFORMED_LEARNING_RATE if knows_sentences or earlier == "absent" else LEARNING_RATE
    schedule = schedule_for(sizes.num_texts, sizes.num_tokens, config.training)
    if earlier is not None:
        schedule = _continued(schedule, config.training, earlier)
    return Resolved(
        learning_rate=config.training.learning_rate or rate,
        network=network_settings(config.model),
        vector_size=sizes.vector_size or config.embedding.size or DEFAULT_VECTOR_SIZE,
        schedule=schedule,
        ngram_buckets=ngram_buckets(sizes.num_labels, config.ngrams),
    )


def resolve_pretraining(config: Config, sizes: CorpusSizes, *, wanted_tokens: int) -> Resolved:
    """Do the same for pretraining, which reads about `wanted_tokens` tokens in total."""
    schedule = language_schedule(sizes.num_texts, sizes.num_tokens, config.pretraining, wanted_tokens=wanted_tokens)
    return replace(resolve(config, sizes), schedule=schedule)
