"""Training in Python: `lstmcli.train(settings)`."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmcli.api.loading import load
from lstmcli.api.model import Model
from lstmcli.dependencies import naming_missing_package
from lstmcli.errors import in_python_words
from lstmcli.events import Tell, ignore

if TYPE_CHECKING:  # prediction loads none of it
    from lstmcli.metrics.estimates import Estimate
    from lstmcli.metrics.evaluation import Evaluation
    from lstmcli.metrics.score_evaluation import ScoreEvaluation


@dataclass(frozen=True, repr=False)
class TrainingResult:
    """What a training has made.

    Attributes:
        run_dir: the run directory, with the model and the reports.
        validation: scores on the rows that chose the epoch and the thresholds, which makes them optimistic; a
            `ScoreEvaluation` where scores are the targets.
        test: scores on the rows of `data.test`, if there are any.
    """

    run_dir: Path
    validation: "Evaluation | ScoreEvaluation"
    test: "Evaluation | ScoreEvaluation | None"

    @property
    def model(self) -> Model:
        """The trained model, opened anew each time."""
        return load(self.run_dir)

    @property
    def scores(self) -> dict[str, float]:
        """The model's scores by name, if they are defined: on test rows if there are any, else on validation rows."""
        evaluation = self.test or self.validation
        own: Mapping[str, Estimate | None] = next(iter(evaluation.scores.values()))
        return {name: estimate.value for name, estimate in own.items() if estimate is not None}

    def __repr__(self) -> str:
        evaluation = self.test or self.validation
        score = self.scores.get(evaluation.main_score)
        shown = "not defined" if score is None else f"{score:.3f}"
        return f"<lstmcli.TrainingResult {self.run_dir}: {evaluation.main_score} {shown} on {evaluation.name}>"


def train(
    settings: Mapping[str, Any] | None = None,
    *,
    texts: Iterable[Any] | None = None,
    labels: Iterable[Any] | None = None,
    scores: Mapping[str, Iterable[float | None]] | None = None,
    weights: Iterable[float] | None = None,
    features: Mapping[str, Iterable[Any]] | None = None,
    run_dir: str | os.PathLike[str] | None = None,
    start: str | os.PathLike[str] | None = None,
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
        texts: the training texts, if they are not in a file; a part is set aside for validation. Where `data.text`
            names several columns, a text may be a tuple of all of them.
        labels: of each of `texts`, a name, or a set of names where a text may have several.
        scores: instead of `labels`, one number for each of `texts` by the name of the score, such as {"valence": [3.5,
            ...]}; None or NaN where it is missing.
        weights: of each of `texts`, a number of at least 0: one of weight 2 counts as two, one of weight 0 is left out.
        features: values of columns that are read beside each of `texts`, numbers or categories, by the names of the
            columns; None or NaN where one is missing.
        run_dir: where to write; by default `output.run_dir` or a folder in runs/ named after the file. Needed with
            `texts`.
        start: a run directory of a trained model to go on from, as with `lstmcli train --from`; its settings hold
            where `settings` say nothing else.
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

        before = None if start is None else Path(start)
        given = {} if settings is None else settings
        config, corpus = given_inputs(given, texts, labels, scores, weights, features, start=before)
        path = given_path(config, run_dir, has_rows=corpus is None, start=before)
        run = OpenRun(RunDirectory(path), resume, overwrite)
        config = open_run(config, run, has_rows=corpus is None)
        # torch takes seconds to import: a mistake that was found by now need not wait for it.
        from lstmcli.recipes.train import train as train_recipe

        evaluations = train_recipe(config, run, corpus=corpus, tell=progress)
    return TrainingResult(run.directory.path, evaluations[0], evaluations[1] if len(evaluations) > 1 else None)
