"""Which columns of a table are the text, the labels and the author, and why."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from lstmcli.corpus.column_profiles import ColumnProfile
from lstmcli.corpus.score_proposal import is_score, score_columns
from lstmcli.errors import DataError, counted, did_you_mean

TEXT_NAMES = "text texts sentence sentences review tweet comment content message body post essay status document"
TEXT_NAMES += " utterance description answer abstract headline title"
LABEL_NAMES = "label labels class classes category categories emotion emotions sentiment target topic topics tag tags"
LABEL_NAMES += " type intent rating stars score polarity y mood feeling stance genre"
AUTHOR_NAMES = "author user username userid authid speaker participant subject person writer patient respondent"
AUTHOR_NAMES += " student customer reviewer"

# Fewer groups could not be split.
MIN_GROUPS = 20

# A second text column whose cells are this part as long as those of the first leaves it open which is meant.
NEARLY_AS_LONG = 0.7

# A yes/no column with fewer rows of one answer can't be learned or split.
MIN_ANSWERS = 4


@dataclass(frozen=True)
class Proposal:
    """The columns to train on.

    Attributes:
        text: the text column.
        label: the label column, or None with `labels`.
        labels: yes/no columns.
        separator: between several labels in one cell.
        group: the column of the author, or None.
        reasons: a sentence on each decision, by what was decided.
        hints: what else the user may want to know.
        scores: columns of numbers, instead of labels.
    """

    text: str
    label: str | None
    labels: tuple[str, ...]
    separator: str | None
    group: str | None
    reasons: dict[str, str]
    hints: tuple[str, ...]
    scores: tuple[str, ...] = ()


def propose(
    name: str, profiles: Sequence[ColumnProfile], *, text: str | None = None, labels: Sequence[str] = ()
) -> Proposal:
    """Choose the columns, those that are not given.

    Args:
        name: of the file, for messages.
        profiles: of all columns.
        text: the text column, if it is known.
        labels: the label column, or several yes/no columns, if they are known.

    Raises:
        DataError: a given column does not exist, or a choice would be a guess; the message lists the candidates.
    """
    by_name = {profile.name: profile for profile in profiles}
    for column in [*([text] if text else []), *labels]:
        if column not in by_name:
            raise DataError(
                f"{name} has no column {column!r}.{did_you_mean(column, by_name)} Columns: {', '.join(by_name)}."
            )
    reasons: dict[str, str] = {}
    own_text = by_name[text] if text else _text(name, [each for each in profiles if each.name not in labels], reasons)
    others = [profile for profile in profiles if profile is not own_text]
    chosen = [by_name[label] for label in labels] or _labels(name, others, reasons)
    rest = [profile for profile in others if profile not in chosen]
    group, hints = _group(rest, reasons)
    if all(map(is_score, chosen)):
        names = tuple(each.name for each in chosen)
        return Proposal(own_text.name, None, (), None, group, reasons, tuple(hints), names)
    is_traits = len(chosen) > 1
    separator = None if is_traits else _separator(chosen[0], reasons)
    return Proposal(
        text=own_text.name,
        label=None if is_traits else chosen[0].name,
        labels=tuple(each.name for each in chosen) if is_traits else (),
        separator=separator,
        group=group,
        reasons=reasons,
        hints=tuple(hints),
    )


def _text(name: str, profiles: Sequence[ColumnProfile], reasons: dict[str, str]) -> ColumnProfile:
    found = sorted((each for each in profiles if each.is_free_text), key=lambda each: -each.mean_characters)
    if not found:
        raise DataError(
            f"{name}: no column looks like free text (several words, seldom the same). Name it with --text; columns: "
            f"{_described(profiles)}."
        )
    named = [each for each in found if _is_named(each.name, TEXT_NAMES)]
    best = named[0] if named and named[0].mean_characters > 0.3 * found[0].mean_characters else found[0]
    rivals = [
        each for each in found if each is not best and each.mean_characters > NEARLY_AS_LONG * best.mean_characters
    ]
    if rivals and not (named and best is named[0] and not any(each in named for each in rivals)):
        raise DataError(
            f"{name}: {len(rivals) + 1} columns look like the text: {_described([best, *rivals])}. Name one with "
            "--text."
        )
    reasons["text"] = (
        f"{counted(round(best.mean_words), 'word')} per row on average, {best.num_values:,} different texts"
    )
    if best.num_values > len(best.values) == 0:
        reasons["text"] = f"{counted(round(best.mean_words), 'word')} per row on average, seldom the same"
    return best


def _labels(name: str, profiles: Sequence[ColumnProfile], reasons: dict[str, str]) -> list[ColumnProfile]:
    """Return the label column, or several yes/no columns."""
    candidates = [each for each in profiles if each.is_few_values or each.separator is not None]
    named = [each for each in candidates if _is_named(each.name, LABEL_NAMES)]
    traits = [each for each in profiles if each.is_yes_no and each.num_cells > 0]
    exact = [each for each in named if each.name.strip().casefold() in {"label", "labels"}]
    if len(exact) == 1 or len(named) == 1:
        best = (exact or named)[0]
        return [_with_reason(best, reasons)]
    if not named and len(traits) > 1:
        kept = [each for each in traits if min(_answers(each)) >= MIN_ANSWERS]
        if len(kept) > 1:
            left_out = [each.name for each in traits if each not in kept]
            note = f"; not {', '.join(left_out)}, with too few rows of one answer" if left_out else ""
            reasons["labels"] = f"{len(kept)} columns of yes/no answers{note}"
            return kept
    if len(candidates) == 1:
        return [_with_reason(candidates[0], reasons)]
    if not candidates and (scores := score_columns(profiles)):
        values = ", ".join(f"{each.num_values:,}" for each in scores)
        reasons["scores"] = f"numbers with {values} different values"
        return scores
    if not candidates:
        raise DataError(
            f"{name}: no column looks like a label (few values, each in several rows, or several per cell). Name it "
            f"with --label; columns: {_described(profiles)}."
        )
    raise DataError(
        f"{name}: {len(candidates)} columns could be the label: {_described(named or candidates)}. Name one with "
        "--label, or several yes/no columns with --label A,B."
    )


def _answers(profile: ColumnProfile) -> list[int]:
    """Return how many rows say no and how many say yes."""
    yes = sum(count for value, count in profile.values.items() if value[:1].lower() in {"1", "y", "t"})
    return [profile.num_cells - yes, yes]


def _with_reason(profile: ColumnProfile, reasons: dict[str, str]) -> ColumnProfile:
    if profile.separator is None:
        shown = ", ".join(value for value, _ in profile.values.most_common(5))
        more = ", ..." if profile.num_values > 5 else ""
        reasons["label"] = f"{profile.num_values} values: {shown}{more}"
    else:
        reasons["label"] = "several labels in one cell"
    return profile


def _separator(profile: ColumnProfile, reasons: dict[str, str]) -> str | None:
    if profile.separator is None:
        return None
    if profile.share(profile.num_lists) > 0.5:
        reasons["label_separator"] = "the cells are lists, in which labels are found with any separator"
        return profile.separator
    joined = next(value for value in profile.values if profile.separator in value.strip(profile.separator))
    reasons["label_separator"] = f"cells such as {joined!r}"
    return profile.separator


def _group(profiles: Sequence[ColumnProfile], reasons: dict[str, str]) -> tuple[str | None, list[str]]:
    """Return the column of the author, if one is certain enough, and hints on others that group rows."""
    repeated = [each for each in profiles if MIN_GROUPS <= each.num_values <= 0.7 * each.num_cells]
    authors = [each for each in repeated if _is_named(each.name, AUTHOR_NAMES)]
    if len(authors) == 1:
        rows = authors[0].num_cells / authors[0].num_values
        reasons["group"] = f"about {rows:.1f} rows of each; splits keep them together"
        return authors[0].name, []
    ids = [each for each in repeated if re.search(r"(?:^|[_\W])id$|Id$|ID$", each.name.strip())]
    return None, [
        f"if rows of the same {each.name!r} belong together (one author, one conversation), add --set "
        f"{shlex.quote(f'data.group={each.name}')} to `lstmcli train`"
        for each in [*authors, *(each for each in ids if each not in authors)][:3]
    ]


def _is_named(name: str, words: str) -> bool:
    """Whether a column is called by one of the words, perhaps with something before or after it."""
    spread = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.strip().lstrip("#"))
    return not set(re.split(r"[\W_]+", spread.casefold())).isdisjoint(words.split())


def _described(profiles: Sequence[ColumnProfile]) -> str:
    return ", ".join(
        f"{each.name} ({counted(round(each.mean_words), 'word')}, "
        f"{'many' if not each.values else format(each.num_values, ',')} values)"
        for each in profiles[:12]
    ) + (", ..." if len(profiles) > 12 else "")
