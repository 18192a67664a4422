"""`| decolorize`: terminal colours and cursor codes out of the line."""

from __future__ import annotations

from hannun.query.logql.stages.regex import compile_regex, encode
from hannun.query.logql.stages.registry import Step, stage
from hannun.query.logql.stages.state import State
from hannun.query.logql.syntax import Decolorize

_ANSI = (
    r"[\x{1B}\x{9B}][[\]()#;?]*"
    r"(?:(?:(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\x07)|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PRZcf-ntqry=><~]))"
)


@stage(Decolorize)
def _decolorize(node: Decolorize) -> Step:
    # RE2, because this expression backtracks on a line of semicolons.
    codes = compile_regex(_ANSI, dot_all=False)

    def step(state: State) -> bool:
        line = state.line
        if "\x1b" in line or "\x9b" in line:
            state.line = codes.sub(lambda _: b"", encode(line)).decode("utf-8", "replace")
        return True

    return step
