"""Looks into one network of a model while it reads: a text word by word, or many texts."""

from collections.abc import Iterator, Sequence

from lstmcli.errors import UsageError, counted
from lstmcli.inspection.decision import decide
from lstmcli.inspection.habits import count_habits
from lstmcli.inspection.matches import Match, find_matches, find_pattern
from lstmcli.inspection.results import FileInspection, FoundMatch, Search, TextInspection, View, Word
from lstmcli.inspection.signals import Array, named_arrays, signals_of
from lstmcli.inspection.traces import DIRECTIONS, DirectionTrace, TracingReader
from lstmcli.store.model import SavedModel
from lstmcli.text.tokenizer import Tokenizer
from lstmcli.text.vocabulary import UNKNOWN_ID, UNKNOWN_TOKEN

# Texts that are read at the same time, which costs less than one by one.
BATCH_TEXTS = 32


class Inspector:
    """Opens one network of a model."""

    def __init__(self, model: SavedModel, view: View) -> None:
        """Check the view, and prepare the network.

        Raises:
            UsageError: the model has no such network, layer or unit.
        """
        network = model.network
        _check("--member", view.member, len(model.members), "network")
        _check("--layer", view.layer, network.layers, "layer")
        _check("--unit", view.unit, network.hidden_size, "unit")
        self.view = View(view.member, view.layer or network.layers, view.unit)
        self._model = model
        self._layer = (view.layer or network.layers) - 1
        self._unit = None if view.unit is None else view.unit - 1
        guard = model.word_guards[view.member - 1] if model.word_guards else None
        self._reader = TracingReader(network, model.members[view.member - 1], guard)
        self._tokenizer = Tokenizer(model.tokenizer)

    def words_of(self, text: str) -> list[str]:
        """Return the words that the network reads; a text without any is one unknown word."""
        return self._tokenizer(text) or [UNKNOWN_TOKEN]

    def _ids(self, words: Sequence[str]) -> list[int]:
        return [self._model.vocabulary.id_of(word) for word in words]

    def text(self, text: str) -> TextInspection:
        """Return what the network does at each word of `text`."""
        words = self.words_of(text)
        ids = self._ids(words)
        trace = self._reader.read([ids])[0]
        return TextInspection(
            text=text,
            words=tuple(Word(word, number != UNKNOWN_ID) for word, number in zip(words, ids, strict=True)),
            network=self._model.network,
            view=self.view,
            num_members=len(self._model.members),
            directions=tuple(signals_of(each, self._unit) for each in trace.layers[self._layer]),
            attention=trace.attention,
            decision=decide(self._model, text),
        )

    def texts(self, texts: Sequence[str], num_words: int) -> FileInspection:
        """Return what the network does over `texts`, with `num_words` words at either end of each gate."""
        counts = [0]

        def counted_traces() -> Iterator[tuple[list[str], Sequence[DirectionTrace]]]:
            for words, traces in self._traces(texts):
                counts[0] += len(words)
                yield [self._known(word) for word in words], traces

        habits = count_habits(counted_traces(), self._unit, num_words)
        return FileInspection(self._model.network, self.view, len(self._model.members), len(texts), counts[0], habits)

    def _known(self, word: str) -> str:
        return word if self._model.vocabulary.id_of(word) != UNKNOWN_ID else UNKNOWN_TOKEN

    def search(
        self, text: str, texts: Sequence[str], *, signal: str, direction: str, threshold: float | None, most: int
    ) -> Search | None:
        """Find where in `texts` the unit behaves as it does in `text`, which is left out where it occurs again.

        Args:
            text: with the pattern.
            texts: to look in.
            signal: the gate or state to compare.
            direction: one of DIRECTIONS.
            threshold: see `find_pattern`.
            most: the number of matches.

        Returns:
            None: nothing in `text` is beyond the threshold.

        Raises:
            UsageError: the network has no such gate, state or direction, or no unit was chosen.
        """
        if self.view.unit is None:
            raise UsageError("to look for what a unit does, name it with --unit.")
        number = DIRECTIONS.index(direction)
        words = self.words_of(text)
        (own,) = self._values([words], signal, number)
        pattern = find_pattern(own, threshold)
        if pattern is None:
            return None
        numbers = [number for number, other in enumerate(texts) if other != text]
        all_words = [self.words_of(texts[number]) for number in numbers]
        matches = find_matches(self._values(all_words, signal, number), pattern, most)
        found = (
            FoundMatch(
                Match(numbers[match.text], match.start, match.values, match.distance), tuple(all_words[match.text])
            )
            for match in matches
        )
        return Search(signal, direction, self.view.unit, tuple(words), pattern, tuple(found))

    def _values(self, texts: Sequence[Sequence[str]], signal: str, direction: int) -> Iterator[Array]:
        """Yield the unit's values in each text, (words,)."""
        for _, traces in self._traces_of(texts):
            if direction >= len(traces):
                raise UsageError("--direction: this network reads forward only.")
            arrays = named_arrays(traces[direction])
            if signal not in arrays:
                raise UsageError(f"--signal: this network has {', '.join(arrays)}, but no {signal!r}.")
            yield arrays[signal][:, self._unit]

    def _traces(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[DirectionTrace]]]:
        yield from self._traces_of([self.words_of(text) for text in texts])

    def _traces_of(self, texts: Sequence[Sequence[str]]) -> Iterator[tuple[Sequence[str], Sequence[DirectionTrace]]]:
        for start in range(0, len(texts), BATCH_TEXTS):
            batch = texts[start : start + BATCH_TEXTS]
            traces = self._reader.read([self._ids(words) for words in batch])
            for words, trace in zip(batch, traces, strict=True):
                yield words, trace.layers[self._layer]


def _check(option: str, number: int | None, most: int, noun: str) -> None:
    if number is not None and not 1 <= number <= most:
        raise UsageError(f"{option} {number}: this model has {counted(most, noun)}, counted from 1.")
