"""Which of our two languages the environment speaks."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.model.text import Lang


def lang_of(env: Mapping[str, str]) -> Lang:
    """HANNUN_LANG, else LC_ALL, LC_MESSAGES, LANG in POSIX's order; the first that is set decides."""
    for name in ("HANNUN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := env.get(name):
            return "ko" if value.lower().startswith("ko") else "en"
    return "en"
