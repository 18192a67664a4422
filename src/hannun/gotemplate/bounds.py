"""How far a template may go. Templates are input: one `range` or ten doublings must not stop a server."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.gotemplate.errors import FunctionError

SOURCE_CHARACTERS_MAX = 1 << 20
NESTING_MAX = 100
"""Parentheses, and blocks within blocks."""
TEXT_CHARACTERS_MAX = 8 << 20
"""The longest text that one function may make."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one execution. A step is one action, one argument or one round of a range.

    `worked` counts the characters that functions read and make, and sixteen for each item of a list: a template of
    few steps can still ask for days of work.
    """

    steps: int = 100_000
    worked: int = 64 << 20
    output_characters: int = 4 << 20
    depth: int = 64


def check_length(characters: int) -> None:
    """Raises FunctionError before a text is made that nobody wants to hold."""
    if characters > TEXT_CHARACTERS_MAX:
        raise FunctionError(f"result of {characters} characters; at most {TEXT_CHARACTERS_MAX} are allowed")
