"""Each page is followed to the letter, by a reader with a real server, and then says the truth."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import cramjam
import httpx
import pytest
import yaml

from hannun.model.labels import Labels
from hannun.testing.pages import Page, page
from hannun.testing.reader import PASSWORD, USER, Reader
from hannun.testing.server import free_port
from hannun.testing.traffic import HEADERS, body_of

TUTORIAL = page("en", "tutorial/first-hour.md")
REMOTE_WRITE = page("en", "guide/remote-write.md")
DAY_MS = 86_400_000

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no prometheus here (Debian: apt install prometheus)"
)
needs_vmagent = pytest.mark.skipif(
    shutil.which("vmagent") is None, reason="no vmagent here (Debian: apt install victoriametrics)"
)


def sample(name: str, at_ms: int | None = None) -> bytes:
    return body_of([Labels.of(__name__=name)], int(time.time() * 1000) if at_ms is None else at_ms, [1.0])


def push(client: httpx.Client, body: bytes, **headers: str) -> httpx.Response:
    return client.post("/api/v1/write", content=body, headers={**HEADERS, **headers})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def push_with_prometheus(reader: Reader, config: str, running: Callable, port: int) -> None:
    """A real Prometheus with the page's configuration, until what it scraped has arrived."""
    file = reader.folder / "prometheus.yml"
    file.write_text(config, encoding="utf-8")
    subprocess.run(["promtool", "check", "config", str(file)], check=True, capture_output=True)
    command = [
        "prometheus",
        f"--config.file={file}",
        f"--storage.tsdb.path={reader.folder}/prometheus",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(command, reader.folder / "prometheus.log") as wait:
        wait(lambda: bool(reader.ask(f'up{{instance="127.0.0.1:{port}"}} == 1')))


def scraping(page: Page, reader: Reader, port: int) -> str:
    """The page's Prometheus block; where it scrapes nothing, as a fragment, Prometheus itself. Hurried for a test."""
    block = page.block("yaml", "credentials_file")
    config = yaml.safe_load(reader.here(block.text).replace("web-2:9100", f"127.0.0.1:{port}"))
    config.setdefault("scrape_configs", [{"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}])
    config["global"] = {**config.get("global", {}), "scrape_interval": "1s"}
    config["remote_write"][0]["queue_config"] = {"batch_send_deadline": "500ms"}
    return yaml.safe_dump(config)


@needs_prometheus
def test_the_first_hour(tmp_path: Path, running: Callable) -> None:
    port = free_port()
    with Reader(tmp_path) as reader:
        with httpx.Client(base_url=reader.server.url) as nobody:
            assert nobody.get("/api/v1/query?query=up").status_code == 200, "open until there is a user"
        reader.follow(TUTORIAL)
        with httpx.Client(base_url=reader.server.url) as nobody:
            assert nobody.get("/api/v1/query?query=up").status_code == 401
        push_with_prometheus(reader, scraping(TUTORIAL, reader, port), running, port)
        assert {row["metric"]["job"] for row in reader.ask("up")} == {"node", "cadvisor", "hannun"}


def test_the_pages_for_an_open_server(tmp_path: Path) -> None:
    with Reader(tmp_path) as reader:
        reader.follow(page("en", "guide/troubleshooting.md"))
        reader.follow(page("en", "concept/promql.md"))
        with reader.http as client:
            assert client.get("/api/v1/query", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A server with a user, and the guides on sending and on Grafana followed."""
    with Reader(tmp_path_factory.mktemp("sending"), flags=["--no-self"]) as reader:
        reader.sh(f"hannun user add {USER}")
        reader.follow(REMOTE_WRITE)
        reader.follow(page("en", "guide/grafana.md"))
        yield reader


def test_a_network_may_push_and_nothing_else(sending: Reader) -> None:
    with httpx.Client(base_url=sending.server.url) as nobody:
        assert push(nobody, sample("from_the_network")).status_code == 204
        assert nobody.get("/api/v1/query?query=up").status_code == 401


@needs_prometheus
def test_prometheus_as_the_guide_sets_it(sending: Reader, running: Callable) -> None:
    port = free_port()
    push_with_prometheus(sending, scraping(REMOTE_WRITE, sending, port), running, port)


@needs_vmagent
def test_vmagent_as_the_guide_calls_it(sending: Reader, running: Callable) -> None:
    port = free_port()
    scrape = {"job_name": "vmagent", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
    (sending.folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = shlex.split(sending.here(REMOTE_WRITE.block("sh", "vmagent").text.replace("\\\n", " ")))
    own = [f"-httpListenAddr=127.0.0.1:{port}", f"-remoteWrite.tmpDataPath={sending.folder}/vmagent"]
    with running([*command, *own], sending.folder / "vmagent.log") as wait:
        wait(lambda: bool(sending.ask('up{job="vmagent"} == 1')))


def test_the_collector_block_uses_what_it_declares() -> None:
    """There is no collector to run here, so its block is held against itself."""
    config = yaml.safe_load(REMOTE_WRITE.block("yaml", "otelcol").text)
    assert config["service"]["extensions"] == [*config["extensions"]]
    for pipeline in config["service"]["pipelines"].values():
        for part, names in pipeline.items():
            assert set(names) <= config[part].keys()
    (exporter,) = config["exporters"].values()
    assert exporter["auth"]["authenticator"] in config["extensions"]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_answers_are_those_of_the_table(sending: Reader, lang: str) -> None:
    """503 and 507 need a slow sender or a full queue, and a full disk: tests of the receiver and below hold them."""
    listed = re.findall(r"^\| (\d{3}) \|", page(lang, "guide/remote-write.md").prose, re.MULTILINE)
    token = (sending.folder / "web-2.token").read_text().strip()
    now_ms = int(time.time() * 1000)
    bomb = bytes(cramjam.snappy.compress_raw(bytes(65 << 20)))
    allowed = bearer(token)
    with httpx.Client(base_url=sending.server.url, timeout=30) as client:
        seen = {
            push(client, sample("fine"), **allowed).status_code,
            push(client, b"rubbish", **allowed).status_code,
            push(client, sample("old", now_ms - 31 * DAY_MS), **allowed).status_code,
            push(client, sample("ahead", now_ms + 2 * DAY_MS), **allowed).status_code,
            push(client, bomb, **allowed).status_code,
            push(client, sample("text"), **{**allowed, "Content-Type": "text/plain"}).status_code,
            push(client, sample("other_site"), Origin="https://elsewhere.example").status_code,
            client.post("/api/v1/push", headers=allowed).status_code,
        }
    assert {204, 400, 403, 404, 413, 415} == seen
    assert {int(code) for code in listed} == seen | {401, 503, 507}


def test_grafana_reads_with_the_file_of_the_guide(sending: Reader) -> None:
    guide = page("en", "guide/grafana.md")
    token = (sending.folder / "grafana.token").read_text().strip()
    (source,) = yaml.safe_load(guide.block("yaml").text.replace("hnt_…", token))["datasources"]
    header = {source["jsonData"]["httpHeaderName1"]: source["secureJsonData"]["httpHeaderValue1"]}
    with httpx.Client(base_url=sending.server.url) as client:
        # What Grafana's health check and its query editor ask.
        assert client.post("/api/v1/query", data={"query": "1+1"}, headers=header).json()["status"] == "success"
        assert client.get("/api/v1/status/buildinfo", headers=header).json()["status"] == "success"
        assert client.get("/api/v1/labels", headers=header).json()["status"] == "success"
        assert client.get("/api/v1/query?query=1", auth=("grafana", token)).status_code == 200
        assert client.get("/api/v1/query?query=1").status_code == 401


def test_accounts(tmp_path: Path) -> None:
    with Reader(tmp_path, flags=["--no-self"]) as reader:
        reader.sh("hannun token create early > early.token")
        with httpx.Client(base_url=reader.server.url) as nobody:
            assert nobody.get("/api/v1/query?query=1").status_code == 200, "a token alone closes nothing on loopback"
        reader.follow(page("en", "guide/accounts.md"))
        early = (tmp_path / "early.token").read_text().strip()
        revoked = (tmp_path / "ci.token").read_text().strip()
        with httpx.Client(base_url=reader.server.url) as client:
            assert client.get("/api/v1/query?query=1").status_code == 401
            assert client.get("/api/v1/query?query=1", headers=bearer(early)).status_code == 403
            assert push(client, sample("early"), **bearer(early)).status_code == 204
            assert client.get("/api/v1/query?query=1", headers=bearer(revoked)).status_code == 401
            assert push(client, sample("by_nobody")).status_code == 401
            assert client.get("/api/v1/query?query=1", auth=("admin", PASSWORD)).status_code == 401, "users were there"
            assert client.get("/api/v1/query?query=1", auth=("jun", PASSWORD)).status_code == 200
            assert (
                push(client, sample("x"), **bearer((tmp_path / "report.token").read_text().strip())).status_code == 403
            )


def test_retention_and_disk(tmp_path: Path) -> None:
    with Reader(tmp_path, flags=["--no-self"]) as reader:
        with reader.http as client:
            push(client, sample("kept")).raise_for_status()
        reader.follow(page("en", "guide/retention-and-disk.md"))
        assert reader.ask("kept")
        (copy,) = reader.others
        found = httpx.get(f"{copy.url}/api/v1/query", params={"query": "kept"}).json()
        assert found["data"]["result"]
        listed = re.findall(r"`([\w.-]+)/?`", page("en", "guide/retention-and-disk.md").prose)
        assert {path.name for path in reader.server.data_dir.iterdir()} <= set(listed) | {"retention-clock.new"}
        reader.serve(["hannun", "serve", "--disk-reserve", "100%"])
        with reader.http as client:
            refused = push(client, sample("late"))
            assert refused.status_code == 507
            assert "Free space, or lower --retention or --disk-reserve" in refused.text
            assert client.get("/api/v1/query?query=kept").status_code == 200
