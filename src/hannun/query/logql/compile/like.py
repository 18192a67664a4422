"""What the skip indexes understand: `lower(text) LIKE '%…%'`, a necessary condition for a text to stand in a line.

`lower` of the engine knows ASCII alone, and so does ours. `text` is the line with its `\\uXXXX` escapes written out: a
needle that is found in the raw line may begin inside an escape, so what could be the rest of one is cut off first.
"""

from __future__ import annotations

import re

from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.literals import Need, NeedAll, NeedAny
from hannun.query.logql.compile.sure import ALWAYS, all_of, any_of

INDEXED_CHARACTERS_MIN = 3
_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_REST_OF_ESCAPE = re.compile(r"u?[0-9a-fA-F]{0,4}")
_WIDE = re.compile(r"[^\x00-\x7f]{2,}")
_AROUND_ESCAPES = re.compile(r"\\+(?:u[0-9a-fA-F]{0,4})?")


def ascii_lower(text: str) -> str:
    return text.translate(_UPPER)


def pattern(text: str) -> str:
    """`text` anywhere, as a LIKE pattern over lower-cased lines."""
    return f"%{ascii_lower(text).translate(_ESCAPED)}%"


def pieces(needle: str) -> list[str]:
    """Parts of a needle that stand in `text` of every line that holds the needle raw."""
    first, *others = _AROUND_ESCAPES.split(needle)
    return [piece for piece in (first[_rest(first) :], *others) if is_worth(piece)]


def is_worth(piece: str) -> bool:
    """Whether the indexes can use it: three characters, or two of a script written in syllables or words."""
    return len(piece) >= INDEXED_CHARACTERS_MIN or (len(piece) == 2 and not piece.isascii())


def holds(build: Building, needle: str) -> str:
    """A necessary condition for `needle` in the raw line or in what it says; ALWAYS when no index helps."""
    return all_of(says(build, piece) for piece in pieces(needle))


def says(build: Building, said: str) -> str:
    """Whether `said` stands in the line with its escapes written out, whatever the case of its ASCII letters.

    An index of its own covers lines that hold more than ASCII: it knows words of two syllables.
    """
    wide = [f"wide LIKE {build.text(f'%{word}%')}" for word in _WIDE.findall(said)]
    return all_of((f"lower(text) LIKE {build.text(pattern(said))}", *wide))


def satisfies(build: Building, need: Need | None) -> str:
    """A necessary condition for what a regex needs."""
    match need:
        case None:
            return ALWAYS
        case str():
            return holds(build, need)
        case NeedAll(parts):
            return all_of(satisfies(build, part) for part in parts)
        case NeedAny(parts):
            return any_of(satisfies(build, part) for part in parts)


def _rest(text: str) -> int:
    found = _REST_OF_ESCAPE.match(text)
    return found.end() if found else 0
