"""Stack-trace rules: which frames are the app's own, and which count when events are grouped. Sentry's syntax.

`family:javascript path:**/node_modules/** -app`, `function:panic_* ^-group`, `[ module:tokio* ] | function:run -group`,
`error.type:Timeout* max-frames=3`. A rule that stands later wins over those before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hannun.process.grouping.families import family
from hannun.process.grouping.glob import compiled, matches
from hannun.process.grouping.words import split

RULES_MAX = 1000
PATHS = frozenset({"path", "package"})
_FRAME = {
    "family": "family",
    "path": "path",
    "stack.abs_path": "path",
    "module": "module",
    "stack.module": "module",
    "function": "function",
    "stack.function": "function",
    "package": "package",
    "stack.package": "package",
    "app": "app",
    "category": "category",
}
_FAILURE = {
    "error.type": "type",
    "type": "type",
    "error.value": "value",
    "value": "value",
    "error.mechanism": "mechanism",
    "mechanism": "mechanism",
}
_FLAGS = {"+app": ("app", True), "-app": ("app", False), "+group": ("group", True), "-group": ("group", False)}
_NUMBERS = frozenset({"max-frames", "min-frames"})


@dataclass(frozen=True, slots=True)
class Failure:
    """What the rules may ask of the exception that the stack belongs to."""

    type: str = ""
    value: str = ""
    mechanism: str = ""


NO_FAILURE = Failure()


@dataclass(frozen=True, slots=True)
class Matcher:
    name: str
    pattern: str
    negated: bool = False

    def of_failure(self, failure: Failure) -> bool:
        return matches(self.pattern, getattr(failure, self.name)) is not self.negated

    def of_frame(self, facts: Mapping[str, str]) -> bool:
        value = facts.get(self.name, "")
        if self.name == "family":
            return (self.pattern == "all" or value in self.pattern.split(",")) is not self.negated
        if self.name == "app":
            return (value == ("1" if self.pattern.lower() in ("1", "yes", "true") else "0")) is not self.negated
        return matches(self.pattern, value, is_path=self.name in PATHS) is not self.negated


@dataclass(frozen=True, slots=True)
class Action:
    """`what`: app, group, category, max-frames, min-frames. `towards`: "" here, "^" to the crash, "v" away from it."""

    what: str
    value: Any
    towards: str = ""


@dataclass(frozen=True, slots=True)
class StackRule:
    text: str
    of_failure: tuple[Matcher, ...]
    of_frame: tuple[Matcher, ...]
    caller: tuple[Matcher, ...] | None
    callee: tuple[Matcher, ...] | None
    actions: tuple[Action, ...]


@dataclass(slots=True)
class Verdict:
    """`group` None: nobody said. `rule` is the last one that decided something."""

    in_app: bool
    group: bool | None = None
    rule: str = ""


@dataclass(slots=True)
class Verdicts:
    """`frames_max` 0: no bound."""

    frames: list[Verdict]
    frames_max: int = 0
    frames_min: int = 0


@dataclass(frozen=True, eq=False)
class StackRules:
    """Rules in their order. Which of them a frame alone meets is remembered: the same frames come again and again."""

    rules: tuple[StackRule, ...] = ()
    _met: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_met", lru_cache(maxsize=16384)(self._met_by))

    def judge(self, frames: Sequence[Mapping[str, Any]], platform: str, failure: Failure) -> Verdicts:
        found = Verdicts([Verdict(bool(frame.get("in_app"))) for frame in frames])
        if not self.rules:
            return found
        keys = [_key(frame, platform) for frame in frames]
        met = [self._met(key) for key in keys]
        wanted = sorted({at for some in met for at in some})
        allowed = {at for at in wanted if all(one.of_failure(failure) for one in self.rules[at].of_failure)}
        for at in wanted:
            if at in allowed:
                rule = self.rules[at]
                for index in [index for index, some in enumerate(met) if at in some]:
                    if self._neighbours(rule, keys, index):
                        _act(rule, found, index)
        return found

    def _met_by(self, key: tuple[str, ...]) -> frozenset[int]:
        facts = dict(zip(("family", "path", "module", "function", "package", "app"), key, strict=True))
        return frozenset(at for at, rule in enumerate(self.rules) if all(one.of_frame(facts) for one in rule.of_frame))

    def _neighbours(self, rule: StackRule, keys: Sequence[tuple[str, ...]], index: int) -> bool:
        return _met_at(rule.caller, keys, index - 1) and _met_at(rule.callee, keys, index + 1)


def _met_at(matchers: tuple[Matcher, ...] | None, keys: Sequence[tuple[str, ...]], index: int) -> bool:
    if matchers is None:
        return True
    if not 0 <= index < len(keys):
        return False
    facts = dict(zip(("family", "path", "module", "function", "package", "app"), keys[index], strict=True))
    return all(one.of_frame(facts) for one in matchers)


def _key(frame: Mapping[str, Any], platform: str) -> tuple[str, ...]:
    return (
        family(frame.get("platform") or platform),
        frame.get("abs_path") or frame.get("filename") or "",
        frame.get("module") or "",
        frame.get("function") or "",
        frame.get("package") or "",
        "1" if frame.get("in_app") else "0",
    )


def _act(rule: StackRule, found: Verdicts, index: int) -> None:
    for action in rule.actions:
        if action.what == "max-frames":
            found.frames_max = action.value
        elif action.what == "min-frames":
            found.frames_min = action.value
        elif action.what in ("app", "group"):
            reached = range(index, index + 1)
            if action.towards == "^":
                reached = range(index + 1, len(found.frames))
            elif action.towards == "v":
                reached = range(index)
            for at in reached:
                verdict = found.frames[at]
                if action.what == "app":
                    verdict.in_app = action.value
                else:
                    verdict.group = action.value
                verdict.rule = rule.text


def parse(text: str) -> StackRules:
    """One rule a line. Raises ValueError, its words begin with the line's number."""
    rules: list[StackRule] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = split(line)
            if words:
                rules.append(_rule(line.strip(), words))
            if len(rules) > RULES_MAX:
                raise ValueError(f"at most {RULES_MAX} rules are taken")
        except ValueError as err:
            raise ValueError(f"line {number}: {err}") from err
    return StackRules(tuple(rules))


def _rule(text: str, words: Sequence[str]) -> StackRule:
    caller: tuple[Matcher, ...] | None = None
    callee: tuple[Matcher, ...] | None = None
    middle: list[str] = []
    actions: list[Action] = []
    bracket: list[str] | None = None
    passed_bar = False
    for word in words:
        if word == "[":
            bracket = []
        elif word == "]":
            if bracket is None:
                raise ValueError("`]` without `[`")
            found = tuple(_matcher(one) for one in bracket)
            caller, callee = (caller, found) if passed_bar else (found, callee)
            bracket = None
        elif word == "|":
            passed_bar = bool(middle)
        elif bracket is not None:
            bracket.append(word)
        elif (action := _action(word)) is not None:
            actions.append(action)
        elif actions:
            raise ValueError(f"`{word}` stands behind an action; matchers come first")
        else:
            middle.append(word)
    if bracket is not None:
        raise ValueError("`[` without `]`")
    if not actions:
        raise ValueError("a rule needs an action: +app, -app, +group, -group, max-frames=N …")
    matchers = [_matcher(word) for word in middle]
    if not matchers:
        raise ValueError("a rule needs a matcher, such as `path:**/vendor/**`")
    return StackRule(
        text=text,
        of_failure=tuple(one for one in matchers if one.name in _FAILURE.values()),
        of_frame=tuple(one for one in matchers if one.name not in _FAILURE.values()),
        caller=caller,
        callee=callee,
        actions=tuple(actions),
    )


def _matcher(word: str) -> Matcher:
    negated = word.startswith("!")
    name, colon, pattern = word.removeprefix("!").partition(":")
    known = _FRAME.get(name) or _FAILURE.get(name)
    if not colon or known is None:
        raise ValueError(f"`{word}` is no matcher; known are {', '.join(sorted({*_FRAME, *_FAILURE}))}")
    if known not in ("family", "app"):
        compiled(pattern, is_path=known in PATHS)
    return Matcher(known, pattern, negated)


def _action(word: str) -> Action | None:
    towards = word[0] if word[:1] in ("^", "v") and word[1:] in _FLAGS else ""
    if (flag := _FLAGS.get(word.removeprefix(towards))) is not None:
        return Action(flag[0], flag[1], towards)
    name, equals, value = word.partition("=")
    if equals and name in _NUMBERS:
        if not value.isdecimal() or len(value) > 6:
            raise ValueError(f"`{word}`: a whole number is wanted")
        return Action(name, int(value))
    return Action("category", value) if equals and name in ("category", "invert-stacktrace") else None
