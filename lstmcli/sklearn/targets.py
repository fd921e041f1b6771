"""What scikit-learn calls y, in all its forms, as names that a model can have."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from lstmcli.corpus.label_names import clean_label
from lstmcli.corpus.label_set import SET_SEPARATOR
from lstmcli.errors import counted
from lstmcli.inference.given_texts import is_missing

Form = Literal["single", "sets", "indicators"]

COLLECTIONS = (set, frozenset, list, tuple, np.ndarray)


class Targets:
    """The classes of each text, whatever the form of y.

    Attributes:
        classes: distinct, sorted.
        names: what the model calls them.
        indices: of the classes of each text.
        form: of y.
    """

    def __init__(self, classes: NDArray[Any], indices: Sequence[Sequence[int]], form: Form) -> None:
        self.classes, self.indices, self.form = classes, indices, form
        self.names = _names(classes, is_single=form == "single")

    @classmethod
    def of(cls, y: Any) -> "Targets":
        """Read y.

        Raises:
            ValueError: it is missing, or holds no classes.
            TypeError: its classes can't be sorted.
        """
        if y is None:
            raise ValueError("LSTMClassifier requires y to be passed, but the target y is None")
        items = _items(y)
        if _holds_sets(items):
            return cls._of_sets(items)
        missing = next((number for number, each in enumerate(items) if is_missing(each)), None)
        if missing is not None:  # numpy would make a class named "None" or "nan" of it
            raise ValueError(f"expected a class for each text, but y[{missing}] is {items[missing]!r}")
        if any(isinstance(names, set | frozenset) for names in items):
            other = next(number for number, names in enumerate(items) if not isinstance(names, COLLECTIONS))
            raise ValueError(f"expected sets of classes, but y[{other}] is {items[other]!r}")
        check_classification_targets(y)
        matrix = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        if matrix.ndim == 2 and matrix.shape[1] > 1:
            return cls(np.arange(matrix.shape[1]), [np.flatnonzero(row).tolist() for row in matrix], "indicators")
        classes, codes = np.unique(column_or_1d(matrix, warn=True), return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"LSTMClassifier needs at least 2 classes, got {counted(len(classes), 'class', 'classes')}"
            )
        return cls(classes, [[code] for code in codes.tolist()], "single")

    @classmethod
    def _of_sets(cls, y: list[Any]) -> "Targets":
        for number, names in enumerate(y):
            wrong = next((name for name in names if not isinstance(name, Hashable) or is_missing(name)), None)
            if wrong is not None or None in names:
                raise ValueError(f"expected names of classes, but y[{number}] holds {wrong!r}")
        found = {name for names in y for name in names}
        if not found:
            raise ValueError("LSTMClassifier needs classes, but no set in y holds any")
        try:
            classes = np.array(sorted(found), dtype=object)
        except TypeError:
            kinds = " and ".join(sorted({type(name).__name__ for name in found}))
            raise TypeError(f"expected classes of one type, but the sets in y hold {kinds}") from None
        position = {name: number for number, name in enumerate(classes)}
        return cls(classes, [sorted({position[name] for name in names}) for names in y], "sets")

    def with_earlier(self, classes: NDArray[Any], names: Sequence[str], form: Form) -> "Targets":
        """Return the same with the classes of an earlier fit, too.

        Raises:
            ValueError: y had another form then, or the classes can't be told apart by their names.
        """
        if form != self.form:
            raise ValueError(f"warm_start: y had the form {form!r} in the last fit, and now has {self.form!r}")
        both = np.array(sorted({*self.classes.tolist(), *classes.tolist()}), dtype=self.classes.dtype.type)
        if self.form == "indicators" and len(both) != len(classes):
            raise ValueError(f"warm_start: y had {len(classes)} columns in the last fit, and now has more")
        place = {each: number for number, each in enumerate(both.tolist())}
        own = self.classes.tolist()
        found = Targets(both, [[place[own[index]] for index in indices] for indices in self.indices], self.form)
        if [found.names[place[each]] for each in classes.tolist()] != list(names):
            raise ValueError("warm_start: classes have other names than in the last fit; fit from scratch")
        return found

    def labels(self) -> list[Any]:
        """Return what `lstmcli.train` takes."""
        if self.form == "single":
            return [self.names[index] for (index,) in self.indices]
        return [tuple(self.names[index] for index in indices) for indices in self.indices]


def indicators(sets: Iterable[Iterable[Any]], classes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return (texts, classes), and a last column for what no class is."""
    position = {name: number for number, name in enumerate(classes)}
    rows = [[position.get(name, len(position)) for name in names] for names in sets]
    matrix = np.zeros((len(rows), len(position) + 1), dtype=np.bool_)
    for row, numbers in zip(matrix, rows, strict=True):
        row[numbers] = True
    return matrix


def _items(y: Any) -> list[Any]:
    """Return what may be sets or missing; of numbers and matrices nothing."""
    is_column = len(getattr(y, "shape", ())) == 1 and getattr(getattr(y, "dtype", None), "kind", "") == "O"
    return list(y) if is_column or isinstance(y, list | tuple) else []


def _holds_sets(y: list[Any]) -> bool:
    """Whether y has a set, list or tuple of names for each text; rows of an indicator matrix hold numbers."""
    if not all(isinstance(names, COLLECTIONS) for names in y):
        return False
    return any(isinstance(names, set | frozenset) or any(isinstance(each, str) for each in names) for names in y)


def _names(classes: NDArray[Any], *, is_single: bool) -> list[str]:
    """Return the classes as text, or their numbers where a model could not have these names."""
    names = [clean_label(str(each)) for each in classes.tolist()]
    are_usable = all(names) and (is_single or not any(SET_SEPARATOR in name for name in names))
    return names if are_usable and len(set(names)) == len(names) else [str(number) for number in range(len(names))]
