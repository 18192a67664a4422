"""`hannun query promql EXPR`: a question to a running server, answered as a table or as its JSON."""

from __future__ import annotations

import json
from typing import Any

from hannun.cli.client import Client, server_options
from hannun.cli.command import Argument, Option, group
from hannun.cli.terminal import Terminal, UsageError, one_line
from hannun.cli.when import moment_ms, said, span_ms
from hannun.model.text import Text
from hannun.model.time import SystemClock, format_seconds

STEPS_WANTED = 60

query = group("query", Text(en="Ask a running server", ko="실행 중인 서버에 묻습니다"))


@query.command_of(
    "promql",
    Text(
        en="Evaluate a PromQL expression\nWith --start it is evaluated over a range, otherwise at one moment.",
        ko="PromQL 식을 계산합니다\n--start를 주면 구간으로, 아니면 한 시점에서 계산합니다.",
    ),
    Argument("expr", text=Text(en="The expression, in quotes", ko="따옴표로 묶은 식"), metavar="EXPR"),
    Option(
        "--time",
        metavar="TIME",
        text=Text(en="The moment: now, -1h, RFC3339 or Unix seconds", ko="시점: now, -1h, RFC3339 또는 유닉스 초"),
        default_said="now",
    ),
    Option("--start", metavar="TIME", text=Text(en="Begin of a range", ko="구간의 시작")),
    Option("--end", metavar="TIME", text=Text(en="End of the range", ko="구간의 끝"), default_said="now"),
    Option(
        "--step",
        metavar="30s",
        text=Text(en="Distance of the range's points", ko="구간 안에서 점 사이의 간격"),
        default_said=Text(en=f"about {STEPS_WANTED} points", ko=f"점 {STEPS_WANTED}개쯤"),
    ),
    Option(
        "--json", "as_json", is_flag=True, text=Text(en="Print the server's JSON", ko="서버의 JSON을 그대로 출력합니다")
    ),
    *server_options(),
)
def promql(
    terminal: Terminal,
    expr: str,
    time: str | None,
    start: str | None,
    end: str | None,
    step: str | None,
    as_json: bool,
    url: str | None,
    token: str | None,
    **where: str | None,
) -> None:
    client = Client.of(terminal, url, token, where)
    now_ms = SystemClock().now_ms()
    if start is None:
        if end is not None or step is not None:
            raise UsageError(_START_MISSING)
        at_ms = moment_ms(time or "now", "--time", now_ms, client.timezone)
        answer = client.get("/api/v1/query", {"query": expr, "time": format_seconds(at_ms)})
    else:
        if time is not None:
            raise UsageError(_TIME_OR_RANGE)
        start_ms = moment_ms(start, "--start", now_ms, client.timezone)
        end_ms = moment_ms(end or "now", "--end", now_ms, client.timezone)
        if end_ms < start_ms:
            raise UsageError(_BACKWARDS)
        step_ms = span_ms(step, "--step") if step else max(1_000, (end_ms - start_ms) // STEPS_WANTED // 1_000 * 1_000)
        window = {"start": format_seconds(start_ms), "end": format_seconds(end_ms), "step": format_seconds(step_ms)}
        answer = client.get("/api/v1/query_range", {"query": expr, **window})
    if as_json:
        terminal.say(json.dumps(answer, ensure_ascii=False))
    else:
        for note in (*answer.get("warnings", ()), *answer.get("infos", ())):
            terminal.warn(one_line(str(note)))
        _show(terminal, answer["data"], client.timezone)


def _show(terminal: Terminal, data: dict[str, Any], zone: str) -> None:
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        terminal.say(one_line(str(result[1])))
    elif not result:
        terminal.say(_NOTHING)
    elif kind == "vector":
        terminal.table((_SERIES, _VALUE), ((_name(row["metric"]), _value(row)) for row in result))
    else:
        for row in result:
            terminal.say(one_line(_name(row["metric"])))
            for moment, value in row.get("values") or row.get("histograms") or ():
                shown = value if isinstance(value, str) else json.dumps(value)
                terminal.say(f"  {said(round(float(moment) * 1000), zone, exact=True)}  {shown}")


def _value(row: dict[str, Any]) -> str:
    return str(row["value"][1]) if "value" in row else json.dumps(row["histogram"][1])


def _name(labels: dict[str, str]) -> str:
    from hannun.model.labels import Labels

    return str(Labels.of(labels)) or "{}"


_SERIES = Text(en="series", ko="시계열")
_VALUE = Text(en="value", ko="값")
_NOTHING = Text(en="nothing matches at this time", ko="이 시각에 맞는 것이 없습니다")
_START_MISSING = Text(en="--end and --step need --start", ko="--end와 --step에는 --start가 있어야 합니다")
_TIME_OR_RANGE = Text(
    en="--time is for one moment and --start for a range; give one", ko="--time과 --start 가운데 하나만 주세요"
)
_BACKWARDS = Text(en="--end is before --start", ko="--end가 --start보다 앞섭니다")
