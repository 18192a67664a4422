"""Label sets: the name of a series.

Sorted by label name, no empty values (Prometheus: an empty value is an absent label). The series id is a 64-bit hash
of the canonical bytes; hot paths never build `Labels`, they carry ids and look labels up once per series.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

METRIC_NAME = "__name__"


@dataclass(frozen=True, slots=True)
class Labels:
    """`pairs` is sorted by name and holds no empty value; build with `Labels.of` or `Labels.from_pairs`."""

    pairs: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(mapping: Mapping[str, str] | None = None, /, **more: str) -> Labels:
        merged = {**(mapping or {}), **more}
        return Labels(tuple(sorted((name, value) for name, value in merged.items() if value != "")))

    @staticmethod
    def from_pairs(pairs: Iterable[tuple[str, str]]) -> Labels:
        """Later pairs win over earlier ones of the same name."""
        return Labels.of(dict(pairs))

    def get(self, name: str, default: str = "") -> str:
        for found, value in self.pairs:
            if found == name:
                return value
        return default

    def __getitem__(self, name: str) -> str:
        for found, value in self.pairs:
            if found == name:
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(found == name for found, _ in self.pairs)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def metric(self) -> str:
        return self.get(METRIC_NAME)

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.pairs)

    def as_dict(self) -> dict[str, str]:
        return dict(self.pairs)

    def keep(self, names: Iterable[str]) -> Labels:
        wanted = frozenset(names)
        return Labels(tuple(pair for pair in self.pairs if pair[0] in wanted))

    def without(self, names: Iterable[str]) -> Labels:
        unwanted = frozenset(names)
        return Labels(tuple(pair for pair in self.pairs if pair[0] not in unwanted))

    def drop_metric(self) -> Labels:
        return self.without((METRIC_NAME,))

    def set(self, name: str, value: str) -> Labels:
        """With `name` at `value`; an empty value removes it."""
        return Labels.of({**dict(self.pairs), name: value})

    def canonical(self) -> bytes:
        """Bytes that differ for different label sets: 0xFF never occurs in UTF-8."""
        return b"".join(
            name.encode("utf-8", "surrogatepass") + b"\xff" + value.encode("utf-8", "surrogatepass") + b"\xff"
            for name, value in self.pairs
        )

    def series_id(self) -> int:
        """Unsigned 64-bit id, stable over versions: it is a column of the store."""
        return int.from_bytes(hashlib.blake2b(self.canonical(), digest_size=8).digest(), "little")

    def __str__(self) -> str:
        """Prometheus's own form: `name{a="b"}`."""
        inner = ", ".join(f"{name}={quoted(value)}" for name, value in self.pairs if name != METRIC_NAME)
        return f"{self.metric}{{{inner}}}" if inner or not self.metric else self.metric


EMPTY = Labels()


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
