"""`relayPiiConfig` (JSON) -> compiled rules for selectors.

{"rules": {"0": {"type": "pattern", "pattern": "d/[a-f0-9]{12}", "redaction": {"method": "hash"}}},
 "applications": {"$string": ["@ip:replace", "0"]}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from hannun.model.errors import ConfigError
from hannun.model.text import Text
from hannun.process.scrubbing.pii import selectors
from hannun.process.scrubbing.pii.rules import (
    DEFAULT_METHOD,
    METHODS,
    PATTERNS,
    WORDS,
    Groups,
    Parts,
    Redaction,
    Rule,
    Whole,
    password,
)
from hannun.process.scrubbing.pii.selectors import Selector
from hannun.process.scrubbing.values import FILTERED, URL_PASSWORD

_RULES_MAX = 500
_PATTERN_CHARACTERS_MAX = 16_384
_ALIAS_DEPTH_MAX = 8
_COMMON = ("ip", "email", "creditcard", "iban", "pemkey", "urlauth", "userpath", "password", "usssn")
_COMMON_FILTER = ("creditcard", "iban", "pemkey", "password", "usssn", "bearer", "rrn")


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    selector: Selector
    rules: tuple[Rule, ...]
    specific: bool


@dataclass(frozen=True, slots=True, eq=False)
class PiiRules:
    applications: tuple[Application, ...]


def parse(text: str) -> PiiRules:
    """Raises ConfigError, which names the rule or selector that cannot be read."""
    try:
        told = orjson.loads(text)
    except ValueError as err:
        raise _wrong(f"not JSON: {err}") from err
    if not isinstance(told, dict):
        raise _wrong("expected an object with `rules` and `applications`")
    rules, applications = told.get("rules") or {}, told.get("applications") or {}
    if not isinstance(rules, dict) or not isinstance(applications, dict):
        raise _wrong("`rules` and `applications` are objects")
    if len(rules) > _RULES_MAX or len(applications) > _RULES_MAX:
        raise _wrong(f"more than {_RULES_MAX} rules or applications")
    found = []
    for selector, names in applications.items():
        try:
            read = selectors.parse(selector)
        except ValueError as err:
            raise _wrong(f"`{selector}`: {err}") from err
        if not isinstance(names, list) or len(names) > _RULES_MAX:
            raise _wrong(f"`{selector}`: expected a list of rules")
        compiled = tuple(rule for name in names for rule in _named(name, rules, 0))
        found.append(Application(read, compiled, selectors.is_specific(read)))
    return PiiRules(tuple(found))


@lru_cache(maxsize=256)
def pii_of(text: str) -> PiiRules | None:
    """The rules of a project's options; None when there is none, or none that can be read.

    The settings refuse what cannot be read, so what is left here are texts of an older or newer server; events must
    come in nevertheless, scrubbed by the defaults.
    """
    if not text.strip():
        return None
    try:
        rules = parse(text)
    except ConfigError:
        return None
    return rules if rules.applications else None


def _named(name: Any, own: Mapping[str, Any], depth: int) -> tuple[Rule, ...]:
    if not isinstance(name, str):
        raise _wrong(f"expected the name of a rule, not {name!r}")
    if depth > _ALIAS_DEPTH_MAX:
        raise _wrong(f"`{name}`: rules name each other in a circle")
    if name in own:
        return _compiled(name, own[name], own, depth)
    if name.startswith("@"):
        return _builtin(name)
    raise _wrong(f"`{name}` is no rule. Defined: {', '.join(sorted(own)) or 'none'}")


def _builtin(name: str) -> tuple[Rule, ...]:
    kind, _, method = name[1:].partition(":")
    if kind == "common":
        if method == "filter":
            auth = (Parts((URL_PASSWORD,), Redaction("replace")),)
            return tuple(rule for one in _COMMON_FILTER for rule in _of_type(one, Redaction("replace"))) + auth
        return tuple(rule for one in _COMMON for rule in _builtin(f"@{one}"))
    if method in ("filter", "legacy"):
        redaction = Redaction("replace")
    else:
        method = method or DEFAULT_METHOD.get(kind, "replace")
        word = FILTERED if kind in ("anything", "bearer") else f"[{WORDS.get(kind, kind)}]"
        redaction = Redaction(method, word)
    if redaction.method not in METHODS or (kind not in PATTERNS and kind not in ("anything", "password")):
        raise _wrong(f"`{name}` is no rule that is built in")
    return _of_type(kind, redaction)


def _of_type(kind: str, redaction: Redaction) -> tuple[Rule, ...]:
    if kind == "anything":
        return (Whole(redaction),)
    if kind == "password":
        return password(redaction)
    return (Parts(PATTERNS[kind], redaction),)


def _compiled(name: str, rule: Any, own: Mapping[str, Any], depth: int) -> tuple[Rule, ...]:
    if not isinstance(rule, dict):
        raise _wrong(f"rule `{name}`: expected an object")
    kind = rule.get("type")
    redaction = _redaction(name, rule.get("redaction"), kind)
    match kind:
        case "pattern":
            groups = rule.get("replaceGroups", rule.get("replace_groups")) or (0,)
            regex = _regex(name, rule.get("pattern"))
            if not all(type(group) is int and 0 <= group <= regex.groups for group in groups):
                raise _wrong(f"rule `{name}`: replaceGroups names a group that the pattern does not have")
            return (Groups(regex, tuple(sorted(groups)), redaction),)
        case "redact_pair" | "redactPair":
            regex = _regex(name, rule.get("keyPattern", rule.get("key_pattern")))
            found = lambda text: regex.search(text.encode("utf-8", "replace")) is not None  # noqa: E731 - used twice
            return (Whole(redaction, found, found),)
        case "alias":
            return _named(rule.get("rule"), own, depth + 1)
        case "multiple":
            names = rule.get("rules")
            if not isinstance(names, list) or len(names) > 50:
                raise _wrong(f"rule `{name}`: expected a list of at most 50 rules")
            return tuple(one for other in names for one in _named(other, own, depth + 1))
        case str() if kind in PATTERNS or kind in ("anything", "password"):
            return _of_type(kind, redaction)
    raise _wrong(f"rule `{name}`: type {kind!r} is not known")


def _redaction(name: str, told: Any, kind: Any) -> Redaction:
    if told is None:
        return Redaction(DEFAULT_METHOD.get(kind, "replace") if isinstance(kind, str) else "replace")
    method = told.get("method", "replace") if isinstance(told, dict) else told
    if method not in METHODS:
        raise _wrong(f"rule `{name}`: method {method!r} is none of {', '.join(METHODS)}")
    text = told.get("text", FILTERED) if isinstance(told, dict) else FILTERED
    return Redaction(method, text[:1024] if isinstance(text, str) else FILTERED)


def _regex(name: str, pattern: Any) -> Any:
    import re2  # 15 ms that only a project with a pattern should cost

    if not isinstance(pattern, str) or len(pattern) > _PATTERN_CHARACTERS_MAX:
        raise _wrong(f"rule `{name}`: expected a pattern of at most {_PATTERN_CHARACTERS_MAX} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as err:
        words = err.args[0] if err.args else err
        said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        raise _wrong(f"rule `{name}`: {said}") from err


def _wrong(why: str) -> ConfigError:
    return ConfigError(
        Text(en=f"Advanced data scrubbing, {why}", ko=f"고급 데이터 스크러빙 규칙을 읽을 수 없습니다: {why}")
    )
