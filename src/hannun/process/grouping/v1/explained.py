"""What went into each hash, as plain values for the page that says why events stand together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from hannun.process.grouping.v1.exceptions import Chain, Thrown
from hannun.process.grouping.v1.stacktrace import Judged, Stack
from hannun.process.grouping.v1.variants import Found


def variants(found: Found, fingerprint: Sequence[str], source: str) -> list[dict[str, object]]:
    """One entry a hash: `name`, `hash`, `values`, and what was looked at, with the reason if it did not count."""
    out: list[dict[str, object]] = []
    if fingerprint:
        out.append({"name": "fingerprint", "source": source, "values": list(fingerprint)})
    for name, values in found.variants:
        digest = hashlib.md5("".join(values).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        entry: dict[str, object] = {"name": name, "hash": digest, "values": list(values)}
        stack = getattr(found.evidence, "stack", None)
        if isinstance(found.evidence, Chain):
            entry["exceptions"] = [_exception(one, name) for one in found.evidence.thrown]
        elif isinstance(stack, Stack):
            entry["frames"] = [_frame(frame, name) for frame in stack.frames]
        out.append(entry)
    return out


def _exception(one: Thrown, variant: str) -> dict[str, object]:
    return {
        "type": one.type,
        "value": one.value,
        "value_counts": not one.has_stack(variant),
        "frames": [_frame(frame, variant) for frame in one.stack.frames],
    }


def _frame(frame: Judged, variant: str) -> dict[str, object]:
    why_not = frame.why_not or ("" if frame.in_app or variant != "app" else "not in the app")
    return {
        "counts": not why_not,
        "why_not": why_not,
        "rule": frame.rule,
        "parts": [{"name": part.name, "value": part.value, "why_not": part.why_not} for part in frame.facts.parts],
    }
