"""The small runs that are attacked, and what of a run must not depend on what happened on the way."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import feeling_rows
from tests.faults.attack import forked

# Tables of several blocks of checksums, and every kind of file that a run can have.
SETTINGS = [
    "embedding.size=8",
    "model.hidden_size=4",
    "training.epochs=2",
    "training.batch_size=16",
    "training.learning_rate=0.03",
    "training.average_decay=0.8",
    "vocabulary.min_frequency=1",
    "ngrams.bucket_bits=11",
    "evaluation.bootstrap_samples=100",
    "pretraining.epochs=1",
]

TEXTS = [
    "i feel glad about it",
    "so lonely again",
    "today again",
    "furious!!! SOOO livid",
    "unknown wörds 😂",
    "zzz qqq",
]


@dataclass(frozen=True)
class Material:
    """Corpora and finished runs in one folder. Attacks work on copies."""

    folder: Path

    @property
    def run(self) -> Path:
        """A finished training with pretraining, n-grams, baselines and a distilled network."""
        return self.folder / "run"

    @property
    def pretrained(self) -> Path:
        return self.folder / "pretrained"

    @property
    def folds(self) -> Path:
        """A finished cross-validation."""
        return self.folder / "folds"

    @property
    def texts(self) -> Path:
        return self.folder / "texts.txt"

    @property
    def fresh(self) -> Path:
        """Texts that nothing has learned from."""
        return self.folder / "fresh.csv"

    def train(self, *settings: str) -> list[str]:
        """Return the arguments of a training on the corpus."""
        files = [f"data.train={self.folder}/train.csv", f"data.validation={self.folder}/validation.csv"]
        return ["train", *_set(*files, *SETTINGS, *settings)]

    def pretrain(self, *settings: str) -> list[str]:
        fewer = [each for each in SETTINGS if not each.startswith(("ngrams", "evaluation"))]
        return ["pretrain", *_set(f"pretraining.texts=[{self.folder}/train.csv]", *fewer, *settings)]

    def cross_validate(self) -> list[str]:
        options = _set(f"data.train={self.folder}/train.csv", *SETTINGS, "pretraining.own_texts=false")
        return ["cross-validate", "--folds", "2", *options]


def _set(*settings: str) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


def make_material(folder: Path) -> Material:
    """Write corpora, and train."""
    material = Material(folder)
    for name, repeats, offset in (("train", 5, 0), ("validation", 2, 100), ("fresh", 4, 200)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("text", "label"), *feeling_rows(repeats, offset)])
    # Enough texts to read words and n-grams all over the tables.
    words = [text for text, _ in feeling_rows(5)]
    material.texts.write_text("\n".join([*TEXTS, *words]) + "\n", encoding="utf-8")
    commands = [
        [*material.train(), "--run-dir", material.run],
        [*material.pretrain(), "--run-dir", material.pretrained],
        [*material.cross_validate(), "--run-dir", material.folds],
        ["distill", material.run],
    ]
    for arguments in commands:
        outcome = forked(*arguments)
        if outcome.exit_code != 0:
            raise ValueError(f"expected exit code 0, got {outcome}")
    return material


def result_of(run: Path) -> dict[str, bytes]:
    """Return the content of all files that a result consists of, without times, and the names of all others."""
    found = {}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if path.is_dir():
            continue
        if path.name in ("metrics.json", "history.jsonl"):
            content = path.read_bytes()
            try:
                records = [
                    json.loads(each) for each in (content.splitlines() if path.suffix == ".jsonl" else [content])
                ]
                found[name] = json.dumps([_without_times(record) for record in records], sort_keys=True).encode()
            except ValueError:  # it was damaged
                found[name] = content
        else:
            is_result = {"model", "language_model", "baselines", "folds.json", "best"} & set(
                path.relative_to(run).parts
            )
            found[name] = path.read_bytes() if is_result else b""
    return found


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(each) for key, each in value.items() if "seconds" not in key}
    return [_without_times(each) for each in value] if isinstance(value, list) else value


def difference(found: dict[str, bytes], expected: dict[str, bytes]) -> str:
    """Return the names of files that are missing, left over or different."""
    return ", ".join(sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)))
