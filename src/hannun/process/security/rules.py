"""A rule of the security patterns, ready to be used."""

from __future__ import annotations

from dataclasses import dataclass, field

import re2

from hannun.model.errors import BadQuery
from hannun.model.security import SecurityRule

PIECE_BYTES_MIN, PIECE_BYTES_MAX = 4, 64
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 8 << 20


@dataclass(frozen=True, slots=True)
class Rule:
    """Raises BadQuery for a piece that is too short or too long, and for an expression that RE2 does not take."""

    rule: SecurityRule
    _regex: object = field(init=False, repr=False, compare=False, hash=False, default=None)

    def __post_init__(self) -> None:
        kind = self.rule.kind
        if not self.rule.pieces:
            raise BadQuery(f"{kind}: a rule needs pieces of text to look for")
        for piece in self.rule.pieces:
            size = len(piece.encode())
            if not PIECE_BYTES_MIN <= size <= PIECE_BYTES_MAX:
                raise BadQuery(
                    f"{kind}: {piece!r} has {size} bytes; a piece has {PIECE_BYTES_MIN} to {PIECE_BYTES_MAX}"
                )
        if self.rule.match:
            try:
                object.__setattr__(self, "_regex", re2.compile(self.rule.match, _OPTIONS))
            except re2.error as err:
                words = err.args[0] if err.args else err
                said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
                raise BadQuery(f"{kind}: {self.rule.match!r}: {said}") from err

    def holds(self, line: bytes) -> bool:
        """Whether a line (UTF-8) that has one of the pieces is of this kind."""
        return self._regex is None or self._regex.search(line) is not None  # type: ignore[attr-defined]
