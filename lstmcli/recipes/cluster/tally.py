"""Counts the parts that are finished, says how to go on where some are missing, and checks that they are all rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from lstmcli import __version__
from lstmcli.data.shards import Manifest
from lstmcli.errors import DataError, InterruptedPredictionError, LstmcliError, UsageError, counted
from lstmcli.inference.row_counts import RowCounts
from lstmcli.inference.rows import OnError
from lstmcli.recipes.cluster.folder import PartsFolder
from lstmcli.recipes.cluster.parts import Input, Part
from lstmcli.recipes.cluster.results import FolderManifest, InputParts, PartCounts, write_folder_manifest
from lstmcli.recipes.cluster.work import PartResult

# So many rows that can't be read are told one by one.
MAX_NOTES: Final = 5


class Tally:
    """What is known about the parts of a prediction."""

    def __init__(
        self, folder: PartsFolder, inputs: Sequence[Input], parts: Sequence[Part], model: str, on_error: OnError
    ) -> None:
        """Look which parts are in the folder already.

        Args:
            folder: of all parts.
            inputs: of the prediction.
            parts: of these.
            model: a digest of the model.
            on_error: what to do with rows that can't be read, see `InputOptions`.
        """
        self._folder, self._inputs, self._parts, self._model, self._on_error = folder, inputs, parts, model, on_error
        self._num_notes = 0
        self._known: dict[str, tuple[Manifest, PartCounts]] = {}
        for part in parts:
            known = folder.finished(part, inputs[part.input - 1], model)
            if known is not None:
                self._known[part.file] = known

    def missing(self) -> list[Part]:
        """Return the parts that are not finished."""
        return [part for part in self._parts if part.file not in self._known]

    def add(self, result: PartResult) -> list[str]:
        """Count a part, and return what to tell about it.

        Raises:
            Exception: what ended its work.
        """
        if result.error is not None:
            raise result.error
        assert result.manifest is not None
        self._known[result.file] = result.manifest, result.counts
        notes = list(result.notes[: MAX_NOTES - self._num_notes])
        self._num_notes += len(notes)
        return notes

    @contextmanager
    def advising(self) -> Iterator[None]:
        """Say how to go on after an interruption or an error, and keep no folder in which nothing is.

        Raises:
            InterruptedPredictionError: on Ctrl-C.
            LstmcliError: after any other error that a user can fix.
        """
        try:
            yield
        except KeyboardInterrupt:
            raise InterruptedPredictionError(f"interrupted; {self._advice()}") from None
        except LstmcliError as error:
            if isinstance(error, DataError | UsageError) and not self._known:
                self._folder.discard()
                raise
            raise LstmcliError(f"{error} {self._advice()}") from None
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise LstmcliError(f"{where}{error.strerror or error}. {self._advice()}") from None

    def _advice(self) -> str:
        # Some may have been finished by workers that could not say so.
        num_done = sum(part.file in self._known or self._folder.has(part) for part in self._parts)
        done = f"{num_done:,} of {counted(len(self._parts), 'part')} finished in {self._folder.path}"
        return f"{done}; the same command with --resume goes on."

    def finish(self, output_format: str) -> RowCounts:
        """Check that the parts are all rows of all inputs, and write the manifest of the folder.

        Raises:
            LstmcliError: rows are missing, or an input was changed meanwhile.
        """
        found = [self._input_parts(number, each) for number, each in enumerate(self._inputs, start=1)]
        counts = RowCounts()
        for _, part in self._known.values():
            counts.rows += part.rows
            counts.broken += part.broken
            counts.blank += part.blank
            counts.without_known_word += part.without_known_word
            counts.stages = counts.stages.plus(part.stages)
        self._folder.tidy(self._parts)
        total, written = sum(each.rows for each in found), sum(each.written_rows for each in found)
        manifest = FolderManifest(
            __version__, self._model, output_format, total, written, counts.broken, counts.blank, found
        )
        write_folder_manifest(self._folder.path, manifest)
        return counts

    def _input_parts(self, number: int, source: Input) -> InputParts:
        files = [part.file for part in self._parts if part.input == number]
        manifests, counts = zip(*(self._known[file] for file in files), strict=True)
        first = manifests[0]
        if any(
            (each.inputs, each.input_rows, each.options) != (first.inputs, first.input_rows, first.options)
            for each in manifests
        ):
            raise LstmcliError(f"{source.name}: was changed while it was read.")
        rows, written = sum(each.rows for each in counts), sum(each.written_rows for each in manifests)
        left_out = sum(each.broken for each in counts) if self._on_error == "skip" else 0
        if rows != first.input_rows or written + left_out != rows:
            raise LstmcliError(
                f"{source.name}: has {counted(first.input_rows, 'row')}, but its parts answer {rows:,} and hold "
                f"{written:,}."
            )
        return InputParts(source.name, first.inputs[0], rows, written, files)
