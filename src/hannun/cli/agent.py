"""`hannun agent`: tails this machine's logs and sends them to a server, as Promtail does, with a buffer on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hannun.cli.command import Option, command
from hannun.cli.terminal import Terminal, UsageError
from hannun.model.text import Text

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from hannun.config.values import Address
    from hannun.tailing import AgentTailing

FOLDER = "hannun-agent"
LISTEN = "127.0.0.1:9080"
SPOOL = "1GiB"

_NOWHERE = Text(
    en="nobody to send to: give --server URL, or a --config whose `clients` say where",
    ko="보낼 곳이 없습니다. --server URL을 주거나, `clients`가 있는 설정을 --config로 주세요",
)
_NO_URL = Text(
    en='--server: "{words}" is no address; write http://HOST:8800',
    ko='--server: "{words}" 대신 http://HOST:8800처럼 적어 주세요',
)
_BAD = Text(en="{option}: {words}", ko="{option}: {words}")
_WARNING = Text(en="warning: {words}", ko="주의: {words}")
_STARTED = Text(
    en="sending to {to}; what waits lies in {folder}; http://{listen}/targets shows what is read",
    ko="{to}(으)로 보냅니다. 대기 중인 로그: {folder}, 읽는 대상: http://{listen}/targets",
)
_TAKEN = Text(
    en="{listen} cannot be listened on ({why}); everything else goes on",
    ko="{listen}: 열 수 없는 주소입니다({why}). 로그 수집은 계속합니다",
)


@command(
    "agent",
    Text(
        en="Send this machine's logs to a server\n"
        "Takes Promtail's configuration file; without one it tails /var/log, the journal, Docker and PM2.",
        ko="이 컴퓨터의 로그를 서버로 보냅니다\n"
        "Promtail 설정 파일을 그대로 씁니다. 없으면 /var/log, 저널, Docker, PM2의 로그를 보냅니다.",
    ),
    Option(
        "--server",
        metavar="URL",
        text=Text(
            en="The server to send to, instead of the configuration's clients; also HANNUN_URL",
            ko="보낼 서버. 설정의 clients보다 우선합니다. HANNUN_URL로도 줄 수 있습니다",
        ),
    ),
    Option("--config", metavar="FILE", text=Text(en="Promtail's configuration file", ko="Promtail 설정 파일")),
    Option(
        "--positions",
        metavar="FILE",
        text=Text(
            en="Promtail's positions file to go on from, kept in step",
            ko="이어서 읽을 Promtail의 positions 파일. 계속 갱신합니다",
        ),
        default_said=Text(en="as the configuration says", ko="설정에 적힌 대로"),
    ),
    Option(
        "--token",
        metavar="TOKEN",
        text=Text(
            en="Token to show to --server; HANNUN_TOKEN keeps it out of `ps`",
            ko="--server에 보여줄 토큰. HANNUN_TOKEN으로 주면 `ps`에 보이지 않습니다",
        ),
    ),
    Option(
        "--listen",
        metavar="HOST:PORT",
        text=Text(
            en="Where /ready, /targets and /metrics answer; `off` for nowhere",
            ko="/ready, /targets, /metrics를 열 주소. `off`면 열지 않습니다",
        ),
        default_said=LISTEN,
    ),
    Option(
        "--data-dir",
        metavar="DIR",
        text=Text(en="Where positions and waiting lines are kept", ko="위치 정보와 보내지 못한 로그를 둘 폴더"),
        default_said=FOLDER,
    ),
    Option(
        "--spool-size",
        metavar="SIZE",
        text=Text(
            en="How much may wait on the disk while the server is away",
            ko="서버가 받지 못하는 동안 디스크에 쌓아 둘 최대 크기",
        ),
        default_said=SPOOL,
    ),
)
def agent(
    terminal: Terminal,
    server: str | None,
    config: str | None,
    positions: str | None,
    token: str | None,
    listen: str | None,
    data_dir: str | None,
    spool_size: str | None,
) -> None:
    import asyncio

    from hannun.config import values
    from hannun.observe import log
    from hannun.store.data_dir import DataDir
    from hannun.tailing import AgentOptions, AgentTailing

    log.configure(terminal.flags.get("log_level", "info"), "text")
    server = server or (terminal.env.get("HANNUN_URL") if config is None else None)
    if server is not None and not server.startswith(("http://", "https://")):
        raise UsageError(_NO_URL.with_(words=server[:100]))
    if server is None and config is None:
        raise UsageError(_NOWHERE)
    here = Path()
    try:
        size = values.size(spool_size or SPOOL, here)
        address = None if listen == "off" else values.address(listen or LISTEN, here)
    except values.BadValue as err:
        option = "--spool-size" if spool_size is not None and listen is None else "--listen"
        raise UsageError(Text(en=f"{option}: {err.text.en}", ko=f"{option}: {err.text.ko}")) from None
    folder = DataDir.open(data_dir or FOLDER)
    try:
        tailing = AgentTailing(
            AgentOptions(
                server=server or "",
                config=None if config is None else Path(config),
                positions=None if positions is None else Path(positions),
                token=token or terminal.env.get("HANNUN_TOKEN") or "",
                folder=folder.path,
                spool_bytes_max=size,
            )
        )
        for complaint in tailing.complaints:
            terminal.warn(_WARNING.say(terminal.lang, words=complaint.say(terminal.lang)))
        if not tailing.clients:
            raise UsageError(_NOWHERE)
        if address is not None:
            to = ", ".join(client.name or client.url.split("@")[-1] for client in tailing.clients)
            terminal.warn(_STARTED.with_(to=to, folder=folder.path, listen=f"{address.host}:{address.port}"))
        asyncio.run(_serve(terminal, tailing, address))
    finally:
        folder.close()


async def _serve(terminal: Terminal, tailing: AgentTailing, address: Address | None) -> None:
    """Until SIGTERM or SIGINT; then what was read is sent, or kept for the next start."""
    import asyncio
    import signal
    from contextlib import AsyncExitStack

    leave = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave.set)
    async with AsyncExitStack() as standing:
        standing.push_async_callback(tailing.stop)
        await tailing.start()
        if address is not None:
            await _pages(terminal, tailing, address, standing)
        await leave.wait()


async def _pages(terminal: Terminal, tailing: AgentTailing, address: Address, standing: AsyncExitStack) -> None:
    """A port that is taken (by the Promtail that is being replaced) costs the pages and nothing else."""
    import asyncio
    import socket
    from contextlib import suppress

    import uvicorn

    from hannun.tailing import agent_app

    listener = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as err:
        terminal.warn(_TAKEN.with_(listen=f"{address.host}:{address.port}", why=err.strerror or err))
        listener.close()
        return
    config = uvicorn.Config(
        agent_app(tailing), lifespan="off", log_config=None, access_log=False, server_header=False, ws="none"
    )
    server = uvicorn.Server(config)
    # Without `serve`, which takes the signals that are ours.
    serving = asyncio.create_task(server._serve([listener]), name="agent pages")

    async def end() -> None:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await serving

    standing.push_async_callback(end)
