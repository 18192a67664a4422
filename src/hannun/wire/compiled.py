"""What the compiled decoders share. numba keeps a caller's machine code by the date of the caller's own file: whoever
changes a function there touches its callers."""

from __future__ import annotations

from hannun.model.compiled import byte_at, compiled, word

__all__ = ["byte_at", "compiled", "word"]
