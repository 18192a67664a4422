"""What one push may hold. Promtail sends 1 MiB at once; these bounds only stop the absurd."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.errors import TooLarge


@dataclass(frozen=True, slots=True)
class PushLimits:
    streams_max: int = 100_000
    lines_max: int = 2_000_000
    pairs_max: int = 4_000_000

    def check_streams(self, count: int) -> None:
        if count > self.streams_max:
            raise _too_many("streams", self.streams_max)

    def check_lines(self, count: int) -> None:
        if count > self.lines_max:
            raise _too_many("lines", self.lines_max)

    def check_pairs(self, count: int) -> None:
        if count > self.pairs_max:
            raise _too_many("metadata pairs", self.pairs_max)


def _too_many(what: str, most: int) -> TooLarge:
    return TooLarge(f"more than {most} {what} in one push", "lower the batch size of the sender")
