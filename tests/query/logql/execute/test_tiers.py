"""SQL and the plain pipeline say the same of lines that are made to part them: broken, doubled, escaped, odd."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from hannun.model.budget import Budget
from hannun.model.errors import ExecutionError
from hannun.model.labels import Labels
from hannun.query.logql.execute import LogEvaluator
from hannun.query.logql.parser import parse
from hannun.query.logql.ranges import Times
from hannun.query.logql.stages.lines import said
from hannun.query.logql.syntax import Grouping, LogQuery, RangeAggregation, VectorAggregation
from hannun.store.logs import LogStore
from hannun.testing.log_day import START_NS, DayLine, stored

S = 10**9
COUNT = 500
TIMES = Times(START_NS + 70 * S, 100 * S, 6)
KEYS = (
    "a",
    "b",
    "a_b",
    "a.b",
    "a-b",
    "level",
    " level",
    "level ",
    "LEVEL",
    "le\\u0076el",
    "x\\u00e9",
    "1st",
    "_m",
    "결",
    "",
    "  level",
    "\\tlevel",
    "level\\n",
    "\u00a0level",
    "level\u3000",
    "\\t a",
    "a\\u2003",
    "\\u00a0a.b",
)
TEXTS = (
    "",
    "x",
    "1",
    "1.50",
    "1e3",
    "-0",
    "error",
    "err or",
    "\\u0065rror",
    "\\uacb0",
    "결제",
    "\\n",
    '\\"',
    "\\\\",
    "{",
    "[1]",
    "5s",
    "1.5h",
    "10kB",
    "\ufffd",
    "\\ud800",
    "NaN",
    "0x1F",
    "\t",
    "true",
    "Ks",
    "\u212a\u017f",
)
RAW = (
    "1",
    "1.50",
    "-0",
    "1e3",
    "1E400",
    "123456789012345678901234567890",
    "true",
    "null",
    "[1,2]",
    "{}",
    '{"b":"in"}',
    '{"b":{"c":1}}',
    "tru",
    "01",
    '["a"]',
    "nul",
)
LOGFMT_VALUES = (
    "",
    "x",
    "1",
    "1.50",
    "5s",
    "1m30s",
    "10kB",
    '"x y"',
    '"a=b level=q"',
    '"q\\"q"',
    '"open',
    'mid"dle',
    "결제",
    "\ufffd",
    "a=b",
    '"\\u0041"',
    '""',
)
OTHERS = (
    "",
    " ",
    "plain words",
    "결제 실패 error",
    '"text"',
    "[1,2]",
    ' {"a":1}',
    "{",
    "{}",
    "level=",
    "=x",
    "error",
    '{"a":1} tail',
    '{"a":1,}',
    "a\x1b[31mb",
    "level=error\n\tat x",
    "<a> - b",
    'x - "GET /a" 200',
    '{"a":' * 129 + '"x"' + "}" * 129,
    '{"level":"error","b":' + '{"a":' * 128 + '"x"' + "}" * 129,
    '{"level":"error","b":' + '{"a":' * 127 + '"x"' + "}" * 128,
)


def json_line(chance: random.Random) -> str:
    space, after = chance.choice(("", " ")), chance.choice(("", " "))
    pairs = []
    for _ in range(chance.randrange(5)):
        value = chance.choice(RAW) if chance.random() < 0.5 else f'"{chance.choice(TEXTS)}"'
        pairs.append(f'"{chance.choice(KEYS)}"{space}:{after}{value}')
    text = "{" + f",{after}".join(pairs) + "}"
    return text if chance.random() < 0.85 else text[: chance.randrange(len(text) + 1)]


def logfmt_line(chance: random.Random) -> str:
    keys = ("a", "b", "a_b", "a.b", "level", "sublevel", "결", "1st", "x-level")
    pairs = [
        chance.choice(keys) + ("" if chance.random() < 0.1 else "=" + chance.choice(LOGFMT_VALUES))
        for _ in range(chance.randrange(6))
    ]
    return chance.choice((" ", "  ", "\t")).join(pairs)


def nasty(seed: int) -> list[DayLine]:
    chance = random.Random(seed)
    lines = []
    for _ in range(COUNT):
        text = chance.choice((json_line, json_line, logfmt_line, lambda c: c.choice(OTHERS)))(chance)
        metadata = {
            chance.choice(("a", "level", "b_extracted", "detected_level", "m")): chance.choice(
                ("x", "1", "error", "odd")
            )
        }
        app = chance.choice(("one", "two", "three"))
        more = {"level": "fixed"} if app == "two" else {"a": "1"} if app == "three" else {}
        written = said(text)
        lines.append(
            DayLine(
                Labels.of(app=app, env="t", **more),
                START_NS + chance.randrange(1, 600 * S),
                text,
                chance.choice(("unknown", "info", "error")),
                metadata=metadata if chance.random() < 0.2 else {},
                said=written if written != text else "",
            )
        )
    # The store takes equal lines of one time as one.
    return list({(line.labels, line.ts_ns): line for line in lines}.values())


PARSERS = (
    "",
    "| json",
    "| json",
    "| logfmt",
    "| logfmt",
    '| json x="a", a="b"',
    '| json x="a.b"',
    "| logfmt --keep-empty",
    "| logfmt --strict",
    '| logfmt x="a", y="level"',
    "| regexp `(?P<a>[a-z]+)=(?P<level>[^ ]*)`",
    '| pattern `<a> - <_>"<b> <level>" <c>`',
    "| pattern `level=<level>`",
)
FILTERS = (
    'level="error"',
    'level!="error"',
    'level=~"e.*|x"',
    'a="1.50"',
    'a="1"',
    'a=""',
    "a > 0",
    "a <= 1.5",
    "b >= 1s",
    "a == 10kB",
    'a_b="x"',
    'a_b!=""',
    'level_extracted="error"',
    'level_extracted=""',
    '__error__=""',
    '__error__!=""',
    'b="결제"',
    'a="err or"',
    'detected_level="error"',
    'm="x"',
    'app="one"',
    'x="x" or a="1"',
    'level="error" or a > 5',
    'a!="1" and b=""',
    '_m="x"',
    'a_extracted=~".+"',
    'x!=""',
    "c=`200`",
)
LINES = (
    "",
    "",
    '|= "error"',
    '|= "결제"',
    '!= "level"',
    '|~ "(?i)ERR"',
    '|~ "(?i)kS"',
    '!~ "(?i)kS"',
    '|~ "err.*"',
    '!~ "결"',
    '|~ "err.r|결"',
    '|= "acb0"',
    "|> `<_>level<_>`",
    "!> `<_>=<_>`",
    "|= `\\u`",
    '!~ "^{"',
    '|= "" or "x"',
)
OTHER_STAGES = (
    "",
    "",
    "",
    "| drop level",
    "| keep a, app",
    "| label_format z=level",
    "| label_format level=a, q=b",
    "| decolorize",
    "| drop __error__",
    '| drop a="1"',
    '| decolorize |= "ab"',
)
BY = (
    "level",
    "a",
    "a_b",
    "level, app",
    "detected_level",
    "level_extracted, a_extracted",
    "x, y",
    "z",
    "m, b",
    "",
    "_m",
)


def question(chance: random.Random) -> str:
    stages = [chance.choice(LINES), chance.choice(PARSERS), chance.choice(OTHER_STAGES)]
    stages += [f"| {chance.choice(FILTERS)}" for _ in range(chance.randrange(3))]
    if chance.random() < 0.3:
        stages.append('| __error__=""')
    stages.append(chance.choice(OTHER_STAGES))
    log = '{env="t"} ' + " ".join(stages)
    kind, by = chance.random(), chance.choice(BY)
    if kind < 0.3:
        return log
    if kind < 0.7:
        op = chance.choice(("rate", "count_over_time", "bytes_over_time"))
        return f"sum by ({by}) ({op}({log} [{chance.choice(('100s', '150s', '7s', '15s'))}]))"
    if kind < 0.8:
        return f"count_over_time({log} [100s])"
    conversion = chance.choice(("a", "b", "duration(b)", "bytes(a)", "level"))
    behind = chance.choice(("", '| __error__=""', "| a > 0"))
    return f"max_over_time({log} | unwrap {conversion} {behind} [100s]) by ({by})"


def answer(store: LogStore, query: str, *, in_sql: bool) -> object:
    evaluator, node = LogEvaluator(store, in_sql=in_sql), parse(query)
    if isinstance(node, LogQuery):
        found = evaluator.select(node, START_NS, START_NS + 600 * S, 5_000, True, 0, Budget())
        return sorted((line.ts_ns, line.line, line.labels()) for line in found.lines)
    summed_by = None
    if isinstance(node, VectorAggregation):
        summed_by, node = node.grouping or Grouping(()), node.expr
    assert isinstance(node, RangeAggregation)
    try:
        matrix = evaluator.evaluate(node, TIMES, summed_by, Budget())
    except ExecutionError as err:
        # Which of several failed lines is met first is nobody's promise.
        return str(err).split(" for series")[0].split("'")[0]
    return {
        # As text, where not a number equals itself.
        labels: tuple(str(float(value)) if there else None for value, there in zip(values, present, strict=True))
        for labels, values, present in zip(matrix.labels, matrix.values, matrix.present, strict=True)  # type: ignore[call-overload]
        if any(present)
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogStore]:
    with stored(nasty(1), tmp_path_factory.mktemp("nasty") / "engine") as opened:
        yield opened


def check(store: LogStore, seed: int, count: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        query = question(chance)
        assert answer(store, query, in_sql=True) == answer(store, query, in_sql=False), query


@pytest.mark.parametrize(
    "query",
    [
        pytest.param('sum by (a_b) (count_over_time({env="t"} | logfmt [100s]))', id="a tab before a key of logfmt"),
        pytest.param(
            'sum by (x) (count_over_time({env="t"} | json x="a" | drop __error__ [100s]))',
            id="a space before an object",
        ),
        pytest.param('{env="t"} |~ "(?i)ks"', id="letters that fold beyond ASCII"),
        pytest.param('sum by (a_b, level) (count_over_time({env="t"} | json [100s]))', id="keys that give one name"),
    ],
)
def test_both_ways_agree_on(store: LogStore, query: str) -> None:
    assert answer(store, query, in_sql=True) == answer(store, query, in_sql=False)


@pytest.mark.parametrize("seed", range(6))
def test_both_ways_agree(store: LogStore, seed: int) -> None:
    check(store, seed, 12)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_both_ways_agree_at_length(store: LogStore, seed: int) -> None:
    check(store, seed, 50)
