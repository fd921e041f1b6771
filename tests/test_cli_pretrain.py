"""`lstmcli pretrain` as users start it, and a training that starts from it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from lstmcli.config.model_settings import DataSettings
from lstmcli.corpus.plain_texts import read_texts
from lstmcli.errors import DataError
from lstmcli.recipes.pretraining import next_word
from tests.conftest import (
    FAST,
    FEELINGS,
    corpus_options,
    feeling_rows,
    interrupt,
    invoke,
    losses,
    run_here,
    set_options,
    write_csv,
)

PRETRAINING = set_options(
    *FAST, "pretraining.epochs=3", "pretraining.batch_tokens=64", "pretraining.learning_rate=0.02"
)


OWN_TEXTS = set_options("pretraining.own_texts=true", "pretraining.epochs=2", "pretraining.batch_tokens=64")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "all.txt"
    path.write_text("".join(f"{text}\n" for text, _ in feeling_rows(20, offset=300)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pretrained(texts: Path) -> Path:
    """A finished pretraining. Tests must not change it."""
    run = texts.parent / "words"
    result = invoke("pretrain", *PRETRAINING, "--set", f"pretraining.texts={texts}", "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    assert f"lstmcli train --set model.pretrained={run}" in result.stderr
    return run


def test_pretraining_writes_a_language_model_that_beats_frequencies(pretrained: Path) -> None:
    facts = json.loads((pretrained / "metrics.json").read_text())
    assert facts["perplexity"] < 0.5 * facts["frequency_perplexity"]
    description = json.loads((pretrained / "language_model" / "language_model.json").read_text())
    assert description["learned"]["objective"] == "next-word"
    assert description["learned"]["perplexity"] == pytest.approx(facts["perplexity"], abs=0.01)
    assert "happy" in (pretrained / "language_model" / "vocabulary.txt").read_text().split("\n")


def test_a_training_starts_from_its_words_and_layers(pretrained: Path, corpus: Path, tmp_path: Path) -> None:
    options = [*corpus_options(corpus), *set_options("training.epochs=1", "training.learning_rate=1e-9")]
    result = invoke("train", *options, "--set", f"model.pretrained={pretrained}", "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    found = load_file(tmp_path / "run" / "model" / "weights.safetensors")
    expected = load_file(pretrained / "language_model" / "weights.safetensors")
    layers = [name for name in expected if name.startswith("recurrent.")]
    assert len(layers) == 6
    for name in layers:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6)
    rows = {
        name: (folder / "vocabulary.txt").read_text().split("\n")
        for name, folder in (("found", tmp_path / "run" / "model"), ("expected", pretrained / "language_model"))
    }
    for word in ("happy", "<unknown>", "number300"):  # the last one stands in the unlabelled texts alone
        row = np.load(tmp_path / "run" / "model" / "embedding.npy")[0][rows["found"].index(word)]
        np.testing.assert_allclose(row, expected["embedding.weight"][rows["expected"].index(word)], atol=1e-3)


def test_the_folder_of_the_pretraining_is_not_needed_afterwards(pretrained: Path, corpus: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(pretrained, moved)
    options = [*corpus_options(corpus), *set_options("evaluation.baselines=false", f"model.pretrained={moved}")]
    assert invoke("train", *options, "--run-dir", tmp_path / "run").exit_code == 0
    shutil.rmtree(moved)
    result = invoke("evaluate", tmp_path / "run", corpus / "test.csv")
    assert result.exit_code == 0, result.stderr


def test_other_settings_than_those_of_the_pretraining_are_refused(
    pretrained: Path, corpus: Path, tmp_path: Path
) -> None:
    options = set_options(f"model.pretrained={pretrained}", "model.cell=rnn", "tokenizer.lowercase=false")
    result = invoke("train", *corpus_options(corpus), *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 1
    assert "model.cell=lstm, tokenizer.lowercase=true" in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_language_model_is_no_classifier_and_a_classifier_as_a_start_is_gone_on_from(
    pretrained: Path, run_directory: Path, corpus: Path, tmp_path: Path
) -> None:
    result = invoke("predict", pretrained, corpus / "test.csv")
    assert (result.exit_code, "holds a language model, which has no labels" in result.stderr) == (1, True)
    option = f"model.pretrained={run_directory}"
    result = invoke("train", *corpus_options(corpus), "--set", option, "--run-dir", tmp_path / "run")
    assert (result.exit_code, f"goes on from {run_directory}" in result.stderr) == (0, True), result.stderr


def test_a_resumed_pretraining_is_an_uninterrupted_one(pretrained: Path, texts: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(pretrained, run)
    (run / "metrics.json").unlink()
    progress = run / "checkpoints" / "last" / "progress.json"
    assert json.loads(progress.read_text())["is_finished"]
    result = invoke("pretrain", "--resume", "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    assert losses(run) == losses(pretrained)
    again = invoke("pretrain", "--resume", "--run-dir", run)
    assert (again.exit_code, "already finished" in again.stderr) == (0, True)
    texts_changed = invoke("pretrain", *PRETRAINING, "--set", f"pretraining.texts={texts}", "--run-dir", run)
    assert (texts_changed.exit_code, "holds a finished run" in texts_changed.stderr) == (1, True)


def test_without_a_file_of_texts_the_training_texts_are_used(corpus: Path, tmp_path: Path) -> None:
    result = invoke("pretrain", *PRETRAINING, "--set", f"data.train={corpus}/train.csv", "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    nothing = invoke("pretrain", "--run-dir", tmp_path / "other")
    assert (nothing.exit_code, "pretraining.texts: no file of texts given" in nothing.stderr) == (1, True)


def test_texts_are_read_from_lines_and_columns_without_repeats(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\ntwo\nONE\n")
    write_csv(tmp_path / "b.csv", ["id", "text"], [("1", "two"), ("2", "three, four"), ("3",)])
    (tmp_path / "c.jsonl").write_text('{"text": "five"}\n{"other": 1}\n')
    paths = [str(tmp_path / name) for name in ("a.txt", "b.csv", "c.jsonl")]
    store, reports = read_texts(paths, DataSettings())
    assert list(store.read(np.arange(len(store)))) == ["one", "two", "three, four", "five"]
    assert [(report.num_rows, report.num_kept) for report in reports] == [(4, 2), (3, 1), (2, 1)]
    assert str(reports[0].findings[0]) == "empty text at line 2"
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n")
    with pytest.raises(DataError, match="there is no text"):
        read_texts([str(empty)], DataSettings())


def test_one_text_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("only this\n")
    result = invoke("pretrain", "--set", f"pretraining.texts={tmp_path}/a.txt", "--run-dir", tmp_path / "run")
    assert (result.exit_code, "too few texts to learn from (1)" in result.stderr) == (1, True)


def test_texts_of_a_single_word_have_nothing_to_predict_but_train_all_the_same(tmp_path: Path) -> None:
    words = [(word, label) for label, words in FEELINGS.items() for word in words]
    write_csv(tmp_path / "words.csv", ["text", "label"], words)
    options = [*set_options(*FAST, f"data.train={tmp_path}/words.csv", "data.validation_fraction=0.3"), *OWN_TEXTS]
    result = invoke("train", *options, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "The network starts from random weights." in result.stderr
    alone = invoke("pretrain", *options, "--run-dir", tmp_path / "alone")
    assert (alone.exit_code, "frequent enough to learn from" in alone.stderr) == (1, True)
    assert not (tmp_path / "alone").exists()


def test_texts_of_one_word_have_no_next_word(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(
        "".join(f"word{n % 40}{'!' * (n // 40)}\n" for n in range(300)).replace("!", "x")
    )
    options = set_options(*FAST, f"pretraining.texts={tmp_path}/words.txt", "vocabulary.min_frequency=1")
    result = invoke("pretrain", *options, "--run-dir", tmp_path / "run")
    assert (result.exit_code, "there is no next word to predict" in result.stderr) == (1, True)


def test_a_training_learns_from_its_own_texts_first(corpus: Path, tmp_path: Path) -> None:
    """And is that of a training which starts from the same pretraining by hand."""
    run = tmp_path / "run"
    result = invoke("train", *corpus_options(corpus), *OWN_TEXTS, "--run-dir", run)
    assert result.exit_code == 0, result.stderr
    assert "pretrain next-word prediction on 120 training texts (pretraining.own_texts)" in result.stderr
    assert json.loads((run / "pretraining" / "metrics.json").read_text())["epochs"] == 2
    by_hand = tmp_path / "by-hand"
    start = set_options(f"model.pretrained={run / 'pretraining'}")
    result = invoke("train", *corpus_options(corpus), *start, "--run-dir", by_hand)
    assert result.exit_code == 0, result.stderr
    assert losses(run) == losses(by_hand)


def test_a_stop_in_the_pretraining_names_the_command_that_was_typed(corpus: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = [*corpus_options(corpus), *OWN_TEXTS, *set_options("pretraining.epochs=500", "training.patience=500")]
    stderr = interrupt("train", *options, "--run-dir", run, when=run / "pretraining" / "history.jsonl")
    assert f"Resume with: lstmcli train --resume --run-dir {run}\n" in stderr
    start = invoke("train", *corpus_options(corpus), "--set", f"model.pretrained={run}/pretraining", "--overwrite")
    assert (start.exit_code, "holds an unfinished pretraining; resume it with" in start.stderr) == (1, True)


def test_a_training_resumes_after_its_pretraining_and_within_it(corpus: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    options = [*corpus_options(corpus), *OWN_TEXTS]
    assert invoke("train", *options, "--run-dir", whole).exit_code == 0

    between = tmp_path / "between"  # stopped after the pretraining, before any state of the network was saved
    shutil.copytree(whole, between)
    for name in ("model", "checkpoints", "baselines"):
        shutil.rmtree(between / name)
    for name in ("metrics.json", "history.jsonl"):
        (between / name).unlink()
    result = invoke("train", "--resume", "--run-dir", between)
    assert result.exit_code == 0, result.stderr
    assert "held-out texts" not in result.stderr
    assert losses(between) == losses(whole)

    within = tmp_path / "within"  # stopped in the pretraining
    shutil.copytree(between, within)
    for name in ("model", "checkpoints", "baselines", "pretraining/language_model"):
        shutil.rmtree(within / name)
    for name in ("metrics.json", "history.jsonl", "pretraining/metrics.json"):
        (within / name).unlink()
    result = invoke("train", "--resume", "--run-dir", within)
    assert result.exit_code == 0, result.stderr
    assert "held-out texts" in result.stderr
    assert losses(within) == losses(whole)


def test_a_handful_of_texts_is_trained_on_all_the_same(tmp_path: Path) -> None:
    """Four rows, no word of which occurs twice: the language model knows no word at all."""
    rows = [("good", "x"), ("bad", "y"), ("nice day", "x"), ("awful night", "y")]
    write_csv(tmp_path / "few.csv", ["text", "label"], rows)
    result = invoke("train", "--set", f"data.train={tmp_path}/few.csv", "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr


def test_words_that_only_a_vector_file_has_stay_usable_after_a_pretraining(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("happy 1 2 3\njoyful 3 -4 5\nsad -5 6 7\n")
    vectors = set_options(f"embedding.vectors={tmp_path}/v.txt", "embedding.size=null")
    result = invoke("train", *corpus_options(corpus), *OWN_TEXTS, *vectors, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "1 more words for prediction" in result.stderr
    words = (tmp_path / "run" / "model" / "vocabulary.txt").read_text().split()
    row = np.load(tmp_path / "run" / "model" / "embedding.npy")[0][words.index("joyful")].astype(float)
    np.testing.assert_allclose(row / row[0], [1.0, -4 / 3, 5 / 3], rtol=2e-3)


def test_of_a_large_corpus_a_training_reads_a_part(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(next_word, "MAX_OWN_TOKENS", 200)
    result = invoke("train", *corpus_options(corpus), *OWN_TEXTS, "--run-dir", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert "of these texts are used, about 200 tokens" in result.stderr
    facts = json.loads((tmp_path / "run" / "pretraining" / "metrics.json").read_text())
    assert 180 < facts["tokens"] <= 200
    assert facts["words"] > 30  # the vocabulary is of all texts


def test_files_may_be_arguments_and_one_of_them_standard_input(pretrained: Path, texts: Path, tmp_path: Path) -> None:
    lines = texts.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "first.txt").write_text("".join(lines[:50]), encoding="utf-8")
    options = [*PRETRAINING, "--run-dir", tmp_path / "run"]
    result = run_here("pretrain", tmp_path / "first.txt", "-", *options, "--quiet", stdin="".join(lines[50:]))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    facts, expected = (json.loads((run / "metrics.json").read_text()) for run in (tmp_path / "run", pretrained))
    assert [Path(each["file"]).name for each in facts.pop("data_files")] == ["first.txt", "-"]
    assert facts.pop("config_sha256") != expected.pop("config_sha256")
    del expected["data_files"]
    assert facts == expected


def test_columns_and_format_may_be_options(tmp_path: Path) -> None:
    table = "id;words\n" + "".join(f"{number};{text}\n" for number, (text, _) in enumerate(feeling_rows(20)))
    options = [*PRETRAINING, "--set", "pretraining.epochs=1", "--run-dir", tmp_path / "run"]
    columns = ["--text", "words", "--format", "csv-semicolon", "--encoding", "cp1252"]
    result = run_here("pretrain", "-", *columns, *options, stdin=table)
    assert result.returncode == 0, result.stderr
    assert "read     standard input: 240 rows" in result.stderr
    (tmp_path / "a.log").write_text("hardly a word\nor two\n")
    result = run_here("pretrain", tmp_path / "a.log", "--format", "text", "--run-dir", tmp_path / "other")
    assert (result.returncode, "100 are needed" in result.stderr) == (1, True), result.stderr


def test_pretraining_has_no_labels(tmp_path: Path) -> None:
    assert invoke("pretrain", tmp_path / "a.txt", "--label", "mood").exit_code == 2
