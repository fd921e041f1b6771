"""The comments of configs/default.yaml name the numbers and choices that the code really has."""

import re
from typing import Any, get_args

import pytest
import yaml

from lstmcli.config import defaults
from lstmcli.config.defaults import DEFAULT_VECTOR_SIZE
from lstmcli.config.model_settings import FormatName
from lstmcli.data.formats import EXTENSIONS
from tests.conftest import PROJECT

CONTENT = (PROJECT / "configs" / "default.yaml").read_text(encoding="utf-8")

# The numbers that stand in for a null. A key that is not listed names none.
NUMBERS = {
    "embedding.size": {DEFAULT_VECTOR_SIZE},
    "model.chunk_tokens": {defaults.CHUNK_TOKENS},
    "ngrams.bucket_bits": {defaults.NGRAM_BUCKET_BITS, defaults.MAX_NGRAM_NUMBERS >> defaults.NGRAM_BUCKET_BITS},
    "training.epochs": {defaults.MIN_EPOCHS, defaults.MAX_EPOCHS},
    "training.batch_size": {*defaults.BATCH_SIZES, defaults.WANTED_UPDATES_AN_EPOCH},
    "training.learning_rate": {defaults.LEARNING_RATE, defaults.INFORMED_LEARNING_RATE},
    "pretraining.epochs": {
        *(defaults.MIN_LANGUAGE_EPOCHS, defaults.MAX_LANGUAGE_EPOCHS),
        *(defaults.MIN_TAUGHT_EPOCHS, defaults.MAX_TAUGHT_EPOCHS),
    },
    "pretraining.batch_tokens": {defaults.MIN_BATCH_TOKENS, defaults.MAX_BATCH_TOKENS, defaults.TAUGHT_BATCH_SIZE},
}


def comments() -> dict[str, str]:
    """Return the comment of each setting by its dotted name, on one line."""
    found: dict[str, str] = {}
    section = key = ""
    for line in CONTENT.splitlines():
        code, _, comment = line.partition("#")
        if match := re.match(r"( *)(\w+):", code):
            section, key = (match[2], "") if not match[1] else (section, match[2])
            found[f"{section}.{key}"] = comment.strip()
        elif comment and line.startswith("  "):
            found[f"{section}.{key}"] += f" {comment.strip()}"
    return found


COMMENTS = comments()
VALUES: dict[str, dict[str, Any]] = yaml.safe_load(CONTENT)
NULLS = [f"{section}.{key}" for section, keys in VALUES.items() for key, value in keys.items() if value is None]


@pytest.mark.parametrize("key", NULLS)
def test_a_null_comment_names_the_numbers_that_the_code_has(key: str) -> None:
    _, null, meaning = COMMENTS[key].rpartition("null:")
    assert null, f"{key}: the comment does not say what null means"
    numbers = {float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", meaning.rstrip(","))}
    assert numbers == NUMBERS.get(key, set())


def test_every_listed_number_belongs_to_a_null() -> None:
    assert set(NUMBERS) <= set(NULLS)


def test_the_comments_on_files_list_every_extension() -> None:
    """A training file needs a column of labels, so plain text is only for pretraining."""
    tables = {extension for extension, name in EXTENSIONS.items() if name != "text"}
    for key, expected in (("data.train", tables), ("pretraining.texts", set(EXTENSIONS))):
        assert set(re.findall(r"\.[a-z]+", COMMENTS[key])) - {".gz", ".train"} == expected


def test_the_comment_on_formats_lists_every_format_that_can_hold_labels() -> None:
    words = set(re.findall(r"[a-z-]+", COMMENTS["data.format"]))
    assert set(get_args(FormatName)) - {"text"} <= words
