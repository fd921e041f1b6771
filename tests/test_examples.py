"""Every example of the help and the documentation is run, on stand-ins for the files and runs that a reader has."""

import csv
import re
import shlex
import shutil
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from lstmcli.cli.commands import NAMES
from lstmcli.cli.main import app
from tests.conftest import FAST, PROJECT, feeling_rows, invoke, set_options, write_csv
from tests.test_cli_help import description_of
from tests.test_pipeline_recipes import DOCUMENTS

SETTINGS = set_options(
    *(setting for setting in FAST if not re.search("epochs|hidden", setting)),
    *("training.epochs=1", "pretraining.epochs=1", "model.pretrained=none", "model.hidden_size=64"),
    "tokenizer.max_tokens=40",
)
SETTINGS_TO_GO_ON = set_options("training.epochs=1", "evaluation.baselines=false")
TAKE_SETTINGS = ("train", "pretrain", "cross-validate")
# What a file is there to show: findings of `check`, limits that are missed.
MAY_END_WITH = {"check": {0, 4}, "evaluate": {0, 4}, "compare": {0, 4}}
# Other tests run those with a transformer (test_cli_distillation), those that learn to remember, for minutes
# (test_cli_gradients, with fewer steps), those that join shards (test_shards), those that learn a new label
# (test_cli_continue) and those that need Ray (cluster/test_ray).
ELSEWHERE = re.compile(
    "pretraining.teacher=|runs/start|runs/german|--recall|lstmcli join|without-love|runs/no-love|--engine ray"
)

LABELS = ["anger", "joy", "sadness"]
TRAITS = ["EXT", "NEU", "AGR", "CON", "OPN"]
SEVERITIES = {
    "mood.csv": {"anger": "no", "joy": "mild", "sadness": "high"},
    "severity.csv": {"anger": "none", "joy": "mild", "sadness": "severe"},
}


class Example(NamedTuple):
    """A call of the tool, what is piped into it, and the file that takes its output, or ""."""

    arguments: list[str]
    stdin: str
    output: str = ""


def example_of(command: str) -> Example:
    """Return the call of the tool at the beginning of a pipeline, or after an `echo`."""
    stdin, output, words = "", "", shell_words(command)
    if words[0] == "echo":
        stdin, words = unquoted(words[1]) + "\n", words[3:]
    arguments: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in {"|", ">"}:
            output = following if word == ">" else ""
            break
        if word == "<":
            stdin = Path(following).read_text(encoding="utf-8")
            break
        arguments += sorted(map(str, Path().glob(word))) if word.endswith("*") else [unquoted(word)]
    return Example(arguments[1:], stdin, output)


def shell_words(command: str) -> list[str]:
    """Return words and operators of a command."""
    lexer = shlex.shlex(command, posix=False, punctuation_chars="|<>&")
    lexer.whitespace_split = True
    return list(lexer)


def unquoted(word: str) -> str:
    return word[1:-1] if word[0] in "'\"" else word


def calls(commands: Sequence[str]) -> list[str]:
    """Return the calls of the tool, each with what comes before a pipe."""
    parts = [part.strip() for command in commands for part in command.split(" && ")]
    return [part for part in parts if re.match(r"(echo .* \| )?lstmcli ", part) and not ELSEWHERE.search(part)]


def commands_of(document: Path) -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    return calls([line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()])


EXAMPLES = {
    **{name: calls(description_of(name).examples) for name in NAMES},
    **{document.name: commands_of(document) for document in DOCUMENTS if commands_of(document)},
}


@pytest.fixture(scope="module")
def place(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files and runs that examples name."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(PROJECT / "configs", folder / "configs")
    for path in (PROJECT / "data").glob("*/*.csv"):
        write_head(path, folder / path.relative_to(PROJECT))
    write_tables(folder)
    write_reviews(folder, "")
    (folder / "docs" / "pictures").mkdir(parents=True)
    for name in ("demo", "emotion", "old", "new", "reviews", "teacher"):
        shutil.copytree(run_directory, folder / "runs" / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train("comments", "comments.csv", "data.label_separator=|")
        train("goemotions", "comments.csv", "data.label_separator=|")
        train("traits", "posts.csv", "data.group=author", "data.labels=[EXT,NEU]")
        train("scores", "data/scores/train.csv", "data.scores=[valence,arousal]")
        train("classifier", "reviews.csv", "pretraining.own_texts=true", "data.label=label")
        invoke_well("pretrain", "all-my-texts.txt", *SETTINGS, "--run-dir", "runs/words")
    return folder


def write_head(path: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = islice(csv.reader(stream), 91)
    write_csv(copy, header, rows)


def write_tables(folder: Path) -> None:
    rows = feeling_rows(10)
    texts = [text for text, _ in rows]
    (folder / "all-my-texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    for name in ("held-out.txt", "lines.txt", "texts.txt"):
        (folder / name).write_text("\n".join(texts[:9]) + "\n", encoding="utf-8")
    for name in ("train", "validation", "test", "all", "corpus", "few", "first", "second", "texts"):
        other = [(f"{text} in {name}", label) for text, label in rows]
        write_csv(folder / f"{name}.csv", ["text", "label", "mood", "source", "author", *TRAITS], map(extended, other))
    write_csv(folder / "survey.csv", ["answer", "mood"], rows)
    write_csv(folder / "essays.csv", ["text", "mood"], rows)
    write_csv(folder / "comments.csv", ["text", "label", "source"], [(t, x, x[0]) for t, x in rows])
    write_csv(
        folder / "posts.csv", ["text", "label", "author", *TRAITS], [(t, x, *extended((t, x))[4:]) for t, x in rows]
    )
    for name, error, columns in (
        *(("ours", 7, ("mood", "guess")), ("theirs", 5, ("mood", "guess"))),
        *(("old", 7, ("gold", "prediction")), ("new", 5, ("gold", "prediction"))),
    ):
        guesses = [(t, x, LABELS[0] if number % error == 0 else x) for number, (t, x) in enumerate(rows)]
        authors = [(*guess, extended((guess[0], guess[1]))[4]) for guess in guesses]
        write_csv(folder / f"{name}.csv", ["text", *columns, "author"], authors)
        grades = [[t, *map(SEVERITIES["severity.csv"].__getitem__, xs)] for t, *xs in guesses]
        write_csv(folder / f"pain-{name}.csv", ["text", *columns], grades)
    (folder / "mood.dic").write_text("%\n1\tposemo\n2\tnegemo\n%\nglad\t1\nfuri*\t2\nlonely\t2\n", encoding="utf-8")
    write_ratings(folder, rows)
    for name in ("go", "carer", "essays"):
        for part in ("train", "validation", "test"):
            write_scores(folder / name / f"{part}.csv", [(f"{t} in {part}", x) for t, x in rows])
    for name in ("emotion", "goemotions"):
        (folder / name).mkdir()
        for part in ("train", "validation", "test"):
            write_csv(folder / name / f"{part}.csv", ["text", "label"], [(f"{t} in {part}", x) for t, x in rows])


def extended(row: tuple[str, str]) -> tuple[str, ...]:
    """Return a row with a source, an author, and five traits of theirs."""
    text, label = row
    author = sum(map(ord, text)) % 12
    return (
        text,
        label,
        label,
        ("web", "mail")[author % 2],
        f"p{author}",
        *(str((author >> k % 4) % 2) for k in range(5)),
    )


def write_reviews(folder: Path, command: str) -> None:
    """Write reviews with the columns that a command names."""
    text, label = (re.search(f"{name}[ =]([a-z]+)", command) for name in ("text", "label"))
    names = [text[1] if text else "text", label[1] if label else "label"]
    for name in ("reviews", "more-reviews"):
        write_csv(folder / f"{name}.csv", names, feeling_rows(10))


def write_ratings(folder: Path, rows: Sequence[tuple[str, str]]) -> None:
    three = [
        (t, x, LABELS[n % 3] if n % 5 == 0 else x, LABELS[n % 2] if n % 7 == 0 else x) for n, (t, x) in enumerate(rows)
    ]
    write_csv(folder / "ratings.csv", ["text", "anna", "ben", "chris"], three)
    several = [(t, *(x if n % 3 else f"{x}|joy" for n, x in enumerate(xs))) for t, *xs in three]
    write_csv(folder / "emotions.csv", ["text", "anna", "ben", "chris"], several)
    for name, severities in SEVERITIES.items():
        ordinal = [[t, *(severities[x] for x in ratings)] for t, *ratings in three]
        write_csv(folder / name, ["text", "anna", "ben", "chris"], ordinal)
    votes = [(n, name, x) for n, (_, *xs) in enumerate(three) for name, x in zip("abc", xs, strict=True)]
    write_csv(folder / "votes.csv", ["id", "rater", "emotion"], votes)


def write_scores(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    path.parent.mkdir(exist_ok=True)
    names = ("valence", "EXT", "NEU", "AGR", "CON", "OPN")
    scored = [(t, *(str(1 + (LABELS.index(x) + len(t) * (k + 1)) % 5) for k in range(len(names)))) for t, x in rows]
    write_csv(path, ["text", *names], scored)


def train(name: str, file: str, *settings: str) -> None:
    invoke_well("train", file, *SETTINGS, *set_options(*settings), "--run-dir", f"runs/{name}")


def invoke_well(*arguments: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("where", EXAMPLES)
def test_the_examples_run(where: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    write_reviews(place, "")
    config = place / "reviews.yaml"
    config.write_text("data: {train: reviews.csv}\n")
    if "lstmcli init reviews.csv" in EXAMPLES[where]:
        config.unlink()
    for command in EXAMPLES[where]:
        if re.search("reviews.csv.*(--text|label[ =])", command):
            write_reviews(place, command)
        example = example_of(command)
        arguments = example.arguments
        if arguments[0] in TAKE_SETTINGS and "--resume" not in arguments:
            folds = ["--folds", "2"] if arguments[0] == "cross-validate" else []
            settings = SETTINGS_TO_GO_ON if "--from" in arguments else SETTINGS
            arguments = [*arguments, *settings, "--overwrite", *folds]
        result = CliRunner().invoke(app, arguments, input=example.stdin)
        assert result.exit_code in MAY_END_WITH.get(arguments[0], {0}), f"{command}\n{result.stderr}"
        if example.output:
            Path(example.output).write_text(result.stdout, encoding="utf-8")


def test_calls_are_found_in_pipelines_and_lists() -> None:
    assert calls(['echo "a b" | lstmcli predict runs/x | cut -f1', "ls", "lstmcli a x && lstmcli b --c"]) == [
        'echo "a b" | lstmcli predict runs/x | cut -f1',
        "lstmcli a x",
        "lstmcli b --c",
    ]
    assert example_of('echo "a b" | lstmcli predict runs/x | cut -f1') == Example(["predict", "runs/x"], "a b\n")
    assert example_of("lstmcli train x.csv --set 'a=|' > y") == Example(["train", "x.csv", "--set", "a=|"], "", "y")


def test_most_examples_are_found() -> None:
    assert sum(map(len, EXAMPLES.values())) > 120
