"""The bundled corpora keep what data/README.md promises."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

DATA = Path(__file__).parent.parent / "data"
SPLITS = ("train", "validation", "test")
EMOTIONS = {"joy", "sadness", "anger", "fear", "love", "surprise"}
TRAITS = ["EXT", "NEU", "AGR", "CON", "OPN"]


def rows(corpus: str, split: str) -> list[dict[str, str]]:
    with (DATA / corpus / f"{split}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def all_texts(corpus: str) -> list[str]:
    return [row["text"] for split in SPLITS for row in rows(corpus, split)]


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


@pytest.mark.parametrize(("corpus", "length"), [("emotion", 5), ("personality", 6), ("annotators", 5), ("people", 5)])
def test_no_two_texts_share_a_run_of_words(corpus: str, length: int) -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    for text in all_texts(corpus):
        tokens = words(text)
        seen.update({tuple(tokens[start : start + length]) for start in range(len(tokens) - length + 1)})
    assert [run for run, count in seen.items() if count > 1] == []


@pytest.mark.parametrize("corpus", ["emotion", "personality", "annotators", "people"])
def test_the_readme_gives_the_counts(corpus: str) -> None:
    counts = " / ".join(str(len(rows(corpus, split))) for split in SPLITS)
    assert f"| `{corpus}/` | {counts} texts |" in (DATA / "README.md").read_text(encoding="utf-8")


def test_emotions_are_balanced_in_every_split_and_texts_short() -> None:
    assert len(all_texts("emotion")) >= 1000
    for split in SPLITS:
        counts = Counter(row["label"] for row in rows("emotion", split))
        assert set(counts) == EMOTIONS
        assert max(counts.values()) - min(counts.values()) <= 2
    lengths = [len(text.split()) for text in all_texts("emotion")]
    assert min(lengths) == 3
    assert max(lengths) == 47


def test_no_emotion_text_stands_there_twice() -> None:
    assert len({" ".join(words(text)) for text in all_texts("emotion")}) == len(all_texts("emotion"))


def runs_of_five(text: str) -> set[tuple[str, ...]]:
    tokens = words(text)
    return {tuple(tokens), *(tuple(tokens[start : start + 5]) for start in range(len(tokens) - 4))}


def test_the_replies_have_the_promised_counts_and_share_no_run_of_five_words() -> None:
    tested = {split: rows("replies", split) for split in ("train", "test")}
    assert {split: len(found) for split, found in tested.items()} == {"train": 60, "test": 20}
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert "`replies/train.csv` (60 rows) and `replies/test.csv` (20 rows)" in readme
    for found in tested.values():
        counts = Counter(row["label"] for row in found)
        assert counts["solved"] == counts["unsolved"]
        assert {row["channel"] for row in found} == {"chat", "email", "phone"}
        assert all(not row["minutes"] or 0 < int(row["minutes"]) <= 120 for row in found)
    others = set().union(*map(runs_of_five, [*all_texts("emotion"), *all_texts("personality")]))
    assert [row["text"] for found in tested.values() for row in found if runs_of_five(row["text"]) & others] == []


def test_the_negation_test_shares_no_run_of_five_words_with_the_emotion_corpus() -> None:
    trained_on = set().union(*map(runs_of_five, all_texts("emotion")))
    assert [row["text"] for row in rows("negation", "test") if runs_of_five(row["text"]) & trained_on] == []


@pytest.mark.parametrize("corpus", ["annotators", "people"])
def test_texts_of_annotators_and_people_share_no_run_of_five_words_with_others(corpus: str) -> None:
    others = [*all_texts("emotion"), *(row["text"] for row in rows("negation", "test"))]
    others += [row["text"] for split in ("train", "test") for row in rows("scores", split)]
    others += [] if corpus == "annotators" else [*all_texts("annotators"), *all_texts("personality")]
    taken = set().union(*map(runs_of_five, others))
    assert [text for text in all_texts(corpus) if runs_of_five(text) & taken] == []


def test_authors_have_eight_posts_each_in_one_split_and_traits_are_balanced_and_independent() -> None:
    by_split = {split: rows("people", split) for split in SPLITS}
    authors = {split: Counter(row["author"] for row in found) for split, found in by_split.items()}
    assert {split: len(found) for split, found in authors.items()} == {"train": 12, "validation": 4, "test": 8}
    assert len(set().union(*authors.values())) == 24
    for split, found in by_split.items():
        assert set(authors[split].values()) == {8}
        traits = {(row["author"], row["EXT"], row["NEU"]) for row in found}
        assert len(traits) == len(authors[split])
        assert len(set(Counter((ext, neu) for _, ext, neu in traits).values())) == 1
    lengths = [len(text.split()) for text in all_texts("people")]
    assert (min(lengths), max(lengths)) == (8, 20)


def test_each_annotated_text_has_two_or_three_of_four_labels() -> None:
    for split in SPLITS:
        for row in rows("annotators", split):
            votes = [row[who] for who in ("first", "second", "third")]
            assert set(votes) <= {"joy", "sadness", "anger", "fear", ""}
            assert votes.count("") <= 1


def test_the_negation_test_accepts_emotions_and_the_readme_counts_its_kinds() -> None:
    tested = rows("negation", "test")
    assert len({row["text"] for row in tested}) == len(tested)
    assert {label for row in tested for label in row["label"].split("|")} == EMOTIONS
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert f"`negation/test.csv` ({len(tested)} texts" in readme
    for kind, count in Counter(row["kind"] for row in tested).items():
        assert f"| {kind} | {count} |" in readme


def test_traits_are_balanced_and_texts_of_the_promised_length() -> None:
    assert len(all_texts("personality")) >= 120
    for split in SPLITS:
        for trait in TRAITS:
            share = sum(row[trait] == "1" for row in rows("personality", split)) / len(rows("personality", split))
            assert 0.4 <= share <= 0.6, (split, trait)
    lengths = [len(text.split()) for text in all_texts("personality")]
    assert min(lengths) >= 40
    assert max(lengths) <= 120


def test_the_scores_have_the_promised_counts_and_range_and_share_no_run_of_five_words() -> None:
    tested = {split: rows("scores", split) for split in ("train", "test")}
    assert {split: len(found) for split, found in tested.items()} == {"train": 150, "test": 60}
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert "`scores/train.csv` (150 texts) and `scores/test.csv` (60 texts)" in readme
    everything = [row for found in tested.values() for row in found]
    for name in ("valence", "arousal"):
        values = [float(row[name]) for row in everything]
        assert min(values) >= 1.0
        assert max(values) <= 5.0
        assert len(set(values)) > 20

    def runs(text: str) -> set[tuple[str, ...]]:
        tokens = words(text)
        return {tuple(tokens), *(tuple(tokens[start : start + 5]) for start in range(len(tokens) - 4))}

    others = [*all_texts("emotion"), *all_texts("personality"), *(row["text"] for row in rows("negation", "test"))]
    taken = set().union(*map(runs, others))
    for row in everything:
        own = runs(row["text"])
        assert not own & taken, row["text"]
        taken |= own


def test_the_severities_have_the_promised_counts_and_share_no_run_of_five_words() -> None:
    tested = {split: rows("severity", split) for split in ("train", "test")}
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert "`severity/train.csv` (102 texts) and `severity/test.csv` (42 texts)" in readme
    for split, each in (("train", 34), ("test", 14)):
        assert Counter(row["severity"] for row in tested[split]) == {"none": each, "mild": each, "severe": each}
    others = [*all_texts("emotion"), *all_texts("personality"), *all_texts("annotators")]
    others += [row["text"] for split in ("train", "test") for row in rows("scores", split)]
    others += [row["text"] for row in rows("negation", "test")]
    taken = set().union(*map(runs_of_five, others))
    for row in (row for found in tested.values() for row in found):
        own = runs_of_five(row["text"])
        assert not own & taken, row["text"]
        taken |= own
