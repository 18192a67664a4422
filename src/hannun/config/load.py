"""Flags, variables and hannun.yml -> Settings, remembering for each value who said it.

Flag wins over variable, variable over file, file over default. Everything is read before anything is refused, so
that one run of `hannun check` names every mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from hannun.config import machine as machines
from hannun.config import yaml
from hannun.config.complaint import Complaint, Refused, nearest, quote
from hannun.config.language import lang_of
from hannun.config.machine import Machine
from hannun.config.services import ServiceConfig, read_services
from hannun.config.setting import Setting
from hannun.config.settings import Chosen, Settings, Source, build, shown
from hannun.config.table import CONFIG, NOT_SHOWN, OTHER_VARIABLES, RETENTION, SETTINGS
from hannun.config.values import WORDS_MAX, BadValue
from hannun.model.text import Text

T = TypeVar("T")
DEFAULT_FILE = "hannun.yml"
SERVICES = ("services",)
"""The one key whose value is no setting of the table: what to watch, by a URL each."""
_RETENTIONS = tuple(name for name in SETTINGS if name.startswith("retention."))


@dataclass(frozen=True, slots=True)
class Given:
    """Words that somebody gave for a setting. `parts` holds the lines of a YAML list's items."""

    source: Source
    place: str
    line: int
    words: str
    base: Path
    parts: tuple[yaml.Scalar, ...] | None = None

    def complain(self, text: Text, line: int = 0) -> Complaint:
        return Complaint(self.place, line or self.line, text, fatal=True)

    @property
    def said(self) -> str:
        return f"{self.place}:{self.line}" if self.line else self.place


@dataclass(slots=True)
class _File:
    """What hannun.yml says: words by setting, and the services, which are no single words."""

    path: Path | None = None
    given: dict[str, list[Given]] = field(default_factory=dict)
    services: tuple[ServiceConfig, ...] = ()


class _Values:
    def __init__(self) -> None:
        self._by_name: dict[str, Any] = {}

    def __getitem__(self, key: Setting[T]) -> T:
        value: T = self._by_name[key.name]
        return value

    def put(self, name: str, value: Any) -> None:
        self._by_name[name] = value


def load(
    flags: Mapping[str, str],
    env: Mapping[str, str],
    file: Path | None = None,
    *,
    cwd: Path | None = None,
    machine: Machine | None = None,
) -> tuple[Settings, list[Complaint]]:
    """Settings and warnings. `flags` by setting name (`{"listen": ":8800"}`).

    `file` is read where neither flag nor variable names one; without it `hannun.yml` in `cwd`, if there.
    Raises Refused with every complaint, the fatal ones and the warnings.
    """
    base = cwd or Path()
    complaints: list[Complaint] = list(_unknown_variables(env))
    said = _read_file(flags, env, file, base, complaints)
    given: dict[str, list[Given]] = {}
    for name, each in SETTINGS.items():
        given[name] = [*_from_flag(each, flags, base), *_from_env(each, env, base), *said.given.get(name, ())]
    settings, complaints = _resolve(given, said.path, env, machine or machines.look(), complaints, base)
    return replace(settings, services=said.services), complaints


def check(path: Path, env: Mapping[str, str]) -> list[Complaint]:
    """Everything there is to say about one hannun.yml on its own; `env` is for `${NAME}` in it."""
    complaints: list[Complaint] = []
    document = _open(path, str(path), complaints)
    if document is None:
        return complaints
    said = _from_document(document, path, env, complaints)
    root = document.root
    if (
        not said.given
        and not said.services
        and isinstance(root, yaml.Map)
        and root.entries
        and all(not each.fatal for each in complaints)
    ):
        # Somebody else's file would otherwise pass with a warning for each line.
        text = Text(
            en="no key in it is a setting of hannun.yml; this version checks no other files",
            ko="hannun.yml의 설정이 하나도 없습니다. 이 버전은 다른 파일을 검사하지 않습니다",
        )
        return [Complaint(document.file, root.line, text, fatal=True)]
    try:
        given = {name: said.given.get(name, []) for name in SETTINGS}
        return _resolve(given, path, {}, machines.look(), complaints, path.parent)[1]
    except Refused as err:
        return list(err.complaints)


def _resolve(
    given: Mapping[str, list[Given]],
    path: Path | None,
    env: Mapping[str, str],
    machine: Machine,
    complaints: list[Complaint],
    base: Path,
) -> tuple[Settings, list[Complaint]]:
    got = _Values()
    origin: dict[str, Given | None] = {}
    for name, each in SETTINGS.items():
        # What was said about retention as a whole counts for each signal, unless the same source names the signal.
        own = _by_rank(given[name] + (given[RETENTION.name] if name in _RETENTIONS else []))
        origin[name] = own[0] if own else None
        if own:
            got.put(name, _read(each, own[0], complaints))
            # Words that were overruled are read too: a mistake that waits for its day is a trap.
            for overruled in own[1:]:
                _read(each, overruled, complaints)
        else:
            got.put(name, each.read(each.default_words(machine), base))
    got.put(CONFIG.name, path)
    complaints[:] = dict.fromkeys(complaints)
    if any(complaint.fatal for complaint in complaints):
        raise Refused(complaints)
    try:
        settings = build(got, machine, lang_of(env))
    except BadValue as err:
        culprit = origin.get(err.about)
        complaint = culprit.complain(err.text) if culprit else Complaint(err.about, 0, err.text, fatal=True)
        raise Refused([*complaints, complaint]) from None
    return replace(settings, chosen=tuple(_chosen(settings, origin))), complaints


def _by_rank(given: list[Given]) -> list[Given]:
    order = {"flag": 0, "env": 1, "file": 2}
    return sorted(given, key=lambda each: order[each.source])


def _chosen(settings: Settings, origin: Mapping[str, Given | None]) -> Iterator[Chosen]:
    for name in SETTINGS:
        if name in NOT_SHOWN:
            continue
        by = origin[name]
        yield Chosen(name, shown(settings, name), by.source if by else "default", by.said if by else "")


def _read(each: Setting[Any], given: Given, complaints: list[Complaint]) -> Any:
    """The value of one setting; None with a complaint noted when the words are wrong."""
    read: list[Any] = []
    for words, line in [(part.text, part.line) for part in given.parts] if given.parts else [(given.words, 0)]:
        try:
            if len(words) > WORDS_MAX:
                raise BadValue(
                    f"{quote(words)} is longer than {WORDS_MAX} characters",
                    f"{quote(words)}: {WORDS_MAX}자를 넘습니다",
                )
            read.append(each.read(words, given.base))
        except BadValue as err:
            complaints.append(given.complain(err.text, line))
    if not read:
        return None
    return tuple(item for items in read for item in items) if each.listed else read[0]


def _from_flag(each: Setting[Any], flags: Mapping[str, str], base: Path) -> Iterator[Given]:
    if each.flag is not None and each.name in flags:
        yield Given("flag", each.flag, 0, flags[each.name], base)


def _from_env(each: Setting[Any], env: Mapping[str, str], base: Path) -> Iterator[Given]:
    """An empty variable counts as unset: compose files write `HANNUN_LISTEN: ${LISTEN:-}`."""
    for name in each.env:
        if env.get(name):
            yield Given("env", name, 0, env[name], base)
            return


def _unknown_variables(env: Mapping[str, str]) -> Iterator[Complaint]:
    known = [*(name for each in SETTINGS.values() for name in each.env), *OTHER_VARIABLES]
    for name in sorted(env):
        if name.startswith("HANNUN_") and name not in known:
            near = nearest(name, known)
            yield Complaint(
                name,
                0,
                Text(
                    en="no such setting" + (f"; did you mean {near}?" if near else ""),
                    ko="그런 설정이 없습니다" + (f". 혹시 {near}?" if near else ""),
                ),
            )


def _read_file(
    flags: Mapping[str, str], env: Mapping[str, str], file: Path | None, base: Path, complaints: list[Complaint]
) -> _File:
    named = [*_from_flag(CONFIG, flags, base), *_from_env(CONFIG, env, base)]
    if named:
        shown_as, path = named[0].words, base / named[0].words
    else:
        path = file or base / DEFAULT_FILE
        shown_as = str(file) if file else DEFAULT_FILE
        if file is None and not path.is_file():
            return _File()
    if named and not path.is_file():  # the reader of --config says this in its own words
        return _File()
    document = _open(path, shown_as, complaints)
    return _File() if document is None else _from_document(document, path, env, complaints)


def _open(path: Path, shown_as: str, complaints: list[Complaint]) -> yaml.Document | None:
    """The document and its warnings; None with a complaint noted when it cannot be read."""
    try:
        with path.open("rb") as opened:
            document = yaml.load(opened.read(yaml.BYTES_MAX + 1), shown_as)
    except OSError as err:
        why = err.strerror or str(err)
        text = Text(en=f"cannot be read: {why}", ko=f"읽을 수 없습니다: {why}")
        complaints.append(Complaint(shown_as, 0, text, fatal=True))
        return None
    except Refused as err:
        complaints.extend(err.complaints)
        return None
    complaints.extend(document.warnings)
    return document


def _from_document(document: yaml.Document, file: Path, env: Mapping[str, str], complaints: list[Complaint]) -> _File:
    said, base, root = _File(file), file.parent, document.root
    if root is None or (isinstance(root, yaml.Scalar) and root.is_null):
        return said
    if not isinstance(root, yaml.Map):
        text = Text(en="expected `setting: value` lines", ko="`설정: 값` 꼴의 줄이 있어야 합니다")
        complaints.append(Complaint(document.file, root.line, text, fatal=True))
        return said
    known = {each.yaml: each for each in SETTINGS.values() if each.yaml is not None}
    for path, entry in _leaves(root, (), known):
        each = known.get(path)
        if path == SERVICES:
            said.services, more = read_services(entry.value, document.file, env, base)
            complaints.extend(more)
        elif each is None:
            complaints.append(_unknown_key(document.file, entry, path, known))
        elif given := _given(document.file, each, entry, base, env, complaints):
            said.given[each.name] = [given]
    return said


def _leaves(
    node: yaml.Map, above: tuple[str, ...], known: Mapping[tuple[str, ...], Setting[Any]]
) -> Iterator[tuple[tuple[str, ...], yaml.Entry]]:
    """Entries with their path; descends only where settings live below (`retention:`)."""
    for entry in node:
        path = (*above, entry.key)
        inner = any(len(other) > len(path) and other[: len(path)] == path for other in known)
        if inner and isinstance(entry.value, yaml.Map):
            yield from _leaves(entry.value, path, known)
        else:
            yield path, entry


def _unknown_key(
    file: str, entry: yaml.Entry, path: tuple[str, ...], known: Mapping[tuple[str, ...], Setting[Any]]
) -> Complaint:
    siblings = [other[-1] for other in (*known, SERVICES) if other[:-1] == path[:-1]]
    near = nearest(entry.key.lower().replace("-", "_"), siblings)
    shown_as = quote(entry.key)[1:-1]
    within = f" in `{'.'.join(path[:-1])}`" if len(path) > 1 else ""
    return Complaint(
        file,
        entry.line,
        Text(
            en=f"unknown key `{shown_as}`{within}" + (f"; did you mean `{near}`?" if near else ""),
            ko=f"알 수 없는 키 `{shown_as}`" + (f". 혹시 `{near}`?" if near else ""),
        ),
    )


def _given(
    file: str, each: Setting[Any], entry: yaml.Entry, base: Path, env: Mapping[str, str], complaints: list[Complaint]
) -> Given | None:
    node = entry.value
    match node:
        case yaml.Scalar():
            if node.is_null:
                text = Text(
                    en=f"`{entry.key}` has no value; the default is used",
                    ko=f"`{entry.key}`: 값이 없어 기본값을 씁니다",
                )
                complaints.append(Complaint(file, entry.line, text))
                return None
            words = _expanded(file, node, env, complaints)
            return None if words is None else Given("file", file, node.line, words, base)
        case yaml.Seq(items=items) if each.listed and all(isinstance(item, yaml.Scalar) for item in items):
            parts: list[yaml.Scalar] = []
            for item in items:
                assert isinstance(item, yaml.Scalar)
                words = _expanded(file, item, env, complaints)
                if words is not None:
                    parts.append(replace(item, text=words))
            return Given("file", file, node.line, "", base, tuple(parts))
        case _:
            wanted = Text(en="a value", ko="값 하나")
            if each.listed:
                wanted = Text(en="a value or a list of values", ko="값 하나 또는 값의 목록")
            text = Text(
                en=f"`{entry.key}` takes {wanted.en}",
                ko=f"`{entry.key}`: {wanted.ko}만 적을 수 있습니다",
            )
            complaints.append(Complaint(file, node.line, text, fatal=True))
            return None


def _expanded(file: str, node: yaml.Scalar, env: Mapping[str, str], complaints: list[Complaint]) -> str | None:
    words, missing = yaml.expand(node.text, env)
    if not missing:
        return words
    named = ", ".join(missing)
    text = Text(en=f"{quote(node.text)}: {named} is not set", ko=f"{quote(node.text)}: {named} 환경 변수가 없습니다")
    complaints.append(Complaint(file, node.line, text, fatal=True))
    return None
