"""`json`: JMESPath expressions over the line or an extracted value."""

from __future__ import annotations

from typing import Any

import orjson

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Simple, Stage, stage

_EXPRESSION_CHARACTERS_MAX = 4096


@stage("json")
def _json(options: Options, context: Context) -> Stage:
    expressions = options.mapping("expressions")
    if not expressions:
        raise options.wrong("JMES expression is required", "expressions에 JMESPath 식이 하나는 있어야 합니다")
    source = options.source()
    drop_malformed = options.flag("drop_malformed")
    searches = [(name, _compile(options, expression or name)) for name, expression in expressions.items()]

    def keeps(entry: Entry) -> bool:
        text = entry.line if source is None else text_of(entry.extracted.get(source))
        if text is None:
            return True
        data = parse_object(text)
        if data is None:
            return not drop_malformed
        for name, search in searches:
            search(data, entry.extracted, name)
        return True

    return Simple(keeps)


def parse_object(text: str) -> dict[str, Any] | None:
    """A JSON object; None for anything else."""
    try:
        data = orjson.loads(text)
    except (ValueError, RecursionError, TypeError):
        return None
    return data if isinstance(data, dict) else None


def _compile(options: Options, expression: str) -> Any:
    """A function that puts what the expression finds under a name."""
    if expression.isascii() and expression.isidentifier():

        def plain(data: dict[str, Any], extracted: dict[str, Any], name: str) -> None:
            extracted[name] = _value(data.get(expression))

        return plain
    import jmespath  # 8 ms that only a pipeline with such an expression should cost
    from jmespath.exceptions import JMESPathError

    if len(expression) > _EXPRESSION_CHARACTERS_MAX:
        raise options.wrong("JMES expression is too long", "JMESPath 식이 너무 깁니다")
    try:
        compiled = jmespath.compile(expression)
    except (JMESPathError, RecursionError) as err:
        words = str(err).splitlines()[0][:200]
        raise options.wrong(
            f"could not compile JMES expression: {words}", f"JMESPath 식을 읽을 수 없습니다: {words}"
        ) from err

    def put(data: dict[str, Any], extracted: dict[str, Any], name: str) -> None:
        try:
            found = compiled.search(data)
        except (JMESPathError, RecursionError, ArithmeticError, TypeError, ValueError, AttributeError):
            # What an expression finds in somebody's line is beyond anyone's control, and one line fails alone.
            return
        extracted[name] = _value(found)

    return put


def _value(found: Any) -> Any:
    """Texts, numbers and booleans as they are, the rest written as JSON."""
    if found is None or isinstance(found, (str, bool, int, float)):
        return found
    try:
        return orjson.dumps(found).decode()
    except (TypeError, ValueError, RecursionError):
        return None
