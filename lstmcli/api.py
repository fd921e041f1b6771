"""The Python interface: `lstmcli.load(run).predict(texts)` and `lstmcli.train(settings)`."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.data.blank import is_blank
from lstmcli.dependencies import naming_missing_package
from lstmcli.errors import in_python_words
from lstmcli.events import Tell, ignore
from lstmcli.inference.given_texts import BLOCK_TEXTS, text_blocks
from lstmcli.inference.predictor import Predictor
from lstmcli.metrics.decisions import DecisionRule, decision_scores
from lstmcli.store.model import SavedModel, read_model

if TYPE_CHECKING:  # prediction loads none of it
    from lstmcli.explanation.results import Explanation
    from lstmcli.metrics.evaluation import Evaluation


def load(run: str | os.PathLike[str]) -> "Model":
    """Open a trained model, without loading torch.

    Args:
        run: a run directory that `lstmcli train` has written, or its folder `model/`, which may have been copied
            elsewhere.

    Raises:
        LstmcliError: there is no model, a file of it is missing or damaged, or a newer lstmcli wrote it.

    Example:
        >>> model = lstmcli.load("runs/demo")
        >>> model.predict(["i miss her so much"])
        ['sadness']
    """
    path = Path(run)
    return Model(read_model(path), path)


class Model:
    """A trained model in memory; `load` makes one.

    It answers as `lstmcli predict` does, digit for digit, whatever other texts are beside a text. Threads that share it
    take turns, a block of texts each; a copy for each (`copy.copy`) lets them compute side by side. While it computes,
    numpy's matrix library has one thread, in the whole process; afterwards it has as many as before.

    A pickle and a copy hold the path of the model, not its content, and open it again.

    Example:
        >>> model.labels
        ('anger', 'fear', 'joy', 'love', 'sadness', 'surprise')
        >>> model.predict_proba(["i miss her so much"]).shape
        (1, 6)
    """

    def __init__(self, saved: SavedModel, path: Path) -> None:
        """Take a model that was read from `path`."""
        self._saved = saved
        self._path = path
        self._absolute_path = path.absolute()  # still right when the working directory has changed
        self._predictor = Predictor(saved)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels, in the order of the columns of `predict_proba`."""
        return self._saved.labels.names

    @property
    def kind(self) -> LabelKind:
        """How many labels a text has: "single" (one), "multi" (any number), "traits" (each label a yes/no question)."""
        return self._saved.labels.kind

    @property
    def thresholds(self) -> dict[str, float]:
        """The probability from which on each label is picked; 0.0 where the most probable one always is."""
        return dict(zip(self.labels, self._saved.rule.thresholds.tolist(), strict=True))

    def predict(
        self,
        texts: Iterable[str],
        *,
        threshold: float | None = None,
        min_confidence: float | None = None,
        answer_blank: bool = False,
    ) -> list[Any]:
        """Label texts.

        Args:
            texts: a list, a pandas Series, a generator or any other iterable of strings, which is read once. Memory
                is needed for the results and some thousand texts.
            threshold: 0 to 1, pick only labels that are at least this probable, instead of by the model's own
                `thresholds`.
            min_confidence: 0 to 1, give no answer if the score is lower: the lowest probability of a label picked, or 1
                minus the highest one if none is.
            answer_blank: whether blank texts are answered like all others. They say nothing, so that a label of theirs
                is only the one that the model leans to.

        Returns:
            A label for each text, in order: its name, a str, where `kind` is "single", or None if not even the most
            probable one reaches `threshold`; otherwise the names of all labels picked, a tuple of str, perhaps empty.
            None where the score is below `min_confidence`, and for a text that is blank, unless `answer_blank`.

        Raises:
            TypeError: `texts` are no strings.
            ValueError: `threshold` or `min_confidence` is not between 0 and 1.

        Example:
            >>> model.predict(["i miss her so much", "so happy today"])
            ['sadness', 'joy']
        """
        rule, least = self._rule(threshold), _probability(min_confidence or 0.0, "min_confidence")
        names, found = _Names(self.labels, is_single=self.kind == "single"), list[Any]()
        for block in self._blocks(texts, answer_blank=answer_blank):
            decisions = rule.decide(block)
            has_answer = decision_scores(block, decisions) >= least  # not that of a blank text, which is NaN
            found += [names[row.tobytes()] if given else None for row, given in zip(decisions, has_answer, strict=True)]
        return found

    def predict_proba(self, texts: Iterable[str], *, answer_blank: bool = False) -> NDArray[np.float64]:
        """Return the probability of each label.

        Args:
            texts: see `predict`.
            answer_blank: see `predict`.

        Returns:
            (texts, labels), in the order of `labels`. Rows sum to 1 where `kind` is "single". Those of blank texts are
            NaN, unless `answer_blank`.

        Raises:
            TypeError: `texts` are no strings.

        Example:
            >>> model.predict_proba(["i miss her so much"]).round(2)
            array([[0.  , 0.  , 0.01, 0.05, 0.94, 0.  ]])
        """
        return np.concatenate([np.empty((0, len(self.labels))), *self._blocks(texts, answer_blank=answer_blank)])

    def explain(
        self, texts: Iterable[str], *, label: str | None = None, method: str | None = None, phrases: int = 0
    ) -> "list[Explanation | None]":
        """Say which words drive the predictions, as `lstmcli explain` does.

        Args:
            texts: see `predict`.
            label: to explain, instead of the most probable one of each prediction.
            method: see `lstmcli explain --method`; None: its default.
            phrases: how many pairs of neighbouring words to look for that do something only together.

        Returns:
            For each text, None if it is blank, else the label with its logits, and the words with places and shares.

        Raises:
            LstmcliError: the model has no such label.
            TypeError, ValueError: `texts` are no strings; there is no such method.
        """
        from lstmcli.explanation.explainer import Explainer
        from lstmcli.explanation.methods import DEFAULT_METHOD, METHODS

        method = method or DEFAULT_METHOD
        if method not in METHODS:
            raise ValueError(f"expected a method of {', '.join(METHODS)}, got {method!r}")
        explainer = Explainer(self._predictor, method=method, label=label, phrases=phrases)
        found: list[Explanation | None] = []
        for block in text_blocks(texts, BLOCK_TEXTS):
            explained = iter(explainer.explain([text for text in block if not is_blank(text)]).explanations)
            found += [None if is_blank(text) else next(explained) for text in block]
        return found

    def _rule(self, threshold: float | None) -> DecisionRule:
        own = self._saved.rule
        return own if threshold is None else own.with_threshold(_probability(threshold, "threshold"))

    def _blocks(self, texts: Iterable[str], *, answer_blank: bool) -> Iterator[NDArray[np.float64]]:
        """Yield the probabilities of a block of texts at a time, (texts, labels)."""
        for block in text_blocks(texts, BLOCK_TEXTS):
            probabilities = self._predictor.probabilities(block)
            if not answer_blank:
                probabilities[[is_blank(text) for text in block]] = np.nan
            yield probabilities

    def __reduce__(self) -> tuple[Any, ...]:
        return load, (self._absolute_path,)

    def __repr__(self) -> str:
        return f"<lstmcli.Model {self._path}: {self._saved.network.cell}, {len(self.labels)} labels>"


def _probability(value: float, name: str) -> float:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"expected a {name} from 0 to 1, got {value!r}")
    return value


class _Names(dict[bytes, "str | tuple[str, ...] | None"]):
    """What the decisions on a text, the bytes of (labels,) booleans, are called; each is put together once."""

    def __init__(self, labels: tuple[str, ...], *, is_single: bool) -> None:
        super().__init__()
        self._labels = labels
        self._is_single = is_single

    def __missing__(self, decisions: bytes) -> "str | tuple[str, ...] | None":
        picked = tuple(compress(self._labels, decisions))
        self[decisions] = name = next(iter(picked), None) if self._is_single else picked
        return name


@dataclass(frozen=True, repr=False)
class TrainingResult:
    """What a training has made.

    Attributes:
        run_dir: the run directory, with the model and the reports.
        validation: scores on the rows that chose the epoch and the thresholds, which makes them optimistic.
        test: scores on the rows of `data.test`, if there are any.
    """

    run_dir: Path
    validation: "Evaluation"
    test: "Evaluation | None"

    @property
    def model(self) -> Model:
        """The trained model, opened anew each time."""
        return load(self.run_dir)

    @property
    def scores(self) -> dict[str, float]:
        """The model's scores by name, on test rows if there are any, else on validation rows."""
        evaluation = self.test or self.validation
        own = next(iter(evaluation.scores.values()))
        return {name: estimate.value for name, estimate in own.items()}

    def __repr__(self) -> str:
        evaluation = self.test or self.validation
        score = self.scores[evaluation.main_score]
        return f"<lstmcli.TrainingResult {self.run_dir}: {evaluation.main_score} {score:.3f} on {evaluation.name}>"


def train(
    settings: Mapping[str, Any] | None = None,
    *,
    texts: Iterable[str] | None = None,
    labels: Iterable[Any] | None = None,
    run_dir: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Tell = ignore,
) -> TrainingResult:
    """Train a classifier, as `lstmcli train` does, and write a run directory.

    Nothing is printed and no signal is handled. A KeyboardInterrupt, or any other exception, leaves a run that
    `resume=True` continues from its last saved state.

    Args:
        settings: what differs from the defaults, {"data.train": "mood.csv", "training.epochs": 5} or nested by section,
            {"data": {"train": "mood.csv"}}; `lstmcli config` lists all keys.
        texts: the training texts, if they are not in a file; a part is set aside for validation.
        labels: of each of `texts`, a name, or a set of names where a text may have several.
        run_dir: where to write; by default `output.run_dir` or a folder in runs/ named after the file. Needed with
            `texts`.
        resume: continue a run that was interrupted, with the same settings and rows.
        overwrite: replace a run that is there already.
        progress: is called with each event of `lstmcli.events`, such as `EpochFinished`.

    Raises:
        LstmcliError: settings, a file or the rows can't be used.
        TypeError, ValueError: an argument is something else than described.

    Example:
        >>> result = lstmcli.train({"data.train": "mood.csv", "data.label": "mood"}, run_dir="runs/mood")
        >>> result.model.predict(["so happy today"])
        ['joy']
    """
    if resume and overwrite:
        raise ValueError("expected resume or overwrite, got both: one continues a run, the other replaces it")
    with in_python_words(), naming_missing_package("lstmcli.train"):
        from lstmcli.recipes.given_rows import given_inputs, given_path
        from lstmcli.recipes.run_setup import open_run
        from lstmcli.store.run import OpenRun
        from lstmcli.store.run_directory import RunDirectory

        config, corpus = given_inputs({} if settings is None else settings, texts, labels)
        path = given_path(config, run_dir, has_rows=corpus is None)
        run = OpenRun(RunDirectory(path), resume, overwrite)
        config = open_run(config, run, has_rows=corpus is None)
        # torch takes seconds to import: a mistake that was found by now need not wait for it.
        from lstmcli.recipes.train import train as train_recipe

        evaluations = train_recipe(config, run, corpus=corpus, tell=progress)
    return TrainingResult(run.directory.path, evaluations[0], evaluations[1] if len(evaluations) > 1 else None)
