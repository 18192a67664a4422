"""YAML -> a tree of nodes that know their line. For our own file and for those written for other products.

Only plain data: `!!python/object` and every other tag that could run something is refused with its line. Built from
the parser's events instead of `yaml.load`, because only then are depth, size and aliases bounded while reading, and
duplicate keys and lines still there to complain about. Bounds follow group 8 of the hostile-input list.

A plain scalar keeps its words: the reader of a setting decides what they mean, so `on`, `0644` and `1e3` stay what
the user wrote. `to_python` gives YAML 1.2 core values where a whole tree is wanted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from hannun.config.complaint import Complaint, Refused, quote
from hannun.model.text import Text

BYTES_MAX = 8 << 20
LINES_MAX = 100_000
DEPTH_MAX = 64
WEIGHT_MAX = 500_000
"""Nodes after aliases are written out: what a walk over the tree may cost."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAGS_TAKEN = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_STR_TAG = "tag:yaml.org,2002:str"
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,400}|[0-9]{1,400}(?:\.[0-9]{0,400})?)(?:[eE][-+]?[0-9]{1,4})?")
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_VARIABLE = re.compile(r"\$(\$|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})")


@dataclass(frozen=True, slots=True)
class Scalar:
    """`plain`: written without quotes, so that `null` and `true` mean themselves."""

    line: int
    text: str
    plain: bool = True
    weight: int = 1

    @property
    def is_null(self) -> bool:
        return self.plain and self.text in _NULLS


@dataclass(frozen=True, slots=True)
class Seq:
    line: int
    items: tuple[Node, ...] = ()
    weight: int = 1

    def __iter__(self) -> Iterator[Node]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    line: int
    value: Node


@dataclass(frozen=True, slots=True)
class Map:
    """Each key once; merge keys (`<<`) are already written out."""

    line: int
    entries: tuple[Entry, ...] = ()
    weight: int = 1

    def get(self, key: str) -> Node | None:
        return next((entry.value for entry in self.entries if entry.key == key), None)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


Node = Scalar | Seq | Map


@dataclass(frozen=True, slots=True)
class Document:
    """`root` None: the file holds nothing but comments."""

    file: str
    root: Node | None
    warnings: tuple[Complaint, ...] = ()


def load(content: bytes | str, file: str) -> Document:
    """The first document of `content`. Raises Refused with `file:line` for what is no YAML or beyond a bound."""
    return _Reader(file).read(_text_of(content, file))


def to_python(node: Node | None) -> Any:
    """Dicts, lists and YAML 1.2 core scalars; keys stay strings."""
    match node:
        case None:
            return None
        case Map(entries=entries):
            return {entry.key: to_python(entry.value) for entry in entries}
        case Seq(items=items):
            return [to_python(item) for item in items]
        case Scalar():
            return _value(node)


def expand(words: str, env: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """`${NAME}` and `${NAME:-otherwise}` from `env`; `$$` is one dollar. Also returns the names that were not set."""
    missing: list[str] = []

    def value(found: re.Match[str]) -> str:
        if found[1] == "$":
            return "$"
        name, otherwise = found[2], found[3]
        if name in env:
            return env[name]
        if otherwise is None:
            missing.append(name)
        return otherwise or ""

    return _VARIABLE.sub(value, words), tuple(missing)


def _text_of(content: bytes | str, file: str) -> str:
    if len(content) > BYTES_MAX:
        mib = BYTES_MAX >> 20
        raise _refused(file, 0, f"larger than {mib} MiB", f"{mib} MiB를 넘습니다")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
    except UnicodeDecodeError as err:
        line = bytes(content[: err.start]).count(b"\n") + 1  # type: ignore[arg-type]
        raise _refused(file, line, "not UTF-8 text", "UTF-8 텍스트가 아닙니다") from None
    if text.count("\n") > LINES_MAX:
        raise _refused(file, LINES_MAX, f"more than {LINES_MAX:,} lines", f"{LINES_MAX:,}줄을 넘습니다")
    return text


def _value(node: Scalar) -> Any:
    words = node.text
    if not node.plain:
        return words
    if words in _NULLS:
        return None
    if words in ("true", "True", "TRUE"):
        return True
    if words in ("false", "False", "FALSE"):
        return False
    if _INT.fullmatch(words):
        return int(words)
    if _FLOAT.fullmatch(words):
        return float(words)
    if words.lower() in (".inf", "+.inf"):
        return math.inf
    if words.lower() == "-.inf":
        return -math.inf
    return math.nan if words.lower() == ".nan" else words


def _line_of(*marks: Any) -> int:
    """The line of the first mark there is; libyaml leaves some out. 0: none."""
    return next((int(mark.line) + 1 for mark in marks if mark is not None), 0)


def _refused(file: str, line: int, en: str, ko: str) -> Refused:
    return Refused([Complaint(file, line, Text(en=en, ko=ko), fatal=True)])


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read yet. A mapping holds its keys and values in turn."""

    line: int
    is_mapping: bool
    anchor: str | None
    nodes: list[Node] = field(default_factory=list)
    weight: int = 1


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file
        self._warnings: list[Complaint] = []
        # None marks an anchor whose collection is still open: an alias to it would be a circle.
        self._anchors: dict[str, Node | None] = {}
        self._open: list[_Open] = []
        self._root: Node | None = None

    def read(self, text: str) -> Document:
        documents = 0
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                line = _line_of(event.start_mark)
                match event:
                    case yaml.DocumentStartEvent():
                        documents += 1
                        if documents > 1:
                            self._warn(line, "only the first document is read", "첫 번째 문서만 읽습니다")
                            break
                    case yaml.ScalarEvent():
                        self._refuse_tag(event.tag, line)
                        plain = event.implicit[0] and event.tag != _STR_TAG
                        self._put(Scalar(line, event.value, plain), event.anchor)
                    case yaml.AliasEvent():
                        self._put(self._aliased(event.anchor or "", line), None)
                    case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                        self._refuse_tag(event.tag, line)
                        self._begin(line, isinstance(event, yaml.MappingStartEvent), event.anchor)
                    case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                        self._end()
                    case _:
                        pass
        except yaml.MarkedYAMLError as err:
            said = (err.problem or err.context or "cannot be read").split("\n")[0][:200]
            line = _line_of(err.problem_mark, err.context_mark)
            last = text.rstrip().count("\n") + 1
            if line > last:
                # What is missing at the end of the file is to be mended where it was opened.
                line = min(_line_of(err.context_mark, err.problem_mark), last)
            raise _refused(self._file, line, f"not YAML: {said}", f"YAML 문법 오류: {said}") from None
        except yaml.YAMLError as err:
            said = str(err).split("\n")[0][:200]
            raise _refused(self._file, 0, f"not YAML: {said}", f"YAML 문법 오류: {said}") from None
        return Document(self._file, self._root, tuple(self._warnings))

    def _warn(self, line: int, en: str, ko: str) -> None:
        if len(self._warnings) < 100:
            self._warnings.append(Complaint(self._file, line, Text(en=en, ko=ko)))

    def _refuse_tag(self, tag: str | None, line: int) -> None:
        if tag is not None and tag not in _TAGS_TAKEN and tag != "!":
            shown = quote(tag.replace("tag:yaml.org,2002:", "!!"))
            raise _refused(self._file, line, f"the tag {shown} is not taken", f"{shown}: 이 태그는 쓸 수 없습니다")

    def _aliased(self, anchor: str, line: int) -> Node:
        if anchor not in self._anchors:
            shown = quote(f"*{anchor}")
            raise _refused(self._file, line, f"{shown} has no anchor", f"{shown}: 가리키는 앵커가 없습니다")
        node = self._anchors[anchor]
        if node is None:
            shown = quote(f"*{anchor}")
            raise _refused(self._file, line, f"{shown} contains itself", f"{shown}: 자기 자신을 담고 있습니다")
        return node

    def _begin(self, line: int, is_mapping: bool, anchor: str | None) -> None:
        if len(self._open) >= DEPTH_MAX:
            raise _refused(
                self._file, line, f"nested deeper than {DEPTH_MAX} levels", f"{DEPTH_MAX}단계보다 깊이 중첩되었습니다"
            )
        if anchor is not None:
            self._anchors[anchor] = None
        self._open.append(_Open(line, is_mapping, anchor))

    def _end(self) -> None:
        done = self._open.pop()
        node: Node
        if done.is_mapping:
            node = self._mapping(done)
        else:
            node = Seq(done.line, tuple(done.nodes), done.weight)
        self._put(node, done.anchor)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node
            return
        into = self._open[-1]
        into.nodes.append(node)
        into.weight += node.weight
        if into.weight > WEIGHT_MAX:
            raise _refused(
                self._file,
                node.line,
                f"more than {WEIGHT_MAX:,} values once aliases are written out",
                f"별칭을 펼치면 값이 {WEIGHT_MAX:,}개를 넘습니다",
            )

    def _mapping(self, done: _Open) -> Map:
        own: dict[str, Entry] = {}
        merged: dict[str, Entry] = {}
        for key, value in zip(done.nodes[::2], done.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._warn(key.line, "a key that is no text is left out", "텍스트가 아닌 키는 무시합니다")
            elif key.plain and key.text == "<<":
                self._merge(merged, value, key.line)
            else:
                if key.text in own:
                    shown, first = quote(key.text), own[key.text].line
                    self._warn(
                        key.line,
                        f"{shown} stands here twice (first in line {first}); the last one counts",
                        f"{shown}: 두 번 적혀 있습니다(처음은 {first}번째 줄). 마지막 것을 씁니다",
                    )
                own[key.text] = Entry(key.text, key.line, value)
        entries = tuple({**merged, **own}.values())
        return Map(done.line, entries, done.weight)

    def _merge(self, merged: dict[str, Entry], value: Node, line: int) -> None:
        """Of several merged mappings the first that has a key wins, as YAML's merge type says."""
        for source in value if isinstance(value, Seq) else (value,):
            if not isinstance(source, Map):
                raise _refused(self._file, line, "`<<` takes a mapping", "`<<` 뒤에는 매핑이 와야 합니다")
            for entry in source:
                merged.setdefault(entry.key, entry)
