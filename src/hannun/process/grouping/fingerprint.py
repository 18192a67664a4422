"""Fingerprints: what a client or a project's rules say events are to be grouped by. Sentry's syntax.

`error.type:DatabaseDown tags.region:eu* -> database-down {{ tags.region }} title="Database of {{ tags.region }}"`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hannun.process.grouping.families import family
from hannun.process.grouping.glob import compiled, matches
from hannun.process.grouping.stack_rules import PATHS
from hannun.process.grouping.words import split

RULES_MAX = 1000
DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")
_VARIABLE = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_FRAME = {
    "path": "path",
    "stack.abs_path": "path",
    "module": "module",
    "stack.module": "module",
    "function": "function",
    "stack.function": "function",
    "package": "package",
    "stack.package": "package",
    "family": "family",
    "app": "app",
}
_EVENT = frozenset(
    {"type", "error.type", "value", "error.value", "message", "logger", "level", "transaction", "release", "sdk"}
)


@dataclass(frozen=True, slots=True)
class FingerprintRule:
    """`matchers`: (name, pattern, negated); those of one frame must all meet the same frame."""

    text: str
    matchers: tuple[tuple[str, str, bool], ...]
    fingerprint: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class FingerprintRules:
    rules: tuple[FingerprintRule, ...] = ()

    def first(self, event: Mapping[str, Any]) -> FingerprintRule | None:
        for rule in self.rules:
            if _meets(rule, event):
                return rule
        return None


def chosen(event: Mapping[str, Any], rules: FingerprintRules) -> tuple[tuple[str, ...], str]:
    """(fingerprint, who said it): "server", "client", "checksum", or ((), "default")."""
    rule = rules.first(event) if rules.rules else None
    if rule is not None:
        return tuple(_filled(part, event) for part in rule.fingerprint), "server"
    given = event.get("fingerprint")
    if isinstance(given, Sequence) and not isinstance(given, str):
        parts = [str(part) for part in given if part is not None and not isinstance(part, Mapping | list)]
        if parts and not (len(parts) == 1 and DEFAULT.fullmatch(parts[0])):
            return tuple(parts if _only_default(parts) else [_filled(part, event) for part in parts]), "client"
    checksum = event.get("checksum")
    if isinstance(checksum, str) and checksum:
        return (checksum,), "checksum"
    return (), "default"


def _only_default(parts: Sequence[str]) -> bool:
    return all(DEFAULT.fullmatch(part) or "{{" not in part for part in parts)


def _meets(rule: FingerprintRule, event: Mapping[str, Any]) -> bool:
    of_frame = [one for one in rule.matchers if one[0] in _FRAME]
    for name, pattern, negated in rule.matchers:
        if name not in _FRAME:
            values = _event_values(name, event)
            if any(matches(pattern, value) for value in values) is negated:
                return False
    if not of_frame:
        return True
    platform = str(event.get("platform") or "")
    return any(_meets_frame(of_frame, frame, platform) for frame in _frames(event))


def _meets_frame(matchers: Sequence[tuple[str, str, bool]], frame: Mapping[str, Any], platform: str) -> bool:
    for name, pattern, negated in matchers:
        kind = _FRAME[name]
        if kind == "family":
            met = family(frame.get("platform") or platform) in pattern.split(",")
        elif kind == "app":
            met = bool(frame.get("in_app")) is (pattern.lower() in ("1", "yes", "true"))
        else:
            value = frame.get("abs_path") or frame.get("filename") if kind == "path" else frame.get(kind)
            met = matches(pattern, str(value or ""), is_path=kind in PATHS)
        if met is negated:
            return False
    return True


def _exceptions(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    of = event.get("exception")
    values = of.get("values") if isinstance(of, Mapping) else of
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []


def _frames(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    stacks = [one.get("stacktrace") for one in _exceptions(event)] or [event.get("stacktrace")]
    found = []
    for stack in stacks:
        frames = stack.get("frames") if isinstance(stack, Mapping) else None
        if isinstance(frames, list):
            found += [frame for frame in frames if isinstance(frame, Mapping)]
    return found


def _said(event: Mapping[str, Any]) -> list[str]:
    entry = event.get("logentry")
    texts = [entry.get("formatted"), entry.get("message")] if isinstance(entry, Mapping) else []
    texts += [event.get("message")]
    texts += [f"{one.get('type')}: {one.get('value')}" for one in _exceptions(event)]
    return [text for text in texts if isinstance(text, str) and text]


def _event_values(name: str, event: Mapping[str, Any]) -> list[str]:
    if name in ("type", "error.type"):
        return [str(one.get("type") or "") for one in _exceptions(event)]
    if name in ("value", "error.value"):
        return [str(one.get("value") or "") for one in _exceptions(event)]
    if name == "message":
        return _said(event)
    if name == "sdk":
        sdk = event.get("sdk")
        return [str(sdk.get("name") or "")] if isinstance(sdk, Mapping) else []
    if name.startswith("tags."):
        tags = event.get("tags")
        return [str(tags[name[5:]])] if isinstance(tags, Mapping) and name[5:] in tags else []
    value = event.get(name)
    return [str(value)] if value is not None and not isinstance(value, Mapping | list) else []


def _last_frame(name: str) -> Callable[[Mapping[str, Any]], str]:
    def of(event: Mapping[str, Any]) -> str:
        frames = _frames(event)
        own = [frame for frame in frames if frame.get("in_app")] or frames
        return str(own[-1].get(name) or "") if own else ""

    return of


_VARIABLES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "function": _last_frame("function"),
    "stack.function": _last_frame("function"),
    "module": _last_frame("module"),
    "stack.module": _last_frame("module"),
    "package": _last_frame("package"),
    "stack.package": _last_frame("package"),
    "path": _last_frame("abs_path"),
    "stack.abs_path": _last_frame("abs_path"),
    "message": lambda event: next(iter(_said(event)), ""),
}


def _filled(text: str, event: Mapping[str, Any]) -> str:
    """`{{ tags.region }}` and the like with their values; `{{ default }}` stays for whoever hashes."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "default":
            return match[0]
        if name in _VARIABLES:
            return _VARIABLES[name](event) or f"<no-{name.rpartition('.')[2]}>"
        found = _event_values({"type": "error.type", "value": "error.value"}.get(name, name), event)
        return (found[-1] if found else "") or f"<no-{name}>"

    return _VARIABLE.sub(value, text) if "{{" in text else text


def title_of(rule: FingerprintRule, event: Mapping[str, Any]) -> str:
    """The title that the rule asks for, "" when it asks for none."""
    return _filled(rule.title, event)


def parse(text: str) -> FingerprintRules:
    """One rule a line. Raises ValueError, its words begin with the line's number."""
    rules: list[FingerprintRule] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = split(_braced(line))
            if words:
                rules.append(_rule(line.strip(), words))
            if len(rules) > RULES_MAX:
                raise ValueError(f"at most {RULES_MAX} rules are taken")
        except ValueError as err:
            raise ValueError(f"line {number}: {err}") from err
    return FingerprintRules(tuple(rules))


def _braced(line: str) -> str:
    """Spaces within `{{ … }}` are not between words."""
    return _VARIABLE.sub(lambda match: f"{{{{{match[1]}}}}}", line)


def _rule(text: str, words: Sequence[str]) -> FingerprintRule:
    if "->" not in words:
        raise ValueError("a rule has the form `matchers -> fingerprint`")
    middle = words.index("->")
    matchers = tuple(_matcher(word) for word in words[:middle])
    title, parts = "", []
    for word in words[middle + 1 :]:
        name, equals, value = word.partition("=")
        if equals and name == "title":
            title = value
        else:
            parts += [part.strip() for part in word.split(",") if part.strip()]
    if not matchers or not parts:
        raise ValueError("both sides of `->` need a word")
    return FingerprintRule(text, matchers, tuple(parts), title)


def _matcher(word: str) -> tuple[str, str, bool]:
    negated = word.startswith("!")
    name, colon, pattern = word.removeprefix("!").partition(":")
    if not colon or not (name in _FRAME or name in _EVENT or name.startswith("tags.")):
        raise ValueError(f"`{word}` is no matcher; known are {', '.join(sorted({*_FRAME, *_EVENT}))} and tags.NAME")
    compiled(pattern, is_path=_FRAME.get(name) in PATHS)
    return name, pattern, negated
