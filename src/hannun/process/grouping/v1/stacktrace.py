"""A stack as it is grouped by: once with all frames that count ("system"), once with those of the app ("app")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hannun.process.grouping.families import family, is_url
from hannun.process.grouping.stack_rules import Failure, StackRules
from hannun.process.grouping.v1.frames import FrameFacts, facts_of

APP, SYSTEM = "app", "system"
_SAME_CALL = ("abs_path", "package", "module", "filename", "function", "lineno", "colno")


@dataclass(frozen=True, slots=True)
class Judged:
    """One frame under the rules. `why_not` "": it counts in the system variant, and in the app's if `in_app`."""

    facts: FrameFacts
    in_app: bool
    why_not: str
    rule: str


@dataclass(frozen=True, slots=True)
class Stack:
    """`app` and `system` are the values of each variant; () means that the variant has no stack."""

    frames: tuple[Judged, ...]
    app: tuple[str, ...]
    system: tuple[str, ...]

    def values(self, variant: str) -> tuple[str, ...]:
        return self.app if variant == APP else self.system


NO_STACK = Stack((), (), ())


def stack_of(stacktrace: object, platform: str, rules: StackRules, failure: Failure) -> Stack:
    frames = stacktrace.get("frames") if isinstance(stacktrace, Mapping) else None
    if not isinstance(frames, Sequence):
        return NO_STACK
    found = [frame for frame in frames if isinstance(frame, Mapping)]
    if not found:
        return NO_STACK
    verdicts = rules.judge(found, platform, failure)
    judged: list[Judged] = []
    before: Mapping[str, Any] | None = None
    for frame, verdict in zip(found, verdicts.frames, strict=True):
        facts = facts_of(frame, frame.get("platform") or platform)
        why_not = facts.why_not
        if verdict.group is False:
            why_not = "left out by a rule"
        elif before is not None and _same_call(frame, before):
            why_not = "calls itself"
        before = frame
        judged.append(Judged(facts, verdict.in_app, why_not, verdict.rule))
    if len(found) == 1 and not judged[0].why_not and _says_too_little(found[0], platform):
        judged[0] = Judged(judged[0].facts, judged[0].in_app, "one nameless frame of a page", judged[0].rule)
    return Stack(
        tuple(judged),
        _values(judged, verdicts.frames_max, verdicts.frames_min, app_only=True),
        _values(judged, verdicts.frames_max, verdicts.frames_min, app_only=False),
    )


def _values(judged: Sequence[Judged], most: int, least: int, *, app_only: bool) -> tuple[str, ...]:
    counted = [one for one in judged if not one.why_not and (one.in_app or not app_only)]
    if most > 0:
        counted = counted[-most:]
    if len(counted) < least:
        return ()
    return tuple([value for one in counted for value in one.facts.values])


def _same_call(frame: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return all(frame.get(name) == before.get(name) for name in _SAME_CALL)


def _says_too_little(frame: Mapping[str, Any], platform: str) -> bool:
    of = family(frame.get("platform") or platform)
    return of == "javascript" and not frame.get("function") and is_url(frame.get("abs_path") or "", files_too=True)
