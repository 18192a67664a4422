"""Safe fields that are written as selectors (`extra.card`, `$frame.vars.token`): what the defaults would hide stays."""

from __future__ import annotations

import re
from typing import Any

from hannun.process.scrubbing.pii.apply import types_of
from hannun.process.scrubbing.pii.selectors import Any_, Selector, Steps, matches, parse
from hannun.process.scrubbing.places import Path

_PLAIN_NAME = re.compile(r"[\w-]+")


def selector_of(entries: tuple[str, ...]) -> Selector | None:
    """Any of those entries that are more than a name; None when there is none. What cannot be read is only a name."""
    found: list[Selector] = []
    for entry in entries:
        if _PLAIN_NAME.fullmatch(entry):
            continue
        try:
            found.append(parse(entry))
        except ValueError:
            continue
    return Any_(tuple(found)) if found else None


def spared(was: Any, now: Any, path: Path, safe: Selector, root: Any) -> Any:
    """`now`, scrubbed from `was`, with the places that `safe` names as they were. `root` is the whole event."""
    steps: Steps = ()
    names: tuple[str, ...] = ()
    node = root
    for step in path:
        node = node[step]
        names = (*names, str(step))
        steps = (*steps, (str(step), types_of(node, names)))
    return _spared(was, now, names, steps, safe)


def _spared(was: Any, now: Any, names: tuple[str, ...], steps: Steps, safe: Selector) -> Any:
    if was is now or matches(safe, steps):
        return was
    if isinstance(was, dict) and isinstance(now, dict):
        return {key: _below(item, now[key], key, names, steps, safe) for key, item in was.items()}
    if isinstance(was, list) and isinstance(now, list):
        both = zip(was, now, strict=True)
        if names[0] == "request" and names[-1] in ("headers", "cookies", "query_string"):
            return [[old[0], _below(old[1], new[1], old[0], names, steps, safe)] for old, new in both]
        return [_below(old, new, str(at), names, steps, safe) for at, (old, new) in enumerate(both)]
    return now


def _below(was: Any, now: Any, name: str, names: tuple[str, ...], steps: Steps, safe: Selector) -> Any:
    path = (*names, name)
    return _spared(was, now, path, (*steps, (name, types_of(was, path))), safe)
