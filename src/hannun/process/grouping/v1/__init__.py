"""The first version of grouping: fingerprints, exceptions, stacks, messages, as Sentry's `newstyle` groups them.

What it answers never changes for a given event and rules: another way of grouping is another version beside this one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from hannun.model.event import Grouping
from hannun.process.grouping.fingerprint import DEFAULT, FingerprintRules, chosen
from hannun.process.grouping.stack_rules import NO_FAILURE, StackRules
from hannun.process.grouping.v1 import explained
from hannun.process.grouping.v1.exceptions import chain_of
from hannun.process.grouping.v1.parameterize import message_of, parameterize
from hannun.process.grouping.v1.security import report_of
from hannun.process.grouping.v1.stacktrace import APP, SYSTEM, stack_of
from hannun.process.grouping.v1.variants import FALLBACK, Evidence, Found

VERSION = "v1"
_HEX = frozenset("0123456789abcdef")


def group(
    event: Mapping[str, Any], fingerprints: FingerprintRules, stacks: StackRules, *, explain: bool = False
) -> Grouping:
    """`event` is normalised. With `explain` the values of each variant stand in the answer, for a page to show."""
    platform = str(event.get("platform") or "other")
    fingerprint, source = chosen(event, fingerprints)
    defaults = [part for part in fingerprint if DEFAULT.fullmatch(part)]
    found = _evidence(event, platform, stacks)
    reason = found.reason
    hashes: tuple[str, ...]
    if source == "checksum":
        reason, hashes = "legacy checksum", (_checksum(fingerprint[0]),)
    elif not fingerprint or (defaults and len(fingerprint) == 1):
        hashes = _distinct([_md5(values) for _, values in found.variants]) or (_md5(()),)
    elif not defaults:
        reason = f"{source} fingerprint"
        hashes = (_md5([_fixed(part, event) for part in fingerprint]),)
    else:
        reason = f"{source} fingerprint and {reason}"
        spliced = [_spliced(fingerprint, values, event) for _, values in found.variants or (("", ()),)]
        hashes = _distinct([_md5(values) for values in spliced])
    return Grouping(
        version=VERSION,
        hashes=hashes,
        reason=reason,
        variants=explained.variants(found, fingerprint, source) if explain else (),
        main_exception=found.main_exception,
    )


def _evidence(event: Mapping[str, Any], platform: str, rules: StackRules) -> Found:
    """The first strategy that has something to say."""
    exceptions = _values(event.get("exception"))
    if exceptions:
        chain = chain_of(exceptions, platform, rules)
        if found := _both("exception", chain, chain.main):
            return found
    threads = _values(event.get("threads"))
    if thread := _deciding(threads):
        stack = stack_of(thread.get("stacktrace"), platform, rules, NO_FAILURE)
        if found := _both("thread", _OfStack(stack), -1):
            return found
    stack = stack_of(event.get("stacktrace"), platform, rules, NO_FAILURE)
    if found := _both("stack trace", _OfStack(stack), -1):
        return found
    template = event.get("template")
    if isinstance(template, Mapping):
        values = [str(template[name]) for name in ("filename", "context_line") if template.get(name)]
        if values:
            return Found("template", ((SYSTEM, tuple(values)),))
    if report := report_of(event):
        return Found(f"{report[0]} report", ((SYSTEM, report[1]),))
    if message := message_of(_message(event)):
        return Found("message", ((SYSTEM, (message,)),))
    return FALLBACK


class _OfStack:
    """A bare stack in the shape of a chain."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack

    def values(self, variant: str) -> tuple[str, ...]:
        found: tuple[str, ...] = self.stack.values(variant)
        return found

    def has_stack(self, variant: str) -> bool:
        return bool(self.values(variant))


def _both(what: str, evidence: Evidence, main: int) -> Found | None:
    """Both variants; one without a stack says nothing where the other has one."""
    with_stack = [variant for variant in (APP, SYSTEM) if evidence.has_stack(variant)]
    variants = [(variant, evidence.values(variant)) for variant in with_stack or (SYSTEM,)]
    variants = [(variant, values) for variant, values in variants if values]
    if len(variants) == 2 and variants[0][1] == variants[1][1]:
        variants.pop()
    if not variants:
        return None
    where = " with its in-app frames" if APP in with_stack else " with its frames" if with_stack else ""
    return Found(f"{what}{where}", tuple(variants), main_exception=main, evidence=evidence)


def _deciding(threads: Sequence[object]) -> Mapping[str, Any] | None:
    """The one that crashed, else the current one, else the only one."""
    found = [thread for thread in threads if isinstance(thread, Mapping)]
    for mark in ("crashed", "current"):
        marked = [thread for thread in found if thread.get(mark)]
        if marked:
            return marked[0] if len(marked) == 1 else None
    return found[0] if len(found) == 1 else None


def _values(of: object) -> Sequence[object]:
    values = of.get("values") if isinstance(of, Mapping) else of
    return values if isinstance(values, Sequence) and not isinstance(values, str) else ()


def _message(event: Mapping[str, Any]) -> str:
    """The template, if it was sent, groups better than what was made of it."""
    for name in ("logentry", "message"):
        entry = event.get(name)
        if isinstance(entry, Mapping):
            entry = entry.get("message") or entry.get("formatted")
        if entry and isinstance(entry, str):
            return entry
    return ""


def _fixed(part: str, event: Mapping[str, Any]) -> str:
    """A fingerprint that only repeats the message would make an issue of every event."""
    exceptions = _values(event.get("exception"))
    last = exceptions[-1] if exceptions else None
    texts = [_message(event)]
    if isinstance(last, Mapping):
        texts.append(str(last.get("value") or ""))
    entry = event.get("logentry")
    if isinstance(entry, Mapping):
        texts.append(str(entry.get("formatted") or ""))
    return parameterize(part) if part and part in texts else part


def _spliced(fingerprint: Sequence[str], values: Sequence[str], event: Mapping[str, Any]) -> list[str]:
    out: list[str] = []
    for part in fingerprint:
        out.extend(values) if DEFAULT.fullmatch(part) else out.append(_fixed(part, event))
    return out


def _checksum(text: str) -> str:
    lowered = text.lower()
    return lowered if len(lowered) == 32 and _HEX.issuperset(lowered) else _md5((text,))


def _md5(values: Sequence[str]) -> str:
    return hashlib.md5("".join(values).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _distinct(hashes: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hashes))
