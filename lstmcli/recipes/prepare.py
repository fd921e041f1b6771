"""From rows to what training takes: token ids, targets, and a network of the right shape."""

from dataclasses import dataclass

import numpy as np

from lstmcli.config.settings import Config
from lstmcli.data.batches import TokenIds
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.recipes.corpus import Corpus
from lstmcli.recipes.embedding import EmbeddingPlan, plan_embedding
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import PAD_ID, Vocabulary
from lstmcli.training.loop import LabelledTokens


@dataclass(frozen=True)
class PreparedCorpus:
    """Both splits as token ids and targets, with the plan of the embedding."""

    train: LabelledTokens
    validation: LabelledTokens
    plan: EmbeddingPlan


def prepare_corpus(corpus: Corpus, config: Config) -> PreparedCorpus:
    """Tokenise, learn the vocabulary from the training rows alone, and encode both splits with it.

    Raises:
        LstmcliError: the vector file does not fit, see `plan_embedding`.
    """
    tokenizer = Tokenizer(config.tokenizer)
    train_tokens = [tokenizer(text) for text in corpus.train.texts]
    vocabulary = Vocabulary.from_texts(
        train_tokens, min_frequency=config.vocabulary.min_frequency, max_words=config.vocabulary.max_words
    )
    train_ids = TokenIds.from_texts(vocabulary.encode(tokens) for tokens in train_tokens)
    counts = np.bincount(train_ids.flat, minlength=len(vocabulary))
    plan = plan_embedding(vocabulary, counts, config.embedding, lowercase=config.tokenizer.lowercase)
    validation_ids = TokenIds.from_texts(plan.vocabulary.encode(tokenizer(text)) for text in corpus.validation.texts)
    return PreparedCorpus(
        LabelledTokens(train_ids, corpus.labels.targets(corpus.train.labels)),
        LabelledTokens(validation_ids, corpus.labels.targets(corpus.validation.labels)),
        plan,
    )


def build_classifier(plan: EmbeddingPlan, num_labels: int, config: Config) -> Classifier:
    """Return the network, with pretrained rows where there are some. Draws from torch's random state."""
    sizes = Sizes(
        num_words=plan.num_trained,
        embedding_size=plan.size,
        num_labels=num_labels,
        pad_id=PAD_ID,
    )
    training = config.training
    model = Classifier(sizes, config.model, config.dropout, engine=training.engine, bptt_steps=training.bptt_steps)
    model.embedding.sparse = config.embedding.updates == "rows"
    if plan.pretrained is not None:
        model.embedding.set_vectors(plan.pretrained.vectors, plan.pretrained.known, frozen=config.embedding.frozen)
    return model
