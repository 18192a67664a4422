"""The functions of Promtail's `template` stage: sprig's, without those that read the environment, the network or
chance, and Promtail's own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, tzinfo

from hannun.gotemplate.functions.data import DATA
from hannun.gotemplate.functions.dates import dates
from hannun.gotemplate.functions.go_text import GO_TEXT
from hannun.gotemplate.functions.numbers import NUMBERS
from hannun.gotemplate.functions.registry import Set, into
from hannun.gotemplate.functions.texts import TEXTS

_OWN: Set = {}
named = into(_OWN)


@named("Hash", "string", "string")
def hash_(salt: str, text: str) -> str:
    """SHA3-256."""
    return hashlib.sha3_256((salt + text).encode("utf-8", "replace")).hexdigest()


@named("Sha2Hash", "string", "string")
def sha2_hash(salt: str, text: str) -> str:
    return hashlib.sha256((salt + text).encode("utf-8", "replace")).hexdigest()


def functions(now_ns: Callable[[], int], zone: tzinfo = UTC) -> Set:
    return {**TEXTS, **NUMBERS, **DATA, **dates(now_ns, zone), **GO_TEXT, **_OWN}
