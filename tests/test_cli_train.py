"""`lstmcli train` as users meet it: what it writes, what it says, and how it goes on after an interruption."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from lstmcli.config.loading import load_config
from lstmcli.inference.predictor import Predictor
from tests.conftest import FAST, Cli, corpus_options, feeling_rows, history, invoke, losses, set_options, write_csv

SEALED = ("model", "baselines", "seen_texts", "checkpoints/last", "checkpoints/best")


def test_a_run_directory_holds_what_the_design_says(run_directory: Path) -> None:
    found = {str(path.relative_to(run_directory)) for path in run_directory.rglob("*") if path.is_file()}
    assert found == {
        "config.yaml",
        "history.jsonl",
        "metrics.json",
        "report.md",
        "report.html",
        "gradients.svg",
        "model/README.md",
        "model/model.json",
        "model/ngrams.npy",
        "model/vocabulary.txt",
        "model/vocabulary.npy",
        "model/embedding.npy",
        "model/weights.safetensors",
        "baselines/majority.json",
        "baselines/rule.json",
        "baselines/ngrams.json",
        "baselines/terms.txt",
        "baselines/weights.safetensors",
        "checkpoints/last/state.safetensors",
        "checkpoints/last/progress.json",
        "checkpoints/best/average.safetensors",
        "seen_texts/train.npy",
        "seen_texts/validation.npy",
        *(f"{folder}/checksums.json" for folder in SEALED),
    }
    assert len(history(run_directory)) == 6
    assert load_config(run_directory / "config.yaml", []).model.hidden_size == 8


def test_the_figures_are_of_both_files_beside_the_baselines(run_directory: Path, corpus: Path) -> None:
    metrics = json.loads((run_directory / "metrics.json").read_text())
    assert list(metrics["evaluations"]) == [f"{corpus}/validation.csv", f"{corpus}/test.csv"]
    scores = metrics["evaluations"][f"{corpus}/test.csv"]["scores"]
    assert list(scores) == ["this model", "majority class", "TF-IDF + logistic regression", "n-grams alone"]
    assert scores["this model"]["accuracy"]["value"] > 0.9
    assert scores["majority class"]["accuracy"]["value"] == pytest.approx(1 / 3)


def test_reports_name_verdicts_labels_and_files(run_directory: Path, corpus: Path) -> None:
    for name in ("report.md", "report.html"):
        report = (run_directory / name).read_text(encoding="utf-8")
        assert f"{corpus}/test.csv" in report
        assert "The model is better than majority class" in report
        assert "sadness" in report
    assert "<polyline" in (run_directory / "report.html").read_text(encoding="utf-8")


def test_a_pipe_gets_plain_lines_on_stderr_and_the_figures_on_stdout(corpus: Path, tmp_path: Path, cli: Cli) -> None:
    result = cli("train", *corpus_options(corpus), "--run-dir", tmp_path / "run")
    assert result.returncode == 0
    words = [line.split()[0] for line in result.stderr.splitlines()]
    assert words == [
        *["read", "read", "start", "labels", "words", "n-grams", "plan", "model"],
        *["epoch"] * 6,
        *["best", "parts", "wrote"],
    ]
    assert f"read     {corpus}/train.csv: 120 rows\n" in result.stderr
    assert "\x1b" not in result.stderr + result.stdout
    assert "macro-F1" in result.stdout
    assert "Confusion" in result.stdout


def test_the_default_run_directory_is_named_after_config_or_file(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "feelings.yaml"
    config.write_text(f"data: {{train: {corpus}/train.csv}}\n")
    fast = set_options(*FAST, "training.epochs=1", "evaluation.baselines=false")
    assert invoke("train", "--config", config, *fast).exit_code == 0
    assert (tmp_path / "runs" / "feelings" / "model").is_dir()
    assert invoke("train", *set_options(f"data.train={corpus}/train.csv"), *fast).exit_code == 0
    assert (tmp_path / "runs" / "train" / "model").is_dir()


def test_a_run_is_not_overwritten_unless_asked(run_directory: Path, corpus: Path) -> None:
    before = (run_directory / "metrics.json").read_bytes()
    result = invoke("train", *corpus_options(corpus), "--run-dir", run_directory)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {run_directory}: holds a finished run.")
    assert (run_directory / "metrics.json").read_bytes() == before


def test_the_same_seed_trains_the_same_model(corpus: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        options = [*corpus_options(corpus), *set_options("evaluation.baselines=false")]
        assert invoke("train", *options, "--run-dir", tmp_path / name).exit_code == 0
    assert losses(tmp_path / "a") == losses(tmp_path / "b")
    weights = [(tmp_path / name / "model" / "weights.safetensors").read_bytes() for name in ("a", "b")]
    assert weights[0] == weights[1]


def test_the_model_is_that_of_the_best_epoch(corpus: Path, tmp_path: Path) -> None:
    """Later epochs go on changing the weights without a better macro-F1: the report shows those of the best one."""
    options = [*corpus_options(corpus), *set_options("training.epochs=8", "evaluation.baselines=false")]
    assert invoke("train", *options, "--run-dir", tmp_path / "run").exit_code == 0
    epochs = history(tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    best = epochs[metrics["best_epoch"] - 1]["validation"]
    assert best["macro_f1"] == max(epoch["validation"]["macro_f1"] for epoch in epochs)
    found = metrics["evaluations"][f"{corpus}/validation.csv"]["scores"]["this model"]
    assert found["log_loss"]["value"] == pytest.approx(best["log_loss"], rel=1e-4)
    assert best["log_loss"] != pytest.approx(epochs[-1]["validation"]["log_loss"], rel=1e-3)
    assert metrics["temperature"] != 1.0


def test_the_baseline_reads_texts_whole_where_the_model_cuts_them(tmp_path: Path) -> None:
    rows = [(f"one two three four {label}word number{n}", label) for n in range(12) for label in ("x", "y")]
    path = write_csv(tmp_path / "long.csv", ["text", "label"], rows)
    options = set_options(
        *FAST, f"data.train={path}", "tokenizer.max_tokens=4", "tokenizer.cut=head", "training.epochs=1"
    )
    assert invoke("train", *options, "--run-dir", tmp_path / "run").exit_code == 0
    assert "xword" in (tmp_path / "run" / "baselines" / "terms.txt").read_text().split("\n")
    assert "xword" not in (tmp_path / "run" / "model" / "vocabulary.txt").read_text().split("\n")


@pytest.mark.parametrize("cell", ["rnn", "lstm", "peephole"])
def test_every_cell_trains_on_several_labels_a_text(cell: str, tmp_path: Path) -> None:
    rows = [(text, label if number % 3 else f"{label}|intense") for number, (text, label) in enumerate(feeling_rows(6))]
    path = write_csv(tmp_path / "multi.csv", ["text", "label"], rows)
    options = [*FAST, f"data.train={path}", "data.label_separator=|", f"model.cell={cell}", "training.epochs=2"]
    result = invoke("train", *set_options(*options), "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert f"read     {path}: 72 rows\n" in result.stderr
    split = re.search(r"^split .*training part\): (\d+) rows; .*validation part\): (\d+) rows$", result.stderr, re.M)
    assert split is not None
    assert 6 <= int(split[2]) <= 9
    assert int(split[1]) + int(split[2]) == 72
    assert "4 (multi): anger, intense, joy, sadness" in result.stderr
    model = json.loads((tmp_path / "run" / "model" / "model.json").read_text())
    assert model["at_least_one"]
    assert any(threshold != 0.5 for threshold in model["thresholds"])


def test_traits_train_and_are_reported_one_by_one(tmp_path: Path) -> None:
    rows = [(text, str(int(label == "joy")), "yn"[label == "anger"]) for text, label in feeling_rows(6)]
    path = write_csv(tmp_path / "traits.csv", ["text", "HAP", "CAL"], rows)
    options = [*FAST, f"data.train={path}", "data.labels=HAP,CAL", "model.layers=2", "training.epochs=2"]
    result = invoke("train", *set_options(*options), "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "mean accuracy" in result.stdout
    assert "Accuracy per trait" in result.stdout
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("CAL") and line.count("[") == 4]
    assert len(re.findall(r"\d\.\d{3} \[", row)) == 4  # the model and all baselines
    assert json.loads((tmp_path / "run" / "model" / "model.json").read_text())["thresholds"] == [0.5, 0.5]


def test_word_vectors_make_words_usable_that_training_never_saw(corpus: Path, tmp_path: Path) -> None:
    vectors = tmp_path / "v.txt"
    axes = {"joy": "1 0 0", "sadness": "0 1 0", "anger": "0 0 1"}
    known = {"happy": "joy", "glad": "joy", "sad": "sadness", "lonely": "sadness", "angry": "anger", "furious": "anger"}
    unseen = {"joyful": "joy", "sorrowful": "sadness", "irate": "anger"}
    vectors.write_text("".join(f"{word} {axes[label]}\n" for word, label in {**known, **unseen}.items()))
    settings = [f"embedding.vectors={vectors}", "embedding.frozen=true", "training.epochs=12", "dropout.features=0"]
    settings.append("ngrams.enabled=false")  # which know nothing of the file
    options = [option for option in corpus_options(corpus) if option not in {"--set", "embedding.size=16"}]
    result = invoke("train", *set_options(*options, *settings), "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "3 more words for prediction" in result.stderr
    texts = tmp_path / "new.txt"
    texts.write_text("".join(f"today i feel {word} about it\n" for word in unseen))
    predicted = invoke("predict", tmp_path / "run", texts)
    assert [line.split("\t")[0] for line in predicted.stdout.splitlines()] == list(unseen.values())


BAD_CORPORA = [
    ("", "is empty: expected a header line"),
    ("text,label\n", "no usable rows (0 read)"),
    ("text,label\n,x\nhi,\n", "no usable rows (2 read)"),
    (
        "text,label\n" + "".join(f"t{n},x\n" for n in range(27)),
        "have only the label 'x'; a classifier needs at least two",
    ),
    ("text,mood\nhi,x\n", "has no column 'label'. Columns: text, mood."),
    ("text,label\nhi,x\nho,y\n", "can't be split into training and validation"),
]


@pytest.mark.parametrize(("content", "words"), BAD_CORPORA)
def test_a_bad_corpus_gets_one_message_and_nothing_is_written(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    result = invoke("train", *set_options(f"data.train={path}"), "--run-dir", tmp_path / "run")
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["data.train=none.csv"], "none.csv: no such file"),
        (
            ["training.metric=jaccard"],
            "training.metric=jaccard is not available for this kind of labels; choose one of accuracy",
        ),
        (["data.validation=none.csv"], "none.csv: no such file"),
        (["data.test=none.csv"], "none.csv: no such file"),
        (["embedding.vectors=none.vec"], "none.vec: no such word-vector file"),
        (["training.epoch=3"], "--set training.epoch=3: unknown key. Did you mean 'training.epochs'?"),
        (["data.group=author"], "has no column 'author'"),
    ],
)
def test_a_bad_setting_gets_one_message_and_nothing_is_written(
    corpus: Path, tmp_path: Path, settings: list[str], words: str
) -> None:
    result = invoke("train", *corpus_options(corpus), *set_options(*settings), "--run-dir", tmp_path / "run")
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("error:") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments", [["train", "--set", "nonsense"], ["train", "--confg", "x"], ["trian"], ["predict"]]
)
def test_wrong_usage_has_exit_code_2(arguments: list[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_texts_in_two_splits_are_noted(corpus: Path, tmp_path: Path) -> None:
    train = f"data.train={corpus}/train.csv"
    settings = [*FAST, train, f"data.validation={corpus}/train.csv", "training.epochs=1", "evaluation.baselines=false"]
    result = invoke("train", *set_options(*settings), "--run-dir", tmp_path / "run")
    sentence = "120 texts in both"
    assert sentence in result.stderr
    assert sentence in (tmp_path / "run" / "report.md").read_text()


def test_the_training_file_may_be_an_argument(corpus: Path, tmp_path: Path) -> None:
    options = [*set_options(*FAST, "training.epochs=1", "evaluation.baselines=false"), "--run-dir", tmp_path / "run"]
    result = invoke("train", corpus / "train.csv", *options)
    assert result.exit_code == 0, result.stderr
    assert f"train: {corpus}/train.csv" in (tmp_path / "run" / "config.yaml").read_text()


def test_columns_format_and_encoding_may_be_options(tmp_path: Path) -> None:
    rows = "".join(f"{label}\t{text} é\n" for text, label in feeling_rows(5))
    (tmp_path / "rows.dat").write_bytes(f"mood\twords\n{rows}".encode("cp1252"))
    columns = ["--text", "words", "--label", "mood", "--format", "tsv", "--encoding", "cp1252"]
    options = [*set_options(*FAST, "training.epochs=1", "evaluation.baselines=false"), "--run-dir", tmp_path / "run"]
    result = invoke("train", tmp_path / "rows.dat", *columns, *options, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "validation" in result.stdout
    data = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["data"]
    assert [data[key] for key in ("text", "label", "format", "encoding")] == ["words", "mood", "tsv", "cp1252"]


def test_a_file_of_no_known_format_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("text,label\na,b\n")
    result = invoke("train", tmp_path / "rows", "--run-dir", tmp_path / "run")
    assert (result.exit_code, "can't tell the format from the file name. Add --format" in result.stderr) == (1, True)


def test_a_run_directory_that_cant_be_created_is_told_first(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = invoke("train", corpus / "train.csv", "--run-dir", tmp_path / "file" / "run")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"can't be created: {tmp_path}/file is a file, not a folder. Choose another folder." in result.stderr
    assert "read " not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which nobody can create one")
def test_a_folder_that_even_root_cant_write_is_told_first(corpus: Path) -> None:
    result = invoke("train", corpus / "train.csv", "--run-dir", "/proc/run")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: /proc/run: can't be created: /proc can't be written. Choose another folder.\n",
    )


def test_labels_that_are_probably_slips_are_noted(tmp_path: Path) -> None:
    texts = [f"a text of number {number}" for number in range(40)]
    labels = ["joy", "fear", "Joy", "fear|joy"] * 10
    labels[7] = "odd"
    write_csv(tmp_path / "a.csv", ["text", "label"], list(zip(texts, labels, strict=True)))
    settings = [f"data.train={tmp_path}/a.csv", *FAST, "training.epochs=1", "evaluation.baselines=false"]
    result = invoke("train", *set_options(*settings), "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    for note in (
        "note     labels that combine others: 'fear|joy'; for several labels per text, set data.label_separator=|",
        "note     labels that differ only in case, spaces, or the form of a character or number: 'Joy', 'joy';",
        "note     no validation row has odd: too rare to measure",
    ):
        assert note in result.stderr


def test_models_are_readable_for_others_as_new_files_are(run_directory: Path, tmp_path: Path) -> None:
    (tmp_path / "new").write_text("")
    expected = (tmp_path / "new").stat().st_mode
    written = [path for path in run_directory.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"weights.safetensors", "embedding.npy", "report.md"}
    assert {path.stat().st_mode for path in written} == {expected}


def test_a_pretraining_is_not_resumed_as_a_training(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("".join(f"some words of line {number}\n" for number in range(200)))
    options = set_options(f"pretraining.texts={tmp_path}/texts.txt", "pretraining.epochs=1", *FAST[:2])
    result = invoke("pretrain", *options, "--run-dir", tmp_path / "words")
    assert result.exit_code == 0, result.stderr
    wrong = invoke("train", "--resume", "--run-dir", tmp_path / "words")
    assert "is a pretraining; `lstmcli pretrain --resume` continues it" in wrong.stderr


def test_an_ensemble_trains_networks_of_different_seeds_and_reports_one_and_all(corpus: Path, tmp_path: Path) -> None:
    options = [*corpus_options(corpus), "--set", "training.ensemble=3", "--set", "training.epochs=2"]
    result = invoke("train", *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert re.search(
        r"^ensemble validation macro-F1: networks alone \d\.\d{3}, \d\.\d{3}, \d\.\d{3}; ensemble",
        result.stderr,
        re.M,
    )
    assert "its first network" in result.stdout
    assert [(line["network"], line["epoch"]) for line in history(tmp_path / "run")] == [
        (network, epoch) for network in (1, 2, 3) for epoch in (1, 2)
    ]
    first = history(tmp_path / "run")
    assert len({line["train_loss"] for line in first}) == 6
    model = Predictor.open(tmp_path / "run").model
    assert len(model.members) == 3
    alone = [*corpus_options(corpus), "--set", "training.epochs=2", "--set", "training.seed=2"]
    assert invoke("train", *alone, "--run-dir", tmp_path / "alone").exit_code == 0
    (single,) = Predictor.open(tmp_path / "alone").model.members
    for name, value in single.items():
        np.testing.assert_array_equal(value, model.members[1][name])
