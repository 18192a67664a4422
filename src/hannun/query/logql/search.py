"""What a person types into the log page's one box, as LogQL.

Words and "quoted phrases" must all stand in the line, whatever their case; `-word` must not. `name:value` asks a label
of the stream (`*` is a wildcard), the severity (`level:error`, `severity:warn+` and worse), lines that speak of an
attack (`security:failed_login`), those of a trace (`trace_id:4bf9…`), or a field of the line as JSON or logfmt has it;
`name>value` compares numbers, durations and sizes. What begins with a brace, or is a metric question, is LogQL already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from hannun.model.errors import BadQuery
from hannun.model.labels import quoted
from hannun.model.log import SEVERITIES
from hannun.model.security import SecurityRules

TEXT_CHARACTERS_MAX = 16_384
TERMS_MAX = 64
EVERY_STREAM = 'service_name=~".+"'
"""Every stream has this label: what names no service is `unknown_service`."""

_SEVERITY_NAMES = ("level", "severity", "detected_level")
SAME_AS = {
    "service": ("service_name",),
    "environment": ("environment", "env", "deployment_environment", "deployment_environment_name"),
    "host": ("host", "hostname", "host_name", "node", "node_name", "nodename"),
    "release": ("release", "version", "service_version"),
}
"""What people call these, and the stream labels that may say them, the likeliest first."""
_SECURITY = "security"
_TRACE = ("trace_id", "traceid", "trace")
_TRACE_ID = re.compile(r"[0-9a-fA-F]{16,32}")
_NAME = r"[A-Za-z_][A-Za-z0-9_.\-]*"
_TERM = re.compile(
    rf"""(?P<minus>-)?(?:
        (?P<name>{_NAME})(?P<op>>=|<=|!=|=|>|<|:)(?:"(?P<quoted_value>(?:[^"\\]|\\.)*)"|(?P<value>[^\s"]+))
      | "(?P<phrase>(?:[^"\\]|\\.)*)"
      | (?P<word>\S+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Understood:
    """`logql` is what will be asked. `words` are marked in the lines that are found.

    `numbers` is LogQL that answers with a graph; whoever parses it says so.
    """

    kind: Literal["everything", "words", "logql", "numbers"]
    logql: str
    words: tuple[str, ...] = ()


def understand(
    text: str,
    *,
    labels: Collection[str],
    is_logql: Callable[[str], bool],
    scope: Mapping[str, str] | None = None,
    security: Mapping[str, str] | None = None,
) -> Understood:
    """`labels` are the names that streams have; `scope` are equal matchers that hold whatever was typed; `security` are
    regexes by the kind of event whose lines they find.

    Raises BadQuery for a text that is too long.
    """
    text = text.strip()
    if len(text) > TEXT_CHARACTERS_MAX:
        raise BadQuery(f"the search has {len(text)} characters; at most {TEXT_CHARACTERS_MAX} are taken")
    matchers = [f"{name}={quoted(value)}" for name, value in (scope or {}).items() if value]
    if not text:
        return Understood("everything", _query(matchers, ()))
    if text.startswith("{") or is_logql(text):
        return Understood("logql", text)
    return _words(text, matchers, labels, security or {})


def regexes_of(security: SecurityRules | None) -> dict[str, str]:
    """By kind of event, what finds its lines. A rule's own expression implies its pieces, so it stands alone."""
    found: dict[str, list[str]] = {}
    for rule in security.rules if security else ():
        pieces = "(?i:" + "|".join(_escaped(piece) for piece in rule.pieces) + ")"
        found.setdefault(rule.kind, []).append(f"(?:{rule.match})" if rule.match else pieces)
    return {kind: "|".join(regexes) for kind, regexes in found.items()}


def _words(text: str, matchers: list[str], labels: Collection[str], security: Mapping[str, str]) -> Understood:
    lines: list[str] = []
    fields: list[str] = []
    beside: list[str] = []
    marked: list[str] = []
    terms = list(_TERM.finditer(text))
    if len(terms) > TERMS_MAX:
        raise BadQuery(f"the search has {len(terms)} terms; at most {TERMS_MAX} are taken")
    for term in terms:
        minus, name, op = bool(term["minus"]), term["name"], term["op"]
        value = _unescaped(term["quoted_value"]) if term["quoted_value"] is not None else term["value"]
        # `http://…` and `12:30` are words, not fields.
        if name is None or value is None or (op == ":" and value.startswith("//")):
            word = term[0].removeprefix("-") if minus else term[0]
            word = _unescaped(term["phrase"]) if term["phrase"] is not None else word
            lines.append(f"{'!~' if minus else '|~'} {_insensitive(word)}")
            if not minus:
                marked.append(word)
            continue
        negated = minus or op == "!="
        label = _label(name, labels)
        if name in _SEVERITY_NAMES and label not in labels:
            beside.append(_severity(value, negated))
        elif name.lower() in _TRACE and _TRACE_ID.fullmatch(value) and label not in labels and op in (":", "=", "!="):
            beside.append(_trace(value.lower(), negated))
            if not negated:
                marked.append(value)
        elif name == _SECURITY and value in security and label not in labels and op in (":", "=", "!="):
            lines.append(f"{'!~' if negated else '|~'} {quoted(security[value])}")
        elif label in labels and op in (":", "=", "!="):
            matchers.append(f"{label}{_match(value, negated)}")
        else:
            lines, fields = lines + _needed(value, op, negated), [*fields, _field(name, op, value, negated)]
    return Understood("words", _query(matchers, [*lines, *beside, *_parsed(fields)]), tuple(marked))


def _label(name: str, labels: Collection[str]) -> str:
    if name in labels:
        return name
    return next((label for label in SAME_AS.get(name, ()) if label in labels), name)


def _match(value: str, negated: bool) -> str:
    """`="value"`, or a regex when a star stands in it."""
    if "*" not in value:
        return f"{'!=' if negated else '='}{quoted(value)}"
    pattern = ".*".join(_escaped(part) for part in value.split("*"))
    return f"{'!~' if negated else '=~'}{quoted(pattern)}"


def _severity(value: str, negated: bool) -> str:
    """`error`, or `warn+` for it and what is worse."""
    wanted = value.lower().removesuffix("+")
    wanted = {"warning": "warn", "err": "error", "information": "info"}.get(wanted, wanted)
    if value.endswith("+") and wanted in SEVERITIES:
        worse = "|".join(SEVERITIES[SEVERITIES.index(wanted) :])
        return f"| detected_level{'!~' if negated else '=~'}{quoted(worse)}"
    return f"| detected_level{_match(wanted, negated)}"


def _trace(trace_id: str, negated: bool) -> str:
    """OpenTelemetry says a line's trace beside it and others within it; a pipeline can ask for both only as labels."""
    found = f'trace_id="{trace_id}" or trace_in_line!=""'
    if negated:
        found = f'trace_id!="{trace_id}" and trace_in_line=""'
    return f'| regexp "(?P<trace_in_line>(?i:{trace_id}))" | {found} | drop trace_in_line'


def _needed(value: str, op: str, negated: bool) -> list[str]:
    """A line filter that a field's filter implies, so that the index finds the few lines that may have it."""
    if negated or op not in (":", "=") or "*" in value or not value.isalnum():
        return []
    return [f"|= {quoted(value)}"]


def _field(name: str, op: str, value: str, negated: bool) -> str:
    label = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if op in (":", "=", "!="):
        return f"| {label}{_match(value, negated)}"
    # A number, a duration or a size stands bare in LogQL; anything else cannot be compared.
    if not re.fullmatch(r"-?\d+(?:\.\d+)?(?:[a-zA-Zµ]+(?:\d+[a-zA-Zµ]+)*)?", value):
        raise BadQuery(f"{name}{op}{value}: compare with a number, a duration (250ms) or a size (10KB)")
    opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
    return f"| {label} {opposite[op] if negated else op} {value}"


def _parsed(fields: Iterable[str]) -> list[str]:
    """Fields as JSON or as logfmt, whichever the line is; what cannot be read as either has no such field."""
    found = list(fields)
    return ["| json | logfmt | drop __error__, __error_details__", *found] if found else []


def _query(matchers: list[str], stages: Iterable[str]) -> str:
    positive = any(re.match(rf"{_NAME}=", matcher) and not matcher.endswith('=~".*"') for matcher in matchers)
    selector = "{" + ", ".join(matchers if positive else [*matchers, EVERY_STREAM]) + "}"
    return " ".join([selector, *stages])


def _insensitive(word: str) -> str:
    return quoted("(?i)" + _escaped(word))


def _escaped(text: str) -> str:
    """For a regex: only what means something there, so that the question stays readable."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
