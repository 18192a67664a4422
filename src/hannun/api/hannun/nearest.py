"""Names of metrics that somebody may have meant: "this metric is exposed by nobody", and what is. Pure.

Names differ by a letter, by a word (`http_request_total`, `http_requests_total`), or by the order of words. Shared
letter triples find the candidates in one pass over all names; the few best are then compared letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

CANDIDATES = 40
NAME_LENGTH_MAX = 200
LEAST = 0.4
"""Below this, two names have nothing to do with one another."""
OF_THE_BEST = 0.75
"""Beside a name that differs by a letter, one that differs by a word is noise."""
_WORDS = re.compile(r"[_:.\-/ ]+")


def nearest(wanted: str, names: Iterable[str], limit: int) -> list[str]:
    """At most `limit` of `names`, the likeliest first; none of them is `wanted` itself."""
    wanted = wanted[:NAME_LENGTH_MAX]
    low = wanted.lower()
    triples = _triples(low)
    scored = []
    for name in names:
        if name == wanted:
            continue
        shared = _triples(name.lower())
        alike = 2 * len(triples & shared) / (len(triples) + len(shared))
        if alike > 0.15:
            scored.append((-alike, name))
    scored.sort()
    judged = sorted((-_likeness(low, name.lower()), name) for _, name in scored[:CANDIDATES])
    least = max(LEAST, -judged[0][0] * OF_THE_BEST) if judged else LEAST
    return [name for likeness, name in judged if -likeness >= least][:limit]


def _likeness(wanted: str, name: str) -> float:
    letters = SequenceMatcher(None, wanted, name[:NAME_LENGTH_MAX], autojunk=False).ratio()
    asked, there = set(_WORDS.split(wanted)) - {""}, set(_WORDS.split(name)) - {""}
    words = 2 * len(asked & there) / (len(asked) + len(there)) if asked and there else 0.0
    # A name that goes on where the asked one ends is the rest of a family: `http_requests` -> `http_requests_total`.
    begins = 0.15 if name.startswith(wanted) or wanted.startswith(name) else 0.0
    return 0.7 * letters + 0.3 * words + begins


def _triples(text: str) -> set[str]:
    padded = f"  {text[:NAME_LENGTH_MAX]} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
