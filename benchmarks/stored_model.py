"""Writes a model of a given size with random weights, to measure the speed of prediction."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.corpora import NUM_LABELS, NUM_SPECIAL
from lstmcli.config.defaults import NGRAM_BUCKET_BITS, network_settings
from lstmcli.config.model_settings import DataSettings, ModelSettings, TokenizerSettings
from lstmcli.corpus.label_set import LabelSet
from lstmcli.kernels.weights import Weights
from lstmcli.metrics.decisions import untuned_rule
from lstmcli.ngrams.table import NgramTable
from lstmcli.store.model import SavedModel, write_model
from lstmcli.text.vocabulary import PAD_TOKEN, UNKNOWN_TOKEN, Vocabulary

EMBEDDING_SIZE = 300
NETWORK = network_settings(ModelSettings(hidden_size=128, bidirectional=False))


def write(folder: Path, num_words: int, *, has_ngrams: bool = True, has_attention: bool = True) -> Path:
    """Write a model that knows the words w0, w1, ... of `corpora.write_csv` and return `folder`.

    Without attention, it uses the last state, as networks in tutorials do.
    """
    folder.mkdir()
    generator = np.random.default_rng(0)
    labels = LabelSet(tuple(f"label{number}" for number in range(NUM_LABELS)), "single")
    rows = generator.standard_normal((1 << NGRAM_BUCKET_BITS, 1 + NUM_LABELS), dtype=np.float32).astype(np.float16)
    ngrams = NgramTable(range(3, 7), np.abs(rows), np.zeros(NUM_LABELS))
    model = SavedModel(
        network=NETWORK if has_attention else replace(NETWORK, pooling="last"),
        tokenizer=TokenizerSettings(),
        vocabulary=Vocabulary([PAD_TOKEN, UNKNOWN_TOKEN, *(f"w{number}" for number in range(num_words - NUM_SPECIAL))]),
        labels=labels,
        rule=untuned_rule("single", NUM_LABELS, at_least_one=True),
        temperature=1.0,
        columns=DataSettings(),
        members=(_weights(num_words, generator, has_attention=has_attention),),
        ngrams=ngrams if has_ngrams else None,
        ngram_share=0.5 if has_ngrams else 0.0,
    )
    write_model(folder, model)
    return folder


def _weights(num_words: int, generator: np.random.Generator, *, has_attention: bool) -> Weights:
    size = NETWORK.hidden_size
    shapes = {
        "embedding.weight": (num_words, EMBEDDING_SIZE),
        "recurrent.layers.0.0.weight_input": (4 * size, EMBEDDING_SIZE),
        "recurrent.layers.0.0.weight_hidden": (4 * size, size),
        "recurrent.layers.0.0.bias": (4 * size,),
        "output.weight": (NUM_LABELS, size),
        "output.bias": (NUM_LABELS,),
    }
    if has_attention:
        shapes["pooling.projection.weight"] = size, size
        shapes["pooling.projection.bias"] = (size,)
        shapes["pooling.query.weight"] = 1, size
    return {name: generator.standard_normal(shape, dtype=np.float32) / 10.0 for name, shape in shapes.items()}
