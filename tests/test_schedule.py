"""The rules that size a training by its corpus, where the user says nothing."""

import pytest

from lstmcli.config.defaults import (
    MAX_EPOCHS,
    MIN_EPOCHS,
    WANTED_LANGUAGE_TOKENS,
    Schedule,
    language_schedule,
    network_settings,
    schedule_for,
)
from lstmcli.config.model_settings import ModelSettings, PoolingName
from lstmcli.config.settings import PretrainingSettings, TrainingSettings


@pytest.mark.parametrize(
    ("num_texts", "tokens_a_text", "batch_size", "num_epochs"),
    [
        (100, 20, 16, MAX_EPOCHS),
        (2500, 20, 16, 20),
        (5000, 20, 32, 10),
        (7000, 20, 64, 8),
        (13_000, 20, 128, MIN_EPOCHS),
        (1_000_000, 20, 128, MIN_EPOCHS),
        (2500, 200, 16, 12),
        (2500, 2000, 16, MIN_EPOCHS),
    ],
)
def test_batches_and_epochs_follow_the_corpus(
    num_texts: int, tokens_a_text: int, batch_size: int, num_epochs: int
) -> None:
    found = schedule_for(num_texts, num_texts * tokens_a_text, TrainingSettings())
    assert (found.batch_size, found.num_epochs) == (batch_size, num_epochs)


@pytest.mark.parametrize(
    ("num_texts", "tokens_a_text", "batch_size", "num_epochs"),
    [(500, 20, 13, 8), (2000, 20, 40, 8), (16_000, 20, 51, 4), (40_000, 15, 68, 2), (2000, 600, 2, 2)],
)
def test_pretraining_follows_the_texts(num_texts: int, tokens_a_text: int, batch_size: int, num_epochs: int) -> None:
    found = language_schedule(
        num_texts, num_texts * tokens_a_text, PretrainingSettings(), wanted_tokens=WANTED_LANGUAGE_TOKENS
    )
    assert (found.batch_size, found.num_epochs) == (batch_size, num_epochs)


@pytest.mark.parametrize(
    ("pooling", "chunk_tokens", "expected"),
    [("attention", None, 128), ("attention", 0, None), ("mean", 50, 50), ("last", None, None), ("last", 50, 50)],
)
def test_long_texts_are_read_in_pieces_where_nothing_else_is_said(
    pooling: PoolingName, chunk_tokens: int | None, expected: int | None
) -> None:
    settings = ModelSettings(pooling=pooling, chunk_tokens=chunk_tokens, pretrained="somewhere")
    assert network_settings(settings) == ModelSettings(pooling=pooling, chunk_tokens=expected, pretrained=None)


def test_batches_and_epochs_that_are_set_count() -> None:
    assert schedule_for(100, 2000, TrainingSettings(epochs=3, batch_size=7)) == Schedule(7, 3)
