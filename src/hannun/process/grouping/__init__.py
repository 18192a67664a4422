"""Which events are one bug. `v1/` is the way in force; a newer one would stand beside it and link its issues to these.

Facts: Sentry's own description of `newstyle`. Every hash is MD5 over the values that count, put together in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hannun.model.errors import ConfigError
from hannun.model.event import Grouping
from hannun.model.text import Text
from hannun.process.grouping import builtin, fingerprint, stack_rules, v1
from hannun.process.grouping.fingerprint import FingerprintRules
from hannun.process.grouping.stack_rules import StackRules


@dataclass(frozen=True)
class GroupingRules:
    """A project's own rules, before (fingerprints) and after (stacks: the later wins) those that always hold."""

    fingerprints: FingerprintRules
    stacks: StackRules

    @staticmethod
    def parse(fingerprint_text: str = "", stack_text: str = "") -> GroupingRules:
        """Raises ConfigError with the line that cannot be read."""
        try:
            own = fingerprint.parse(fingerprint_text)
        except ValueError as err:
            raise ConfigError(_BAD_FINGERPRINT.with_(why=str(err))) from err
        try:
            stacks = stack_rules.parse(stack_text)
        except ValueError as err:
            raise ConfigError(_BAD_STACK.with_(why=str(err))) from err
        if not own.rules and not stacks.rules:
            return NO_RULES
        return GroupingRules(
            FingerprintRules(own.rules + builtin.fingerprints().rules),
            StackRules(builtin.stacks().rules + stacks.rules),
        )


NO_RULES = GroupingRules(builtin.fingerprints(), builtin.stacks())


def group(event: Mapping[str, Any], rules: GroupingRules = NO_RULES) -> Grouping:
    """The hashes of a normalised event."""
    return v1.group(event, rules.fingerprints, rules.stacks)


def explain(event: Mapping[str, Any], rules: GroupingRules = NO_RULES) -> Grouping:
    """As `group`, with the values of each variant, for the page that says why events stand together."""
    return v1.group(event, rules.fingerprints, rules.stacks, explain=True)


_BAD_FINGERPRINT = Text(en="Fingerprint rules, {why}", ko="핑거프린트 규칙 {why}")
_BAD_STACK = Text(en="Stack-trace rules, {why}", ko="스택 트레이스 규칙 {why}")
