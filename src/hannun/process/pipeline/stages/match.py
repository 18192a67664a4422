"""`match`: stages for the lines that a LogQL selector takes, or the end of those lines."""

from __future__ import annotations

from collections.abc import Callable

from hannun.model.errors import BadQuery
from hannun.model.stage import StageSpec
from hannun.process.pipeline.context import Context, Selects
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.pipeline import Pipeline
from hannun.process.pipeline.registry import Simple, Stage, stage


class _Matching:
    def __init__(self, selects: Selects, inner: Pipeline) -> None:
        self._selects = selects
        self._inner = inner

    def run(self, entry: Entry) -> list[Entry]:
        return self._inner.run(entry) if self._selects(entry.labels, entry.line) else [entry]

    @property
    def holds(self) -> bool:
        return self._inner.holds

    def flush(self, *, everything: bool) -> list[Entry]:
        return self._inner.close() if everything else self._inner.flush()


@stage("match")
def _match(options: Options, context: Context) -> Stage:
    if options.has("pipeline_name") and not options.text("pipeline_name"):
        raise options.wrong(
            "pipeline name can be omitted but cannot be an empty string", "pipeline_name이 비어 있습니다"
        )
    options.take("pipeline_name")
    action = options.text("action") or "keep"
    if action not in ("keep", "drop"):
        raise options.wrong("action should be 'keep' or 'drop'", "action은 keep이나 drop으로 적어 주세요")
    specs = _specs(options)
    reason = options.text("drop_counter_reason") or "match_stage"
    if action == "keep" and not specs:
        raise options.wrong(
            "match stage requires at least one additional stage to be defined in '- stages'",
            "stages에 스테이지가 하나는 있어야 합니다",
        )
    if action == "drop" and specs:
        raise options.wrong(
            "match stage configured to drop entries cannot contains stages",
            "action이 drop이면 stages를 쓸 수 없습니다",
        )
    selector = options.needed("selector")
    try:
        selects = context.select(selector)
    except BadQuery as err:
        raise options.wrong(
            f"invalid selector syntax for match stage: {err}", f"selector를 읽을 수 없습니다: {err}"
        ) from err
    if action == "keep":
        inner = Pipeline.of(specs, context)
        return _Matching(selects, inner) if inner.waits else Simple(_inline(selects, inner))

    def keeps(entry: Entry) -> bool:
        if selects(entry.labels, entry.line):
            context.dropped(reason, 1)
            return False
        return True

    return Simple(keeps)


def _inline(selects: Selects, inner: Pipeline) -> Callable[[Entry], bool]:
    return lambda entry: not selects(entry.labels, entry.line) or bool(inner.run(entry))


def _specs(options: Options) -> list[StageSpec]:
    given = options.take("stages")
    if given is None:
        return []
    if not isinstance(given, list):
        raise options.wrong("`stages` takes a list", "`stages`: 목록을 적어 주세요")
    specs: list[StageSpec] = []
    for item in given:
        if isinstance(item, str):
            specs.append(StageSpec(item, None, options.spec.place))
        elif isinstance(item, dict) and len(item) == 1:
            ((kind, inner),) = item.items()
            specs.append(StageSpec(str(kind), inner, options.spec.place))
        else:
            raise options.wrong(
                "pipeline stage must contain only one key", "스테이지 하나에는 키가 하나만 있어야 합니다"
            )
    return specs
