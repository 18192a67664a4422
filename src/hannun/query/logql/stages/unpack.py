"""`| unpack`: what Promtail's `pack` stage wrapped into JSON, back as labels and line."""

from __future__ import annotations

from hannun.query.logql.stages.json_scan import BAD_ESCAPE, JsonTrouble, label_text, members, unescape
from hannun.query.logql.stages.names import sanitise
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import JSON_ERROR, State
from hannun.query.logql.syntax import Unpack

PACKED_ENTRY = "_entry"


@stage(Unpack)
def _unpack(node: Unpack) -> Step:
    def step(state: State) -> bool:
        line = state.line
        if not line:
            return True
        if line[0] != "{":
            state.fail(JSON_ERROR, "expecting json object(6), but it is not")
            return True
        labels: list[tuple[str, str]] = []
        entry: str | None = None
        try:
            for key, value in members(line):
                if value.kind != "string":
                    continue
                if key == PACKED_ENTRY:
                    entry = unescape(value.text)
                    if entry is None:
                        raise JsonTrouble(BAD_ESCAPE)
                else:
                    labels.append((sanitise(key), label_text(value)))
        except JsonTrouble as trouble:
            state.fail(JSON_ERROR, str(trouble))
            return True
        # Without a packed entry it is some other JSON, and its keys are none of our labels.
        if entry is not None:
            for name, text in labels:
                if name:
                    state.extract(name, text)
            state.line = entry
        return True

    return step
