"""Operating systems. Windows and macOS froze what they tell: `>=` stands before a version that may be newer."""

from __future__ import annotations

import re

_NT = {
    "10.0": ">=10", "6.4": "10", "6.3": "8.1", "6.2": "8", "6.1": "7", "6.0": "Vista", "5.2": "XP", "5.1": "XP",
    "5.0": "2000",
}  # fmt: skip
_FROZEN_MAC = "10.15.7"

RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Windows Phone", re.compile(r"Windows Phone(?: OS)? (\d{1,3}(?:\.\d{1,5})?)")),
    ("Windows", re.compile(r"Windows NT (\d{1,2}\.\d)")),
    ("Windows", re.compile(r"Windows (\d{2,4}|XP|Vista|ME)")),
    ("Tizen", re.compile(r"Tizen[ /](\d{1,3}(?:\.\d{1,3})?)")),
    ("webOS", re.compile(r"(?:Web0S|webOS)(?:/(\d{1,3}(?:\.\d{1,3})?))?")),
    ("KaiOS", re.compile(r"KAIOS/(\d{1,3}(?:\.\d{1,3}){0,2})")),
    ("HarmonyOS", re.compile(r"(?:HarmonyOS|OpenHarmony)[ /]?(\d{1,3}(?:\.\d{1,3}){0,2})?")),
    ("Android", re.compile(r"Android[ /-]?(\d{1,3}(?:\.\d{1,3}){0,2})?")),
    ("iOS", re.compile(r"(?:CPU (?:iPhone )?OS|iPhone OS|iOS)[ /](\d{1,3}(?:[._]\d{1,3}){0,2})")),
    ("iOS", re.compile(r"(?:iPhone|iPad|iPod)()")),
    ("Chrome OS", re.compile(r"CrOS \w{1,20} (\d{1,6}(?:\.\d{1,6}){0,2})")),
    ("Mac OS X", re.compile(r"Mac OS X (\d{1,3}(?:[._]\d{1,3}){0,2})")),
    ("Mac OS X", re.compile(r"(?:Macintosh|Darwin)()")),
    ("Ubuntu", re.compile(r"Ubuntu(?:/(\d{1,3}\.\d{1,3}))?")),
    ("Fedora", re.compile(r"Fedora(?:/(\d{1,3}))?")),
    ("FreeBSD", re.compile(r"FreeBSD()")),
    ("Linux", re.compile(r"(?:Linux|X11)()")),
    ("PlayStation", re.compile(r"PlayStation (\d{1,3})")),
)


def system_of(text: str) -> tuple[str, str]:
    """Name and version, each "" when unknown."""
    for name, rule in RULES:
        if match := rule.search(text):
            version = (match[1] or "").replace("_", ".")
            if name == "Windows":
                version = _NT.get(version, version)
            elif name == "Mac OS X" and version == _FROZEN_MAC:
                version = f">={version}"
            return name, version
    return "", ""
