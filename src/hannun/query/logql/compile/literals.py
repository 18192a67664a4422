"""Literals that every match of an RE2 expression contains, so that an index can look before the expression does.

Careful rather than clever: what is not plainly understood needs nothing. Letters are compared without case, so flags
only matter where Unicode folds an ASCII letter to another one: `(?i)k` also matches the Kelvin sign, `(?i)s` the long
s. In an expression that folds, both end a literal, and so does any letter outside ASCII that has a case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NeedAll:
    parts: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class NeedAny:
    parts: tuple[Need, ...]


Need = str | NeedAll | NeedAny


@dataclass(frozen=True, slots=True)
class Literal:
    """`folds`: whatever the case of its ASCII letters. `folded_letters`: those beyond ASCII that it also means then."""

    text: str
    folds: bool

    @property
    def folded_letters(self) -> tuple[str, ...]:
        lower = self.text.lower() if self.folds else ""
        return tuple(wide for letter, wide in _FOLDED_TO.items() if letter in lower)


_NO_WIDTH = NeedAll(())
"""An item that matches no character: what stands around it stays together."""
_FOLDED = frozenset("kKsS")
_FOLDED_TO = {"k": "\u212a", "s": "\u017f"}
_SPECIAL = frozenset("\\.+*?()|[]{}^$")
_FLAGS = re.compile(r"\?([imsU]*)(?:-([imsU]+))?([:)])")
_NAMED = re.compile(r"\?P?<[A-Za-z_][A-Za-z0-9_]*>")
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_DEPTH_MAX = 50
_PATTERN_MAX = 2_000


class _Unclear(Exception):
    pass


def needed(pattern: str) -> Need | None:
    """None: nothing that could be looked for."""
    if len(pattern) > _PATTERN_MAX:
        return None
    reader = _Reader(pattern)
    try:
        need = reader.alternatives(folds=False, depth=0)
    except (_Unclear, IndexError):
        return None
    return need if reader.at == len(pattern) else None


def whole(pattern: str) -> Literal | None:
    """The one literal whose lines are exactly those that the expression matches somewhere; None: it is no literal."""
    inner = pattern.removeprefix("(?i)")
    folds = inner != pattern
    text: list[str] = []
    escaped = False
    for char in inner.removeprefix(".*").removesuffix(".*"):
        if not escaped and char == "\\":
            escaped = True
            continue
        # A letter behind a backslash is no letter any more.
        if (char.isalnum() or not char.isascii()) if escaped else char in _SPECIAL:
            return None
        text.append(char)
        escaped = False
    found = "".join(text)
    if escaped or not found:
        return None
    if folds and not found.isascii():
        return None
    return Literal(found, folds)


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self, *, folds: bool, depth: int) -> Need | None:
        """Up to `)` or the end."""
        if depth > _DEPTH_MAX:
            raise _Unclear
        found: list[Need | None] = []
        while True:
            need, folds = self._sequence(folds, depth)
            found.append(need)
            if self._peek() != "|":
                break
            self.at += 1
        if len(found) == 1:
            return found[0]
        needs = [need for need in found if need is not None]
        return NeedAny(tuple(needs)) if len(needs) == len(found) else None

    def _sequence(self, folds: bool, depth: int) -> tuple[Need | None, bool]:
        parts: list[Need] = []
        run: list[str] = []

        def end_run() -> None:
            if run:
                parts.append("".join(run))
                run.clear()

        while self._peek() not in ("", "|", ")"):
            if self.pattern.startswith("(?", self.at) and (flags := _FLAGS.match(self.pattern, self.at + 1)):
                on, off, end = flags.groups()
                now = (folds or "i" in on) and "i" not in (off or "")
                if end == ")":
                    self.at = flags.end()
                    folds = now
                    continue
            item = self._item(folds, depth)
            least = self._repeats()
            if item is _NO_WIDTH:
                continue
            if isinstance(item, str) and least == 1 and self._once:
                run.append(item)
                continue
            if isinstance(item, str) and least >= 1:
                run.append(item)
            end_run()
            if not isinstance(item, str) and item is not None and least >= 1:
                parts.append(item)
        end_run()
        if not parts:
            return None, folds
        return parts[0] if len(parts) == 1 else NeedAll(tuple(parts)), folds

    def _item(self, folds: bool, depth: int) -> Need | None:
        """One literal character (a `str`), `_NO_WIDTH`, or what a group needs."""
        char = self.pattern[self.at]
        self.at += 1
        if char == "(":
            return _boxed(self._group(folds, depth))
        if char == "[":
            self._skip_class()
            return None
        if char == ".":
            return None
        if char in "^$":
            return _NO_WIDTH
        if char in "*+?":
            raise _Unclear
        if char == "\\":
            return self._escape(folds)
        return self._literal(char, folds)

    def _group(self, folds: bool, depth: int) -> Need | None:
        if self._peek() == "?":
            flags = _FLAGS.match(self.pattern, self.at)
            named = _NAMED.match(self.pattern, self.at)
            if flags is not None and flags[3] == ":":
                folds = (folds or "i" in flags[1]) and "i" not in (flags[2] or "")
                self.at = flags.end()
            elif named is not None:
                self.at = named.end()
            else:
                raise _Unclear
        need = self.alternatives(folds=folds, depth=depth + 1)
        if self._peek() != ")":
            raise _Unclear
        self.at += 1
        return need

    def _escape(self, folds: bool) -> Need | None:
        char = self.pattern[self.at]
        self.at += 1
        if char in "dDwWsS":
            return None
        if char in "bBAz":
            return _NO_WIDTH
        if char in _CONTROL:
            return _CONTROL[char]
        if char.isalnum() or not char.isascii():
            # \pL, \x41, \Q…\E, octal numbers: whatever they are, they would have to be understood to go on.
            raise _Unclear
        return self._literal(char, folds)

    def _literal(self, char: str, folds: bool) -> Need | None:
        if folds and (char in _FOLDED or (not char.isascii() and char.lower() != char.upper())):
            return None
        return char

    def _skip_class(self) -> None:
        if self._peek() == "^":
            self.at += 1
        first = True
        while first or self._peek() != "]":
            char = self.pattern[self.at]
            if self.pattern.startswith("[:", self.at):
                self.at = (
                    self.pattern.index(":]", self.at) + 2 if ":]" in self.pattern[self.at :] else len(self.pattern)
                )
            else:
                self.at += 2 if char == "\\" else 1
            first = False
        self.at += 1

    def _repeats(self) -> int:
        """How often at least the item before must come; `_once` says whether exactly once."""
        self._once = True
        least = 1
        while True:
            char = self._peek()
            if char in ("*", "?"):
                least, self._once = 0, False
                self.at += 1
            elif char == "+":
                self._once = False
                self.at += 1
            elif char == "{" and (count := _COUNT.match(self.pattern, self.at)) is not None:
                least, self._once = least * int(count[1]), False
                self.at = count.end()
            else:
                return least

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]


def _boxed(need: Need | None) -> Need | None:
    """A group's literal is a part of its own: what stands beside it may not be joined to it."""
    return NeedAll((need,)) if isinstance(need, str) else need
