"""Reads a User-Agent by three tables: browsers, systems, devices. The first rule that matches decides.

Every browser claims to be several others, so the order matters: apps that embed a browser stand before it, those built
on Chromium before Chrome, Chrome before Safari. What no rule knows stays "".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hannun.process.useragent.bots import bot_name
from hannun.process.useragent.browsers import browser_of
from hannun.process.useragent.devices import device_of
from hannun.process.useragent.systems import system_of

_CHARACTERS_MAX = 1024


@dataclass(frozen=True, slots=True)
class Agent:
    """ "" where it was not told. `device` is the family (`iPhone`, `Samsung SM-S918N`, `Mac`); a crawler is a `bot`."""

    browser: str = ""
    browser_version: str = ""
    os: str = ""
    os_version: str = ""
    device: str = ""
    brand: str = ""
    model: str = ""
    bot: bool = False

    @property
    def major(self) -> int | None:
        """The browser's major version."""
        first = self.browser_version.partition(".")[0]
        return int(first) if first.isdecimal() and len(first) < 9 else None


@lru_cache(maxsize=2048)
def parse(text: str) -> Agent:
    """What `text` tells; the same few strings come again and again, so answers are kept."""
    text = text[:_CHARACTERS_MAX]
    if name := bot_name(text):
        return Agent(browser=name, bot=True)
    browser, browser_version = browser_of(text)
    system, system_version = system_of(text)
    family, brand, model = device_of(text, system)
    return Agent(browser, browser_version, system, system_version, family, brand, model)
