"""Relabel rules at work: a label set -> what is left of it, or nothing. Follows Prometheus 3.x.

Regexes are RE2, anchored, and the dot matches a newline, so a hostile rule costs time linear in its input. Each rule is
compiled once into a small function; templates (`$1`, `${name}`, `$$`) are split when the rule is compiled, not per use.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hannun.model.errors import ConfigError
from hannun.model.matcher import compile_anchored
from hannun.model.relabel import Action, RelabelRule, RelabelStep

LabelSet = dict[str, str]
Apply = Callable[[LabelSet], bool]
"""One compiled rule: changes the label set in place; False when the rule drops it."""
ValidName = Callable[[str], bool]
Template = tuple[str | int, ...]
"""Literal text and numbers of groups, in order."""

_WHOLE = RelabelRule().regex
_LEGACY_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ACTIONS: dict[Action, Callable[[RelabelRule, ValidName], Apply]] = {}


class Relabeler:
    """The rules of one relabel_configs list. Immutable, safe to use from any thread.

    `legacy_names` True: a rule can only make names of `[a-zA-Z_][a-zA-Z0-9_]*`, as `metric_name_validation_scheme:
    legacy` wants it; else any UTF-8 that is not empty. Raises BadQuery for a regex that does not compile and
    ConfigError for a hashmod without modulus: config has refused both before.
    """

    def __init__(self, rules: Sequence[RelabelRule], *, legacy_names: bool = False) -> None:
        self.rules = tuple(rules)
        valid: ValidName = _is_legacy_name if legacy_names else bool
        self._applies = tuple(_ACTIONS[rule.action](rule, valid) for rule in self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def apply(self, labels: Mapping[str, str]) -> dict[str, str] | None:
        """The labels after all rules, without empty values; None when a rule drops the set."""
        found = _entering(labels)
        for apply in self._applies:
            if not apply(found):
                return None
        return found

    def steps(self, labels: Mapping[str, str]) -> tuple[RelabelStep, ...]:
        """What each rule does, in order; the last step has `after` None when its rule drops the set."""
        found = _entering(labels)
        steps: list[RelabelStep] = []
        for rule, apply in zip(self.rules, self._applies, strict=True):
            before = tuple(sorted(found.items()))
            kept = apply(found)
            steps.append(RelabelStep(rule, before, tuple(sorted(found.items())) if kept else None))
            if not kept:
                break
        return tuple(steps)


def action(name: Action) -> Callable[[Callable[..., Apply]], Callable[..., Apply]]:
    """Make a function the compiler of one action."""

    def register(compile_rule: Callable[..., Apply]) -> Callable[..., Apply]:
        assert name not in _ACTIONS
        _ACTIONS[name] = compile_rule
        return compile_rule

    return register


@action("replace")
def _replace(rule: RelabelRule, valid: ValidName) -> Apply:
    joined = _joiner(rule)
    if rule.regex == _WHOLE and "$" not in rule.target_label:
        return _replace_whole(rule, joined, valid)
    regex: Any = compile_anchored(rule.regex)
    target, replacement = _split_template(rule.target_label, regex), _split_template(rule.replacement, regex)

    def apply(labels: LabelSet) -> bool:
        if (match := regex.fullmatch(joined(labels))) is not None:
            name = _expand(target, match)
            if valid(name):
                _set(labels, name, _expand(replacement, match))
        return True

    return apply


def _replace_whole(rule: RelabelRule, joined: Callable[[LabelSet], str], valid: ValidName) -> Apply:
    """The default regex matches every value, and its only group is the value: no need to ask RE2."""
    name = rule.target_label
    parts = _split_template(rule.replacement, compile_anchored(_WHOLE))
    usable = valid(name)

    def apply(labels: LabelSet) -> bool:
        if usable:
            value = joined(labels)
            _set(labels, name, "".join([part if isinstance(part, str) else value for part in parts]))
        return True

    return apply


@action("keep")
def _keep(rule: RelabelRule, valid: ValidName) -> Apply:
    joined, regex = _joiner(rule), _regex(rule)
    return lambda labels: regex.fullmatch(joined(labels)) is not None


@action("drop")
def _drop(rule: RelabelRule, valid: ValidName) -> Apply:
    joined, regex = _joiner(rule), _regex(rule)
    return lambda labels: regex.fullmatch(joined(labels)) is None


@action("keepequal")
def _keepequal(rule: RelabelRule, valid: ValidName) -> Apply:
    joined, name = _joiner(rule), rule.target_label
    return lambda labels: labels.get(name, "") == joined(labels)


@action("dropequal")
def _dropequal(rule: RelabelRule, valid: ValidName) -> Apply:
    joined, name = _joiner(rule), rule.target_label
    return lambda labels: labels.get(name, "") != joined(labels)


@action("hashmod")
def _hashmod(rule: RelabelRule, valid: ValidName) -> Apply:
    if rule.modulus <= 0:
        raise ConfigError("relabel configuration for hashmod requires non-zero modulus")

    def share(value: str) -> str:
        # The last 8 of the 16 bytes, big-endian: shards must be the ones that Prometheus has chosen before.
        digest = hashlib.md5(value.encode("utf-8"), usedforsecurity=False).digest()
        return str(int.from_bytes(digest[8:], "big") % rule.modulus)

    return _computed(rule, share)


@action("lowercase")
def _lowercase(rule: RelabelRule, valid: ValidName) -> Apply:
    return _computed(rule, _lower)


@action("uppercase")
def _uppercase(rule: RelabelRule, valid: ValidName) -> Apply:
    return _computed(rule, _upper)


@action("labelmap")
def _labelmap(rule: RelabelRule, valid: ValidName) -> Apply:
    regex = _regex(rule)
    replacement = _split_template(rule.replacement, regex)

    def apply(labels: LabelSet) -> bool:
        for name, value in list(labels.items()):
            if (match := regex.fullmatch(name)) is not None and (made := _expand(replacement, match)):
                _set(labels, made, value)
        return True

    return apply


@action("labeldrop")
def _labeldrop(rule: RelabelRule, valid: ValidName) -> Apply:
    regex = _regex(rule)

    def apply(labels: LabelSet) -> bool:
        for name in [name for name in labels if regex.fullmatch(name) is not None]:
            del labels[name]
        return True

    return apply


@action("labelkeep")
def _labelkeep(rule: RelabelRule, valid: ValidName) -> Apply:
    regex = _regex(rule)

    def apply(labels: LabelSet) -> bool:
        for name in [name for name in labels if regex.fullmatch(name) is None]:
            del labels[name]
        return True

    return apply


def _computed(rule: RelabelRule, compute: Callable[[str], str]) -> Apply:
    joined = _joiner(rule)

    def apply(labels: LabelSet) -> bool:
        _set(labels, rule.target_label, compute(joined(labels)))
        return True

    return apply


def _joiner(rule: RelabelRule) -> Callable[[LabelSet], str]:
    """The value that a rule looks at: its source labels, joined; a label that is absent counts as ""."""
    names, separator = rule.source_labels, rule.separator
    if len(names) == 1:
        only = names[0]
        return lambda labels: labels.get(only, "")
    return lambda labels: separator.join([labels.get(name, "") for name in names])


def _regex(rule: RelabelRule) -> Any:
    return compile_anchored(rule.regex)


def _entering(labels: Mapping[str, str]) -> LabelSet:
    """A copy, sorted by name: of two labels that labelmap gives one name, the later in this order wins."""
    return {_sound(name): _sound(value) for name, value in sorted(labels.items()) if value}


def _sound(text: str) -> str:
    """Half a surrogate pair, which JSON from a discovery source may hold, cannot be UTF-8: it becomes a `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _set(labels: LabelSet, name: str, value: str) -> None:
    """An empty value deletes. A label that is set goes to the end, where Prometheus's builder keeps what it added."""
    labels.pop(name, None)
    if value:
        labels[name] = value


def _is_legacy_name(name: str) -> bool:
    return _LEGACY_NAME.fullmatch(name) is not None


def _split_template(text: str, regex: Any) -> Template:
    """`text` in the template language of Go's regexp.Expand, split for `regex`.

    The longest run of letters, digits and `_` behind a `$` is one name, so `$1x` asks for a group named "1x". What
    the regex does not have expands to nothing; a `$` that starts no name stands for itself.
    """
    parts: list[str | int] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        at = dollar + 1
        if text.startswith("$", at):
            parts.append("$")
            at += 1
            continue
        braced = text.startswith("{", at)
        start = at + braced
        end = start
        while end < len(text) and (text[end].isalpha() or text[end].isdecimal() or text[end] == "_"):
            end += 1
        if end == start or (braced and not text.startswith("}", end)):
            parts.append("$")
            continue
        if (group := _group(text[start:end], regex)) is not None:
            parts.append(group)
        at = end + braced
    parts.append(text[at:])
    return tuple(part for part in parts if part != "")


def _group(name: str, regex: Any) -> int | None:
    if name.isascii() and name.isdigit() and len(name) < 10 and (name[0] != "0" or name == "0"):
        return int(name) if int(name) <= regex.groups else None
    found: int | None = regex.groupindex.get(name)
    return found


def _expand(parts: Template, match: Any) -> str:
    return "".join([part if isinstance(part, str) else match.group(part) or "" for part in parts])


def _lower(text: str) -> str:
    """Character by character, as Go does it: no rule of Unicode that looks at neighbours or makes two of one."""
    return text.lower() if text.isascii() else "".join([character.lower()[0] for character in text])


def _upper(text: str) -> str:
    return text.upper() if text.isascii() else "".join([_upper_of(character) for character in text])


def _upper_of(character: str) -> str:
    for found in (character.upper(), character.title()):
        if len(found) == 1:
            return found
    return character
