"""Somebody who follows a page to the letter: its `sh` blocks are run, in order, beside a real server.

Only the surroundings are moved: the address, `/var/lib/hannun` and `/backup` are those of the test. `hannun serve` in a
block starts the server anew with these flags; over another data folder it starts a second one. A question is asked.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

from hannun.testing.pages import Block, Page
from hannun.testing.server import Server

PASSWORD = "correct horse battery"  # noqa: S105 - of throw-away servers
USER = "mina"
_TAKES_VALUE = ("--listen", "--data-dir")


class Reader:
    """A context manager; `server` is the page's server, running from the beginning."""

    def __init__(self, folder: Path, flags: Sequence[str] = ()) -> None:
        self.folder = folder
        (folder / "backup").mkdir()
        self.server = Server(folder / "data", flags=flags)
        self.others: list[Server] = []

    def __enter__(self) -> Reader:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self.server, *self.others):
            server.stop()

    @property
    def http(self) -> httpx.Client:
        """A client that shows the user's password, which an open server ignores."""
        return httpx.Client(base_url=self.server.url, auth=(USER, PASSWORD), timeout=30)

    def follow(self, page: Page) -> None:
        for block in page.blocks:
            match block.kind:
                case "sh" if block.note != "no-run":
                    self.run(block)
                case "console":
                    self.serve_as_told(block)
                case "promql":
                    self.ask(block.text.strip())

    def here(self, text: str) -> str:
        """The page's words with the test's surroundings."""
        for there, here in (
            (r"(192\.168\.0\.10|127\.0\.0\.1):8800", f"127.0.0.1:{self.server.port}"),
            (r"192\.168\.0\.0/24", "127.0.0.0/8"),
            (r"/var/lib/hannun", str(self.server.data_dir)),
            (r"/backup", str(self.folder / "backup")),
            (r"/etc/(prometheus|vmagent)/", f"{self.folder}/"),
            (r"hannun\.token", "web-2.token"),
        ):
            text = re.sub(there, here, text)
        return text

    def run(self, block: Block) -> None:
        """Line by line, each with the password on its stdin, as a person at a prompt would give it."""
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(self.here(line))
            command = next((word for word in words if "=" not in word), "")
            if command == "hannun" and "serve" in words:
                self.serve(words)
            else:
                self.sh(self.here(line))

    def sh(self, line: str) -> str:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HANNUN_")}
        env = {
            **kept,
            "PATH": path,
            "HANNUN_LANG": "en",
            "HANNUN_LISTEN": f"127.0.0.1:{self.server.port}",
            "HANNUN_DATA_DIR": str(self.server.data_dir),
        }
        done = subprocess.run(
            ["sh", "-euc", line], cwd=self.folder, env=env, input=f"{PASSWORD}\n", capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, words: list[str]) -> None:
        serve_at = words.index("serve")
        env = dict(word.partition("=")[::2] for word in words[:serve_at] if "=" in word)
        flags, data_dir = _flags(words[serve_at + 1 :])
        if data_dir is not None and Path(data_dir) != self.server.data_dir:
            self.others.append(Server(Path(data_dir), flags=flags, env=env).start())
            return
        assert self.server.stop() == 0
        self.server.flags, self.server.env = (*self.server.flags, *flags), env
        self.server.start()

    def serve_as_told(self, block: Block) -> None:
        for command in re.findall(r"^sudo systemctl (start|stop|restart) hannun$", block.text, re.MULTILINE):
            if command != "start":
                assert self.server.stop() == 0
            if command != "stop":
                self.server.start()

    def ask(self, question: str) -> list[dict[str, object]]:
        with self.http as client:
            answer = client.post("/api/v1/query", data={"query": question})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, object]] = answer.json()["data"]["result"]
        return found


def _flags(words: list[str]) -> tuple[list[str], str | None]:
    """Flags without where to listen and where to keep data, which are the test's own; the data folder if named."""
    flags: list[str] = []
    data_dir = None
    rest = iter(words)
    for word in rest:
        if word not in _TAKES_VALUE:
            flags.append(word)
            continue
        value = next(rest)
        if word == "--data-dir":
            data_dir = value
    return flags, data_dir
