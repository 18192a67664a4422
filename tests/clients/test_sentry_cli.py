"""The real sentry-cli works with nothing but a token of ours: it reads address and organisation from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until

CLI = shutil.which("sentry-cli", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(CLI is None, reason="`make dev` has not installed sentry-cli"),
]
VERSION = "shop@1.2.0"


@dataclass(frozen=True, slots=True)
class Bench:
    """A server, a token for it and a repository of two commits."""

    server: Server
    folder: Path
    token: str
    dsn: str

    def cli(self, *words: str, code: int = 0, **env: str) -> str:
        """What it prints."""
        told = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "SENTRY_AUTH_TOKEN": self.token, **env}
        ended = subprocess.run(
            [str(CLI), *words], cwd=self.folder / "shop", env=told, capture_output=True, text=True, timeout=30
        )
        assert ended.returncode == code, f"{words}: {ended.stdout}\n{ended.stderr}"
        return ended.stdout + ended.stderr

    def get(self, path: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.get(f"{self.server.url}/api/0{path}", headers=headers).raise_for_status()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("sentry-cli")
    data = folder / "data"
    # With a user, so that it is the token that lets in.
    with Server(data, flags=("--no-self",), env={"HANNUN_ADMIN_PASSWORD": "correct horse"}) as server:
        made = [sys.executable, "-m", "hannun", "token", "create", "ci", "--role", "editor", "--sentry"]
        made += ["--url", server.url, "--data-dir", str(data)]
        token = subprocess.run(made, capture_output=True, check=True, text=True, timeout=60).stdout.strip()
        shown = {"authorization": f"Bearer {token}"}
        (project,) = httpx.get(f"{server.url}/api/0/projects/hannun/default/keys/", headers=shown).json()
        shop = folder / "shop"
        shop.mkdir()
        for words in (
            ("init", "-q"),
            ("commit", "-q", "--allow-empty", "-m", "장바구니"),
            ("commit", "-q", "--allow-empty", "-m", "결제"),
        ):
            who = ("-c", "user.name=Kim", "-c", "user.email=kim@example.com")
            subprocess.run(["git", *who, *words], cwd=shop, check=True, timeout=30)
        yield Bench(server, folder, token, project["dsn"]["public"])


def test_it_knows_where_and_who(bench: Bench) -> None:
    info = bench.cli("info", SENTRY_PROJECT="default")
    assert f"Sentry Server: {bench.server.url}" in info
    assert "project:releases" in info
    assert "Valid org token" in bench.cli("login", "--auth-token", bench.token)
    assert "| default |" in bench.cli("projects", "list")
    assert "| hannun |" in bench.cli("organizations", "list")
    assert "No repos found" in bench.cli("repos", "list")


def test_a_release_from_new_to_deployed(bench: Bench) -> None:
    on = {"SENTRY_PROJECT": "default"}
    bench.cli("releases", "new", VERSION, **on)
    bench.cli("releases", "set-commits", VERSION, "--auto", **on)
    bench.cli("releases", "finalize", VERSION, **on)
    bench.cli("deploys", "new", "--release", VERSION, "-e", "production", "-n", "blue", **on)
    assert "| production  | blue |" in bench.cli("deploys", "list", "--release", VERSION, **on)
    assert VERSION in bench.cli("releases", "list", **on)
    assert VERSION in bench.cli("releases", "info", VERSION, **on)

    told = bench.get(f"/organizations/hannun/releases/{VERSION}/").json()
    assert told["dateReleased"] is not None
    assert [one["slug"] for one in told["projects"]] == ["default"]
    assert (told["commitCount"], told["deployCount"]) == (2, 1)
    assert told["authors"] == [{"name": "Kim", "email": "kim@example.com"}]
    commits = bench.get(f"/organizations/hannun/releases/{VERSION}/commits/").json()
    assert [one["message"].strip() for one in commits] == ["결제", "장바구니"]


def test_commits_of_the_local_repository_begin_where_the_release_before_ended(bench: Bench) -> None:
    on = {"SENTRY_PROJECT": "default"}
    bench.cli("releases", "new", "local@1.0.0", **on)
    bench.cli("releases", "set-commits", "local@1.0.0", "--local", **on)
    bench.cli("releases", "set-commits", "local@1.0.0", "--commit", f"shop/web@{'a' * 40}", **on)


def test_releases_are_archived_restored_and_deleted(bench: Bench) -> None:
    bench.cli("releases", "new", "old@1.0.0", SENTRY_PROJECT="default")
    for word, status in (("archive", "archived"), ("restore", "open")):
        bench.cli("releases", word, "old@1.0.0")
        assert bench.get("/organizations/hannun/releases/old@1.0.0/").json()["status"] == status
    bench.cli("releases", "delete", "old@1.0.0")
    assert "old@1.0.0" not in bench.cli("releases", "list", SENTRY_PROJECT="default")


def test_an_event_of_a_release_is_an_issue(bench: Bench) -> None:
    bench.cli("send-event", "-m", "from the command line", "-r", "cli@1.0.0", SENTRY_DSN=bench.dsn)
    until(lambda: bench.get("/organizations/hannun/issues/").json() != [], "the event is an issue")
    for what in ("issues", "events"):
        assert "from the command line" in bench.cli(what, "list", SENTRY_PROJECT="default")
    assert bench.get("/organizations/hannun/releases/cli@1.0.0/").json()["newGroups"] == 1


def test_a_monitored_job_runs(bench: Bench) -> None:
    bench.cli("monitors", "run", "nightly", "--", "true", SENTRY_DSN=bench.dsn)
    bench.cli("monitors", "run", "nightly", "--", "false", code=1, SENTRY_DSN=bench.dsn)
    listed = until(lambda: bench.get("/organizations/hannun/monitors/").json(), "the monitor is known")
    assert [one["slug"] for one in listed] == ["nightly"]
    assert "nightly" in bench.cli("monitors", "list")
    runs = bench.get("/organizations/hannun/monitors/nightly/checkins/").json()
    assert [one["status"] for one in runs] == ["error", "ok"]


def test_a_token_that_is_none_lets_nobody_in(bench: Bench) -> None:
    other = bench.token[:-4] + ("AAAA" if not bench.token.endswith("AAAA") else "BBBB")
    assert "401" in bench.cli("releases", "list", code=1, SENTRY_AUTH_TOKEN=other, SENTRY_PROJECT="default")


def test_what_is_not_there_is_said(bench: Bench) -> None:
    bench.cli("releases", "info", "nothing@1", code=1)
    told = bench.cli("projects", "list", "--org", "others")
    assert "Using organization `hannun` (embedded in token)" in told
