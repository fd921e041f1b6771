"""What a setting is where the user leaves it open: rules by the size of the corpus, in one place."""

import math
from dataclasses import dataclass, replace

from lstmcli.config.model_settings import ModelSettings
from lstmcli.config.settings import Config, NgramSettings, PretrainingSettings, TrainingSettings

# Small corpora need many passes; large ones have learned what they can after a few.
WANTED_TEXTS = 50_000
MIN_EPOCHS = 6
MAX_EPOCHS = 30

# Long texts make every pass expensive: beyond this many tokens only MIN_EPOCHS are worth their time.
MAX_TOKENS = 6_000_000

# Batches shrink with the corpus, so that a pass still makes a hundred updates, down to 16 texts.
BATCH_SIZES = (16, 32, 64, 128)
WANTED_UPDATES_AN_EPOCH = 100


@dataclass(frozen=True)
class Schedule:
    """Texts an update, and passes over the training rows."""

    batch_size: int
    num_epochs: int


def schedule_for(num_texts: int, num_tokens: int, settings: TrainingSettings) -> Schedule:
    """Return what `settings` say, and by the size of the training rows what they leave open.

    Args:
        num_texts: training texts.
        num_tokens: tokens in them.
        settings: `batch_size` and `epochs` count where they are set.
    """
    largest = num_texts / WANTED_UPDATES_AN_EPOCH
    batch_size = settings.batch_size or max((size for size in BATCH_SIZES if size <= largest), default=BATCH_SIZES[0])
    num_epochs = min(math.ceil(WANTED_TEXTS / num_texts), MAX_TOKENS // num_tokens)
    return Schedule(batch_size, settings.epochs or min(MAX_EPOCHS, max(MIN_EPOCHS, num_epochs)))


# Pretraining reads about so many tokens in all, and fewer where it only prepares a training on the same texts. Batches
# shrink with the collection, as in training.
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
    """Return texts an update and passes for texts that are to be predicted word by word; arguments as above."""
    wanted = num_tokens // WANTED_LANGUAGE_UPDATES_AN_EPOCH
    batch_tokens = settings.batch_tokens or min(MAX_BATCH_TOKENS, max(MIN_BATCH_TOKENS, wanted))
    batch_size = max(1, round(batch_tokens * num_texts / num_tokens))
    num_epochs = math.ceil(wanted_tokens / num_tokens)
    return Schedule(batch_size, settings.epochs or min(MAX_LANGUAGE_EPOCHS, max(MIN_LANGUAGE_EPOCHS, num_epochs)))


# Short texts stay whole; a long one is read in pieces that the network remembers well, and a batch has fewer steps.
CHUNK_TOKENS = 128


def network_settings(settings: ModelSettings) -> ModelSettings:
    """Return what is left open in the shape of the network as it will be, without what only training needs."""
    chunk_tokens = settings.chunk_tokens
    if chunk_tokens is None and settings.pooling != "last":  # the last state would be that of the last piece
        chunk_tokens = CHUNK_TOKENS
    return replace(settings, chunk_tokens=chunk_tokens or None, pretrained=None)


# The hashed table of the n-gram path: many rows for few labels, so that it stays below 10 MB.
NGRAM_BUCKET_BITS = 18
MAX_NGRAM_NUMBERS = 1 << 22


def ngram_buckets(num_labels: int, settings: NgramSettings) -> int:
    """Return the rows of the n-gram table: a power of two, halved while the table is too large for `num_labels`."""
    if settings.bucket_bits is not None:
        return 1 << settings.bucket_bits
    bits = NGRAM_BUCKET_BITS
    while (num_labels << bits) > MAX_NGRAM_NUMBERS:
        bits -= 1
    return int(1 << bits)


@dataclass(frozen=True)
class CorpusSizes:
    """What the rules need to know of a corpus. `vector_size` is the width of given word vectors, if there are any."""

    num_texts: int
    num_tokens: int
    num_labels: int
    vector_size: int | None = None


# The width of a word vector that starts at random.
DEFAULT_VECTOR_SIZE = 200


@dataclass(frozen=True)
class Resolved:
    """The settings that a config may leave open, as they will be.

    Attributes:
        network: its shape; `chunk_tokens` None means that every text is read whole.
        vector_size: numbers of a word vector.
        schedule: batch size and epochs.
        ngram_buckets: rows of the n-gram table.
    """

    network: ModelSettings
    vector_size: int
    schedule: Schedule
    ngram_buckets: int


def resolve(config: Config, sizes: CorpusSizes) -> Resolved:
    """Fill in every setting of `config` that is null and depends on the corpus."""
    return Resolved(
        network=network_settings(config.model),
        vector_size=sizes.vector_size or config.embedding.size or DEFAULT_VECTOR_SIZE,
        schedule=schedule_for(sizes.num_texts, sizes.num_tokens, config.training),
        ngram_buckets=ngram_buckets(sizes.num_labels, config.ngrams),
    )


def resolve_pretraining(config: Config, sizes: CorpusSizes, *, wanted_tokens: int) -> Resolved:
    """Fill in the same for a pretraining, which reads about `wanted_tokens` tokens in all."""
    schedule = language_schedule(sizes.num_texts, sizes.num_tokens, config.pretraining, wanted_tokens=wanted_tokens)
    return replace(resolve(config, sizes), schedule=schedule)
