"""The text that names a stream in a protobuf push: a LogQL selector of equalities, `{app="api", env="prod"}`.

Strings are Go's: `"…"` with escapes or raw ones between backquotes. Loki takes nothing else here either.
"""

from __future__ import annotations

import re

from hannun.model.errors import WireError

LABELS_TEXT_MAX = 1 << 20
_SPACE = re.compile(r"\s*")
# Almost every stream of every client looks like this, and two passes of the engine read it.
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="([^"\\\n]*)"')
_USUAL = re.compile(rf"\{{{_PAIR.pattern}(?:, ?{_PAIR.pattern})*\}}")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_RUN = re.compile(r'[^"\\\n]+')
_RAW = re.compile(r"`([^`]*)`")
_SIMPLE = {
    "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 0x5C, '"': 0x22,
}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}


def read_labels(text: str) -> list[tuple[str, str]]:
    """Name and value of every label, as they stand. Raises WireError in Loki's words."""
    if len(text) > LABELS_TEXT_MAX:
        raise _bad(text, f"more than {LABELS_TEXT_MAX} characters")
    if _USUAL.fullmatch(text):
        return _PAIR.findall(text)
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        self._expect("{")
        self._space()
        if self._takes("}"):
            return self._end(pairs)
        while True:
            self._space()
            name = self._name()
            self._space()
            self._expect("=")
            self._space()
            pairs.append((name, self._string()))
            self._space()
            if self._takes("}"):
                return self._end(pairs)
            self._expect(",")

    def _end(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        self._space()
        if self._at < len(self._text):
            raise self._unexpected()
        return pairs

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise self._unexpected()
        self._at = found.end()
        return found[0]

    def _string(self) -> str:
        if raw := _RAW.match(self._text, self._at):
            self._at = raw.end()
            return raw[1].replace("\r", "")
        self._expect('"')
        out = bytearray()
        while True:
            if run := _RUN.match(self._text, self._at):
                out += run[0].encode("utf-8", "surrogatepass")
                self._at = run.end()
            if self._takes('"'):
                return out.decode("utf-8", "replace")
            if not self._takes("\\"):
                raise _bad(self._text, f"literal not terminated at character {self._at + 1}")
            out += self._escape()

    def _escape(self) -> bytes:
        letter = self._text[self._at : self._at + 1]
        if letter in _SIMPLE:
            self._at += 1
            return bytes((_SIMPLE[letter],))
        digits, base = (self._text[self._at : self._at + 3], 8)
        if letter in _HEX:
            digits, base = self._text[self._at + 1 : self._at + 1 + _HEX[letter]], 16
        width = 3 if base == 8 else _HEX[letter]
        allowed = "01234567" if base == 8 else "0123456789abcdefABCDEF"
        if len(digits) < width or any(digit not in allowed for digit in digits):
            raise _bad(self._text, f"invalid char escape at character {self._at + 1}")
        code = int(digits, base)
        self._at += width + (base == 16)
        if letter in ("u", "U"):
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise _bad(self._text, f"invalid char escape at character {self._at + 1}")
            return chr(code).encode()
        if code > 0xFF:
            raise _bad(self._text, f"invalid char escape at character {self._at + 1}")
        return bytes((code,))

    def _space(self) -> None:
        if found := _SPACE.match(self._text, self._at):
            self._at = found.end()

    def _takes(self, char: str) -> bool:
        if self._text.startswith(char, self._at):
            self._at += 1
            return True
        return False

    def _expect(self, char: str) -> None:
        self._space()
        if not self._takes(char):
            raise self._unexpected()

    def _unexpected(self) -> WireError:
        seen = self._text[self._at : self._at + 1]
        what = f"unexpected {seen!r}" if seen else "unexpected end"
        return _bad(self._text, f"parse error at line 1, col {self._at + 1}: syntax error: {what}")


def _bad(text: str, why: str) -> WireError:
    return WireError(f"error parsing labels '{text[:500]}' with error: {why}")
