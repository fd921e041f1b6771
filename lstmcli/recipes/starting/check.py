"""`lstmcli check`: looks at labelled rows before a training, or at new rows before a model is used on them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from lstmcli.config.loading import load_config
from lstmcli.config.model_settings import ENGLISH_START, DataSettings, FormatName, TokenizerSettings
from lstmcli.config.settings import Config
from lstmcli.corpus.checks.drift import TrainedOn, drift_problems
from lstmcli.corpus.checks.duplicates import duplicate_problems, overlap_problem
from lstmcli.corpus.checks.labels import label_problems
from lstmcli.corpus.checks.leaks import leak_problems
from lstmcli.corpus.checks.problems import SEVERITIES, Problem
from lstmcli.corpus.checks.rows import CheckedRows, read_rows
from lstmcli.corpus.checks.texts import language_problem, text_problems, token_problems
from lstmcli.corpus.encode import TokenizedTexts, tokenize
from lstmcli.corpus.label_cells import label_columns
from lstmcli.data.guessing import GuessedLayout, encoding_fits, guess_encoding, guess_layout
from lstmcli.data.opening import open_file
from lstmcli.data.reading import STANDARD_INPUT, open_records
from lstmcli.errors import DataError
from lstmcli.recipes.starting.propose import start
from lstmcli.store.information import read_information
from lstmcli.store.layout import SEEN_TEXTS_FOLDER
from lstmcli.store.model import read_model
from lstmcli.store.seen_texts import read_seen_texts
from lstmcli.text.encoder import GrowingVocabulary
from lstmcli.text.vocabulary import UNKNOWN_ID
from lstmcli.training.english import LEAST_KNOWN, english_words, known_share


@dataclass(frozen=True)
class Columns:
    """What the command line says about a file; None is left to the config, or else found in the file."""

    text: str | None = None
    label: str | None = None
    format_name: str | None = None
    encoding: str | None = None


@dataclass(frozen=True)
class Checked:
    """What was looked at, and what was found.

    Attributes:
        name: of the file.
        num_rows: of the file.
        num_labels: different labels; None if none were read.
        settings: how it was read.
        problems: the worst first.
    """

    name: str
    num_rows: int
    num_labels: int | None
    settings: DataSettings
    problems: tuple[Problem, ...]


def check(path: str, columns: Columns, *, config: Path | None = None, against: Path | None = None) -> Checked:
    """Look at the rows of a file.

    Args:
        path: of the file.
        columns: how to read it.
        config: the config of the training, whose other files are looked at, too.
        against: a run; the rows are compared with those that its model was trained on.

    Raises:
        DataError: the file can't be read, or its columns can't be told.
        LstmcliError: the config or the run can't be used.
    """
    if not Path(path).is_file():
        if path != STANDARD_INPUT:
            open_file(path).close()  # says why it can't be opened
        raise DataError(f"{path}: a pipe can be read only once; save the rows to a file first.")
    settings, problems = _settings(path, columns, config, against)
    data = settings.data
    has_labels = against is None or _has_columns(path, data)
    rows = read_rows(path, data, has_labels=has_labels)
    problems += rows.problems
    if len(rows):
        tokens = _tokens(rows, settings.tokenizer)
        problems += text_problems(rows, data.text)
        problems += token_problems(rows, tokens, settings.tokenizer, data.text)
        problems += duplicate_problems(rows)
        if against is not None:
            problems += drift_problems(
                rows, tokens, _trained_on(against), data.text, has_labels=has_labels and not data.scores
            )
        else:
            problems += _training_problems(rows, tokens, settings)
    problems.sort(key=lambda problem: SEVERITIES.index(problem.severity))
    has_names = has_labels and not data.scores
    num_labels = len({name for own in rows.labels for name in own}) if has_names else None
    return Checked(path, rows.num_rows, num_labels, data, tuple(problems))


def _training_problems(rows: CheckedRows, tokens: TokenizedTexts, settings: Config) -> Iterator[Problem]:
    yield from label_problems(rows, settings.data)
    yield from leak_problems(rows, tokens, settings.data.text)
    needs_english = settings.model.pretrained == ENGLISH_START
    language = language_problem(rows, known_share(tokens, english_words()), LEAST_KNOWN, needs_english=needs_english)
    if language is not None:
        yield language
    yield from _other_files(rows, settings.data)


def _tokens(rows: CheckedRows, settings: TokenizerSettings) -> TokenizedTexts:
    return tokenize(rows.texts, settings, GrowingVocabulary())


def _settings(path: str, columns: Columns, config: Path | None, against: Path | None) -> tuple[Config, list[Problem]]:
    """Return the settings by which to read the file, and what is wrong with those of the config."""
    if config is not None:
        arguments = {
            "data.train": path,
            "data.text": columns.text,
            "data.label": columns.label,
            "data.format": columns.format_name,
            "data.encoding": columns.encoding,
        }
        given = load_config(config, [], arguments=arguments)
        return _as_laid_out(path, given)
    if against is not None:
        model = read_model(against)
        layout = guess_layout(path, format_name=columns.format_name, encoding=columns.encoding, needs_label=False)
        data = replace(
            model.columns,
            train=path,
            text=columns.text or model.columns.text,
            label=columns.label or model.columns.label,
            format=cast(FormatName, layout.format_name),
            encoding=layout.encoding,
        )
        return Config(data=data, tokenizer=model.tokenizer), []
    labels = [] if columns.label is None else [columns.label]
    started = start(path, text=columns.text, labels=labels, format_name=columns.format_name, encoding=columns.encoding)
    return started.config, []


def _as_laid_out(path: str, config: Config) -> tuple[Config, list[Problem]]:
    """Return the config with the layout that the file has, and problems if it says another one."""
    data, problems = config.data, []
    if not encoding_fits(path, data.encoding):
        encoding = guess_encoding(path)
        what = f"is not {data.encoding}, which data.encoding says, but probably {encoding}"
        problems.append(Problem("encoding", "error", path, what, f"set --encoding {encoding} (data.encoding)"))
        data = replace(data, encoding=encoding)
    if not _has_columns(path, data):
        layout = _layout_or_none(path, data.encoding)
        other = data if layout is None else replace(data, format=cast(FormatName, layout.format_name))
        if layout is not None and _has_columns(path, other):
            what = (
                f"has its columns only if it is read as {layout.format_name}, not as data.format says ({data.format})"
            )
            advice = f"set --format {layout.format_name} (data.format)"
            problems.append(Problem("format", "error", path, what, advice))
            data = other
    return replace(config, data=data), problems


def _layout_or_none(path: str, encoding: str) -> GuessedLayout | None:
    try:
        return guess_layout(path, encoding=encoding)
    except DataError:
        return None


def _has_columns(path: str, data: DataSettings) -> bool:
    """Whether the first row of a file has the text and the labels; JSON Lines may have them in later ones."""
    try:
        with open_records(path, format_name=data.format, encoding=data.encoding, keeps_broken=True) as source:
            first = next(source.records, None)
    except DataError:
        return False
    columns = {name.strip() for name in (first.columns if first is not None else ())}
    return {data.text.strip(), *(name.strip() for name in label_columns(data))} <= columns


def _other_files(train: CheckedRows, data: DataSettings) -> Iterator[Problem]:
    """Yield what is wrong with the files for validation and tests, and with their overlaps."""
    seen = [train]
    known = {name for own in train.labels for name in own}
    for role, path in (("validation", data.validation), ("tests", data.test)):
        if path is None:
            continue
        rows = read_rows(path, data)
        yield from rows.problems
        for earlier in seen:
            problem = overlap_problem(earlier, rows, role)
            if problem is not None:
                yield problem
        unknown = tuple(line for line, own in zip(rows.lines, rows.labels, strict=True) if not known.issuperset(own))
        if unknown:
            names = sorted({name for own in rows.labels for name in own} - known)
            what = f"{len(unknown):,} rows have labels that no training row has: {', '.join(names[:5])}"
            advice = "correct them, or add training rows; they are left out of the scores"
            yield Problem("unknown label", "warning", path, what, advice, unknown)
        seen.append(rows)


def _trained_on(run: Path) -> TrainedOn:
    model, found = read_model(run), read_information(run)
    seen = read_seen_texts(run / SEEN_TEXTS_FOLDER)
    facts = found.facts
    return TrainedOn(
        name=str(run),
        labels=model.labels.names,
        label_shares={} if found.classifier is None else found.classifier.label_shares,
        is_known=lambda word: model.vocabulary.id_of(word) != UNKNOWN_ID,
        median_tokens=float(facts["median_tokens"]) if "median_tokens" in facts else None,
        unknown_words=float(facts["unknown_words"]) if "unknown_words" in facts else None,
        seen=seen.get("training"),
    )
