"""A teacher: any sentence encoder in ONNX, with its `tokenizer.json`.

    FOLDER/model.onnx or FOLDER/onnx/model.onnx
    FOLDER/tokenizer.json
    FOLDER/1_Pooling/config.json    optional: whether the vector of a text is the mean of all states or the first one

onnxruntime and tokenizers are optional dependencies, loaded only here and only when a teacher is opened.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcli.errors import ConfigError
from lstmcli.text.token_ids import batches_by_length

MODEL_FILES = ("model.onnx", "onnx/model.onnx")
TOKENIZER_FILE = "tokenizer.json"
POOLING_FILE = "1_Pooling/config.json"

PACKAGES = ("onnxruntime", "tokenizers")

# Longer texts are truncated, as is usual for encoders of sentences, and because time grows with length.
MAX_TOKENS = 128

BATCH_SIZE = 64

IDS, MASK, TYPES = "input_ids", "attention_mask", "token_type_ids"
INTEGERS: dict[str, np.dtype[Any]] = {"tensor(int64)": np.dtype(np.int64), "tensor(int32)": np.dtype(np.int32)}
FLOATS = {"tensor(float)", "tensor(float16)", "tensor(double)"}

# The usual name of an output that is already pooled. Other outputs (texts, size) may be meant for something else.
POOLED_OUTPUT = "sentence_embedding"

# The poolings of sentence-transformers that are known: is the vector of a text the state of its first token?
IS_FIRST_STATE = {"cls_token": True, "cls": True, "mean_tokens": False, "mean": False}

# Texts of different lengths, to find out what the outputs look like.
TRIAL_TEXTS = ("a", "a text of some more words")

EXPECTED_SHAPES = "(texts, size) or (texts, tokens, size)"

TINY = 1e-12

Report = Callable[[int], None]


def check_teacher(folder: Path) -> None:
    """Check quickly that `folder` has the files of a teacher, and that the packages it needs are installed.

    Raises:
        ConfigError: something is missing.
    """
    model_file(folder)
    missing = [package for package in PACKAGES if not _is_installed(package)]
    if missing:
        raise ConfigError(
            f"pretraining.teacher needs {' and '.join(missing)}; install what is missing with: "
            "pip install 'lstmcli[teacher]'"
        )


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def model_file(folder: Path) -> Path:
    """Return the path of the network in the folder of a teacher.

    Raises:
        ConfigError: the folder, the network or the tokenizer is missing.
    """
    if not folder.is_dir():
        raise ConfigError(f"pretraining.teacher: {folder} is not a folder; expected one with model.onnx.")
    found = [folder / name for name in MODEL_FILES if (folder / name).is_file()]
    lacking = [] if found else [" or ".join(MODEL_FILES)]
    lacking += [] if (folder / TOKENIZER_FILE).is_file() else [TOKENIZER_FILE]
    if lacking:
        raise ConfigError(f"pretraining.teacher: {folder} has no {' and no '.join(lacking)}.")
    return found[0]


class SentenceEncoder:
    """Returns the sentence vectors of a teacher.

    Attributes:
        name: of the folder.
        size: width of a vector.
        max_tokens: how many tokens of a text are read.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Open the teacher in `folder`, to compute with so many `threads`.

        Raises:
            ConfigError: it can't be used.
        """
        check_teacher(folder)
        self.name = folder.resolve().name
        self._folder = folder
        self._model_file = model_file(folder)
        self._takes_first = _takes_first_state(folder / POOLING_FILE)
        self._tokenizer = _open_tokenizer(folder / TOKENIZER_FILE)
        self._pad_id = int((self._tokenizer.padding or {}).get("pad_id", 0))
        own_limit = (self._tokenizer.truncation or {}).get("max_length", MAX_TOKENS)
        self.max_tokens = min(MAX_TOKENS, int(own_limit))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.max_tokens)
        self._session = _open_session(self._model_file, threads)
        self._inputs = _inputs(self._session, self._model_file)
        self._output = _output(self._session, self._model_file)
        self.size = self._encode_batch([self._token_ids(text) for text in TRIAL_TEXTS]).shape[1]

    @cached_property
    def digest(self) -> str:
        """A hash of everything that the vectors depend on."""
        digest = hashlib.sha256(f"{MAX_TOKENS} {BATCH_SIZE}".encode())
        # Weights may be in a second file, such as model.onnx_data.
        files = [*sorted(self._model_file.parent.glob(f"{self._model_file.name}*")), self._folder / TOKENIZER_FILE]
        for path in (*files, self._folder / POOLING_FILE):
            if path.is_file():
                with path.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()

    def encode(self, texts: Sequence[str], *, report: Report = lambda _: None) -> NDArray[np.float32]:
        """Return vectors of unit length, (texts, size).

        The vector of a text may differ in its last digits with the other `texts`, since int8 networks scale the
        states of a batch by their maximum.

        Args:
            texts: to encode, in batches of similar length.
            report: is called after each batch with its number of texts. What it raises ends the encoding.

        Raises:
            ConfigError: the network fails, or returns something else than before.
        """
        ids = [self._token_ids(text) for text in texts]
        vectors = np.empty((len(texts), self.size), dtype=np.float32)
        for rows in batches_by_length(np.array([len(each) for each in ids], dtype=np.int64), batch_size=BATCH_SIZE):
            found = self._encode_batch([ids[row] for row in rows])
            if found.shape[1] != self.size:
                raise _useless(self._model_file, f"returned vectors of {found.shape[1]} and {self.size} numbers")
            vectors[rows] = found
            report(len(rows))
        return vectors

    def _token_ids(self, text: str) -> list[int]:
        # JSON can contain lone surrogates, which the tokenizer refuses. One text at a time, it uses one thread.
        valid = text.encode("utf-8", "replace").decode("utf-8")
        # An empty text still has a vector.
        return self._tokenizer.encode(valid).ids or [self._pad_id]

    def _encode_batch(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        ids = np.full((len(texts), max(map(len, texts))), self._pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        known = {IDS: ids, MASK: mask, TYPES: np.zeros_like(ids)}
        inputs = {name: known[name].astype(dtype) for name, dtype in self._inputs.items()}
        try:
            (states,) = self._session.run([self._output], inputs)
        except Exception as error:  # onnxruntime's errors have no common class
            raise _useless(
                self._model_file, f"fails on a text ({_first_line(error)}); is {TOKENIZER_FILE} its own?"
            ) from None
        return self._unit_vectors(np.asarray(states, dtype=np.float32), mask)

    def _unit_vectors(self, states: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Pool `states` (texts, tokens, size), unless they are (texts, size), and scale them to unit length."""
        if states.shape[:-1] not in {mask.shape, mask.shape[:1]} or not states.shape[-1]:
            raise _useless(
                self._model_file,
                f"has an output {self._output} of shape {states.shape}; expected {EXPECTED_SHAPES}",
            )
        vectors = states
        if states.ndim == 3:
            weights = mask.astype(np.float32) / mask.sum(axis=1, keepdims=True, dtype=np.float32)
            vectors = states[:, 0] if self._takes_first else np.einsum("bts,bt->bs", states, weights)
        if not np.isfinite(vectors).all():
            raise _useless(self._model_file, "returned values that are not finite")
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), TINY))


def _takes_first_state(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        settings = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"pretraining.teacher: {path} can't be read ({_first_line(error)}).") from None
    prefix = "pooling_mode_"
    modes = [name.removeprefix(prefix) for name, value in settings.items() if name.startswith(prefix) and value is True]
    modes += [str(settings["pooling_mode"])] if "pooling_mode" in settings else []
    if len(modes) > 1 or not set(modes) <= IS_FIRST_STATE.keys():
        raise ConfigError(
            f"pretraining.teacher: {path} asks for the pooling {' + '.join(modes)}; only mean and CLS are supported."
        )
    return any(IS_FIRST_STATE[mode] for mode in modes)


def _open_tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises nothing more specific
        raise ConfigError(f"pretraining.teacher: {path} is not a tokenizer ({_first_line(error)}).") from None


def _open_session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # it would print what it then raises
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        raise ConfigError(
            f"pretraining.teacher: {path} can't be opened as an ONNX network ({_first_line(error)})."
        ) from None


def _inputs(session: Any, path: Path) -> dict[str, np.dtype[Any]]:
    """Return the inputs that the network asks for, with their types."""
    types = {each.name: each.type for each in session.get_inputs()}
    unknown = [name for name in types if name not in {IDS, MASK, TYPES} or types[name] not in INTEGERS]
    if unknown or IDS not in types:
        raise _useless(
            path, f"has the inputs {', '.join(types) or 'none'}; expected the integers {IDS}, {MASK} and {TYPES}"
        )
    return {name: INTEGERS[kind] for name, kind in types.items()}


def _output(session: Any, path: Path) -> str:
    """Return the name of the output to use: the pooled one, else the first that may be vectors of texts or tokens."""
    outputs = session.get_outputs()
    usable = [each.name for each in outputs if each.type in FLOATS and len(each.shape or ()) in {0, 2, 3}]
    if not usable:
        found = ", ".join(f"{each.name} {each.type} {each.shape}" for each in outputs)
        raise _useless(path, f"has no usable output: {found}; expected floats {EXPECTED_SHAPES}")
    return POOLED_OUTPUT if POOLED_OUTPUT in usable else str(usable[0])


def _useless(path: Path, reason: str) -> ConfigError:
    end = "" if reason.endswith("?") else "."
    return ConfigError(f"pretraining.teacher: {path} is no sentence encoder: it {reason}{end}")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
