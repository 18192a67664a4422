"""The reference pages of settings and commands, written from the tables that the program itself reads.

    python -m hannun.cli.reference docs      rewrites docs/{en,ko}/reference/{settings,cli}.md

A test compares the files with what this makes, so the documentation cannot fall behind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hannun.cli.command import Group
from hannun.cli.run import DOOR
from hannun.cli.terminal import Terminal
from hannun.config.setting import Setting
from hannun.config.table import SETTINGS
from hannun.model.text import LANGS, Lang, Text

WIDTH = 80

EXAMPLE = """\
data_dir: /var/lib/hannun
listen: 0.0.0.0:8800
external_url: https://watch.example.com/hannun
trusted_proxies: [127.0.0.1, 10.0.0.0/8]
ingest_allow:
  - 10.0.0.0/8
  - fd00::/8
retention:
  metrics: 90d
  logs: 14d
retention_size: 200GB
memory: 2GiB
timezone: Asia/Seoul
lang: ko
"""


def pages(lang: Lang) -> dict[str, str]:
    """File name -> Markdown."""
    return {"settings.md": settings_page(lang), "cli.md": cli_page(lang)}


def settings_page(lang: Lang) -> str:
    lines = [
        f"# {_SETTINGS.say(lang)}",
        "",
        _GENERATED.say(lang),
        "",
        *_INTRODUCTION.say(lang).split("\n"),
        "",
        f"| hannun.yml | {_FLAG.say(lang)} | {_VARIABLE.say(lang)} | {_DEFAULT.say(lang)} | {_MEANING.say(lang)} |",
        "|---|---|---|---|---|",
        *(_row(each, lang) for each in SETTINGS.values()),
        "",
        f"## {_FORMS.say(lang)}",
        "",
        *_FORM_LINES.say(lang).split("\n"),
        "",
        f"## {_EXAMPLE.say(lang)}",
        "",
        "```yaml",
        *EXAMPLE.splitlines(),
        "```",
    ]
    return "\n".join(lines) + "\n"


def cli_page(lang: Lang) -> str:
    terminal = Terminal(lang, {}, width_fixed=WIDTH)
    lines = [f"# {_COMMANDS.say(lang)}", "", _GENERATED.say(lang), "", *_EXITS.say(lang).split("\n")]
    for path, text in _help_pages(terminal):
        lines += ["", f"{'#' * min(3, 1 + len(path.split()))} `{path}`", "", "```text", *text.splitlines(), "```"]
    return "\n".join(lines) + "\n"


def _row(each: Setting[Any], lang: Lang) -> str:
    flag = f"`{each.flag}{f' {each.metavar}' if each.metavar else ''}`" if each.flag else "–"
    key = f"`{each.yaml[0]}: {{{each.yaml[1]}: …}}`" if each.yaml and len(each.yaml) > 1 else None
    in_file = key or (f"`{each.name}`" if each.yaml else "–")
    variables = ", ".join(f"`{name}`" for name in each.env)
    default = each.default_said.say(lang) if each.default_said else f"`{each.default}`" if each.default else "–"
    cells = (in_file, flag, variables, default, each.help.say(lang))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _help_pages(terminal: Terminal) -> Iterator[tuple[str, str]]:
    ctx = click.Context(DOOR, info_name="hannun", obj=terminal)
    yield from _below(DOOR, ctx)


def _below(of: click.Command, ctx: click.Context) -> Iterator[tuple[str, str]]:
    yield ctx.command_path, of.get_help(ctx)
    if isinstance(of, Group):
        for name in of.list_commands(ctx):
            inner = of.get_command(ctx, name)
            assert inner is not None
            yield from _below(inner, click.Context(inner, info_name=name, parent=ctx, obj=ctx.obj))


def main(folder: Path) -> None:
    for lang in LANGS:
        where = folder / lang / "reference"
        where.mkdir(parents=True, exist_ok=True)
        for name, text in pages(lang).items():
            (where / name).write_text(text, encoding="utf-8")


_GENERATED = Text(
    en="<!-- Written by `python -m hannun.cli.reference docs` from the program's own tables; edit those. -->",
    ko="<!-- 프로그램의 표에서 `python -m hannun.cli.reference docs`로 만든 글입니다. 그 표를 고쳐 주세요. -->",
)
_SETTINGS = Text(en="Settings", ko="설정")
_COMMANDS = Text(en="Commands", ko="명령")
_FLAG = Text(en="flag", ko="옵션")
_VARIABLE = Text(en="variable", ko="환경 변수")
_DEFAULT = Text(en="default", ko="기본값")
_MEANING = Text(en="meaning", ko="뜻")
_FORMS = Text(en="How values are written", ko="값을 적는 법")
_EXAMPLE = Text(en="An example", ko="예시")
_INTRODUCTION = Text(
    en="""\
Every setting of `hannun serve` can be said in three ways: as a flag, as an environment variable, as a key of
`hannun.yml`. A flag wins over a variable, a variable over the file, the file over the default. The Status page shows
what holds and who said it. `hannun check hannun.yml` names every mistake with its line.

Without `--config`, `hannun.yml` in the working directory is read when it is there. Paths in the file start from the
file's folder, others from the working directory. An unknown key or `HANNUN_…` variable is a warning; a value that
cannot be meant refuses the start.""",
    ko="""\
`hannun serve`의 모든 설정은 옵션, 환경 변수, `hannun.yml`의 키 세 가지로 줄 수 있습니다. 옵션이 환경 변수보다,
환경 변수가 파일보다, 파일이 기본값보다 우선합니다. 지금 값이 무엇이고 어디서 왔는지는 상태 화면에 나옵니다.
`hannun check hannun.yml`은 잘못된 곳을 줄 번호와 함께 모두 알려줍니다.

`--config`가 없으면 작업 폴더의 `hannun.yml`을 읽습니다(있을 때만). 파일 안의 상대 경로는 그 파일이 있는 폴더에서,
나머지는 작업 폴더에서 시작합니다. 알 수 없는 키나 `HANNUN_…` 변수는 주의로 알리고 넘어가지만, 뜻을 알 수 없는 값이면
시작하지 않습니다.""",
)
_FORM_LINES = Text(
    en="""\
- Sizes: `50GB`, `512MB` (powers of 1000), `1GiB` (powers of 1024), plain bytes; where it says so also a share, `5%`.
- Durations: `30d`, `12h`, `1h30m`, largest unit first; units y w d h m s ms.
- Addresses: `127.0.0.1:8800`, `[::1]:8800`, `:8800` for every interface.
- Networks: `10.0.0.0/8`, `fd00::/8`; a single address is a network of one. Several: commas, in the file also a list.
- In the file `${NAME}` and `${NAME:-otherwise}` are replaced by environment variables; `$$` is one dollar.""",
    ko="""\
- 크기: `50GB`, `512MB`(1000 단위), `1GiB`(1024 단위), 단위 없는 바이트. 비율을 받는 곳에는 `5%`도 됩니다.
- 기간: `30d`, `12h`, `1h30m`처럼 큰 단위부터. 단위는 y w d h m s ms.
- 주소: `127.0.0.1:8800`, `[::1]:8800`, 모든 주소라면 `:8800`.
- 네트워크: `10.0.0.0/8`, `fd00::/8`. 주소 하나만 적어도 됩니다. 여럿이면 쉼표로, 파일에서는 목록으로도 적습니다.
- 파일 안의 `${NAME}`과 `${NAME:-대신할 값}`은 환경 변수로 바뀝니다. `$$`는 달러 기호 하나입니다.""",
)
_EXITS = Text(
    en="""\
A command ends with 0 when done, 1 when it tried and failed, 2 when its line or the settings cannot be understood.
What went wrong stands on stderr in one line. The language is `--lang`, else that of `HANNUN_LANG`, `LC_ALL`,
`LC_MESSAGES`, `LANG`, the first that is set.""",
    ko="""\
명령은 마치면 0, 하다가 실패하면 1, 명령줄이나 설정을 이해할 수 없으면 2로 끝납니다. 무엇이 잘못되었는지는 표준 오류에
한 줄로 나옵니다. 언어는 `--lang`, 없으면 `HANNUN_LANG`, `LC_ALL`, `LC_MESSAGES`, `LANG` 순서로 정합니다.""",
)

if __name__ == "__main__":
    main(Path(sys.argv[1]))
