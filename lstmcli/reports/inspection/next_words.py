"""What `lstmcli next` prints. Surprisals are in bits: a word with n bits had a probability of 1 in 2 to the power n."""

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import Any

from lstmcli.errors import counted
from lstmcli.inspection.next_words import Array, Comparison, Guess, ScoredText
from lstmcli.reports.inspection.cells import Style, display_width, fitted, wrapped
from lstmcli.visible import visible

NUM_SURPRISING = 10
NUM_CONTEXT_WORDS = 5
WORD_WIDTH = 24

Texts = Sequence[Sequence[ScoredText]]


def guesses_text(following: Sequence[Guess], preceding: Sequence[Guess], style: Style) -> str:
    """Return the guesses side by side."""
    width = WORD_WIDTH + 9
    lines = ["next".ljust(width) + ("previous" if preceding else "")]
    for number, guess in enumerate(following):
        line = _guess(guess, style).ljust(width)
        lines.append(line + (_guess(preceding[number], style) if number < len(preceding) else ""))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _guess(guess: Guess, style: Style) -> str:
    return f"{guess.probability:.4f}  {fitted(guess.word, WORD_WIDTH, style=style)} "


def guesses_content(guesses: Sequence[Guess]) -> list[dict[str, Any]]:
    """Return guesses for JSON."""
    return [{"word": guess.word, "probability": round(guess.probability, 9)} for guess in guesses]


def guesses_at_each_text(
    words: Sequence[str], guesses: Sequence[tuple[Sequence[Guess], Sequence[Guess]]], style: Style
) -> str:
    """Return a line per word with what is expected after it, as many guesses as fit."""
    lines = [f"{fitted('word', WORD_WIDTH, style=style)}  next"]
    for word, (following, _) in zip(words, guesses, strict=True):
        line = fitted(word, WORD_WIDTH, style=style)
        for guess in following:
            part = f"  {guess.probability:.2f} {visible(guess.word)}"
            if display_width(line + part) > style.width:
                break
            line += part
        lines.append(line)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def perplexity_lines(
    perplexity: float | None, by_direction: dict[str, float | None], held_out: float, compared: Comparison | None
) -> Iterator[str]:
    """Yield the perplexity of a file, and that of the texts held out in pretraining, or for a classifier `compared`."""
    if perplexity is None:
        yield "perplexity: none, since no text has two words"
        return
    parts = ", ".join(f"{name} {value:.2f}" for name, value in by_direction.items() if value is not None)
    shown = f"perplexity: {perplexity:.2f} per word ({parts})"
    if compared is None:
        yield f"{shown}; {held_out:.2f} on the texts held out in pretraining"
        return
    yield shown
    yield f"    {compared.language_model:.2f} with the states of the language model that the classifier started from"
    yield f"    {compared.frequencies:.2f} from the frequencies of words alone"


def compared_content(compared: Comparison | None) -> dict[str, float]:
    """Return for JSON with what a classifier is compared; nothing for a language model."""
    if compared is None:
        return {}
    return {
        "language_model_perplexity": compared.language_model,
        "frequencies_perplexity": compared.frequencies,
    }


def surprising_lines(texts: Texts, lines: Sequence[int]) -> Iterator[str]:
    """Yield the words that were least expected after the words before them, most surprising first."""
    found = [
        (float(nats), -line, -place, piece)
        for own, line in zip(texts, lines, strict=True)
        for piece in own
        for place, nats in enumerate(piece.forward)
        if not math.isnan(nats)
    ]
    if not found:
        return
    yield "bits  line  most surprising words, after the words before them"
    for nats, line, place, piece in heapq.nlargest(NUM_SURPRISING, found, key=lambda each: each[:3]):
        start = max(0, -place - NUM_CONTEXT_WORDS)
        before = " ".join([*(["..."] if start else []), *piece.words[start:-place]])
        yield f"{bits(nats):4.1f}  {-line:>4}  {before} [{piece.words[-place]}]"


def file_text(name: str, num_texts: int, num_words: int, num_unknown: int, parts: Sequence[str], style: Style) -> str:
    """Return the summary of a file, followed by `parts`."""
    unknown = f"{num_unknown / num_words:.1%} of them unknown to the model"
    heading = f"{name}: {counted(num_texts, 'text')}, {counted(num_words, 'word')}, {unknown}"
    return wrapped([heading, *parts], style)


def word_rows(texts: Texts, lines: Sequence[int]) -> Iterator[str]:
    """Yield a table of tab-separated values with a row for each word."""
    yield "line\tposition\tword\tforward_bits\tbackward_bits\n"
    for own, line in zip(texts, lines, strict=True):
        position = 0
        for piece in own:
            for word, *nats in zip(piece.words, piece.forward, piece.backward, strict=True):
                position += 1
                numbers = "\t".join("" if math.isnan(each) else f"{bits(each):.4f}" for each in nats)
                yield f"{line}\t{position}\t{visible(word)}\t{numbers}\n"


def texts_content(texts: Texts, lines: Sequence[int]) -> list[dict[str, Any]]:
    """Return the words of each text for JSON."""
    return [
        {
            "line": line,
            "words": [word for piece in own for word in piece.words],
            "forward_bits": [value for piece in own for value in _bits_of(piece.forward)],
            "backward_bits": [value for piece in own for value in _bits_of(piece.backward)],
        }
        for own, line in zip(texts, lines, strict=True)
    ]


def _bits_of(nats: Array) -> list[float | None]:
    return [None if math.isnan(each) else round(bits(each), 6) for each in nats.tolist()]


def bits(nats: float) -> float:
    """Return a surprisal in bits."""
    return nats / math.log(2.0)
