"""Line filters: `|=`, `|~`, `|>` and their negations, with `or` and `ip()`.

Text that JSON hides behind `\\uXXXX` is found by what it says, as in the store: a filter with letters beyond ASCII also
looks at the line with its escapes written out.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hannun.query.logql.stages import patterns
from hannun.query.logql.stages.ip import parse_range
from hannun.query.logql.stages.regex import compile_regex, encode
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import State
from hannun.query.logql.syntax import LineFilter, Needle

Holds = Callable[[str], bool]
# A surrogate pair, or a code that is no half of one and does not hold the line together (a control, a quote, a
# backslash). Any number of backslashes, as Docker escapes them again.
_ESCAPED = re.compile(
    r"\\+u([dD][89abAB][0-9a-fA-F]{2})\\+u([dD][c-fC-F][0-9a-fA-F]{2})|\\+u((?![dD][89a-fA-F]|00[01]|0022|005[cC])[0-9a-fA-F]{4})"
)


def said(line: str) -> str:
    """The line with its `\\uXXXX` escapes written out."""
    return _ESCAPED.sub(_write_out, line) if "\\u" in line else line


@stage(LineFilter)
def _line_filter(node: LineFilter) -> Step:
    wanted = not node.op.startswith("!")
    holds = [_holds(node.op, needle) for needle in node.needles]
    if len(holds) == 1:
        only = holds[0]
        if wanted:
            return lambda state: only(state.line)
        return lambda state: not only(state.line)

    def step(state: State) -> bool:
        line = state.line
        return any(each(line) for each in holds) is wanted

    return step


def _holds(op: str, needle: Needle) -> Holds:
    if needle.is_ip:
        return parse_range(needle.text).found_in
    if op in ("|=", "!="):
        return _contains(needle.text)
    if op in ("|>", "!>"):
        parts = patterns.parse_filter(needle.text)
        return lambda line: patterns.is_like(parts, line)
    return _matches(needle.text)


def _contains(text: str) -> Holds:
    if text.isascii() or "\\" in text:
        return lambda line: text in line
    return lambda line: text in line or ("\\u" in line and text in said(line))


def _matches(pattern: str) -> Holds:
    if pattern == "":
        return lambda line: True
    search = compile_regex(pattern, dot_all=True).search
    if pattern.isascii():
        return lambda line: search(encode(line)) is not None
    return lambda line: search(encode(line)) is not None or ("\\u" in line and search(encode(said(line))) is not None)


def _write_out(found: re.Match[str]) -> str:
    high, low, single = found.groups()
    if single is not None:
        return chr(int(single, 16))
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
