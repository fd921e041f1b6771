"""`lstmcli explain --faithfulness`: how faithful each method is on the texts of a file."""

from pathlib import Path

from lstmcli.explanation.faithfulness import Faithfulness, compare
from lstmcli.inference.predictor import Predictor
from lstmcli.recipes.inspection.rows import RowOptions, read_rows
from lstmcli.store.model import read_label_model


def measure(run: Path, path: str, options: RowOptions) -> Faithfulness:
    """Compare the methods on all texts of `path`.

    Raises:
        DataError: the file can't be read, or has no text of two words.
    """
    model = read_label_model(run, "lstmcli explain --faithfulness")
    return compare(Predictor(model), read_rows(path, options, model.columns).texts, name=path)
