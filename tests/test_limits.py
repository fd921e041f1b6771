"""`lstmcli evaluate --fail-under` and its like, and `--write-up`."""

import json
import math
import platform
from pathlib import Path

import numpy as np
import pytest

from lstmcli import __version__
from lstmcli.cli.limits import LIMIT_MISSED, BaselineChoice
from lstmcli.config.settings import EvaluationSettings
from lstmcli.errors import UsageError
from lstmcli.metrics.baseline_names import MAJORITY_NAME, SHORT_NAMES
from lstmcli.metrics.evaluation import Evaluation, System, evaluate
from lstmcli.metrics.limits import Limit, Limits, check_baseline, failures, scalars
from tests.conftest import FAST, feeling_rows, invoke, set_options, write_csv

SCORES = ["accuracy", "macro_f1", "micro_f1", "log_loss"]
FURTHER = ["kappa", "mcc", "balanced_accuracy"]


def evaluation() -> Evaluation:
    """12 rows of two labels, of which the model has 9 right, and the baseline the first 6."""
    targets = np.eye(2, dtype=bool)[np.repeat([0, 1], 6)]
    model, baseline = targets.copy(), np.eye(2, dtype=bool)[np.zeros(12, dtype=int)]
    model[:3] = ~model[:3]
    systems = [System("this model", model, 0.2 + 0.6 * model), System(MAJORITY_NAME, baseline, 0.2 + 0.6 * baseline)]
    return evaluate("rows", systems, targets, ("joy", "x=y"), "single", EvaluationSettings(bootstrap_samples=100))


def test_every_score_has_a_name() -> None:
    found = scalars(evaluation(), SHORT_NAMES)
    of_labels = [f"{score}.{label}" for label in ("joy", "x=y") for score in ("precision", "recall", "f1", "accuracy")]
    of_baseline = [f"majority.{score}" for score in (*SCORES, *FURTHER)]
    assert list(found) == [*SCORES, "calibration_error", *FURTHER, *of_labels, *of_baseline]
    assert found["balanced_accuracy"] == pytest.approx((3 / 6 + 6 / 6) / 2)
    assert found["majority.mcc"] is None
    assert found["accuracy"] == pytest.approx(9 / 12)
    assert found["majority.accuracy"] == pytest.approx(6 / 12)
    assert found["recall.joy"] == pytest.approx(3 / 6)
    assert found["log_loss"] == pytest.approx(-(9 * math.log(0.8) + 3 * math.log(0.2)) / 12)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), []),
        (Limits(under=(Limit("accuracy", 0.75), Limit("recall.x=y", 1.0))), []),
        (Limits(under=(Limit("accuracy", 0.76),)), ["accuracy 0.7500 is under 0.76 (--fail-under)"]),
        (
            Limits(under=(Limit("recall.joy", 0.6), Limit("accuracy", 0.1))),
            ["recall.joy 0.5000 is under 0.6 (--fail-under)"],
        ),
        (Limits(over=(Limit("log_loss", 0.5),)), ["log_loss 0.5697 is over 0.5 (--fail-over)"]),
        (Limits(over=(Limit("log_loss", 0.6),)), []),
        (Limits(below=("majority",)), []),
    ],
)
def test_only_a_missed_limit_is_named(limits: Limits, expected: list[str]) -> None:
    assert failures(limits, evaluation(), SHORT_NAMES) == expected


def test_a_model_that_is_worse_than_a_baseline_is_below_it() -> None:
    found = evaluation()
    model, baseline = found.scores.values()
    model["macro_f1"], baseline["macro_f1"] = baseline["macro_f1"], model["macro_f1"]
    assert failures(Limits(below=("majority",)), found, SHORT_NAMES) == [
        "macro_f1 0.3333 is below 0.7333 of majority (--fail-below)"
    ]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            Limits(under=(Limit("f1.jo", 0.5),)),
            "--fail-under f1.jo: there is no such score. Did you mean 'f1.joy'? Scores: acc",
        ),
        (Limits(under=(Limit("log_loss", 0.5),)), "--fail-under log_loss: less of it is better; use --fail-over."),
        (Limits(under=(Limit("calibration_error", 0.5),)), "use --fail-over."),
        (Limits(over=(Limit("majority.accuracy", 0.5),)), "--fail-over majority.accuracy: more of it is better"),
        (Limits(below=("tfidf",)), "--fail-below tfidf: there is no such baseline here; there are majority."),
    ],
)
def test_a_limit_that_can_t_be_meant_is_wrong_usage(limits: Limits, message: str) -> None:
    with pytest.raises(UsageError) as error:
        failures(limits, evaluation(), SHORT_NAMES)
    assert message in str(error.value)


def test_the_choices_of_baselines_are_those_that_there_are() -> None:
    assert [choice.value for choice in BaselineChoice] == list(SHORT_NAMES.values())


def test_a_missed_limit_is_an_exit_code_and_one_line_after_all_results(
    run_directory: Path, corpus: Path, tmp_path: Path
) -> None:
    arguments = ("evaluate", run_directory, corpus / "test.csv", "--quiet")
    passed = invoke(*arguments, "--fail-under", "macro_f1=1%", "--fail-over", "log_loss=9", "--fail-below", "majority")
    assert (passed.exit_code, passed.stderr) == (0, "")
    options = ("--fail-under", "macro_f1=1.01", "--fail-under", "accuracy=0.01", "--fail-over", "log_loss=0")
    failed = invoke(*arguments, *options, "--output", tmp_path / "report", "--predictions", tmp_path / "rows.csv")
    assert failed.exit_code == LIMIT_MISSED == 4
    assert failed.stdout == passed.stdout
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("failed   macro_f1 ")
    assert " is under 1.01 (--fail-under); log_loss " in failed.stderr
    assert "accuracy" not in failed.stderr
    assert (tmp_path / "report" / "metrics.json").exists()
    assert (tmp_path / "rows.csv").exists()


def test_a_slice_may_have_a_limit(run_directory: Path, tmp_path: Path) -> None:
    rows = [
        [text, label if number % 2 else "anger", str(number % 2)]
        for number, (text, label) in enumerate(feeling_rows(4))
    ]
    path = write_csv(tmp_path / "rows.csv", ["text", "label", "odd"], rows)
    arguments = ("evaluate", run_directory, path, "--no-baselines", "--slice", "odd", "--fail-under")
    assert invoke(*arguments, "slices.odd.1.accuracy=0.5").exit_code == 0
    assert invoke(*arguments, "slices.odd.0.accuracy=0.9").exit_code == LIMIT_MISSED


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fail-under", "macrof1=0.5"], "--fail-under macrof1: there is no such score. Did you mean 'macro_f1'?"),
        (["--fail-under", "macrof1=0.5"], "calibration_error, precision.LABEL, recall.LABEL, f1.LABEL"),
        (["--fail-under", "macro_f1"], "--fail-under macro_f1: expected SCORE=X with a number, such as macro_f1=0.8."),
        (["--fail-over", "=3"], "expected SCORE=X with a number"),
        (["--fail-under", "macro_f1=nan"], "expected SCORE=X with a number"),
        (["--fail-below", "tfidf", "--no-baselines"], "--fail-below tfidf: needs the baselines"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "cross-validate"])
def test_a_limit_is_checked_before_anything_is_computed(command: str, options: list[str], message: str) -> None:
    files = ["no-such-run", "no-such-file"] if command == "evaluate" else ["no-such-file"]
    result = invoke(command, *files, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_two_sentences_for_a_paper_have_every_figure_of_the_report(run_directory: Path, corpus: Path) -> None:
    arguments = ("evaluate", run_directory, corpus / "test.csv")
    text = invoke(*arguments, "--write-up").stdout
    report = json.loads(invoke(*arguments, "--write-up", "--json").stdout)
    assert report["write_up"] == text.removesuffix("\n")
    (found,) = report["evaluations"].values()
    assert text.startswith(
        f"On the 36 rows of {corpus}/test.csv (test rows of the run), a bidirectional LSTM (8 hidden units per "
        "direction, attention pooling), combined with a linear model over n-grams, reached an accuracy of "
    )
    for score in ("accuracy", "macro_f1"):
        estimate = found["scores"]["this model"][score]
        assert f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]" in text
    for name in ("majority class", "TF-IDF + logistic regression", "n-grams alone"):
        assert f"{found['scores'][name]['macro_f1']['value']:.3f} for " in text
        assert name in text
    assert f"lstmcli {__version__}, Python {platform.python_version()} and NumPy {np.__version__}." in text
    assert len([part for part in text.split(". ") if part.strip()]) == 2
    alone = invoke(*arguments, "--write-up", "--no-baselines").stdout
    assert "baselines" not in alone


def test_a_cross_validation_is_written_up_as_one(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", ["text", "label"], feeling_rows(3))
    options = set_options(*FAST, "training.epochs=1", "ngrams.enabled=false", "model.bidirectional=false")
    result = invoke("cross-validate", path, "--folds", 2, *options, "--write-up", "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(
        f"On the 36 rows of {path}, in a cross-validation with 2 folds, an LSTM (8 hidden units, attention pooling) "
        "reached "
    )
    assert "where differences over folds are in points" in result.stdout


def test_without_baselines_none_can_be_a_limit() -> None:
    for held, message in (([], "no baselines were scored"), (["majority"], "there are majority.")):
        with pytest.raises(UsageError, match=message):
            check_baseline("tfidf", held)
    check_baseline("majority", ["majority"])
