"""What reports say: curves against brute force, sentences, and which rows are shown."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import precision_score, recall_score

from lstmcli.corpus.label_set import LabelSet
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.curves import CURVE_THRESHOLDS, RISK_COVERAGES, curves_of, risk_points
from lstmcli.metrics.estimates import Estimate
from lstmcli.metrics.evaluation import Evaluation, System
from lstmcli.metrics.reliability import calibration_error, reliability_bins
from lstmcli.recipes.reporting.effects import unknown_word_bins
from lstmcli.recipes.reporting.texts import ReadableRows, shown_texts
from lstmcli.reports.headline import headline, optimism
from lstmcli.reports.label_trust import FAIR, FEW, GOOD, WEAK, confusion_sentence, own_labels, trust_in, trust_sentences
from lstmcli.reports.wording import first_ones, joined
from tests.report_contents import content_of, evaluation_of

RANDOM = np.random.default_rng(5)
TARGETS = RANDOM.random((90, 3)) < 0.4
PROBABILITIES = np.clip(0.5 * TARGETS + RANDOM.random((90, 3)) * 0.6, 0.0, 1.0)


def test_threshold_curves_are_those_of_scikit_learn() -> None:
    curves = curves_of(TARGETS, PROBABILITIES >= 0.5, PROBABILITIES, ("a", "b", "c"), "multi").thresholds
    assert [curve.label for curve in curves] == ["a", "b", "c"]
    for label, curve in enumerate(curves):
        for at, precision, recall in zip(CURVE_THRESHOLDS, curve.precision, curve.recall, strict=True):
            picked = PROBABILITIES[:, label] >= at
            assert recall == pytest.approx(recall_score(TARGETS[:, label], picked))
            if precision is None:
                assert not picked.any()
            else:
                assert precision == pytest.approx(precision_score(TARGETS[:, label], picked))


def test_single_labels_have_no_threshold_curves() -> None:
    assert evaluation_of("six").curves.thresholds == []  # type: ignore[union-attr]


def test_the_risk_is_that_of_the_most_confident_rows() -> None:
    targets = np.eye(2, dtype=bool)[RANDOM.integers(0, 2, 40)]
    first = np.where(RANDOM.random(40) < 0.7, targets[:, 0], ~targets[:, 0])
    sure = np.linspace(0.51, 0.99, 40)[RANDOM.permutation(40)]
    probabilities = np.where(np.column_stack([first, ~first]), sure[:, None], 1.0 - sure[:, None])
    decisions = np.column_stack([first, ~first])
    wrong = (decisions != targets).any(axis=1)[np.argsort(-sure)]
    for point in risk_points(targets, decisions, probabilities):
        assert point.risk == pytest.approx(wrong[: int(np.ceil(round(point.coverage * 40, 9)))].mean())


def test_rows_of_equal_confidence_are_wrong_as_often_as_on_average() -> None:
    targets = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    decisions = np.eye(2, dtype=bool)[[0, 1, 1, 1]]
    points = risk_points(targets, decisions, np.full((4, 2), 0.5))
    assert [point.risk for point in points] == pytest.approx([0.25] * len(RISK_COVERAGES))


def test_the_bins_of_calibration_hold_every_prediction_and_add_up_to_its_error() -> None:
    bins = reliability_bins(TARGETS, PROBABILITIES, "multi")
    assert sum(each.count for each in bins) == TARGETS.size
    error = sum(each.count * abs(each.probability - each.true_fraction) for each in bins) / TARGETS.size
    assert error == pytest.approx(calibration_error(TARGETS, PROBABILITIES, "multi"))


def compared(key: str, low: float, high: float) -> Evaluation:
    """Return an evaluation that is compared with one other system, TF-IDF."""
    found = evaluation_of(key)
    (tfidf,) = [each for each in found.comparisons if each.other.startswith("TF-IDF")]
    return replace(found, comparisons=[replace(tfidf, difference=Estimate((low + high) / 2, low, high))])


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 0.2, "it is clearly better than TF-IDF"),
        (-0.1, 0.2, "it is not clearly better than TF-IDF"),
        (-0.2, 0.1, "it is not better than TF-IDF"),
        (-0.2, -0.1, "it is clearly worse than TF-IDF"),
    ],
)
def test_the_headline_says_how_clearly_a_baseline_is_beaten(low: float, high: float, words: str) -> None:
    assert words in headline(compared("six", low, high))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_seen": 0}, "On 400 texts of test.csv that it had never seen, the model"),
        (
            {"num_seen": 0, "name": "test.csv, labels mapped by ekman"},
            "On 400 texts of test.csv, labels mapped by ekman, that it had never seen, the model",
        ),
        ({"num_seen": None}, "On 400 texts of test.csv, the model"),
        ({"num_seen": 7}, "On 400 texts of test.csv, 7 of which it was trained or tuned on, the model"),
        ({"is_tuned_on": True}, "On 400 texts of test.csv, which also chose its best epoch, the model"),
        ({"comparisons": []}, "it was compared with nothing simpler."),
        ({"num_groups": 3}, "there are too few rows to compare it with"),
    ],
)
def test_the_headline_says_which_rows_these_are(changes: dict[str, object], words: str) -> None:
    assert words in headline(replace(evaluation_of("six"), **changes))  # type: ignore[arg-type]


def test_each_kind_of_labels_has_its_plain_score() -> None:
    assert "gives the right label to " in headline(evaluation_of("two"))
    assert "averaged over the labels" in headline(evaluation_of("several"))
    assert "of the yes/no questions right" in headline(evaluation_of("traits"))


def test_scores_on_seen_or_tuned_rows_are_called_optimistic_and_others_are_not() -> None:
    found = evaluation_of("two")
    assert optimism(found) == ""
    assert "chosen on them" in optimism(replace(found, is_tuned_on=True))
    assert "trained or tuned on 1,200 of the texts" in optimism(replace(found, num_seen=1200))


def test_labels_are_trusted_by_their_interval_and_number_of_rows() -> None:
    found = evaluation_of("six")
    label = own_labels(found)[0]

    def trust(low: float, value: float, support: int) -> str:
        return trust_in(replace(label, f1=Estimate(value, low, 0.95), support=support), found)

    assert [trust(0.7, 0.9, 10), trust(0.69, 0.9, 10), trust(0.1, 0.49, 10), trust(0.7, 0.9, 9)] == [
        *(GOOD, FAIR, WEAK, FEW)
    ]


def test_a_trait_must_beat_the_more_frequent_answer() -> None:
    found = evaluation_of("traits")
    label = replace(own_labels(found)[0], support=300)  # of 400: always saying yes is right in 75%

    def trust(low: float, value: float) -> str:
        return trust_in(replace(label, accuracy=Estimate(value, low, 0.95)), found)

    assert [trust(0.76, 0.8), trust(0.74, 0.8), trust(0.6, 0.75)] == [GOOD, FAIR, WEAK]
    assert trust_in(replace(label, support=391), found) == FEW


def test_the_weakest_labels_are_named() -> None:
    found = evaluation_of("many")
    said = " ".join(trust_sentences(found))
    weak = [label for label in own_labels(found) if trust_in(label, found) == WEAK]
    worst = min(weak, key=lambda label: label.f1.value)
    assert said.startswith(f"Do not rely on {worst.label} (F1 {worst.f1.value:.2f}, ")
    assert "Too few rows to judge" in said


def test_the_most_frequent_confusion_is_named_first() -> None:
    found = evaluation_of("six")
    names = [label.label for label in own_labels(found)]
    counts = np.array(found.confusion)
    np.fill_diagonal(counts, 0)
    actual, predicted = np.unravel_index(counts.argmax(), counts.shape)
    first = f"Most frequent confusions: {names[actual]} taken for {names[predicted]} ({counts.max()} rows)"
    assert confusion_sentence(found).startswith(first)
    assert confusion_sentence(evaluation_of("several")) == ""


def test_lists_read_as_english() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert joined(["x of a", "y of b"], "but") == "x of a, but y of b"
    assert first_ones(list("abcdef"), 2) == "a, b and 4 more"


def readable(num_words: int = 5) -> ReadableRows:
    """Ten rows, of which rows 0, 3, 6 and 9 are wrong; a row is the more confident the higher its number."""
    is_wrong = np.arange(10) % 3 == 0
    targets = np.eye(2, dtype=bool)[np.where(is_wrong, 1, 0)]
    decisions = np.eye(2, dtype=bool)[np.zeros(10, dtype=int)]
    first = np.linspace(0.55, 0.95, 10)
    probabilities = np.column_stack([first, 1.0 - first])
    texts = [" ".join(["word"] * num_words) + f" {row}" for row in range(10)]
    model = System("this model", decisions, probabilities)
    return ReadableRows(texts, lambda row: f"line {row}", LabelSet(("no", "yes"), "single"), targets, model)


def test_the_most_confident_mistakes_and_then_the_most_doubtful_rows_are_shown() -> None:
    found = shown_texts(readable())
    assert [row.place for row in found.mistakes] == ["line 9", "line 6", "line 3", "line 0"]
    assert [row.place for row in found.doubtful] == ["line 1", "line 2", "line 4", "line 5", "line 7", "line 8"]
    assert (found.mistakes[0].gold, found.mistakes[0].prediction) == ("yes", "no")
    assert found.note == ""


def test_long_texts_are_cut_and_say_so() -> None:
    found = shown_texts(readable(200)).mistakes[0]
    assert found.num_hidden == 201 - 60
    assert "".join(piece for piece, _ in found.pieces).split() == ["word"] * 60


def test_words_are_explained_as_far_as_there_is_time(run_directory: object) -> None:
    predictor = Predictor.open(run_directory)  # type: ignore[arg-type]
    rows = replace(readable(), texts=[f"i feel glad,  {row}" for row in range(10)])
    whole, quick = (shown_texts(rows, lambda _: predictor, most_words=most) for most in (1e9, 0))
    for found in (whole, quick):
        assert "".join(piece for piece, _ in found.mistakes[0].pieces) == "i feel glad, 9"
        shares = {piece: share for piece, share in found.mistakes[0].pieces if share is not None}
        assert abs(shares["glad"]) == max(map(abs, shares.values()))
    assert "without each word" in whole.note
    assert "n-grams alone" in quick.note


def test_unknown_words_of_each_text_are_counted(run_directory: object) -> None:
    predictor = Predictor.open(run_directory)  # type: ignore[arg-type]
    names, parts = unknown_word_bins(["i feel glad", "qqx i feel", "qqx qqy qqz qqq", "i feel"], predictor)
    assert names == ["none", "1 word", "3 words or more"]
    assert parts.tolist() == [0, 1, 2, 0]


def test_the_main_result_is_the_last_evaluation() -> None:
    content = content_of("two")
    assert content.main.name == "test.csv"
    assert [each.name for each in content.ordered] == ["test.csv", "validation.csv"]
