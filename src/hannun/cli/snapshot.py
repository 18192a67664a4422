"""`hannun snapshot …`: copies of a running server's data. Making one asks the server; the others look at the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hannun.cli.client import Client, server_options
from hannun.cli.command import Argument, group
from hannun.cli.terminal import CommandError, Terminal
from hannun.cli.where import data_options, settings_of
from hannun.model.text import Text

if TYPE_CHECKING:
    import httpx

MADE_WITHIN_S = 600.0
PATH = "/api/v1/admin/tsdb/snapshot"

snapshot = group(
    "snapshot",
    Text(
        en="Snapshots: copies of a running server's data\n"
        "Each is a data folder of one moment. Copy it elsewhere; `hannun serve --data-dir COPY` opens it.",
        ko="스냅샷: 돌고 있는 서버의 데이터 사본\n"
        "한 순간의 데이터 폴더입니다. 다른 곳에 복사해 두고 `hannun serve --data-dir 사본`으로 엽니다.",
    ),
)


@snapshot.command_of(
    "create",
    Text(
        en="Make a snapshot and print its name\n"
        "The server must run with --enable-admin-api; a token needs the role admin.",
        ko="스냅샷을 만들고 이름을 보여줍니다\n"
        "서버가 --enable-admin-api로 돌고 있어야 하고, 토큰에는 admin 역할이 필요합니다.",
    ),
    *server_options(),
)
def create(terminal: Terminal, url: str | None, token: str | None, **where: str | None) -> None:
    import httpx

    client = Client.of(terminal, url, token, where)
    try:
        with client.connection(MADE_WITHIN_S) as http:
            answer = http.post(PATH)
    except (httpx.HTTPError, httpx.InvalidURL) as err:
        raise CommandError(_NO_ANSWER.with_(url=client.url, why=str(err) or type(err).__name__)) from None
    # Alone on stdout, so that `NAME=$(hannun snapshot create)` holds it and nothing else.
    terminal.say(_name(answer, client.url))


@snapshot.command_of("list", Text(en="List snapshots", ko="스냅샷 목록을 봅니다"), *data_options())
def list_(terminal: Terminal, **where: str | None) -> None:
    from hannun.cli.when import said
    from hannun.store.disk import size
    from hannun.store.snapshot import kept

    settings = settings_of(terminal, **where)
    found = kept(settings.data_dir.absolute())
    if not found:
        terminal.say(_NONE.with_(path=settings.data_dir))
        return
    terminal.table(
        (_HEAD_NAME, _HEAD_MADE, _HEAD_SIZE, _HEAD_FREED, _HEAD_PATH),
        (
            (
                one.name,
                said(one.made_ms or None, settings.timezone),
                size(one.bytes),
                size(one.freed_bytes),
                str(one.path),
            )
            for one in found
        ),
    )


@snapshot.command_of(
    "remove",
    Text(en="Remove a snapshot", ko="스냅샷을 지웁니다"),
    Argument("name", text=Text(en="Its name", ko="스냅샷 이름"), metavar="NAME"),
    *data_options(),
)
def remove_(terminal: Terminal, name: str, **where: str | None) -> None:
    from hannun.store.snapshot import remove

    remove(settings_of(terminal, **where).data_dir.absolute(), name)
    terminal.say(_REMOVED, name=name)


def _name(answer: httpx.Response, url: str) -> str:
    try:
        said: Any = answer.json()
    except (ValueError, RecursionError):
        said = None
    said = said if isinstance(said, dict) else {}
    data = said.get("data")
    if answer.status_code == 200 and isinstance(data, dict) and isinstance(data.get("name"), str):
        return str(data["name"])
    if answer.status_code in (401, 403):
        raise CommandError(_NOT_ALLOWED.with_(url=url), _SHOW_TOKEN)
    words = said.get("error")
    if words == "admin APIs disabled":
        raise CommandError(_DISABLED.with_(url=url))
    if isinstance(words, str):
        raise CommandError(words)
    raise CommandError(_NOT_HANNUN.with_(url=f"{url}{PATH}", status=answer.status_code))


_HEAD_NAME = Text(en="name", ko="이름")
_HEAD_MADE = Text(en="made", ko="만든 때")
_HEAD_SIZE = Text(en="size", ko="크기")
_HEAD_FREED = Text(en="freed by removal", ko="지우면 생기는 공간")
_HEAD_PATH = Text(en="folder", ko="폴더")
_NONE = Text(
    en="no snapshots in {path}; `hannun snapshot create` makes one",
    ko="{path}: 스냅샷이 없습니다. `hannun snapshot create`로 만듭니다",
)
_REMOVED = Text(en="{name} is removed", ko="{name}: 지웠습니다")
_NO_ANSWER = Text(en="{url} made no snapshot ({why})", ko="{url}: 스냅샷을 만들지 못했습니다 ({why})")
_NOT_ALLOWED = Text(en="{url} does not let us make snapshots", ko="{url}: 스냅샷을 만들 권한이 없습니다")
_SHOW_TOKEN = Text(
    en="Show a token with --token or HANNUN_TOKEN; `hannun token create NAME --role admin` makes one",
    ko="--token이나 HANNUN_TOKEN으로 토큰을 주세요. `hannun token create 이름 --role admin`으로 만듭니다",
)
_DISABLED = Text(
    en="{url} runs without the admin API; start it with --enable-admin-api",
    ko="{url}: 관리 API가 꺼져 있습니다. --enable-admin-api로 서버를 시작해 주세요",
)
_NOT_HANNUN = Text(
    en="{url} answered {status}, and not as Hannun does", ko="{url}: 한눈의 응답이 아닙니다 (상태 {status})"
)
