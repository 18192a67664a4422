"""LogQL over a day of generated lines, against answers that are computed here from what the lines were made of.

Nothing of the product is asked for the expected answers: no parser, no stage, no compiled statement. Every question is
asked twice, with SQL doing what it can and with every line going through the plain pipeline.
"""

# ruff: noqa: E501 — the tables hold one case a line.

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.query.logql.execute import LogEvaluator
from hannun.query.logql.parser import parse
from hannun.query.logql.syntax import LogQuery
from hannun.store.logs import LogStore
from hannun.testing.log_day import DAY_NS, START_NS, DayLine, day, stored

S = 10**9
Where = Callable[[DayLine], bool]
LINES = day()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogStore]:
    with stored(LINES, tmp_path_factory.mktemp("day") / "engine") as opened:
        yield opened


TIERS = pytest.mark.parametrize("in_sql", [pytest.param(True, id="sql"), pytest.param(False, id="plain")])


@dataclass(frozen=True)
class Log:
    query: str
    where: Where


def app(*names: str) -> Where:
    return lambda line: line.app in names


def has(line: DayLine, text: str) -> bool:
    return text in line.text or text in line.said


def f(line: DayLine, name: str) -> str:
    return line.fields.get(name, "")


def ms(text: str) -> float:
    return float(text.removesuffix("ms"))


LOGS: dict[str, Log] = {
    # selectors
    "one stream label": Log('{app="api"}', app("api")),
    "not equal beside equal": Log('{env="prod", app!="api"}', lambda x: x.app != "api"),
    "regex is anchored": Log('{app=~"a|api|pi"}', app("api")),
    "negative regex": Log('{env="prod", app!~"api|shop"}', lambda x: x.app not in ("api", "shop")),
    "missing label as empty": Log('{env="prod", level=""}', lambda x: x.app != "legacy"),
    "two labels": Log('{app="api", host="node-2"}', lambda x: x.app == "api" and x.labels["host"] == "node-2"),
    # line filters
    "contains": Log('{env="prod"} |= "login"', lambda x: "login" in x.text),
    "contains is case-sensitive": Log('{env="prod"} |= "ERROR"', lambda x: "ERROR" in x.text),
    "contains a short piece": Log('{env="prod"} |= "q1"', lambda x: "q1" in x.text),
    "contains percent and underscore": Log('{env="prod"} |= "% of a_b"', lambda x: "% of a_b" in x.text),
    "contains a backslash": Log('{env="prod"} |= "a_b\\\\c"', lambda x: "a_b\\c" in x.text),
    "contains a quote": Log('{env="prod"} |= `"status":500`', lambda x: '"status":500' in x.text),
    "contains a newline": Log('{env="prod"} |= "c\\n\\tat"', lambda x: "c\n\tat" in x.text),
    "contains nothing": Log('{app="api"} |= ""', app("api")),
    "contains what is nowhere": Log('{env="prod"} |= "nowhere at all"', lambda x: False),
    "contains Korean, however escaped": Log('{env="prod"} |= "결제 실패"', lambda x: has(x, "결제 실패")),
    "contains two syllables": Log('{env="prod"} |= "재고"', lambda x: has(x, "재고")),
    "contains an escape as it came": Log('{env="prod"} |= `\\uacb0`', lambda x: "\\uacb0" in x.text),
    "contains the digits of an escape": Log('{env="prod"} |= "acb0"', lambda x: "acb0" in x.text),
    "contains hex that is no escape": Log('{app="api"} |= "10.0.3.7"', lambda x: "10.0.3.7" in x.text and x.app == "api"),
    "lacks": Log('{app="api"} != "login"', lambda x: x.app == "api" and "login" not in x.text),
    "lacks Korean": Log('{app="shop"} != "배송"', lambda x: x.app == "shop" and not has(x, "배송")),
    "one of two": Log('{env="prod"} |= "login" or "q2"', lambda x: "login" in x.text or "q2" in x.text),
    "none of two": Log('{app="api"} != "login" or "cart"', lambda x: x.app == "api" and not re.search("login|cart", x.text)),
    "chain": Log(
        '{env="prod"} |= "GET" != "cart" |= "502"',
        lambda x: "GET" in x.text and "cart" not in x.text and "502" in x.text,
    ),
    "regex": Log('{env="prod"} |~ "node|exec-[12]"', lambda x: bool(re.search("node|exec-[12]", x.text))),
    "regex without case": Log('{env="prod"} |~ "(?i)ERROR"', lambda x: "error" in x.text.lower()),
    "regex whose letters fold": Log('{env="prod"} |~ "(?i)SYNC POD"', lambda x: "Sync pod" in x.text),
    "regex over lines": Log('{env="prod"} |~ "took.*Caused"', lambda x: bool(re.search("took.*Caused", x.text, re.DOTALL))),
    "regex at the end": Log('{env="prod"} |~ "last$"', lambda x: x.text.endswith("last")),
    "regex at the start": Log('{env="prod"} |~ "^level="', lambda x: x.text.startswith("level=")),
    "regex in Korean": Log('{env="prod"} |~ "(승인|실패).*order=1"', lambda x: bool(re.search("(승인|실패).*order=1", x.said or x.text))),
    "regex that repeats": Log('{env="prod"} |~ "1{3}"', lambda x: "111" in x.text),
    "not regex": Log('{app="gateway"} !~ "GET|404"', lambda x: x.app == "gateway" and not re.search("GET|404", x.text)),
    "pattern": Log('{env="prod"} |> `<_> - - <_> "GET <_>`', lambda x: bool(re.search('^.+? - - .+? "GET .', x.text, re.DOTALL))),
    "pattern of a whole line": Log('{app="kubelet"} |> `I0114 <_> "Sync pod" pod="shop/web-1"`', lambda x: x.app == "kubelet" and x.text.startswith("I0114") and x.text.endswith("web-1\"")),
    "not pattern": Log('{app="gateway"} !> `<_>"GET <_>`', lambda x: x.app == "gateway" and '"GET ' not in x.text),
    "address of a net": Log('{app="gateway"} |= ip("10.1.0.0/16")', lambda x: x.app == "gateway" and x.fields["ip"].startswith("10.1.")),
    "address not in a range": Log('{app="gateway"} != ip("10.0.0.0-10.1.255.255")', lambda x: x.app == "gateway" and x.fields["ip"].startswith("10.2.")),
    # json
    "json text": Log('{app="api"} | json | level="error"', lambda x: x.app == "api" and f(x, "level") == "error"),
    "json not equal": Log('{app="api"} | json | level!="info"', lambda x: x.app == "api" and f(x, "level") != "info"),
    "json regex": Log('{app="api"} | json | route=~"/o.*|/cart" | region=""', lambda x: x.app == "api" and not x.metadata.get("region") and (x.metadata.get("route", f(x, "route")) in ("/orders", "/cart"))),
    "json number": Log('{app="api"} | json | status>=500', lambda x: x.app == "api" and int(x.fields["status"]) >= 500),
    "json number between": Log('{app="api"} | json | took_ms > 100 and took_ms <= 200.5', lambda x: x.app == "api" and 100 < float(x.fields["took_ms"]) <= 200.5),
    "json number as text": Log('{app="api"} | json | took_ms=~".*\\\\.50"', lambda x: x.app == "api" and x.fields["took_ms"].endswith(".50")),
    "json nested": Log('{app="api"} | json | client_ip="10.0.2.7"', lambda x: x.app == "api" and x.fields["client_ip"] == "10.0.2.7"),
    "json boolean": Log('{app="api"} | json | ok="false"', lambda x: x.app == "api" and x.fields["ok"] == "false"),
    "json address": Log('{app="api"} | json | client_ip=ip("10.0.0.0/23")', lambda x: x.app == "api" and ipaddress.ip_address(x.fields["client_ip"]) in ipaddress.ip_network("10.0.0.0/23")),
    "json or": Log('{app="api"} | json | level="error" or status=404', lambda x: x.app == "api" and (f(x, "level") == "error" or x.fields["status"] == "404")),
    "json and binds tighter": Log('{app="api"} | json | level="warn" or level="info" and status=404', lambda x: x.app == "api" and (f(x, "level") == "warn" or (f(x, "level") == "info" and x.fields["status"] == "404"))),
    "json Korean": Log('{app="shop"} | json | message=~"재고.*"', lambda x: x.app == "shop" and f(x, "message").startswith("재고")),
    "json of every app": Log('{env="prod"} | json | status=503', lambda x: x.app == "api" and x.fields["status"] == "503"),
    "json missing label": Log('{app="api"} | json | nothing=""', app("api")),
    "json number on a missing label": Log('{app="api"} | json | nothing > 1', lambda x: False),
    "json named": Log('{app="api"} | json ip="client.ip" | ip="10.0.1.7"', lambda x: x.app == "api" and x.fields["client_ip"] == "10.0.1.7"),
    "json error": Log('{app="legacy"} | json | __error__="JSONParserErr"', lambda x: x.app == "legacy" and "__error__" in x.fields),
    "json without error": Log('{app="legacy"} | json | __error__=""', lambda x: x.app == "legacy" and "__error__" not in x.fields),
    "json gives way to the stream": Log('{app="legacy"} | json | level="fixed" | level_extracted="warn"', lambda x: x.app == "legacy" and f(x, "level") == "warn"),
    "json gives way to metadata": Log('{app="api"} | json | route_extracted="/cart"', lambda x: x.app == "api" and "route" in x.metadata and x.fields["route"] == "/cart"),
    "metadata hides what is parsed": Log('{app="api"} | json | route="of the sender"', lambda x: x.app == "api" and "route" in x.metadata),
    # logfmt, regexp, pattern
    "logfmt": Log('{app="worker"} | logfmt | level="warn"', lambda x: x.app == "worker" and f(x, "level") == "warn"),
    "logfmt quoted": Log('{app="worker"} | logfmt | msg="retry later"', lambda x: f(x, "msg") == "retry later"),
    "logfmt key within quotes": Log('{app="worker"} | logfmt | level="high"', lambda x: False),
    "logfmt duration": Log('{app="worker"} | logfmt | took > 2.5s', lambda x: x.app == "worker" and ms(x.fields["took"]) > 2500),
    "logfmt size": Log('{app="worker"} | logfmt | read <= 100kB', lambda x: x.app == "worker" and int(x.fields["read"][:-2]) <= 100),
    "logfmt named": Log('{app="worker"} | logfmt q="queue" | q="q1"', lambda x: f(x, "queue") == "q1"),
    "logfmt of every app": Log('{env="prod"} | logfmt | queue="q0"', lambda x: f(x, "queue") == "q0"),
    "regexp": Log('{app="billing"} | regexp `\\[(?P<thread>[^\\]]+)\\]` | thread="exec-1"', lambda x: f(x, "thread") == "exec-1"),
    "pattern parser": Log('{app="gateway"} | pattern `<ip> - - <_> "<method> <path> <_>" <status> <size> <_>` | status="502" | method="POST"', lambda x: x.app == "gateway" and x.fields["status"] == "502" and x.fields["method"] == "POST"),
    # metadata and label stages
    "metadata": Log('{env="prod"} | region="kr-2"', lambda x: x.metadata.get("region") == "kr-2"),
    "level of the line": Log('{env="prod"} | detected_level="error"', lambda x: x.level == "error"),
    "renamed": Log('{app="api"} | json | label_format what=level | what="error" | level=""', lambda x: x.app == "api" and f(x, "level") == "error"),
    "dropped": Log('{app="api"} | json | drop level | level=""', app("api")),
    "kept": Log('{app="api"} | json | keep status | level="" | status="404"', lambda x: x.app == "api" and x.fields["status"] == "404"),
}  # fmt: skip


def asked(store: LogStore, in_sql: bool, query: str, **options: Any) -> list[tuple[int, str]]:
    node = parse(query)
    assert isinstance(node, LogQuery)
    given = {"limit": 5_000, "backward": False, "interval_ns": 0, **options}
    answer = LogEvaluator(store, in_sql=in_sql).select(
        node, START_NS, START_NS + DAY_NS, given["limit"], given["backward"], given["interval_ns"], Budget()
    )
    return [(line.ts_ns, line.line) for line in answer.lines]


@TIERS
@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in LOGS.items()])
def test_lines_that_a_question_finds(store: LogStore, case: Log, in_sql: bool) -> None:
    found = asked(store, in_sql, case.query)
    assert [ts for ts, _ in found] == sorted(ts for ts, _ in found)
    expected = [(line.ts_ns, line.text) for line in LINES if case.where(line)]
    assert sorted(found) == expected


@TIERS
@pytest.mark.parametrize("backward", [pytest.param(True, id="newest first"), pytest.param(False, id="oldest first")])
@pytest.mark.parametrize("limit", [1, 7, 130, 400])
def test_a_limit_counts_lines_of_all_streams(store: LogStore, limit: int, backward: bool, in_sql: bool) -> None:
    found = asked(store, in_sql, '{env="prod"} | json | status=~"2.." | drop x', limit=limit, backward=backward)
    expected = [line.ts_ns for line in LINES if f(line, "status").startswith("2") and line.app == "api"]
    if backward:
        expected.reverse()
    assert [ts for ts, _ in found] == expected[:limit]


@TIERS
def test_an_interval_thins_each_stream(store: LogStore, in_sql: bool) -> None:
    found = asked(store, in_sql, '{app="kubelet"}', interval_ns=3600 * S)
    last: dict[tuple[tuple[str, str], ...], int] = {}
    expected = []
    for line in LINES:
        name = tuple(sorted({**dict(line.labels.pairs), **line.all_metadata}.items()))
        if line.app == "kubelet" and (name not in last or line.ts_ns - last[name] >= 3600 * S):
            last[name] = line.ts_ns
            expected.append((line.ts_ns, line.text))
    assert found == expected
