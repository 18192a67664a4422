"""User-Agent -> browser, system and device: `parse(text) -> Agent`. A small table of what visitors use."""

from hannun.process.useragent.agent import Agent, parse

__all__ = ["Agent", "parse"]
