"""Changed texts: each kind of change by example, and what an evaluation says about predictions of them."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmcli.metrics.variants import VariantExample, VariantResult, changes
from lstmcli.reports.inspection.cells import Style, display_width
from lstmcli.reports.variants import variants_text
from lstmcli.variants import VARIANTS, variant
from lstmcli.variants.contractions import contracted, expanded
from lstmcli.variants.marks import without_emoji, without_punctuation
from lstmcli.variants.negation import negated
from tests.conftest import invoke, write_csv
from tests.metrics_schema import problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't think it's fair", "I do not think it is fair"),
        ("They’re here, and she'll stay", "They are here, and she will stay"),
        ("Can't won't shan't", "Can not will not shall not"),
        ("CAN'T", "CAN not"),
        ("I'm glad you've come", "I am glad you have come"),
        ("let's go", "let us go"),
        ("that ain't Tom's dog", "that ain't Tom's dog"),
        ("ant isn't", "ant is not"),
    ],
)
def test_contractions_are_expanded(text: str, expected: str) -> None:
    assert expanded(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I do not think it is fair", "I don't think it's fair"),
        ("I will not, I cannot, can not", "I won't, I can't, can't"),
        ("We are late because I am slow", "We're late because I'm slow"),
        ("so am I, and that is that. I am.", "so am I, and that's that. I am."),
        ("nothing here", "nothing here"),
    ],
)
def test_contractions_are_made(text: str, expected: str) -> None:
    assert contracted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Well, I'm not sure... are you?!", "Well I'm not sure are you"),
        ("@user said (twice): #go-on", "@user said twice #go-on"),
        ("3.5 %", "3.5"),
        ("no marks", "no marks"),
    ],
)
def test_punctuation_is_removed_except_within_words(text: str, expected: str) -> None:
    assert without_punctuation(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so sad 😭😭 today", "so sad today"),
        ("👩‍👩‍👧 family 👍🏽", "family"),
        ("go 🇩🇪 ❤️ 1️⃣", "go 1"),
        ("20° © 5€", "20° © 5€"),
    ],
)
def test_emoji_are_removed_with_what_joins_and_colours_them(text: str, expected: str) -> None:
    assert without_emoji(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am glad", "I am not glad"),
        ("i feel happy about it", "i do not feel happy about it"),
        ("It's fun, and I love it", "It's not fun, and I love it"),
        ("I can see you", "I can not see you"),
        ("why is it late", "why is it late"),
        ("I am not glad", "I am not glad"),
        ("nobody is glad", "nobody is glad"),
        ("glad", "glad"),
    ],
)
def test_one_negation_is_added_to_a_text_without_any(text: str, expected: str) -> None:
    assert negated(text) == expected


@pytest.mark.parametrize("kind", ["letters swapped", "letter dropped", "letter doubled"])
def test_a_typo_is_one_letter_within_a_longer_word(kind: str) -> None:
    text = "a cat @username http://address.org wonderful 1234567"
    for seed in range(40):
        found = variant(kind, text, seed=seed)
        assert found is not None
        before, after = text.split(), found.split()
        assert [word for word in before if word not in after] == ["wonderful"]
        (word,) = (each for each in after if each not in before)
        assert (word[0], word[-1]) == ("w", "l")
        assert len(word) - len("wonderful") == {"letters swapped": 0, "letter dropped": -1, "letter doubled": 1}[kind]
        if kind == "letters swapped":
            assert sorted(word) == sorted("wonderful")
    assert variant(kind, "a cat sat", seed=1) is None


@given(st.text(), st.integers(0, 5), st.sampled_from(sorted(VARIANTS)))
def test_a_variant_depends_on_kind_text_and_seed_alone_and_is_never_blank_or_the_text(
    text: str, seed: int, kind: str
) -> None:
    found = variant(kind, text, seed=seed)
    assert found == variant(kind, text, seed=seed)
    assert found is None or (found.strip() and found != text)


def test_typos_differ_by_seed() -> None:
    assert len({variant("letter dropped", "a wonderful afternoon", seed=seed) for seed in range(20)}) > 5


def test_a_function_may_get_any_random_numbers() -> None:
    for function in VARIANTS.values():
        assert isinstance(function("I don't feel wonderful! 😭", Random(3)), str)


def test_changes_are_counted_by_row() -> None:
    targets = np.array([[1, 0], [1, 0], [0, 1], [1, 1], [0, 0]], dtype=bool)
    before = np.array([[1, 0], [1, 0], [1, 0], [1, 0], [0, 0]], dtype=bool)
    after = np.array([[1, 0], [0, 1], [0, 1], [0, 1], [1, 1]], dtype=bool)
    found = changes(targets, before, after)
    assert found.changed.tolist() == [False, True, True, True, True]
    assert found.broken.tolist() == [False, True, False, False, True]
    assert found.fixed.tolist() == [False, False, True, False, False]
    assert found.chosen() == [1, 4, 2]


def test_an_evaluation_counts_changed_predictions_and_is_the_same_each_time(folder: Path, run_directory: Path) -> None:
    rows = [
        ("i feel happy about it!", "joy"),
        ("I'm so LIVID 😡", "anger"),
        ("glad", "joy"),
        ("so sad, again", "sadness"),
    ]
    path = write_csv(folder / "rows.csv", ["text", "label"], rows)
    command = ["evaluate", run_directory, path, "--variants", "--no-baselines"]
    printed, again = (invoke(*command, "--json").stdout for _ in range(2))
    assert printed == again
    assert list(problems(json.loads(printed))) == []
    (evaluation,) = json.loads(printed)["evaluations"].values()
    found = {each["kind"]: each for each in evaluation["variants"]}
    assert list(found) == list(VARIANTS)
    applied = {kind: each["num_applied"] for kind, each in found.items()}
    assert [applied[kind] for kind in ("all capitals", "lower case", "punctuation removed", "emoji removed")] == [
        4,
        1,
        2,
        1,
    ]
    assert [applied[kind] for kind in ("contractions expanded", "contractions made", "negation added")] == [1, 0, 2]
    assert (found["lower case"]["num_changed"], found["lower case"]["examples"]) == (0, [])  # the tokenizer does that
    for each in found.values():
        assert len(each["examples"]) == min(3, each["num_changed"])
        assert all(example["before"] != example["after"] for example in each["examples"])
    shown = invoke(*command, "--output", folder / "report")
    assert "Predictions of changed texts" in shown.stdout
    assert "| all capitals | 4 | 0 | 0.0% | 0 | 0 |" in (folder / "report" / "report.md").read_text()


def test_a_cross_validation_refuses_them_with_the_way_to_go(corpus: Path) -> None:
    result = invoke("evaluate", "--folds", 2, corpus / "train.csv", "--variants")
    assert (result.exit_code, "--variants requires a RUN" in result.stderr) == (2, True)


def test_the_table_is_no_wider_than_the_screen() -> None:
    example = VariantExample("a\n" * 99, "a long text\twith tabs " * 9, "", "joy")
    results = [
        VariantResult("letter dropped", 12_345, 1, 1, 0, (example,)),
        VariantResult("emoji removed", 0, 0, 0, 0, ()),
    ]
    lines = variants_text(results, Style(70)).splitlines()
    assert max(map(display_width, lines)) <= 70
    assert lines[2].split() == ["letter", "dropped", "12,345", "1", "0.0%", "1", "0"]
    assert lines[3].split() == ["emoji", "removed", "0", "0", "-", "0", "0"]
    assert "  (none) -> joy: a long text with tabs" in "\n".join(lines)
