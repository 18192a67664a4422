"""Scraping: the jobs of prometheus.yml. `manager` is the door; `targets` and `labels` decide, `loop` and `pool` act."""

from __future__ import annotations

from hannun.collect.scrape.manager import ScrapeManager

__all__ = ["ScrapeManager"]
