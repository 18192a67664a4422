"""Questions to a server over HTTP: what is sent, what its answers become, where the token goes."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hannun.cli import local_token
from hannun.model.secret import fingerprint
from hannun.store.meta import MetaStore


@dataclass
class Fake:
    """A server that answers what it is told to, and remembers what it was asked."""

    port: int = 0
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def will(self, status: int, answer: Any) -> None:
        self.answers.append((status, answer if isinstance(answer, bytes) else json.dumps(answer).encode()))


@pytest.fixture
def server() -> Iterator[Fake]:
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            query = {name: found[0] for name, found in parse_qs(split.query).items()}
            fake.asked.append((split.path, query, {name.lower(): value for name, value in self.headers.items()}))
            status, body = fake.answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    yield fake
    http.shutdown()
    thread.join()
    http.server_close()


def vector(*rows: tuple[dict[str, str], str]) -> dict[str, Any]:
    result = [{"metric": labels, "value": [1_700_000_000, value]} for labels, value in rows]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def test_an_instant_vector_is_a_table(cli: Any, server: Fake) -> None:
    server.will(200, vector(({"__name__": "up", "job": "node"}, "1"), ({"job": "서버"}, "NaN")))
    result = cli("query", "promql", "up", "--url", server.url)
    assert result.code == 0
    assert result.out.splitlines() == ["series          value", 'up{job="node"}  1', '{job="서버"}    NaN']
    path, query, _ = server.asked[0]
    assert path == "/api/v1/query"
    assert query["query"] == "up"


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        pytest.param({"resultType": "scalar", "result": [1, "2.5"]}, ["2.5"], id="a scalar"),
        pytest.param(
            {"resultType": "string", "result": [1, "a\x1b[2J"]}, ["a·[2J"], id="a string cannot steer the terminal"
        ),
        pytest.param({"resultType": "vector", "result": []}, ["nothing matches at this time"], id="nothing"),
        pytest.param(
            {
                "resultType": "matrix",
                "result": [{"metric": {"a": "b"}, "values": [[1_700_000_000, "1"], [1_700_000_060.5, "2"]]}],
            },
            ['{a="b"}', "  2023-11-14 22:13:20  1", "  2023-11-14 22:14:20.500  2"],
            id="a range",
        ),
        pytest.param(
            {"resultType": "vector", "result": [{"metric": {}, "histogram": [1, {"count": "3"}]}]},
            ["series  value", '{}      {"count": "3"}'],
            id="a native histogram",
        ),
    ],
)
def test_answers_are_printed(cli: Any, server: Fake, data: dict[str, Any], lines: list[str]) -> None:
    server.will(200, {"status": "success", "data": data})
    result = cli("query", "promql", "x", "--url", server.url, HANNUN_TIMEZONE="UTC")
    assert result.out.splitlines() == lines


def test_json_is_passed_through(cli: Any, server: Fake) -> None:
    server.will(200, vector())
    assert json.loads(cli("query", "promql", "x", "--json", HANNUN_URL=server.url).out) == vector()


def test_warnings_go_to_stderr(cli: Any, server: Fake) -> None:
    server.will(200, {**vector(), "warnings": ["w"], "infos": ["i"]})
    assert cli("query", "promql", "x", "--url", server.url).err == "w\ni\n"


def test_a_range_is_asked_with_times_and_step(cli: Any, server: Fake) -> None:
    server.will(200, vector())
    cli(
        "query",
        "promql",
        "x",
        "--url",
        server.url,
        "--start",
        "2023-11-14 22:00",
        "--end",
        "1700003600",
        "--step",
        "5m",
        HANNUN_TIMEZONE="Asia/Seoul",
    )
    path, query, _ = server.asked[0]
    assert path == "/api/v1/query_range"
    assert query == {"query": "x", "start": "1699966800", "end": "1700003600", "step": "300"}


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        pytest.param(
            400,
            {"status": "error", "errorType": "bad_data", "error": '1:3: parse error: unexpected ")"'},
            'hannun: 1:3: parse error: unexpected ")"\n',
            id="Prometheus's error in its own words",
        ),
        pytest.param(
            422,
            {"error": "it is too much", "hint": "Ask for less"},
            "hannun: it is too much. Ask for less\n",
            id="our own with a hint",
        ),
        pytest.param(403, {"error": "x"}, "does not let us in. Show a token", id="forbidden"),
        pytest.param(404, b"<html>nginx</html>", "answered 404, and not as Hannun does", id="somebody else"),
        pytest.param(200, b"<html>welcome</html>", "answered 200, and not as Hannun does", id="a friendly somebody"),
        pytest.param(500, b"[" * 200_000, "answered 500", id="nested beyond reason"),
    ],
)
def test_refusals_are_one_line(cli: Any, server: Fake, status: int, answer: Any, said: str) -> None:
    server.will(status, answer)
    result = cli("query", "promql", "x", "--url", server.url)
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert said in result.err


def test_nobody_there(cli: Any) -> None:
    result = cli("query", "promql", "x", "--url", "http://127.0.0.1:1")
    assert result.code == 1
    assert "no server answers at http://127.0.0.1:1" in result.err
    assert "`hannun serve`" in result.err


def test_the_language_travels_with_the_question(cli: Any, server: Fake) -> None:
    server.will(200, vector())
    cli("query", "promql", "x", "--url", server.url, "--lang", "ko")
    assert server.asked[0][2]["accept-language"] == "ko"


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_given_token_is_shown(cli: Any, server: Fake, how: str) -> None:
    server.will(200, vector())
    words = ["--token", "hnt_a"] if how == "flag" else []
    env = {"HANNUN_TOKEN": "hnt_a"} if how == "variable" else {}
    cli("query", "promql", "x", "--url", server.url, *words, **env)
    assert server.asked[0][2]["authorization"] == "Bearer hnt_a"


class TestTheFoldersOwnToken:
    @pytest.fixture
    def token(self, cli: Any, tmp_path: Path) -> Path:
        cli("user", "add", "a", stdin="correct horse")
        return tmp_path / "data" / local_token.FILE

    def test_is_made_when_the_server_turns_us_away(self, cli: Any, server: Fake, token: Path) -> None:
        server.will(401, {"error": "who?"})
        server.will(200, vector())
        assert cli("query", "promql", "x", HANNUN_LISTEN=f"127.0.0.1:{server.port}").code == 0
        assert "authorization" not in server.asked[0][2]
        made = token.read_text().strip()
        assert server.asked[1][2]["authorization"] == f"Bearer {made}"
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        store = MetaStore.open(token.parent / "meta.db")
        (row,) = store.tokens.all()
        store.close()
        assert (row.key_hash, row.role.value) == (fingerprint(made), "viewer")

    def test_is_used_again(self, cli: Any, server: Fake, token: Path) -> None:
        token.write_text("hnt_kept\n")
        token.chmod(0o600)
        server.will(200, vector())
        cli("query", "promql", "x", HANNUN_LISTEN=f"127.0.0.1:{server.port}")
        assert server.asked[0][2]["authorization"] == "Bearer hnt_kept"

    def test_is_made_anew_once_when_it_was_revoked(self, cli: Any, server: Fake, token: Path) -> None:
        token.write_text("hnt_dead\n")
        token.chmod(0o600)
        server.will(401, {})
        server.will(401, {})
        result = cli("query", "promql", "x", HANNUN_LISTEN=f"127.0.0.1:{server.port}")
        assert result.code == 1
        assert "does not let us in" in result.err
        assert len(server.asked) == 2

    def test_never_goes_to_another_server(self, cli: Any, server: Fake, token: Path) -> None:
        token.write_text("hnt_kept\n")
        token.chmod(0o600)
        server.will(401, {})
        cli("query", "promql", "x", "--url", server.url)
        assert len(server.asked) == 1
        assert "authorization" not in server.asked[0][2]

    def test_is_not_used_when_others_can_read_it(self, cli: Any, server: Fake, token: Path) -> None:
        token.write_text("hnt_known\n")
        token.chmod(0o644)
        server.will(200, vector())
        result = cli("query", "promql", "x", HANNUN_LISTEN=f"127.0.0.1:{server.port}")
        assert "authorization" not in server.asked[0][2]
        assert "can be read by others" in result.err


def test_projects_are_a_table(cli: Any, server: Fake) -> None:
    server.will(200, [{"id": 1, "name": "default", "dsn": "http://ab@127.0.0.1:8800/1"}])
    result = cli("project", "list", "--url", server.url)
    assert result.out == "no.  name     DSN\n1    default  http://ab@127.0.0.1:8800/1\n"
    assert server.asked[0][0] == "/api/hannun/v1/projects"
