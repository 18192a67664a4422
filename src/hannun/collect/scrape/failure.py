"""Why a scrape failed, with what to do about it."""

from __future__ import annotations

from hannun.model.errors import HannunError
from hannun.model.text import Text


class ScrapeFailed(HannunError):
    """`what` goes into `lastError` and follows Prometheus's words; `advice` is for the person at the Targets page.

    `scraped` and `kept` are how many samples had been counted before and after metric_relabel_configs; `stand_in` is
    who failed in the target's place.
    """

    def __init__(
        self, what: str, advice: Text | None = None, *, scraped: int = 0, kept: int = 0, stand_in: str = ""
    ) -> None:
        super().__init__(what)
        self.advice = advice
        self.scraped = scraped
        self.kept = kept
        self.stand_in = stand_in
