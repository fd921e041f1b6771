"""Chooses what a network starts from: a run, a vector file, the English start that comes with the tool, or nothing."""

from dataclasses import dataclass
from pathlib import Path

from lstmcli.config.model_settings import AUTOMATIC_START, ENGLISH_START, NO_START, LabelKind
from lstmcli.config.settings import Config
from lstmcli.events import StartChosen, Tell
from lstmcli.store.compact import TABLE
from lstmcli.store.language_model import read_language_model
from lstmcli.training.continued import check_fits, continued_run, read_continued
from lstmcli.training.continued_network import word_vectors_of
from lstmcli.training.english import ENGLISH, LEAST_KNOWN, CountedWords, known_share
from lstmcli.training.initial_weights import InitialWeights, differences, start_from, start_from_run
from lstmcli.training.word_vectors import check_width, vectors_from_file

# With one label per text, pretraining on more texts than this teaches more than English in general. Held-out accuracy
# without and with the English start: 12,800 rows of CARER .937, .930 (means of three seeds); 10,000 tweets about
# companies .794, .800; 6,000 film reviews .803, .815 (one seed). With several labels per text, many of them rare, the
# start still helps: all of GoEmotions, macro-F1 .499, .502, Jaccard .542, .551 (one seed).
MOST_TEXTS = 12_000


@dataclass(frozen=True)
class Start:
    """Initial weights, and what they are and why, in a few words."""

    weights: InitialWeights
    what: str


def given_start(config: Config) -> InitialWeights | None:
    """Read what `model.pretrained` or `embedding.vectors` names; None leaves the choice to `automatic_start`.

    Raises:
        LstmcliError: it can't be used, or does not match the config.
    """
    name = config.model.pretrained
    if config.embedding.vectors is not None:
        source = vectors_from_file(config.embedding, lowercase=config.tokenizer.lowercase)
        check_width(config.embedding, source)
        return InitialWeights(source)
    if name == AUTOMATIC_START:
        return None
    if name in {None, NO_START}:
        return InitialWeights()
    return start_from_run(ENGLISH if name == ENGLISH_START else Path(str(name)), config)


def continued_start(config: Config) -> InitialWeights | None:
    """Read the trained model that `model.pretrained` names; None if it names something else.

    Raises:
        LstmcliError: see `read_continued` and `check_fits`.
    """
    run = continued_run(config.model.pretrained)
    if run is None:
        return None
    continued = read_continued(run)
    check_fits(run, continued.model, config)
    return InitialWeights(word_vectors_of(continued), continued=continued)


def told_start(config: Config, texts: CountedWords, tell: Tell, *, kind: LabelKind | None = None) -> InitialWeights:
    """Return the `automatic_start`, and tell what it is."""
    start = automatic_start(config, texts, kind)
    tell(StartChosen(start.what))
    return start.weights


def automatic_start(config: Config, texts: CountedWords, kind: LabelKind | None = None) -> Start:
    """Return the English start for a network that it fits and texts that are in English, and otherwise nothing.

    Args:
        config: of the run.
        texts: to learn from.
        kind: of the labels, with which the network is trained; None for a pretraining, which has none.
    """
    english = read_language_model(ENGLISH)
    misfits = differences(english, config)
    width = english.weights[TABLE].shape[1]
    if config.embedding.size not in {None, width}:
        misfits.append(f"embedding.size={width}")
    if misfits:
        return Start(InitialWeights(), f"random weights: the English start would need {', '.join(misfits)}")
    share = known_share(texts, frozenset(english.vocabulary.words))
    if share < LEAST_KNOWN:
        return Start(InitialWeights(), f"random weights: {share:.0%} of the words are known English words")
    if kind == "single" and config.pretraining.own_texts and len(texts) > MOST_TEXTS:
        what = f"random weights: {len(texts):,} texts teach more than the English start would"
        return Start(InitialWeights(), what)
    return Start(start_from(english, "the English start", config), f"English, {share:.0%} of the words are known")
