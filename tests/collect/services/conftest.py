"""Real servers on free ports and in folders of their own, started once per run, ended by their pid.

Those that refuse to run as root run as their own user. A server that is not installed skips its tests with the reason.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any

import pytest

from hannun.collect.services import ServiceCollector
from hannun.config.services import parse_url

PASSWORD = "s3cret/@:%"
"""With the characters that URLs trip over."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def installed(*names: str) -> str:
    """The path of the first of these programs that is there; skips the test otherwise."""
    for name in names:
        found = shutil.which(name) or next(iter(sorted(glob(name), reverse=True)), None)
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed on this machine")


def user_of(name: str) -> str | None:
    """The user to run as when we are root and the server refuses that; None: as we are."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        pytest.skip(f"there is no user {name} to run the server as")


@dataclass
class Server:
    """A started server: where it listens, and how to stop and start it again."""

    command: Sequence[str]
    port: int
    folder: Path
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 30.0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                user=self.user,
                env={**os.environ, **self.env},
                start_new_session=True,
            )
        give_up_s = time.monotonic() + self.start_s
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None, f"did not start: {(self.folder / 'log').read_text()[-2000:]}"
            assert time.monotonic() < give_up_s, "did not listen in time"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.process = None


@contextlib.contextmanager
def folder_for(user: str | None) -> Iterator[Path]:
    """A folder of `user`'s own, outside pytest's, which other users may not enter. Its path is short, for sockets."""
    with tempfile.TemporaryDirectory(prefix="hannun-", ignore_cleanup_errors=True) as name:
        if user is not None:
            os.chown(name, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        yield Path(name)


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Asked:
    """A collector under test; `read` makes a reading and keeps what stood in it."""

    def __init__(self, collector: ServiceCollector) -> None:
        self.collector = collector
        self.types: dict[str, str] = {}

    def read(self) -> dict[str, float]:
        """{`name{label="value", …}`: value}; a series told twice is a mistake."""
        families = self.collector.gather()
        self.types = {family.name: family.type for family in families}
        rows: dict[str, float] = {}
        for family in families:
            assert family.help
            for name, labels, value in family.samples:
                shown = ", ".join(f'{label}="{words}"' for label, words in labels)
                key = f"{name}{{{shown}}}" if labels else name
                assert key not in rows, f"{key} is told twice"
                rows[key] = value
        return rows

    @property
    def errors(self) -> dict[str, str]:
        """What did not go well in the last reading, by the name of the part; "" is the service itself."""
        rows = self.collector.status()
        return {row.name.partition(": ")[2]: row.error for row in rows if not row.ok}

    @property
    def absent(self) -> set[str]:
        return {row.name.partition(": ")[2] for row in self.collector.status() if row.absent}


@pytest.fixture
def ask() -> Iterator[Callable[..., Asked]]:
    """`ask("redis://…")`: `${PASSWORD}` is filled in; the connection is closed after the test, every reading is due."""
    made: list[Asked] = []

    def make(url: str, kind: str = "", **options: Any) -> Asked:
        parsed = parse_url(url, {"PASSWORD": PASSWORD}, kind=kind)
        made.append(Asked(ServiceCollector("svc", parsed, **{"interval_s": 1.0, **options})))
        return made[-1]

    yield make
    for asked in made:
        asked.collector.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """With pg_stat_statements, user `postgres` and PASSWORD; sockets in its folder."""
    programs = Path(installed("/usr/lib/postgresql/*/bin/postgres", "postgres")).resolve().parent
    user = user_of("postgres")
    with folder_for(user) as folder:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "scram-sha-256"]
        options = ["--pwfile", str(secret), "--no-sync", "--no-locale", "-E", "UTF8"]
        subprocess.run([*initdb, *options], check=True, capture_output=True, user=user, cwd=folder)
        port = free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "max_connections": 23,
            "shared_buffers": "16MB",
            "shared_preload_libraries": "pg_stat_statements",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(programs / "postgres"), "-D", str(folder / "data"), *options]
        with running(Server(command, port, folder, user)) as server:
            yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """User `root` without a password, from this machine only."""
    daemon, install = installed("mariadbd", "mysqld"), installed("mariadb-install-db")
    user = user_of("mysql")
    with folder_for(user) as folder:
        shared = ["--no-defaults", f"--datadir={folder}/data"]
        options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
        subprocess.run([install, *shared, *options], check=True, capture_output=True, user=user, cwd=folder)
        port = free_port()
        options = [
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder}/my.sock",
            f"--pid-file={folder}/pid",
            "--innodb-buffer-pool-size=16M",
            "--innodb-flush-log-at-trx-commit=0",
            "--max-connections=42",
            "--skip-name-resolve",
        ]
        with running(Server([daemon, *shared, *options], port, folder, user)) as server:
            yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    program = installed("redis-server", "valkey-server")
    with folder_for(None) as folder:
        port = free_port()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--databases", "20"]
        options += ["--requirepass", PASSWORD, "--maxmemory", "64mb", "--unixsocket", str(folder / "redis.sock")]
        with running(Server([program, *options], port, folder)) as server:
            yield server


@pytest.fixture(scope="session")
def memcached() -> Iterator[Server]:
    program = installed("memcached")
    with folder_for(None) as folder:
        port = free_port()
        as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16", "-c", "77", "-t", "1", *as_user]
        with running(Server(command, port, folder)) as server:
            yield server


NGINX = """
worker_processes 1;
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /stub_status {{ stub_status; }}
    location /denied {{ deny all; }}
    location / {{ return 200 "<html>welcome</html>"; }}
  }}
}}
"""


@pytest.fixture(scope="session")
def nginx() -> Iterator[Server]:
    program = installed("nginx", "/usr/sbin/nginx")
    with folder_for(None) as folder:
        port = free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        with running(Server([program, "-c", f"{folder}/nginx.conf", "-p", str(folder)], port, folder)) as server:
            yield server


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Server]:
    """With the management plugin; `port` is its API's, and `env["BROKER_PORT"]` the broker's."""
    program = installed("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server", "rabbitmq-server")
    user = user_of("rabbitmq")
    with folder_for(user) as folder:
        port, broker, distribution, names = (free_port() for _ in range(4))
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{broker}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\n"
        )
        env = {
            "HOME": str(folder),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_NODENAME": f"hannun{broker}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "BROKER_PORT": str(broker),
        }
        # The broker would leave its name server running; ours ends with the test.
        with (
            running(Server([installed("epmd"), "-port", str(names)], names, folder, user, env)),
            running(Server([program], port, folder, user, env, start_s=90.0)) as server,
        ):
            yield server
