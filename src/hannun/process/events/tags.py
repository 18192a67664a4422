"""Tags that the sender gave. What the server derives besides stands in `derived.py`."""

from __future__ import annotations

from typing import Any

from hannun.process.events.limits import TAG, TAGS
from hannun.process.events.pairs import pairs_of
from hannun.process.events.plain import shortened
from hannun.process.events.remarks import INVALID, TOO_LONG, TOO_MANY, Remarks
from hannun.process.events.shapes import as_text


def read_tags(raw: Any, remarks: Remarks) -> dict[str, str]:
    """At most 100 tags of at most 200 characters; the first of a key wins, as in Sentry."""
    pairs = pairs_of(raw)
    if pairs is None:
        if raw is not None:
            remarks.add(INVALID, "tags", "expected an object or pairs", raw)
        return {}
    kept: dict[str, str] = {}
    left_out = 0
    for raw_key, raw_value in pairs:
        if raw_key is None or raw_value is None:
            continue
        key = raw_key if isinstance(raw_key, str) else as_text(raw_key)
        value = raw_value if isinstance(raw_value, str) else as_text(raw_value)
        if key is None or value is None:
            remarks.add(INVALID, f"tags.{key or ''}", "expected a string", raw_value)
            continue
        key, value = key.strip().replace(" ", "-").replace("\n", "-"), value.strip()
        if not key or not value:
            continue
        if len(key) > TAG:
            remarks.add(TOO_LONG, f"tags.{key[:32]}…", f"its key was cut to {TAG} of {len(key)} characters")
            key = shortened(key, TAG)
        if key in kept:
            continue
        if len(kept) >= TAGS:
            left_out += 1
            continue
        if len(value) > TAG:
            remarks.add(TOO_LONG, f"tags.{key}", f"cut to {TAG} of {len(value)} characters")
            value = shortened(value, TAG)
        kept[key] = value.replace("\n", " ") if "\n" in value else value
    if left_out:
        remarks.add(TOO_MANY, "tags", f"kept the first {TAGS}; {left_out} more were left out")
    return kept
