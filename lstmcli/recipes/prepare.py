"""From rows to what training takes: token ids, targets, and a network of the right shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.settings import Config
from lstmcli.data.batches import TokenIds
from lstmcli.data.spool import IdSpool
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.recipes.corpus import Corpus, label_targets, training_targets
from lstmcli.recipes.embedding import EmbeddingPlan, plan_embedding
from lstmcli.text.encoder import GrowingVocabulary, TextEncoder
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import PAD_ID, Vocabulary
from lstmcli.training.classification import LabelledTokens


@dataclass(frozen=True)
class PreparedCorpus:
    """Both splits as token ids and targets, with the plan of the embedding.

    `counts` (training words,) says how often the training texts use each.
    """

    train: LabelledTokens
    validation: LabelledTokens
    plan: EmbeddingPlan
    counts: NDArray[np.int64]


def prepare_corpus(corpus: Corpus, config: Config) -> PreparedCorpus:
    """Tokenise, learn the vocabulary from the training rows alone, and encode both splits with it.

    Raises:
        LstmcliError: the vector file does not fit, see `plan_embedding`.
    """
    tokenizer = Tokenizer(config.tokenizer)
    growing = GrowingVocabulary()
    with IdSpool(map(TextEncoder(tokenizer, growing.id_of), corpus.train.texts)) as spool:
        word_counts = np.zeros(len(growing.words), dtype=np.int64)
        word_counts[: len(spool.counts)] = spool.counts  # words that `max_tokens` cut off have ids and do not count
        vocabulary, new_ids = _learn_vocabulary(growing.words, word_counts, config)
        train_ids = TokenIds(spool.flat(new_ids), spool.offsets)
    counts = np.zeros(len(vocabulary), dtype=np.int64)
    np.add.at(counts, new_ids, word_counts)
    plan = plan_embedding(vocabulary, counts, config.embedding, lowercase=config.tokenizer.lowercase)
    encode = TextEncoder.for_vocabulary(tokenizer, plan.vocabulary)
    with IdSpool(map(encode, corpus.validation.texts)) as spool:
        validation_ids = TokenIds(spool.flat(), spool.offsets)
    return PreparedCorpus(
        LabelledTokens(train_ids, training_targets(corpus.train, corpus.labels, config.data.soft_labels)),
        LabelledTokens(validation_ids, label_targets(corpus.validation, corpus.labels)),
        plan,
        counts,
    )


def _learn_vocabulary(
    words: list[str], counts: NDArray[np.int64], config: Config
) -> tuple[Vocabulary, NDArray[np.int64]]:
    """Return the vocabulary and what each id in `words` becomes in it."""
    num_special = 2  # padding and the unknown word, which is there if a text has no tokens
    vocabulary = Vocabulary.from_counts(
        words[num_special:],
        counts[num_special:].tolist(),
        min_frequency=config.vocabulary.min_frequency,
        max_words=config.vocabulary.max_words,
    )
    return vocabulary, np.array([vocabulary.id_of(word) for word in words])


def build_classifier(plan: EmbeddingPlan, num_labels: int, config: Config) -> Classifier:
    """Return the network, with pretrained rows where there are some. Draws from torch's random state."""
    sizes = Sizes(
        num_words=plan.num_trained,
        embedding_size=plan.size,
        num_labels=num_labels,
        pad_id=PAD_ID,
    )
    training = config.training
    model = Classifier(
        sizes,
        config.model,
        config.dropout,
        engine=training.engine,
        bptt_steps=training.bptt_steps,
        threads=training.threads,
    )
    model.embedding.sparse = config.embedding.updates == "rows"
    if plan.pretrained is not None:
        model.embedding.set_vectors(plan.pretrained.vectors, plan.pretrained.known, frozen=config.embedding.frozen)
    return model
