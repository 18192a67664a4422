"""Reading one mapping of somebody else's YAML file: each key is asked for, and what nobody asked for is unknown.

Nothing here stops at the first mistake. A bad value is noted with its line and its default goes on, so that one run
names everything; whoever began the reading refuses at the end when a note is fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard, TypeVar

from hannun.config.complaint import Complaint, nearest, quote
from hannun.config.http_client import Secret
from hannun.config.prometheus import paths, scalars
from hannun.config.values import BadValue
from hannun.config.yaml import Entry, Map, Node, Scalar, Seq
from hannun.model.relabel import RelabelRule
from hannun.model.text import Text

T = TypeVar("T")
Relabel = Callable[[Sequence[RelabelRule], Mapping[str, str]], Mapping[str, str] | None]
"""Labels through rules; None when a rule drops them."""
COMPLAINTS_MAX = 1000
"""A file that is wrong in every line is wrong enough."""


class Notes:
    """Complaints gathered over all files of one configuration, and how many files and globs it took.

    `strict`: what promtool refuses is fatal. `relabel` runs rules over labels; without it a strict reading cannot
    tell what becomes of a target.
    """

    def __init__(self, *, strict: bool = False, relabel: Relabel | None = None) -> None:
        self.strict = strict
        self.relabel = relabel
        self.complaints: list[Complaint] = []
        self.patterns = 0
        self.opened = 0
        self._said: set[Complaint] = set()

    def add(self, complaint: Complaint) -> None:
        # Room is kept for one fatal complaint, so that warnings can never hide that a file is refused.
        full = len(self.complaints) >= COMPLAINTS_MAX and (not complaint.fatal or self.is_fatal)
        if not full and complaint not in self._said:
            self._said.add(complaint)
            self.complaints.append(complaint)

    @property
    def is_fatal(self) -> bool:
        return any(complaint.fatal for complaint in self.complaints)

    def in_order(self) -> tuple[Complaint, ...]:
        """By file, the first one that was complained about first, and by line."""
        files: dict[str, int] = {}
        for complaint in self.complaints:
            files.setdefault(complaint.file, len(files))
        return tuple(sorted(self.complaints, key=lambda complaint: (files[complaint.file], complaint.line)))


@dataclass(frozen=True, slots=True)
class Source:
    """The file that is being read: its name in complaints and the folder that its relative paths start from."""

    file: str
    base: Path
    notes: Notes

    def shown(self, path: Path) -> str:
        """A path below `base` as the user would write it, seen from where they wrote this file's."""
        try:
            return str(Path(self.file).parent / path.relative_to(self.base))
        except ValueError:
            return str(path)

    def warn(self, line: int, en: str, ko: str) -> None:
        self.notes.add(Complaint(self.file, line, Text(en=en, ko=ko)))

    def refuse(self, line: int, en: str, ko: str) -> None:
        self.notes.add(Complaint(self.file, line, Text(en=en, ko=ko), fatal=True))

    def odd(self, line: int, en: str, ko: str, *, promtool: str = "") -> None:
        """What we forgive and promtool does not: a warning, or promtool's words where the reading is strict."""
        if self.notes.strict:
            self.refuse(line, promtool or en, ko)
        else:
            self.warn(line, en, ko)


class Section:
    """One mapping. `kind` is the Go type that promtool names for it."""

    def __init__(self, source: Source, node: Map, kind: str) -> None:
        self.source = source
        self.line = node.line
        self.kind = kind
        self._entries: dict[str, Entry] = {entry.key: entry for entry in node}
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Whether the key stands there with a value."""
        return self.take(key) is not None

    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def line_of(self, key: str) -> int:
        entry = self._entries.get(key)
        return entry.line if entry else self.line

    def take(self, key: str) -> Node | None:
        """The node below `key`; None where it is missing or null."""
        self._asked.add(key)
        entry = self._entries.get(key)
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.is_null):
            return None
        return entry.value

    def close(self) -> None:
        """Complain about every key that nobody asked for."""
        for entry in self._entries.values():
            if entry.key not in self._asked:
                self._unknown(entry)

    def refuse(self, key: str, en: str, ko: str) -> None:
        self.source.refuse(self.line_of(key), en, ko)

    def text(self, key: str, default: str = "") -> str:
        """Any scalar, as it is written: `job_name: 1` and `regex: true` are texts to Prometheus."""
        return self._scalar(key, lambda node: node.text, default, "")

    def flag(self, key: str, default: bool = False) -> bool:
        return self._scalar(key, scalars.flag, default, False)

    def whole(self, key: str, default: int = 0, *, least: int = 0, most: int = scalars.UINT_MAX) -> int:
        return self._scalar(key, lambda node: scalars.whole(node, least=least, most=most), default, 0)

    def number(self, key: str, default: float = 0.0) -> float:
        return self._scalar(key, scalars.number, default, 0.0)

    def duration(self, key: str, default_ms: int = 0) -> int:
        return self._scalar(key, lambda node: scalars.duration(node.text), default_ms, 0)

    def size(self, key: str) -> int:
        return self._scalar(key, lambda node: scalars.size(node.text), 0, 0)

    def url(self, key: str) -> str:
        return self._scalar(key, lambda node: scalars.url(node.text), "", "")

    def word(self, key: str, read: Callable[[str], T], default: T) -> T:
        """A scalar through `read`, which raises BadValue and is asked about "" for null."""
        return self._scalar(key, lambda node: read(text_of(node)), default, None)

    def path(self, key: str) -> Path | None:
        """A file's path from the folder of this file; where a container's path leads nowhere, the file beside us."""
        words = self.text(key)
        if not words:
            return None
        return paths.existing(words, self.source, self.line_of(key), key)

    def secret(self, key: str) -> Secret:
        """`<key>` or `<key>_file`; at most one of the two."""
        text, file = self.text(key), self.path(f"{key}_file")
        if text and file is not None:
            self.refuse(
                f"{key}_file",
                f"at most one of {key} & {key}_file must be configured",
                f"{key}, {key}_file 가운데 하나만 적어 주세요",
            )
        return Secret(text, file)

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(text for text, _ in self.lined_texts(key))

    def lined_texts(self, key: str) -> tuple[tuple[str, int], ...]:
        """A list of texts, each with its line."""
        return tuple((text_of(node), node.line) for node in self._list(key) if self._is_scalar(node, key))

    def wholes(self, key: str, *, least: int = 0, most: int = scalars.INT_MAX) -> tuple[int, ...]:
        """A list of whole numbers."""
        found: list[int] = []
        for node in self._list(key):
            if self._is_scalar(node, key):
                try:
                    found.append(scalars.whole(node, least=least, most=most))
                except BadValue as err:
                    self.source.refuse(node.line, f"`{key}`: {err.text.en}", f"`{key}`: {err.text.ko}")
        return tuple(found)

    def mapping(self, key: str) -> dict[str, str]:
        """`name: text` pairs."""
        return {entry.key: text_of(entry.value) for entry in self._map(key) if self._is_scalar(entry.value, entry.key)}

    def mapping_of_lists(self, key: str) -> dict[str, tuple[str, ...]]:
        """`name: [text, …]` pairs."""
        found: dict[str, tuple[str, ...]] = {}
        for entry in self._map(key):
            if isinstance(entry.value, Seq):
                found[entry.key] = tuple(text_of(each) for each in entry.value if self._is_scalar(each, entry.key))
            elif not (isinstance(entry.value, Scalar) and entry.value.is_null):
                self._wanted(entry.value, entry.key, "a list", "목록")
        return found

    def section(self, key: str, kind: str) -> Section | None:
        node = self.take(key)
        if node is None:
            return None
        if isinstance(node, Map):
            return Section(self.source, node, kind)
        self._wanted(node, key, "a mapping", "매핑(키: 값)")
        return None

    def sections(self, key: str, kind: str, *, empty: str = "") -> Iterator[Section]:
        """The mappings of a list. `empty`: Prometheus's words for an item that holds nothing; "": it is skipped."""
        for node in self._list(key):
            if isinstance(node, Map):
                yield Section(self.source, node, kind)
            elif isinstance(node, Scalar) and node.is_null:
                if empty:
                    self.source.refuse(node.line, empty, f"`{key}`: 목록에 빈 항목이 있습니다")
            else:
                self._wanted(node, key, "mappings", "매핑(키: 값)")

    def named(self, key: str, kind: str) -> Iterator[tuple[str, Section]]:
        """The mappings below the names of a mapping."""
        for entry in self._map(key):
            if isinstance(entry.value, Map):
                yield entry.key, Section(self.source, entry.value, kind)
            elif isinstance(entry.value, Scalar) and entry.value.is_null:
                yield entry.key, Section(self.source, Map(entry.line), kind)
            else:
                self._wanted(entry.value, entry.key, "a mapping", "매핑(키: 값)")

    def unused(self, key: str, en: str, ko: str) -> bool:
        """Whether the key is there; if so, say in a warning that Hannun does nothing with it and why."""
        if self.take(key) is None:
            return False
        self.source.warn(self.line_of(key), f"`{key}` is not used: {en}", f"`{key}`: 쓰지 않습니다. {ko}")
        return True

    def _scalar(self, key: str, read: Callable[[Scalar], T], default: T, zero: T | None) -> T:
        """The value; `default` where the key is missing. A key with nothing behind it is Go's zero value, not the
        default: `honor_timestamps:` is false. `zero` None: `read` decides."""
        self._asked.add(key)
        entry = self._entries.get(key)
        if entry is None:
            return default
        node = entry.value
        if not isinstance(node, Scalar):
            self._wanted(node, key, "one value", "값 하나")
            return default
        if node.is_null and zero is not None:
            return zero
        try:
            return read(node)
        except BadValue as err:
            self.source.refuse(node.line, f"`{key}`: {err.text.en}", f"`{key}`: {err.text.ko}")
            return default

    def _list(self, key: str) -> tuple[Node, ...]:
        node = self.take(key)
        if node is None:
            return ()
        if isinstance(node, Seq):
            return node.items
        self._wanted(node, key, "a list", "목록")
        return ()

    def _map(self, key: str) -> tuple[Entry, ...]:
        node = self.take(key)
        if node is None:
            return ()
        if isinstance(node, Map):
            return node.entries
        self._wanted(node, key, "a mapping", "매핑(키: 값)")
        return ()

    def _is_scalar(self, node: Node, key: str) -> TypeGuard[Scalar]:
        if isinstance(node, Scalar):
            return True
        self._wanted(node, key, "texts", "텍스트")
        return False

    def _wanted(self, node: Node, key: str, en: str, ko: str) -> None:
        is_there = {Scalar: ("a single value", "값 하나"), Seq: ("a list", "목록"), Map: ("a mapping", "매핑")}[
            type(node)
        ]
        shown = quote(key)[1:-1]
        self.source.refuse(
            node.line,
            f"`{shown}` takes {en}, not {is_there[0]}",
            f"`{shown}`: {ko} 자리인데 {is_there[1]} 형태로 적혀 있습니다",
        )

    def _unknown(self, entry: Entry) -> None:
        near = nearest(entry.key.lower().replace("-", "_"), self._asked)
        shown = quote(entry.key)[1:-1]
        self.source.odd(
            entry.line,
            f"unknown key `{shown}`" + (f"; did you mean `{near}`?" if near else ""),
            f"알 수 없는 키 `{shown}`" + (f". 혹시 `{near}`?" if near else ""),
            promtool=f"field {shown} not found in type {self.kind}" + (f"; did you mean `{near}`?" if near else ""),
        )


def root_of(document_root: Node | None, source: Source, kind: str) -> Section | None:
    """The file's outermost mapping; an empty file is an empty mapping. None with a note for anything else."""
    match document_root:
        case None:
            return Section(source, Map(0), kind)
        case Map():
            return Section(source, document_root, kind)
        case Scalar() if document_root.is_null:
            return Section(source, Map(document_root.line), kind)
        case _:
            source.refuse(document_root.line, "expected `key: value` lines", "`키: 값` 꼴의 줄이 있어야 합니다")
            return None


def text_of(node: Scalar) -> str:
    """The words of a scalar; null is no words."""
    return "" if node.is_null else node.text
