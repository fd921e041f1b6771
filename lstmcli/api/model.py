"""Trained models in Python: `lstmcli.load(run).predict(texts)`."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.config.model_settings import LabelKind
from lstmcli.data.blank import is_blank
from lstmcli.inference.given_texts import BLOCK_TEXTS, text_blocks
from lstmcli.inference.predictor import Predictor
from lstmcli.inference.rows_in_memory import GivenText, given_rows
from lstmcli.metrics.decisions import DecisionRule, decision_scores
from lstmcli.store.model import SavedModel, read_model

if TYPE_CHECKING:  # prediction loads none of it
    from lstmcli.api.groups import GroupAnswer
    from lstmcli.explanation.results import Explanation

# Values of columns beside the text, by the names of the columns; a data frame is one.
Features = Mapping[str, Iterable[Any]]


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
        """How many labels a text has: "single" (one), "multi" (any number), "traits" (each label a yes/no question).

        For a `ScoreModel`, it is "scores".
        """
        return self._saved.labels.kind

    @property
    def thresholds(self) -> dict[str, float]:
        """The probability from which on each label is picked; 0.0 where the most probable one always is."""
        return dict(zip(self.labels, self._saved.rule.thresholds.tolist(), strict=True))

    def predict(
        self,
        texts: Iterable[GivenText],
        *,
        threshold: float | None = None,
        min_confidence: float | None = None,
        answer_blank: bool = False,
        features: Features | None = None,
    ) -> list[Any]:
        """Label texts.

        Args:
            texts: a list, a pandas Series, a generator or any other iterable of strings, which is read once. Memory
                is needed for the results and some thousand texts. For a model that joins several columns, a text may
                be a tuple of all of them in order.
            threshold: 0 to 1, pick only labels that are at least this probable, instead of by the model's own
                `thresholds`.
            min_confidence: 0 to 1, give no answer if the score is lower: the lowest probability of a label picked, or 1
                minus the highest one if none is.
            answer_blank: whether blank texts are answered like all others. They say nothing, so that a label of theirs
                is only the one that the model leans to.
            features: for a model that reads columns beside the text, the values of each by its name; None: all of them
                are missing.

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
        for block in self._blocks(texts, answer_blank=answer_blank, features=features):
            decisions = rule.decide(block)
            has_answer = decision_scores(block, decisions) >= least  # not that of a blank text, which is NaN
            found += [names[row.tobytes()] if given else None for row, given in zip(decisions, has_answer, strict=True)]
        return found

    def predict_proba(
        self, texts: Iterable[GivenText], *, answer_blank: bool = False, features: Features | None = None
    ) -> NDArray[np.float64]:
        """Return the probability of each label.

        Args:
            texts: see `predict`.
            answer_blank: see `predict`.
            features: see `predict`.

        Returns:
            (texts, labels), in the order of `labels`. Rows sum to 1 where `kind` is "single". Those of blank texts are
            NaN, unless `answer_blank`.

        Raises:
            TypeError: `texts` are no strings.

        Example:
            >>> model.predict_proba(["i miss her so much"]).round(2)
            array([[0.  , 0.  , 0.01, 0.05, 0.94, 0.  ]])
        """
        blocks = self._blocks(texts, answer_blank=answer_blank, features=features)
        return np.concatenate([np.empty((0, len(self.labels))), *blocks])

    def predict_groups(
        self,
        texts: Iterable[GivenText],
        groups: Iterable[Hashable],
        *,
        threshold: float | None = None,
        features: Features | None = None,
    ) -> "list[GroupAnswer]":
        """Return one answer for each group of texts, such as all texts of a person, as `lstmcli predict --by` does.

        Args:
            texts: see `predict`.
            groups: whose each text is, in the same order: names, numbers, or whatever else a dict can have as keys.
            threshold: see `predict`; None: the thresholds for groups if the model has some (`decision.level: group`).
            features: see `predict`.

        Returns:
            In the order in which the groups come. Blank texts do not count; a group without others has no answer.

        Raises:
            TypeError: `texts` are no strings.
            ValueError: there are more or fewer groups than texts, or one is missing; `threshold` is not between 0 and
                1.

        Example:
            >>> [anna, ben] = model.predict_groups(["so happy", "i miss her", "so glad"], ["anna", "ben", "anna"])
            >>> anna.prediction, anna.num_texts
            ('joy', 2)
        """
        from lstmcli.api.groups import pool_groups

        rule = self._rule(threshold)
        if threshold is None and self._saved.group_rule is not None:
            rule = self._saved.group_rule
        found = pool_groups(self._saved, self._blocks(texts, answer_blank=False, features=features), groups)
        if found is None:
            return []
        names = _Names(self.labels, is_single=self.kind == "single")
        return list(found.answers(names[row.tobytes()] for row in rule.decide(found.pooled.probabilities)))

    def explain(
        self,
        texts: Iterable[GivenText],
        *,
        label: str | None = None,
        method: str | None = None,
        phrases: int = 0,
        features: Features | None = None,
    ) -> "list[Explanation | None]":
        """Say which words drive the predictions, as `lstmcli explain` does.

        Args:
            texts: see `predict`.
            label: to explain, instead of the most probable one of each prediction.
            method: see `lstmcli explain --method`; None: its default.
            phrases: how many pairs of neighbouring words to look for that do something only together.
            features: see `predict`.

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
        for block in text_blocks(given_rows(self._saved.columns, texts, features), BLOCK_TEXTS):
            explained = iter(explainer.explain([text for text in block if not is_blank(text)]).explanations)
            found += [None if is_blank(text) else next(explained) for text in block]
        return found

    def _rule(self, threshold: float | None) -> DecisionRule:
        own = self._saved.rule
        return own if threshold is None else own.with_threshold(_probability(threshold, "threshold"))

    def _blocks(
        self, texts: Iterable[GivenText], *, answer_blank: bool, features: Features | None
    ) -> Iterator[NDArray[np.float64]]:
        """Yield the probabilities of a block of texts at a time, (texts, labels)."""
        for block in text_blocks(given_rows(self._saved.columns, texts, features), BLOCK_TEXTS):
            probabilities = self._predictor.probabilities(block)
            if not answer_blank:
                probabilities[[is_blank(text) for text in block]] = np.nan
            yield probabilities

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (type(self), self._absolute_path)

    def __repr__(self) -> str:
        return f"<lstmcli.Model {self._path}: {self._saved.network.cell}, {len(self.labels)} labels>"


def _opened(kind: type[Model], path: Path) -> Model:
    return kind(read_model(path), path)


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
