"""YAML for settings: null, true, numbers, text, lists and mappings, within limits that no honest file reaches.

A file of a few hundred bytes can stand for gigabytes through aliases, and PyYAML's safe loader raises other errors than
its own for values such as `!!int abc` or `2024-13-45`. Here, aliases count as what they stand for, and a date is text.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.reader import Reader
from yaml.resolver import Resolver

# A config has four levels: sections, keys, lists and their entries.
MAX_DEPTH = 16
MAX_NODES = 60_000
MAX_KEYS = 1_000  # in one mapping
MAX_NUMBER_CHARACTERS = 64

# PyYAML's own parser is thirty times slower than libyaml, which rejects halves of surrogate pairs. These stand for the
# bytes of file names that are not UTF-8.
SURROGATE = re.compile(r"\\(u|U0000)[dD][89a-fA-F]")
MAX_SLOW_CHARACTERS = 1 << 17
MAX_SLOW_NODES = 5_000

PREFIX = "tag:yaml.org,2002:"
TEXT, WHOLE, REAL = f"{PREFIX}str", f"{PREFIX}int", f"{PREFIX}float"
SCALARS = (f"{PREFIX}null", f"{PREFIX}bool", WHOLE, REAL, TEXT)
COLLECTIONS = (f"{PREFIX}seq", f"{PREFIX}map")
MERGE = f"{PREFIX}merge"


class UnusableYamlError(Exception):
    """The text is not YAML, or not of the kind that settings need. `line` counts from 1; None: unknown."""

    def __init__(self, problem: str, line: int | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


def parse(text: str) -> Any:
    """Return the content of a YAML document as plain Python values; all keys are text.

    Raises:
        UnusableYamlError: see there.
    """
    if found := Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UnusableYamlError(f"the character U+{ord(found.group()):04X} is not allowed; remove it", line)
    loader = _loader(text)
    try:
        return yaml.load(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        problem = problem if isinstance(error, _RefusedError) else f"is not valid YAML: {problem}"
        mark = error.problem_mark or error.context_mark
        raise UnusableYamlError(problem, None if mark is None else mark.line + 1) from None
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError) as error:  # such as \UFFFFFFFF
        raise UnusableYamlError(f"is not valid YAML: {error}", None) from None


def _loader(text: str) -> Any:
    if LIBYAML_LOADER is not None and not SURROGATE.search(text):
        return LIBYAML_LOADER
    if len(text) > MAX_SLOW_CHARACTERS:
        raise UnusableYamlError(
            f"more than {MAX_SLOW_CHARACTERS:,} characters, some of them escaped bytes of file names", None
        )
    return _PythonLoader


class _RefusedError(yaml.MarkedYAMLError):
    """Valid YAML, but not for settings."""


def _fail(problem: str, mark: Any) -> NoReturn:
    raise _RefusedError(problem=problem, problem_mark=mark)


class _Limited(Composer):
    """Counts nodes while they are composed, before anything is made of them."""

    max_nodes = MAX_NODES
    peek_event: Callable[[], Any]  # of the parser that it is combined with

    def __init__(self) -> None:
        Composer.__init__(self)  # not super(): the next class in line takes the stream
        self._num_nodes = 0
        self._heights = [0]  # of the nodes that are being composed, so far; the outermost first
        self._measures: dict[int, tuple[int, int]] = {}  # size and height of each complete node with an anchor

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, or return the one that an alias stands for."""
        event, before = self.peek_event(), self._num_nodes
        self._heights.append(0)
        self._check_limits(event)
        if isinstance(parent, yaml.MappingNode) and len(parent.value) > MAX_KEYS:
            _fail(f"more than {MAX_KEYS:,} keys", event.start_mark)
        node = super().compose_node(parent, index)
        height = self._heights.pop()
        self._num_nodes += 1
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._measures:
                _fail("an alias stands for a value that contains it", event.start_mark)
            size, height = self._measures[id(node)]
            self._num_nodes += size
            self._check_limits(event, height)
        elif event.anchor is not None:
            self._measures[id(node)] = self._num_nodes - before, height
        if height >= self._heights[-1]:
            self._heights[-1] = height + 1
        return node

    def _check_limits(self, event: yaml.NodeEvent, height: int = 0) -> None:
        if len(self._heights) + height > MAX_DEPTH:
            _fail(f"values are nested more than {MAX_DEPTH} levels deep", event.start_mark)
        if self._num_nodes > self.max_nodes:
            _fail(f"more than {self.max_nodes:,} values, counting each alias as what it stands for", event.start_mark)

    def compose_scalar_node(self, anchor: dict[Any, yaml.Node]) -> yaml.ScalarNode:
        """Compose a scalar; dates, `=` and 1:30, which PyYAML would make 90, are text."""
        is_tagged = self.peek_event().tag is not None
        node = super().compose_scalar_node(anchor)
        is_number = node.tag in {WHOLE, REAL}
        if not is_tagged and (node.tag not in {*SCALARS, MERGE} or (is_number and ":" in node.value)):
            node.tag = TEXT
        elif is_number and len(node.value) > MAX_NUMBER_CHARACTERS:
            _fail(f"a number of more than {MAX_NUMBER_CHARACTERS} characters", node.start_mark)
        return node

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Compose a mapping with distinct keys, of which PyYAML silently takes the last."""
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _fail("a key must be a name, not a list or a mapping", key.start_mark)
            if key.value in seen:
                _fail(f"duplicate key {key.value!r}", key.start_mark)
            seen.add(key.value)
            if key.tag != MERGE:
                key.tag = TEXT
        return node


def _guarded(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return `construct` with errors that name the line."""

    def guarded(loader: Any, node: yaml.Node) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, ArithmeticError, LookupError):
            _fail(f"{node.value!r} is no value of the type !!{node.tag.removeprefix(PREFIX)}", node.start_mark)

    return guarded


def _text(loader: Any, node: yaml.ScalarNode) -> str:
    """Return text, in which two halves of a character that are escaped one by one, as in JSON, are one character."""
    value = str(loader.construct_scalar(node))
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _unknown_tag(_: Any, node: yaml.Node) -> NoReturn:
    tag = f"!!{node.tag.removeprefix(PREFIX)}" if node.tag.startswith(PREFIX) else node.tag
    _fail(f"the tag {tag} is not supported; remove it", node.start_mark)


class _Constructor(SafeConstructor):
    """Makes plain values only."""

    yaml_constructors: ClassVar[Any] = {
        **{tag: _guarded(SafeConstructor.yaml_constructors[tag]) for tag in SCALARS},
        **{tag: SafeConstructor.yaml_constructors[tag] for tag in COLLECTIONS},
        TEXT: _text,
        None: _unknown_tag,
    }


class _PythonLoader(_Limited, _Constructor, yaml.SafeLoader):
    max_nodes = MAX_SLOW_NODES

    def __init__(self, stream: str) -> None:
        yaml.SafeLoader.__init__(self, stream)
        _Limited.__init__(self)


def _libyaml_loader() -> Any:
    """Return a loader with libyaml's parser, or None if PyYAML was built without it."""
    if not yaml.__with_libyaml__:
        return None
    from yaml.cyaml import CParser  # type: ignore[attr-defined]  # for the types, it is not part of the module

    class LibyamlLoader(_Limited, _Constructor, Resolver, CParser):
        def __init__(self, stream: str) -> None:
            CParser.__init__(self, stream)
            _Constructor.__init__(self)
            Resolver.__init__(self)
            _Limited.__init__(self)

    return LibyamlLoader


LIBYAML_LOADER = _libyaml_loader()
