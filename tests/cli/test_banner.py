"""What a server says when it is ready."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hannun.cli.banner import Started, banner, show
from hannun.cli.terminal import cells
from hannun.model.text import LANGS, Lang

STARTED = Started(
    version="1.2.3",
    url="http://127.0.0.1:8800",
    data_dir=Path("/var/lib/hannun"),
    dsn="http://0123456789abcdef0123456789abcdef@127.0.0.1:8800/1",
    host="web-1",
    entry="local",
    ready_s=0.84,
    config_file=Path("hannun.yml"),
    warnings=2,
)


@pytest.mark.parametrize("lang", LANGS)
def test_the_banner(lang: Lang, golden: Callable[[str, str], None]) -> None:
    golden(f"cli/banner.{lang}.txt", "\n".join(banner(STARTED, lang)) + "\n")


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("entry", ["login", "local", "open"])
@pytest.mark.parametrize("host", [None, "h"])
def test_every_way_to_stand_has_words_in_line(lang: Lang, entry: str, host: str | None) -> None:
    started = replace(STARTED, entry=entry, host=host, dsn=None, config_file=None)  # type: ignore[arg-type]
    rows = [line for line in banner(started, lang) if line.startswith("  ")]
    assert len(rows) == 4
    assert len({cells(row[: row.index(row.split(maxsplit=1)[1])]) for row in rows}) == 1, "words begin in one column"


def test_a_host_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in "".join(banner(replace(STARTED, host="x\x1b[2J"), "en"))


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "env", "colour"),
    [
        pytest.param(Tty(), {}, True, id="a terminal"),
        pytest.param(Tty(), {"NO_COLOR": "1"}, False, id="a terminal that wants none"),
        pytest.param(Tty(), {"TERM": "dumb"}, False, id="a terminal that knows none"),
        pytest.param(io.StringIO(), {}, False, id="a file"),
    ],
)
def test_colour_is_for_terminals_that_want_it(stream: io.StringIO, env: dict[str, str], colour: bool) -> None:
    show(STARTED, "en", stream, env)
    assert ("\x1b" in stream.getvalue()) is colour
