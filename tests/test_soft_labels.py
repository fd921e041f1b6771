"""Targets that are probabilities: read from ordinary files, mixed with labels, and learned from."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse
from torch.nn import functional as F

from lstmcli.config.model_settings import DataSettings, LabelKind
from lstmcli.corpus.corpus import load_corpus
from lstmcli.corpus.examples import Examples, read_examples
from lstmcli.corpus.label_set import LabelSet
from lstmcli.corpus.targets import training_targets
from lstmcli.errors import DataError
from lstmcli.metrics.linear import fit_one_vs_rest
from lstmcli.training.loss import make_loss
from tests.conftest import corpus_options, invoke, set_options

SINGLE = DataSettings()
MULTI = DataSettings(label_separator="|")
TRAITS = DataSettings(labels=("EXT", "NEU"))
LABELS = LabelSet(("joy", "sad"), "single")


def read(path: Path, content: str, settings: DataSettings = SINGLE) -> Examples:
    path.write_text(content)
    return read_examples(str(path), settings, soft=True)


def test_a_row_needs_no_label_of_its_own(tmp_path: Path) -> None:
    content = "text,label,probability_joy,probability_sad\na,sad,0.9,0.1\nb,,0.75,0.25\nc,joy,,\nd,,,\n"
    examples = read(tmp_path / "a.csv", content)
    assert examples.labels == [("sad",), ("joy",), ("joy",)]
    assert [finding.setting for finding in examples.findings] == ["unlabelled"]
    np.testing.assert_allclose(training_targets(examples, LABELS, 1.0), [[0.9, 0.1], [0.75, 0.25], [1, 0]])
    np.testing.assert_allclose(training_targets(examples, LABELS, 0.5), [[0.45, 0.55], [0.75, 0.25], [1, 0]])


def test_without_a_label_column_the_probabilities_are_all_there_is(tmp_path: Path) -> None:
    content = "text,prediction,score,probability_joy,probability_sad\na,x,0.9,0.2,0.6\n"
    examples = read(tmp_path / "a.csv", content)
    assert examples.labels == [("sad",)]
    np.testing.assert_allclose(training_targets(examples, LABELS, 0.5), [[0.25, 0.75]])  # they sum up to 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (SINGLE, [("NEU",), ("EXT",), ("NEU",), ("EXT",)]),
        (MULTI, [("EXT", "NEU"), ("EXT",), ("NEU",), ("EXT",)]),
        (TRAITS, [("EXT", "NEU"), (), ("NEU",), ("EXT",)]),
    ],
)
def test_labels_that_follow_from_probabilities(
    tmp_path: Path, settings: DataSettings, expected: list[tuple[str, ...]]
) -> None:
    content = "text,probability_NEU,probability_EXT\na,0.8,0.6\nb,0.3,0.4\nc,0.5,0.49\nd,0,1\n"
    examples = read(tmp_path / "a.csv", content, settings)
    assert examples.labels == expected
    assert examples.soft is not None
    assert examples.soft.names == ("NEU", "EXT")
    assert not examples.soft.has_own.any()
    expected_values = np.array([[0.8, 0.6], [0.3, 0.4], [0.5, 0.49], [0, 1]], dtype=np.float32)
    assert (examples.soft.values == expected_values).all()


def test_keys_of_json_lines_may_come_in_any_order(tmp_path: Path) -> None:
    lines = ['{"text": "a", "probability_joy": 0.9, "probability_sad": 0.1}']
    lines.append('{"probability_sad": 0.8, "probability_joy": 0.2, "text": "b", "label": "joy"}')
    examples = read(tmp_path / "a.jsonl", "\n".join(lines))
    np.testing.assert_allclose(training_targets(examples, LABELS, 1.0), [[0.9, 0.1], [0.2, 0.8]])


def test_dropped_rows_take_their_probabilities_along(tmp_path: Path) -> None:
    content = "text,label,probability_joy,probability_sad\n,joy,0.1,0.9\na,joy,0.7,0.3\nonly\nb,joy,0.6,0.4\n"
    examples = read(tmp_path / "a.csv", content)
    np.testing.assert_allclose(training_targets(examples, LABELS, 1.0), [[0.7, 0.3], [0.6, 0.4]], atol=1e-6)


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"line 3: expected a probability \(0 to 1\) in column 'probability_joy', found '1.5'"
    ):
        read(tmp_path / "a.csv", "text,probability_joy\na,1\nb,1.5\n")
    with pytest.raises(DataError, match=r"expected a probability .* in column 'probability_joy', found ''"):
        read(tmp_path / "a.csv", "text,probability_joy,probability_sad\na,,0.5\n")
    with pytest.raises(
        DataError, match=r"has none of the columns probability_<label> that data\.soft_labels needs; `lstmcli predict"
    ):
        read(tmp_path / "a.csv", "text,label\na,joy\n")
    with pytest.raises(DataError, match=r"has probabilities for EXT, but data\.labels is EXT, NEU"):
        read(tmp_path / "a.csv", "text,probability_EXT\na,1\n", TRAITS)


def test_labels_that_only_the_probabilities_name_are_learned(tmp_path: Path) -> None:
    train = tmp_path / "a.csv"
    train.write_text("text,label,probability_joy,probability_sad,probability_fear\n" + "a,joy,0.5,0.3,0.2\n" * 9)
    validation = tmp_path / "v.csv"
    validation.write_text("text,label\nb,fear\nc,sad\n")
    corpus = load_corpus(DataSettings(train=str(train), validation=str(validation), soft_labels=0.5), seed=1)
    assert corpus.labels.names == ("fear", "joy", "sad")
    np.testing.assert_allclose(training_targets(corpus.train, corpus.labels, 0.5)[0], [0.1, 0.75, 0.15])
    assert corpus.validation.soft is None
    ignored = DataSettings(train=str(validation), validation=str(validation))
    assert load_corpus(ignored, seed=1).train.soft is None


def test_a_regression_counts_a_text_by_its_probability() -> None:
    generator = np.random.default_rng(1)
    dense = generator.normal(size=(200, 3))
    truth = 1 / (1 + np.exp(-dense @ [1.0, -2.0, 0.5]))
    features = sparse.csr_matrix(dense)
    (coefficients,), _ = fit_one_vs_rest(features, truth[:, None].astype(np.float32), 100.0)
    np.testing.assert_allclose(coefficients, [1.0, -2.0, 0.5], atol=0.15)
    hard = truth[:, None] > 0.5
    np.testing.assert_allclose(
        fit_one_vs_rest(features, hard.astype(np.float32), 1.0)[0], fit_one_vs_rest(features, hard, 1.0)[0], atol=0.05
    )


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_the_loss_is_cross_entropy_with_the_probabilities(kind: LabelKind) -> None:
    targets = np.array([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]], dtype=np.float32)
    logits = torch.tensor([[1.0, -1.0, 0.5], [0.2, 0.3, -2.0]])
    found = make_loss(targets, kind, "none")(logits, torch.from_numpy(targets))
    p = torch.from_numpy(targets)
    if kind == "single":
        expected = -(p * logits.log_softmax(1)).sum(1).mean()
    else:
        expected = -(p * F.logsigmoid(logits) + (1 - p) * F.logsigmoid(-logits)).mean()
    torch.testing.assert_close(found, expected)


def test_a_model_is_distilled_through_a_csv_file(run_directory: Path, corpus: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.csv"
    with (corpus / "train.csv").open() as stream, texts.open("w", newline="") as copy:
        csv.writer(copy).writerows([row["text"]] for row in [{"text": "text"}, *csv.DictReader(stream)])
    taught = tmp_path / "taught.csv"
    assert invoke("predict", run_directory, texts, "--probabilities", "--output", taught).exit_code == 0
    options = [*corpus_options(corpus), *set_options(f"data.train={taught}", "data.soft_labels=1")]
    student = tmp_path / "student"
    result = invoke("train", *options, "--run-dir", student)
    assert result.exit_code == 0, result.stderr
    answers = [
        [row["prediction"] for row in csv.DictReader(invoke("predict", run, corpus / "test.csv").stdout.splitlines())]
        for run in (run_directory, student)
    ]
    assert np.mean([first == second for first, second in zip(*answers, strict=True)]) > 0.85
