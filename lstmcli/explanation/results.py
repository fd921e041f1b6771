"""What explaining a text gives."""

from dataclasses import dataclass

from lstmcli.inference.predictor import Predictions


@dataclass(frozen=True)
class WordColumn:
    """From which of several columns a word is.

    Attributes:
        name: of the column; None for the mark between two of them.
        start: where the text of that column starts in the whole text.
    """

    name: str | None
    start: int


@dataclass(frozen=True)
class WordShare:
    """A word as it is written, `text[start:end]`, and how much it speaks for the label (negative: against it).

    `column` is None where a model reads only one.
    """

    word: str
    start: int
    end: int
    share: float
    column: WordColumn | None = None


@dataclass(frozen=True)
class FeatureShare:
    """A column that is read beside the text, what the row has in it, and how much that speaks for the label."""

    feature: str
    value: str
    share: float


@dataclass(frozen=True)
class PhraseShare:
    """Two words side by side, `text[start:end]`.

    Attributes:
        phrase: as it is written.
        start: its first character.
        end: the character after its last one.
        share: by how much the log odds of the label fall without both.
        interaction: what they do only together, f(text) - f(without one) - f(without the other) + f(without both) for
            log odds f; negative where they say the same twice.
    """

    phrase: str
    start: int
    end: int
    share: float
    interaction: float


@dataclass(frozen=True)
class Parts:
    """The logits of a label before they are mixed; `ngrams` and its `intercept` are None in a model without n-grams."""

    network: float
    ngrams: float | None
    intercept: float | None


@dataclass(frozen=True)
class Explanation:
    """Why a text gets a label.

    Attributes:
        label: what is explained.
        probability: of this label.
        parts: its logits.
        words: all words of the text, in order.
        features: what is beside the text, compared with an average row.
        phrases: neighbouring words with the largest absolute interactions, in order, if these were asked for.
    """

    label: str
    probability: float
    parts: Parts
    words: tuple[WordShare, ...]
    phrases: tuple[PhraseShare, ...] = ()
    features: tuple[FeatureShare, ...] = ()

    def strongest(self, most: int | None) -> tuple[WordShare, ...]:
        """Return the `most` words with the largest absolute shares (None: all), in the order of the text."""
        if most is None or most >= len(self.words):
            return self.words
        ranked = sorted(range(len(self.words)), key=lambda place: (-abs(self.words[place].share), place))
        return tuple(self.words[place] for place in sorted(ranked[:most]))


@dataclass(frozen=True)
class ExplainedTexts:
    """A block of texts: what is predicted, and why; `num_without_known_word` texts have no word of the vocabulary."""

    predictions: Predictions
    explanations: list[Explanation]
    num_without_known_word: int
