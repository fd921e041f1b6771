"""What reports and the model card say about a training besides figures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstmcli import __version__
from lstmcli.config.model_settings import AUTOMATIC_START, ENGLISH_START
from lstmcli.recipes.evaluation.written import describe_model
from lstmcli.recipes.fit import FittedNetwork
from lstmcli.recipes.prepare import Prepared
from lstmcli.store.language_model import LearnedSentenceVectors
from lstmcli.store.model import SavedModel
from lstmcli.store.run import OpenRun
from lstmcli.text.vocabulary import UNKNOWN_ID


def facts_of_training(prepared: Prepared, run: OpenRun, networks: Sequence[FittedNetwork]) -> dict[str, Any]:
    """Return what metrics.json says besides figures."""
    return {
        "best_epoch": networks[0].best_epoch,
        "epochs": sum(record["network"] == 1 for record in run.history),
        "train_rows": len(prepared.corpus.train.table),
        **_texts_facts(prepared),
        "parameters": sum(network.num_parameters for network in networks),
    }


def _texts_facts(prepared: Prepared) -> dict[str, float]:
    """Return what later texts can be compared with: their length, and how many words of new texts are unknown."""
    new = prepared.validation.token_ids.flat
    return {
        "median_tokens": float(np.median(prepared.train.token_ids.lengths)),
        "unknown_words": round(float((new == UNKNOWN_ID).mean()), 4),
    }


def about_model(prepared: Prepared, model: SavedModel) -> dict[str, Any]:
    """Return what a model card says besides figures."""
    start, name = prepared.language_model, prepared.config.model.pretrained
    is_shipped = name in {AUTOMATIC_START, ENGLISH_START}  # the own texts of a training teach it next words
    return {
        "model": describe_model(model),
        "columns": replace(prepared.config.data, label_map=model.columns.label_map),
        "num_train_rows": len(prepared.corpus.train.table),
        "is_english": is_shipped and start is not None and isinstance(start.learned, LearnedSentenceVectors),
        "beside": () if model.features is None else model.features.described(),
        "release": f"lstmcli {__version__}",
        "before": "" if prepared.continuation is None else prepared.continuation.continued.digest,
    }
