"""Hostile LogQL, searches and ids against a real server: a clear 4xx or a bounded answer, in time, for everybody."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from urllib.parse import quote

import cramjam
import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.watcher import Watcher
from hannun.wire.loki import encode

pytestmark = pytest.mark.xdist_group("faults-log-queries")

MIB = 1 << 20
GROWTH_BYTES_MAX = 600 * MIB
ANSWER_WITHIN_S = 10.0
ANSWER_BYTES_MAX = 150 * MIB
PROTO = {"Content-Type": "application/x-protobuf"}
DEEP_WORDS = "the query nests deeper than 200 levels"


def push(client: httpx.Client, *streams: tuple[str, list[tuple[int, str, list[tuple[str, str]]]]]) -> int:
    body = bytes(cramjam.snappy.compress_raw(encode(streams)))
    return client.post("/loki/api/v1/push", content=body, headers=PROTO).status_code


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """5,000 lines of JSON, and a few of those that parsers fear."""
    with Server(tmp_path_factory.mktemp("log-queries") / "data", flags=("--no-self",)) as running:
        now_ns = time.time_ns()
        lines = [
            (now_ns - n * 10**8, json.dumps({"level": "info", "n": n, "msg": f"hello {'a' * 40}"}), [])
            for n in range(5_000)
        ]
        fearsome = ["a" * 200_000 + "!", '{"a":' * 30_000, "[" * 100_000, "a=" * 60_000, '{"k":"' + "\\" * 99_999]
        with httpx.Client(base_url=running.url, timeout=60) as client:
            assert push(client, ('{app="json"}', lines)) == 204
            assert push(client, ('{app="few"}', lines[:20])) == 204
            assert push(client, ('{app="big"}', [(now_ns - n, text, []) for n, text in enumerate(fearsome)])) == 204
            # What is loaded at first use takes its time once.
            for query in ('{app="json"} | json | n > 4', "sum(rate({app=~`.+`} | json | unwrap n [1m]))"):
                assert ask(client, query).status_code == 200
            client.get("/api/hannun/v1/logs", params={"q": "hello"})
        yield running
        assert "Traceback" not in running.log, running.log
        assert "ERROR" not in running.log, running.log


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as made:
        yield made


def ask(client: httpx.Client, query: str, **more: str) -> httpx.Response:
    asked = {"query": query, "limit": "100", **more}
    return client.post("/loki/api/v1/query_range", data=asked)


class GoodSender(threading.Thread):
    """A line every 50 ms: each is 204, whatever is asked meanwhile."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._enough = threading.Event()
        self.answers: set[int] = set()

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=20) as client:
            while not self._enough.is_set() or not self.answers:
                self.answers.add(push(client, ('{app="good"}', [(time.time_ns(), "good", [])])))
                time.sleep(0.05)

    def __enter__(self) -> GoodSender:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join(20)
        assert self.answers == {204}


def in_time(server: Server, client: httpx.Client, query: str, **more: str) -> httpx.Response:
    """The answer, which came in time and cost nobody anything."""
    before = server.private_bytes()
    with Watcher(server.url, late_share=0.3), GoodSender(server.url):
        began = time.monotonic()
        answer = ask(client, query, **more)
        assert time.monotonic() - began < ANSWER_WITHIN_S
        time.sleep(0.05)
    assert len(answer.content) < ANSWER_BYTES_MAX
    assert server.private_bytes() - before < GROWTH_BYTES_MAX
    return answer


DOUBLED = " | line_format `{{__line__}}{{__line__}}`"
REFUSED = {
    "nothing selected": ("{}", "queries require at least one regexp or equality matcher"),
    "everything selected": ('{app=~".*"}', "queries require at least one regexp or equality matcher"),
    "only what it is not": ('{app!="x"}', "queries require at least one regexp or equality matcher"),
    "repetition of repetition": ('{app="big"} |~ "((a{100}){100}){100}"', "error parsing regexp"),
    "10,000 parentheses": ("(" * 10_000 + '{app="big"}' + ")" * 10_000, DEEP_WORDS),
    "100,000 parentheses that stay open": ("(" * 100_000, DEEP_WORDS),
    "3,000 sums": ("sum(" * 3_000 + 'rate({app="big"}[1m])' + ")" * 3_000, DEEP_WORDS),
    "5,000 parentheses in a filter": ('{app="big"} | ' + "(" * 5_000 + 'a="1"' + ")" * 5_000, DEEP_WORDS),
    "a power tower": ("vector(1)" + "^vector(2)" * 3_000, DEEP_WORDS),
    "2,000 matchers": ("{" + ",".join(f'a{n}="x"' for n in range(2_000)) + "}", "max streams matchers per query"),
    "200,000 bytes": ('{app="big"} # ' + "x" * 200_000, "input size too long"),
    "NUL": ('{app="big"} |= "\0"', "invalid character NUL"),
    "doublings": ('{app="json"}' + DOUBLED * 40, "ask for fewer lines (limit) or a shorter time"),
    "labels that double": (
        '{app="json"}' + " | label_format a=`{{.a}}{{.a}}x`" * 60,
        "ask for fewer lines (limit) or a shorter time",
    ),
    "series with names of 60 kB": (
        'sum by (a) (count_over_time({app="json"} | json | label_format a=`{{ repeat 1000 __line__ }}{{.n}}` [1h]))',
        "ask for fewer lines (limit) or a shorter time",
    ),
    "a series for every line": (
        'sum by (n) (count_over_time({app="json"} | json [1h]))',
        "maximum number of series",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_question_that_goes_too_far_is_told_where(server: Server, client: httpx.Client, name: str) -> None:
    query, words = REFUSED[name]
    answer = in_time(server, client, query, limit="5000")
    assert answer.status_code == 400, answer.text[:300]
    assert words in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


BOMBS = {
    "a selector's regex": '{app=~"(a+)+$"}',
    "a selector's regex of 20 kB": '{app=~"' + "a?" * 5_000 + "a" * 5_000 + '"}',
    "a filter's regex": '{app="big"} |~ "(a+)+$" |~ "(a|aa)+$" |~ "(.*)*(.*)*(.*)*b"',
    "a folding regex": '{app=~".+"} |~ "(?i)(.*a){30}!"',
    "a parser's regex": '{app="big"} | regexp "(?P<x>(a+)+)$" | regexp "(?P<y>(x+x+)+y)"',
    "a template's regex": '{app="big"} | line_format `{{ regexReplaceAll "(a+)+$" __line__ "${1}${1}" }}`',
    "a pattern of 200 captures": '{app="big"} | pattern "' + "".join(f"<v{n}>a" for n in range(200)) + '"',
    "a pattern filter of 1,000 wildcards": '{app="big"} |> "<_>' + "a<_>" * 1_000 + '"',
    "JSON, 30,000 deep": '{app="big"} | json',
    "JSON paths": '{app="big"} | json ' + ",".join(f'a{n}="x.y[{n}]"' for n in range(1_000)),
    "logfmt of 60,000 pairs": '{app="big"} | logfmt | a="b"',
    "unpack": '{app="big"} | unpack',
    "a template of itself": '{app="json"} | line_format "{{define `a`}}{{template `a`}}{{end}}{{template `a`}}"',
    "a template's repetition": '{app="json"} | line_format "{{ repeat 1000000000 __line__ }}"',
    "a template's width": '{app="json"} | line_format `{{ printf "%0999999999d" 1 }}{{ indent 999999999 "x" }}`',
    "ranges in ranges": '{app="json"} | line_format `{{ range $i := fromJson "[1,2,3]" }}{{ repeat 9999 "x" }}{{end}}`',
    "5,000 filters": '{app="json"} ' + '|= "x" ' * 5_000,
    "10,000 alternatives": '{app="json"} |= "x"' + ' or "y"' * 10_000,
    "20,000 additions": "1" + "+1" * 20_000,
    "every address": '{app=~".+"} |= ip("::/0") |= ip("0.0.0.0-255.255.255.255")',
    "a century": 'rate({app=~".+"}[100y])',
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered_in_time(server: Server, client: httpx.Client, name: str) -> None:
    """Whatever it says: as lines with an error, as nothing found, or as a refusal in words."""
    answer = in_time(server, client, BOMBS[name])
    assert answer.status_code in (200, 400), answer.text[:300]
    if answer.status_code == 200:
        assert answer.json()["status"] == "success"


def test_a_year_of_everything(server: Server, client: httpx.Client) -> None:
    """As lines, and as numbers at each step; beyond Loki's own bound it is refused, up to it it is answered."""
    now_s = int(time.time())
    year_s, month_s = now_s - 365 * 86_400, now_s - 30 * 86_400
    refused = {
        "the query time range exceeds the limit": {"start": str(year_s)},
        "exceeded maximum resolution of 11,000 points": {"start": str(month_s), "step": "1"},
        "zero or negative query resolution": {"step": "-1"},
        "max entries limit per query exceeded": {"limit": "1000000"},
        "limit must be a positive value": {"limit": "-1"},
        "end timestamp must not be before": {"start": str(now_s), "end": "1"},
    }
    for words, asked in refused.items():
        answer = in_time(server, client, '{app=~".+"}', **asked)
        assert (answer.status_code, words in answer.text) == (400, True), answer.text[:200]
    counted, matched = 'sum by (app) (count_over_time({app=~".+"} [30d]))', 'sum(rate({app=~".+"} |~ "[0-9]" [1d]))'
    for query in ('{app=~".+"}', counted, matched):
        answer = in_time(server, client, query, start=str(month_s), step="300")
        assert answer.status_code == 200, answer.text[:200]
        assert answer.json()["data"]["result"]


LONG = "x" * 20_000
HOSTILE_PATHS = {
    "logs?cursor=0-0": 200,
    "logs?cursor=9999999999999999999-999999": 400,
    "logs?cursor=-1-1": 400,
    "logs?cursor=%00": 400,
    "logs?cursor=1-1;DROP": 400,
    "logs?limit=-1": 400,
    "logs?limit=1e12": 400,
    "logs?q=%ff%fe": 200,
    "logs?q=a%00b": 400,
    f"logs?q={LONG}": 400,
    f"logs?q={quote('a ' * 100)}": 400,
    f"logs?q={quote('{' * 10_000)}": 400,
    f"logs?q={quote('level:*+')}": 200,
    f"logs?q={quote('took>1e400')}": 400,
    f"logs?q={quote('*' * 300)}": 200,
    f"logs?q={quote('(a+)+$')}": 200,
    f"logs?service={quote(chr(34) + '} | line_format `x`')}": 200,
    "logs?from=-1&to=99999999999999999": 200,
    "logs?to=9223372036854775807": 400,
    "logs/context?stream=zz&ts=1": 400,
    "logs/context?stream=%27%20OR%201=1&ts=0": 400,
    f"logs/context?stream={'f' * 16}&ts={'9' * 19}": 404,
    f"logs/context?stream={'0' * 16}&ts=9223372036854775808": 404,
    f"logs/context?stream={'f' * 16}&ts=1&before=-1": 400,
    "logs/histogram?buckets=0": 400,
    "logs/histogram?buckets=99999999999": 400,
    "logs/histogram?from=0": 200,
    "logs/fields?q=%7Bapp%3D%22big%22%7D": 200,
    "logs/download?format=..%2f..%2fetc%2fpasswd": 400,
    "logs/download?format=csv&q=%7Bapp%3D%22big%22%7D": 200,
    "logs/patterns?q=%7B": 400,
    "logs/patterns?from=0": 200,
}


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=lambda path: path[:60])
def test_the_log_page_is_asked_nonsense(server: Server, client: httpx.Client, path: str) -> None:
    began = time.monotonic()
    answer = client.get(f"/api/hannun/v1/{path}")
    assert time.monotonic() - began < ANSWER_WITHIN_S
    assert answer.status_code == HOSTILE_PATHS[path], answer.text[:300]
    if answer.status_code != 200:
        assert {"error"} <= set(answer.json()) <= {"error", "hint"}
        assert answer.json()["error"]


def test_a_csv_holds_no_formulas(client: httpx.Client) -> None:
    evil = ["=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "\t=1", 'a"b,c\nd']
    now_ns = time.time_ns()
    assert push(client, ('{app="csv"}', [(now_ns - n, text, []) for n, text in enumerate(evil)])) == 204
    asked = {"q": '{app="csv"}', "format": "csv"}
    page = client.get("/api/hannun/v1/logs/download", params=asked)
    assert page.headers["content-disposition"].startswith('attachment; filename="hannun-logs-')
    cells = [cell for row in csv.reader(io.StringIO(page.text)) for cell in row]
    assert sum(cell.lstrip("'") in evil for cell in cells) == len(evil)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    "path",
    [
        "labels",
        "label/app/values",
        "series",
        "index/stats",
        "index/volume",
        "index/volume_range",
        "patterns",
        "detected_labels",
        "detected_fields",
        "detected_field/msg/values",
        "format_query",
        "query",
        "query_range",
    ],
)
def test_every_endpoint_under_nonsense(client: httpx.Client, path: str) -> None:
    """No parameter of any may stop the server or come out as 500."""
    nonsense = ["", "{", "{}", "-1", "1e400", "NaN", "\0", "\ud800", "%", "9" * 40, "{app=~`(`}", "한글", "x" * 5_000]
    for name in ("query", "match[]", "start", "end", "step", "limit", "since", "interval", "direction", "time",
                 "targetLabels", "aggregateBy", "line_limit", "field_limit", "delay_for"):  # fmt: skip
        for value in nonsense:
            asked = {"query": '{app="few"}', "match[]": '{app="few"}', name: value}
            body = "&".join(f"{quote(key)}={quote(text, errors='surrogatepass')}" for key, text in asked.items())
            headers = {"content-type": "application/x-www-form-urlencoded"}
            answer = client.post(f"/loki/api/v1/{path}", content=body, headers=headers)
            assert answer.status_code in (200, 400, 404, 413), (name, value[:40], answer.status_code, answer.text[:200])


@pytest.mark.parametrize("what", [{}, {"query": "{}"}, {"query": '{app="big"}'}, {"query": "(" * 9_999, "start": "1"}])
def test_a_delete_request_that_is_none_deletes_nothing(client: httpx.Client, what: dict[str, str]) -> None:
    answer = client.post("/loki/api/v1/delete", params=what)
    assert answer.status_code == 400
    stats = client.get("/loki/api/v1/index/stats", params={"query": '{app=~".+"}'}).json()
    assert stats["entries"] >= 5_025
