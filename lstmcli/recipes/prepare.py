"""From rows to what training takes: token ids, targets, and a network of the right shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.defaults import network_settings
from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus, label_targets, training_targets
from lstmcli.corpus.encode import learn_texts
from lstmcli.corpus.spool import IdSpool
from lstmcli.models.classifier import Classifier, Sizes
from lstmcli.recipes.pretrained import Start, use_layers
from lstmcli.store.language_model import SavedLanguageModel
from lstmcli.text.encoder import TextEncoder
from lstmcli.text.token_ids import TokenIds
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import PAD_ID
from lstmcli.training.classification import LabelledTokens
from lstmcli.training.initial_weights import EmbeddingPlan, plan_embedding


@dataclass(frozen=True)
class PreparedCorpus:
    """Both splits as token ids and targets, with the plan of the embedding.

    `counts` (training words,) says how often the training texts use each; `language_model` is what the network starts
    from, if it does not start at random.
    """

    train: LabelledTokens
    validation: LabelledTokens
    plan: EmbeddingPlan
    counts: NDArray[np.int64]
    language_model: SavedLanguageModel | None


def prepare_corpus(corpus: Corpus, config: Config, start: Start) -> PreparedCorpus:
    """Tokenise, learn the vocabulary from the training rows alone, and encode both splits with it."""
    source = start.source
    known = frozenset(() if source is None else source.words)
    learned = learn_texts(corpus.train.texts, config.tokenizer, config.vocabulary, known=known)
    plan = plan_embedding(learned.vocabulary, learned.counts, config.embedding, source)
    encode = TextEncoder.for_vocabulary(Tokenizer(config.tokenizer), plan.vocabulary)
    with IdSpool(map(encode, corpus.validation.texts)) as spool:
        validation_ids = TokenIds(spool.flat(), spool.offsets)
    return PreparedCorpus(
        LabelledTokens(learned.token_ids, training_targets(corpus.train, corpus.labels, config.data.soft_labels)),
        LabelledTokens(validation_ids, label_targets(corpus.validation, corpus.labels)),
        plan,
        learned.counts,
        start.language_model,
    )


def build_classifier(
    plan: EmbeddingPlan, num_labels: int, config: Config, language_model: SavedLanguageModel | None = None
) -> Classifier:
    """Return the network, with pretrained rows and layers where there are some. Draws from torch's random state."""
    sizes = Sizes(
        num_words=plan.num_trained,
        embedding_size=plan.size,
        num_labels=num_labels,
        pad_id=PAD_ID,
    )
    training = config.training
    model = Classifier(
        sizes,
        network_settings(config.model),
        config.dropout,
        engine=training.engine,
        bptt_steps=training.bptt_steps,
        threads=training.threads,
    )
    model.embedding.sparse = config.embedding.updates == "rows"
    if plan.pretrained is not None:
        model.embedding.set_vectors(plan.pretrained.vectors, plan.pretrained.known, frozen=config.embedding.frozen)
    if language_model is not None:
        use_layers(model, language_model)
    return model
