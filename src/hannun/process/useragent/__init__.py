"""User-Agent -> browser, system and device: `parse(text) -> Agent`. A small own table of what visitors here really use."""

from hannun.process.useragent.agent import Agent, parse

__all__ = ["Agent", "parse"]
