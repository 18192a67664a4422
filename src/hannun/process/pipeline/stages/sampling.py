"""`sampling`: a share of the lines."""

from __future__ import annotations

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Simple, Stage, stage


@stage("sampling")
def _sampling(options: Options, context: Context) -> Stage:
    rate = options.number("rate", -1.0)
    if not 0.0 <= rate <= 1.0:
        raise options.wrong(
            "sampling stage failed to parse rate,Sampling Rate must be between 0.0 and 1.0",
            "rate는 0.0과 1.0 사이여야 합니다",
        )
    reason = options.text("drop_counter_reason") or "sampling_stage"

    def keeps(entry: Entry) -> bool:
        if context.chance() < rate:
            return True
        context.dropped(reason, 1)
        return False

    return Simple(keeps)
