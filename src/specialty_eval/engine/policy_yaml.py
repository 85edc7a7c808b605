"""YAML 1.2 text → a tree of nodes with their lines, scalars as written. What they mean is not decided here.

Aliases, anchors, tags, directives, duplicate keys and further documents are problems, found while the parser still
deals in events: nothing is ever expanded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from .errors import Invalid, Problem, TooLarge

MOST_BYTES = 500_000
DEEPEST = 64

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# What YAML 1.2's core schema reads as a number, but this format does not take for one.
_ODD_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_UNKEEPABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as it was written; `line` counts from 1."""

    line: int
    text: str
    quoted: bool

    @property
    def is_null(self) -> bool:
        """Nothing was written, or `null` or `~`."""
        return not self.quoted and self.text in _NULLS

    @property
    def boolean(self) -> bool | None:
        """True or false when that is what YAML 1.2 reads, else None."""
        return None if self.quoted else _BOOLEANS.get(self.text)

    @property
    def is_number(self) -> bool:
        """An unquoted number in the plain form: `-12.50`."""
        return not self.quoted and _NUMBER.fullmatch(self.text) is not None

    @property
    def is_odd_number(self) -> bool:
        """An unquoted number in a form this format does not take: `1e3`, `0x1F`, `+5`, `.5`, `.nan`."""
        return not self.quoted and not self.is_number and _ODD_NUMBER.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class Listing:
    """A YAML sequence."""

    line: int
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A YAML mapping in its order; of a key written twice the first."""

    line: int
    entries: tuple[tuple[Scalar, "Node"], ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Where something stood that has been refused already (an alias, say): nothing more is said about it."""

    line: int


Node = Scalar | Listing | Mapping | Lost


def child_path(path: str, key: str | int) -> str:
    """`indicators`, 0 → `indicators[0]`; `measures`, `a` → `measures.a`; what is no plain word is quoted."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not re.fullmatch(r"[\w:-]+", key):
        return f"{path}[{shortened(key)!r}]"
    return f"{path}.{key}" if path else key


def shortened(text: str) -> str:
    """A value for a message: one line, at most 60 characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 60 else f"{flat[:59]}…"


def written(node: Node) -> str:
    """A node for a message, in flow style and shortened."""
    match node:
        case Scalar():
            return shortened(node.text)
        case Listing():
            return shortened(f"[{', '.join(written(item) for item in node.nodes[:9])}]")
        case Mapping():
            return shortened(f"{{{', '.join(f'{key.text}: {written(value)}' for key, value in node.entries[:9])}}}")
        case Lost():
            return ""


def compose(source: str | bytes) -> tuple[Node, list[Problem]]:
    """The document's root and what is wrong with the YAML itself.

    Raises TooLarge (unread, `policy-too-large`) and Invalid where nothing can be read beyond (`not-utf-8`,
    `yaml-syntax`, `yaml-tab`, `yaml-character`, `policy-too-deep`, `policy-empty`).
    """
    text = _decoded(source)
    tree = _Tree()
    try:
        for event in _events(text):
            tree.take(event)
    except ReaderError as error:
        before = text[: error.position]
        where = {"line": before.count("\n") + 1, "column": len(before) - before.rfind("\n")}
        character = error.character if isinstance(error.character, str) else chr(error.character)
        raise Invalid(*tree.problems, _unreadable("yaml-character", **where, value=repr(character))) from error
    except MarkedYAMLError as error:
        raise Invalid(*tree.problems, _syntax_problem(text, error)) from error
    except (YAMLError, ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF" is no character
        raise Invalid(*tree.problems, _unreadable("yaml-syntax", line=tree.line, detail=str(error))) from error
    if tree.root is None or (isinstance(tree.root, Scalar) and tree.root.is_null):
        raise Invalid(*tree.problems, _unreadable("policy-empty"))
    return tree.root, tree.problems


def _decoded(source: str | bytes) -> str:
    # A character is at least one byte: a longer text need not be encoded to be measured.
    size = len(source) if isinstance(source, bytes) else max(len(source), len(source.encode("utf-8", "surrogatepass")))
    if size > MOST_BYTES:
        raise TooLarge(_unreadable("policy-too-large", value=size, limit=MOST_BYTES))
    if isinstance(source, str):
        return source
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        value = source[error.start : error.start + 1].hex()
        raise Invalid(_unreadable("not-utf-8", line=line, value=f"0x{value}")) from error


def _events(text: str) -> Iterator[Event]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _syntax_problem(text: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return _unreadable("yaml-syntax", detail=str(error))
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    where = {"line": mark.line + 1, "column": mark.column + 1}
    if "'\\t'" in (error.problem or ""):
        return _unreadable("yaml-tab", **where, value=shortened(line))
    return _unreadable("yaml-syntax", **where, value=shortened(line), detail=error.problem or error.context or "")


def _unreadable(code: str, **facts: object) -> Problem:
    return Problem(code, "", {"line": 1, "value": "", "expected": "YAML 1.2, UTF-8", **facts})


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    line: int
    path: str
    is_mapping: bool
    nodes: list[Node] = field(default_factory=list)
    entries: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    key: Scalar | Lost | None = None

    def next_path(self) -> str:
        """Where the node that comes next belongs."""
        if not self.is_mapping:
            return child_path(self.path, len(self.nodes))
        return child_path(self.path, self.key.text) if isinstance(self.key, Scalar) else self.path

    def closed(self) -> Node:
        """The finished node."""
        if self.is_mapping:
            return Mapping(self.line, tuple(self.entries.values()))
        return Listing(self.line, tuple(self.nodes))


@dataclass(slots=True)
class _Tree:
    """Builds nodes from events and notes what the format does not allow."""

    problems: list[Problem] = field(default_factory=list)
    root: Node | None = None
    line: int = 1
    documents: int = 0
    _open: list[_Open] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """One event of the parser."""
        self.line = event.start_mark.line + 1
        match event:
            case DocumentStartEvent():
                self._document(event)
            case AliasEvent():
                self._refuse("yaml-alias", value=f"*{event.anchor}")
                self._add(Lost(self.line))
            case ScalarEvent():
                self._note_marks(event)
                self._add(Scalar(self.line, self._clean(event), quoted=event.style is not None))
            case MappingStartEvent() | SequenceStartEvent():
                self._note_marks(event)
                self._begin(is_mapping=isinstance(event, MappingStartEvent))
            case MappingEndEvent() | SequenceEndEvent():
                self._add(self._open.pop().closed())

    def _document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents == 2:
            self._refuse("several-documents")
        if event.tags or event.version not in (None, (1, 2)):
            self._refuse("yaml-directive")

    def _note_marks(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        if event.anchor is not None:
            self._refuse("yaml-anchor", value=f"&{event.anchor}")
        if event.tag is not None:
            self._refuse("yaml-tag", value=shortened(str(event.tag)))

    def _clean(self, event: ScalarEvent) -> str:
        """The text without what only an escape can bring in, and no database and no other program can keep."""
        text: str = event.value
        found = _UNKEEPABLE.search(text)
        if found is None:
            return text
        self._refuse("yaml-character", value=repr(found[0]), column=event.start_mark.column + 1)
        return _UNKEEPABLE.sub("\ufffd", text)

    def _begin(self, *, is_mapping: bool) -> None:
        if len(self._open) == DEEPEST:
            raise Invalid(*self.problems, _unreadable("policy-too-deep", line=self.line, limit=DEEPEST))
        path = self._open[-1].next_path() if self._open else ""
        self._open.append(_Open(self.line, path, is_mapping))

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node if self.root is None else self.root
            return
        parent = self._open[-1]
        if not parent.is_mapping:
            parent.nodes.append(node)
        elif parent.key is None:
            parent.key = self._key(node, parent)
        else:
            if isinstance(parent.key, Scalar):
                parent.entries[parent.key.text] = (parent.key, node)
            parent.key = None

    def _key(self, node: Node, parent: _Open) -> Scalar | Lost:
        if not isinstance(node, Scalar):
            if not isinstance(node, Lost):
                self._refuse("key-not-text")
            return Lost(node.line)
        if node.is_null or node.is_number or node.is_odd_number or node.boolean is not None:
            self._refuse("key-not-text", value=node.text)
            return Lost(node.line)
        first = parent.entries.get(node.text)
        if first is None:
            return node
        where = child_path(parent.path, node.text)
        facts = {"line": node.line, "value": written(node), "expected": "", "first_line": first[0].line}
        self.problems.append(Problem("duplicate-key", where, facts))
        return Lost(node.line)

    def _refuse(self, code: str, **facts: object) -> None:
        where = self._open[-1].next_path() if self._open else ""
        self.problems.append(Problem(code, where, {"line": self.line, "value": "", "expected": "", **facts}))
