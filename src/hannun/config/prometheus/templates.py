"""Is the text of a label or annotation a Go template that would parse? Without running it.

What is looked at: actions and strings that close, blocks and their `end`, names of functions and variables. What is
not: how many arguments a function takes and of which kind, which only shows when the template runs.
"""

from __future__ import annotations

import re

FUNCTIONS = frozenset(
    """and or not eq ne lt le gt ge len index slice print printf println html js urlquery call
    query first label value strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink tableLink
    sortByLabel stripPort stripDomain humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp
    toTime toDuration now pathPrefix externalURL parseDuration tmpl urlQueryEscape
    true false nil""".split()  # noqa: SIM905
)
_CONSTANTS = frozenset(("true", "false", "nil"))
_OPENERS = frozenset(("if", "range", "with", "define", "block"))
_KEYWORDS = _OPENERS | {"end", "else", "template", "break", "continue"}
_VARIABLES = frozenset(("$", "$labels", "$externalLabels", "$externalURL", "$value"))
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)+')
    |(?P<variable>\$\w*)
    |(?P<number>[-+]?\.?[0-9][\w.]*)
    |(?P<field>\.\w*)
    |(?P<name>[^\W\d]\w*)
    |(?P<mark>:=|[=|(),])""",
    re.VERBOSE,
)


_NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*|[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+\.)i?"
)
_INTEGER_OF_EIGHT = re.compile(r"[-+]?0[0-9]*[89][0-9]*")
_ESCAPES = re.compile(
    r"""(?:[^\\]|\\(?:[abfnrtv\\'"]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}))*""", re.DOTALL
)


class BadTemplate(ValueError):
    """In the words of Go's text/template."""


def check_template(text: str) -> None:
    """Raises BadTemplate for what can be seen from outside."""
    open_blocks: list[str] = []
    known = set(_VARIABLES)
    place = 0
    while (begin := text.find("{{", place)) >= 0:
        place = begin + 2
        inside = text[place : place + 1] == "-" and text[place + 1 : place + 2].isspace()
        if inside:
            place += 2
        if text.startswith("/*", place):
            place = _after_comment(text, place)
            continue
        place, tokens = _action(text, place)
        _shape(tokens)
        _block(tokens, open_blocks)
        _names(tokens, known)
    if open_blocks:
        raise BadTemplate("unexpected EOF")


def _after_comment(text: str, place: int) -> int:
    end = text.find("*/", place)
    if end < 0:
        raise BadTemplate("unclosed comment")
    rest = re.compile(r"(?:\s+-)?\}\}").match(text, end + 2)
    if rest is None:
        raise BadTemplate("comment ends before closing delimiter")
    return rest.end()


def _action(text: str, place: int) -> tuple[int, list[tuple[str, str]]]:
    """The tokens up to `}}`, and where the text goes on."""
    tokens: list[tuple[str, str]] = []
    while True:
        if text.startswith("}}", place):
            return place + 2, tokens
        if (trimmed := re.compile(r"\s+-\}\}").match(text, place)) is not None:
            return trimmed.end(), tokens
        if place >= len(text):
            raise BadTemplate("unclosed action")
        found = _TOKEN.match(text, place)
        if found is None:
            letter = text[place]
            if letter == '"':
                raise BadTemplate("unterminated quoted string")
            if letter == "`":
                raise BadTemplate("unterminated raw quoted string")
            if letter == "'":
                raise BadTemplate("unterminated character constant")
            raise BadTemplate(f"unexpected {letter!r} in command")
        place = found.end()
        if found.lastgroup == "number" and (not _NUMBER.fullmatch(found[0]) or _INTEGER_OF_EIGHT.fullmatch(found[0])):
            raise BadTemplate(f'bad number syntax: "{found[0][:40]}"')
        if found.lastgroup == "text" and found[0][0] != "`" and not _ESCAPES.fullmatch(found[0][1:-1]):
            raise BadTemplate("invalid syntax")
        if found.lastgroup != "space":
            tokens.append((str(found.lastgroup), found[0]))


def _shape(tokens: list[tuple[str, str]]) -> None:
    """Parentheses pair up, and what follows a pipe can be called."""
    depth = 0
    for place, (kind, word) in enumerate(tokens):
        if word == "(" and kind == "mark":
            depth += 1
        elif word == ")" and kind == "mark":
            depth -= 1
            if depth < 0:
                raise BadTemplate("unexpected right paren")
        elif word == "|" and (not place or (tokens[place - 1][0] == "mark" and tokens[place - 1][1] != ")")):
            raise BadTemplate('unexpected "|" in command')
        elif place and tokens[place - 1] == ("mark", "|") and (kind in ("text", "number") or word in _CONSTANTS):
            raise BadTemplate("non executable command in pipeline")
    if depth:
        raise BadTemplate("unclosed left paren")


def _block(tokens: list[tuple[str, str]], open_blocks: list[str]) -> None:
    if not tokens:
        raise BadTemplate("missing value for command")
    kind, word = tokens[0]
    if kind != "name":
        return
    if word in _OPENERS:
        if len(tokens) == 1:
            raise BadTemplate(f"missing value for {word}")
        open_blocks.append(word)
    elif word == "end":
        if not open_blocks:
            raise BadTemplate("unexpected {{end}}")
        open_blocks.pop()
    elif word == "else" and len(tokens) > 1 and tokens[1][1] not in ("if", "with"):
        raise BadTemplate(f"unexpected {tokens[1][1][:40]} in else")
    elif word == "else" and (not open_blocks or open_blocks[-1] not in ("if", "range", "with")):
        raise BadTemplate("unexpected {{else}}")


def _names(tokens: list[tuple[str, str]], known: set[str]) -> None:
    first = tokens[0][1]
    if first in ("define", "template", "block") and (len(tokens) < 2 or tokens[1][0] != "text"):
        raise BadTemplate(f"unexpected {tokens[1][1][:40] if len(tokens) > 1 else 'end'} in {first} clause")
    for place, (kind, word) in enumerate(tokens):
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        opens = place == 0 or (place == 1 and first == "else")
        if kind == "name" and word not in FUNCTIONS and not (opens and word in _KEYWORDS):
            raise BadTemplate(
                f"unexpected {word} in command" if word in _KEYWORDS else f'function "{word}" not defined'
            )
        if kind == "variable":
            if following in (":=", ","):
                known.add(word)
            elif word not in known and not _declared_later(tokens, place):
                raise BadTemplate(f'undefined variable "{word}"')


def _declared_later(tokens: list[tuple[str, str]], place: int) -> bool:
    """`$v` of `range $k, $v := …`."""
    return place > 0 and tokens[place - 1][1] == "," and any(word == ":=" for _, word in tokens[place:])
