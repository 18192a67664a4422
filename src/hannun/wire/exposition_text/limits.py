"""What one page may hold. Real targets stay far below; these bounds only stop the absurd."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.errors import WireError

HELP_BYTES_MAX = 4096
"""A longer help text is cut: nobody reads it, and it is no reason to lose a page."""


@dataclass(frozen=True, slots=True)
class PageLimits:
    """Bounds on one page and on one series of it. Sizes are bytes of UTF-8, without quotes and escapes.

    `lines_max` counts samples and comment lines; `labels_max` does not count the metric's name.
    """

    body_bytes_max: int = 256 << 20
    lines_max: int = 500_000
    labels_max: int = 128
    name_bytes_max: int = 1024
    value_bytes_max: int = 16 * 1024

    def check_body(self, size: int) -> None:
        if size > self.body_bytes_max:
            raise WireError(f"page of {size} bytes; at most {self.body_bytes_max} are taken")

    def check_lines(self, count: int) -> None:
        if count > self.lines_max:
            raise WireError(f"page with more than {self.lines_max} lines")
