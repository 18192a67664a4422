"""`hannun project …`: where applications send their errors."""

from __future__ import annotations

from hannun.cli.client import Client, server_options
from hannun.cli.command import group
from hannun.cli.terminal import Terminal
from hannun.model.text import Text

project = group("project", Text(en="Projects and their DSNs", ko="프로젝트와 DSN"))


@project.command_of("list", Text(en="List projects", ko="프로젝트 목록을 봅니다"), *server_options())
def list_(terminal: Terminal, url: str | None, token: str | None, **where: str | None) -> None:
    rows = Client.of(terminal, url, token, where).get("/api/hannun/v1/projects")
    terminal.table(
        (Text(en="no.", ko="번호"), Text(en="name", ko="이름"), "DSN"),
        ((str(row["id"]), str(row["name"]), str(row["dsn"])) for row in rows),
    )
