"""Which server or data folder a command means: the same settings that `serve` reads, from the same places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hannun.cli.command import Option
from hannun.cli.terminal import CommandError, Terminal
from hannun.config.setting import Setting
from hannun.config.settings import Settings
from hannun.config.table import CONFIG, DATA_DIR, META, SETTINGS
from hannun.model.text import Text

if TYPE_CHECKING:
    from hannun.store.meta import MetaStore

_NO_DATA = Text(
    en="{path} holds no users or tokens yet; name another folder with --data-dir, or make the first with `user add`",
    ko="{path}: 아직 사용자나 토큰이 없습니다. --data-dir로 다른 폴더를 지정하거나 `user add`로 처음 만들어 주세요",
)


def serve_options() -> list[click.Parameter]:
    """One option per setting that has a flag. Values stay words: `config.load` reads them like those of the file."""
    return [_option(each) for each in SETTINGS.values() if each.flag is not None]


def data_options() -> list[click.Parameter]:
    """`--config`, `--data-dir` and `--meta`, as `serve` has them."""
    return [_option(each) for each in (CONFIG, DATA_DIR, META)]


def _option(each: Setting[Any]) -> Option:
    assert each.flag is not None
    if each.is_switch:
        return Option(each.flag, each.name, is_flag=True, default=None, text=each.help)
    said = each.default_said or (each.default if isinstance(each.default, str) else None)
    bare: dict[str, Any] = {"is_flag": False, "flag_value": each.bare} if each.bare else {}
    return Option(each.flag, each.name, metavar=each.metavar, text=each.help, default_said=said or None, **bare)


def given(flags: Mapping[str, str | bool | None]) -> dict[str, str]:
    """click's parameters as the words that `config.load` takes."""
    return {name: "true" if value is True else str(value) for name, value in flags.items() if value is not None}


def settings_of(terminal: Terminal, **flags: str | None) -> Settings:
    """Settings as a server started here would have them. Raises Refused."""
    from hannun.config.load import load

    return load({**given(flags), **terminal.flags}, terminal.env)[0]


@contextmanager
def meta_store(settings: Settings, *, create: bool) -> Iterator[MetaStore]:
    """The accounts behind these settings. `create` False: raises CommandError where there are none yet.

    Works beside a running server and without one: SQLite serialises the two.
    """
    from hannun.store.data_dir import DataDir
    from hannun.store.meta import MetaStore

    where: str | Path
    if settings.meta_url is not None:
        where = settings.meta_url
        file = Path(settings.meta_url.removeprefix("sqlite:///"))
    else:
        where = file = meta_path(settings.data_dir)
    if not create and not file.exists():
        raise CommandError(_NO_DATA.with_(path=file.parent))
    if settings.meta_url is None and not file.exists():
        # Checked like at a server's start (owner, mount, format), and released at once.
        DataDir.open(settings.data_dir).close()
    meta = MetaStore.open(where)
    try:
        yield meta
    finally:
        meta.close()


def meta_path(data_dir: Path) -> Path:
    from hannun.store.data_dir import DataDir

    return DataDir(data_dir.absolute(), -1).meta_path
