"""What one probe tells: its gauges and its log, in the order in which they came."""

from __future__ import annotations

from datetime import UTC, datetime

from hannun.model.family import Family, Pairs, Sample
from hannun.model.text import Text

LOG_BYTES_MAX = 64 << 10
VALUE_CHARS_MAX = 300


class Report:
    """One per probe. A gauge appears with its first value, or with `declare` before it has one.

    `trusted` False keeps out of the log what the target itself said (see `ProbeRequest`).
    """

    def __init__(self, module: str = "", target: str = "", *, trusted: bool = True) -> None:
        self._head = f"module={quoted(module)} target={quoted(target)}"
        self._help: dict[str, str] = {}
        self._values: dict[str, dict[Pairs, float]] = {}
        self._lines: list[str] = []
        self._room = LOG_BYTES_MAX
        self.trusted = trusted

    def declare(self, name: str, text: str, *labels: Pairs) -> None:
        """The gauge with 0 for each of `labels`. A gauge without any series is no line on the page."""
        self._help.setdefault(name, text)
        values = self._values.setdefault(name, {})
        for pairs in labels:
            values.setdefault(pairs, 0.0)

    def set(self, name: str, value: float, labels: Pairs = ()) -> None:
        """The gauge must have been declared."""
        self._values[name][labels] = float(value)

    def add(self, name: str, value: float, labels: Pairs = ()) -> None:
        values = self._values[name]
        values[labels] = values.get(labels, 0.0) + value

    def value(self, name: str, labels: Pairs = ()) -> float:
        return self._values[name].get(labels, 0.0)

    def gauge(self, name: str, text: str, value: float, labels: Pairs = ()) -> None:
        """Declare and set in one."""
        self._help.setdefault(name, text)
        self._values.setdefault(name, {})[labels] = float(value)

    def say(self, words: str | Text, *, level: str = "info", **fields: object) -> None:
        """One line of the log in logfmt, as blackbox_exporter writes it."""
        if self._room <= 0:
            return
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        told = "".join(f" {name}={quoted(str(value))}" for name, value in fields.items())
        line = f"ts={now} {self._head} level={level} msg={quoted(str(words))}{told}\n"
        self._room -= len(line)
        self._lines.append(line if self._room > 0 else f'ts={now} {self._head} level=warn msg="log cut here"\n')

    def fail(self, words: str | Text, **fields: object) -> None:
        self.say(words, level="error", **fields)

    def told(self, text: str) -> str:
        """Words of the target, for the log."""
        return text if self.trusted else "(hidden: the target was not chosen by an admin)"

    def log(self) -> str:
        return "".join(self._lines)

    def families(self) -> tuple[Family, ...]:
        """Sorted as a Prometheus registry gathers them: by name, then by label values."""
        return tuple(
            Family(
                name, "gauge", self._help[name], tuple(Sample(name, *row) for row in sorted(self._values[name].items()))
            )
            for name in sorted(self._values)
            if self._values[name]
        )


def quoted(text: str) -> str:
    """A logfmt value; control characters are escaped, so that a target cannot forge lines."""
    text = text if len(text) <= VALUE_CHARS_MAX else text[:VALUE_CHARS_MAX] + "…"
    if text and all(sign.isprintable() and sign not in ' "=' for sign in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return (
        '"' + "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in escaped) + '"'
    )
