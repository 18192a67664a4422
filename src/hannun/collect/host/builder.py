"""Collects samples into families in the order in which their names first come."""

from __future__ import annotations

from hannun.model.family import Family, Pairs, Sample


class Builder:
    """One per reading. A name keeps the type and help of its first sample."""

    def __init__(self) -> None:
        self._heads: dict[str, tuple[str, str]] = {}
        self._samples: dict[str, list[Sample]] = {}

    def add(self, name: str, kind: str, text: str, labels: Pairs, value: float | None) -> None:
        """`value` None: there is nothing to tell (an attribute that is absent)."""
        if value is None:
            return
        samples = self._samples.get(name)
        if samples is None:
            self._heads[name] = (kind, text)
            samples = self._samples[name] = []
        samples.append(Sample(name, labels, value))

    def gauge(self, name: str, text: str, labels: Pairs, value: float | None) -> None:
        self.add(name, "gauge", text, labels, value)

    def counter(self, name: str, text: str, labels: Pairs, value: float | None) -> None:
        self.add(name, "counter", text, labels, value)

    def families(self) -> list[Family]:
        return [Family(name, *self._heads[name], tuple(samples)) for name, samples in self._samples.items()]
