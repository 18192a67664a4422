"""What a server says when it is ready: where to look, where data lies, where to send, what it watches already."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from hannun.cli.terminal import cells, one_line, pad
from hannun.model.text import Lang, Text

Entry = Literal["login", "local", "open"]
"""login: users or tokens decide; local: this machine alone, without users; open: anybody (--insecure-open)."""


@dataclass(frozen=True, slots=True)
class Started:
    """`host` None: this machine is not watched. `ready_s` from the start of the process to the first answer."""

    version: str
    url: str
    data_dir: Path
    dsn: str | None
    host: str | None
    entry: Entry
    ready_s: float
    config_file: Path | None = None
    warnings: int = 0


def banner(started: Started, lang: Lang, *, colour: bool = False) -> list[str]:
    """Plain lines, no longer than their content; with `colour`, the address stands out and nothing else does."""
    bold, dim, plain = ("\x1b[1;36m", "\x1b[2m", "\x1b[0m") if colour else ("", "", "")
    rows = [(_DATA, str(started.data_dir))]
    if started.config_file is not None:
        said = _WARNINGS.say(lang, count=started.warnings) if started.warnings else ""
        rows.append((_CONFIG, f"{started.config_file}{said}"))
    if started.dsn is not None:
        rows.append((_DSN, started.dsn))
    rows.append((_WATCHES, _NOTHING.say(lang) if started.host is None else _HOST.say(lang, host=started.host)))
    rows.append((_ENTRY, _ENTRIES[started.entry].say(lang)))
    rows.append((_READY, _SECONDS.say(lang, seconds=f"{started.ready_s:.1f}")))
    width = max(cells(name.say(lang)) for name, _ in rows)
    head = f"{_NAME.say(lang)} {started.version}  {bold}{one_line(started.url)}{plain}"
    return [
        "",
        head,
        "",
        *(f"  {dim}{pad(name.say(lang), width)}{plain}  {one_line(words)}" for name, words in rows),
        "",
    ]


def show(started: Started, lang: Lang, stream: TextIO, env: Mapping[str, str] | None = None) -> None:
    """Print the banner, coloured on a terminal that wants colour (https://no-color.org)."""
    known = os.environ if env is None else env
    colour = stream.isatty() and not known.get("NO_COLOR") and known.get("TERM") != "dumb"
    print("\n".join(banner(started, lang, colour=colour)), file=stream, flush=True)


_NAME = Text(en="Hannun", ko="한눈")
_DATA = Text(en="data", ko="데이터")
_CONFIG = Text(en="settings", ko="설정")
_DSN = Text(en="DSN", ko="DSN")
_WATCHES = Text(en="watching", ko="지켜봄")
_ENTRY = Text(en="access", ko="접속")
_READY = Text(en="ready", ko="준비")
_WARNINGS = Text(en=" (warnings: {count})", ko=" (주의 {count}건)")
_HOST = Text(
    en="this machine ({host}): CPU, memory, disks, network, processes, every 15 s",
    ko="이 컴퓨터({host})의 CPU, 메모리, 디스크, 네트워크, 프로세스를 15초마다",
)
_NOTHING = Text(en="nothing on this machine (--no-self)", ko="이 컴퓨터는 지켜보지 않음 (--no-self)")
_SECONDS = Text(en="in {seconds} s", ko="{seconds}초 만에")
_ENTRIES: dict[Entry, Text] = {
    "login": Text(en="by login or token", ko="로그인 또는 토큰"),
    "local": Text(
        en="this machine only, without login; `hannun user add NAME` makes the first user",
        ko="이 컴퓨터에서만, 로그인 없이. 첫 사용자는 `hannun user add 이름`으로 만듭니다",
    ),
    "open": Text(
        en="everybody who reaches this address, without login (--insecure-open)",
        ko="이 주소에 접근할 수 있는 누구나, 로그인 없이 (--insecure-open)",
    ),
}
