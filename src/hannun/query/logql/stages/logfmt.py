"""`| logfmt [--strict] [--keep-empty]`: every key as a label, or the named ones."""

from __future__ import annotations

from hannun.model.errors import BadQuery
from hannun.query.logql.stages.logfmt_scan import LogfmtTrouble, all_pairs, plain_pairs, unquote
from hannun.query.logql.stages.names import Names, is_label_name, sanitise
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import EXTRACTED, LOGFMT_ERROR, State
from hannun.query.logql.syntax import Logfmt

_REPLACEMENT = "\ufffd"


@stage(Logfmt)
def _logfmt(node: Logfmt) -> Step:
    return _named(node) if node.extractions else _every_key(node.strict, node.keep_empty)


def _every_key(strict: bool, keep_empty: bool) -> Step:
    names = Names()

    def step(state: State) -> bool:
        pairs = all_pairs(state.line)
        if pairs is None:
            _plainly(state, names, strict, keep_empty)
            return True
        parsed, base, metadata = state.parsed, state.base, state.metadata
        for key, quoted, bare in pairs:
            if quoted:
                if "\\" in quoted:
                    value = unquote(quoted)
                    if value is None:
                        _plainly(state, names, strict, keep_empty)
                        return True
                else:
                    value = quoted
            else:
                value = bare
            if not value and not keep_empty:
                continue
            name = names.of(key)
            if name in base or name in metadata:
                name += EXTRACTED
            if name not in parsed and name:
                parsed[name] = value.replace(_REPLACEMENT, " ") if _REPLACEMENT in value else value
        return True

    return step


def _plainly(state: State, names: Names, strict: bool, keep_empty: bool) -> None:
    try:
        for key, value in plain_pairs(state.line, strict=strict):
            name = names.of(key)
            if name and (value or keep_empty):
                state.extract(name, value.replace(_REPLACEMENT, " "))
    except LogfmtTrouble as trouble:
        state.fail(LOGFMT_ERROR, str(trouble))


def _named(node: Logfmt) -> Step:
    """Labels that no key fills are there, and empty. The last of equal keys counts, as in Loki."""
    wanted: dict[str, list[str]] = {}
    for extraction in node.extractions:
        if not is_label_name(extraction.label):
            raise BadQuery(f"invalid extracted label name '{extraction.label}'")
        key = sanitise(extraction.path)
        if not key:
            raise BadQuery(f"cannot parse expression [{extraction.path}]: syntax error: unexpected $end")
        wanted.setdefault(key, []).append(extraction.label)
    labels = [extraction.label for extraction in node.extractions]
    names, strict = Names(), node.strict

    def step(state: State) -> bool:
        for label in labels:
            if label not in state.base and label not in state.metadata:
                state.parsed[label] = ""
        try:
            for key, value in plain_pairs(state.line, strict=strict):
                for label in wanted.get(names.of(key), ()):
                    taken = label in state.base or label in state.metadata
                    state.parsed[label + EXTRACTED if taken else label] = "" if _REPLACEMENT in value else value
        except LogfmtTrouble as trouble:
            state.fail(LOGFMT_ERROR, str(trouble))
        return True

    return step
