"""The log: one record is one line, whoever wrote its words."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.observe import log


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, ours = logging.getLogger(), logging.getLogger(log.ROOT)
    before = root.level, ours.level, logging.raiseExceptions
    yield io.StringIO()
    for handler in [handler for handler in root.handlers if getattr(handler, "hannun", False)]:
        root.removeHandler(handler)
    root.setLevel(before[0])
    ours.setLevel(before[1])
    logging.raiseExceptions = before[2]
    logging.captureWarnings(False)


def test_a_record_is_one_line_with_time_level_and_room(stream: io.StringIO) -> None:
    log.configure("info", "text", stream)
    logging.getLogger("hannun.store").info("wrote %d rows", 5)
    line = stream.getvalue()
    assert line.endswith("INFO    hannun.store: wrote 5 rows\n")
    assert line[10] == "T"
    assert line[23] == "Z"


def test_a_json_record_is_one_object(stream: io.StringIO) -> None:
    log.configure("info", "json", stream)
    logging.getLogger("hannun.store").warning('a "quoted"\nword')
    record = json.loads(stream.getvalue())
    assert record["level"] == "warning"
    assert record["logger"] == "hannun.store"
    assert record["message"] == 'a "quoted"\\nword'


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("x\n2026-01-01T00:00:00.000Z ERROR hannun: forged", id="a second line"),
        pytest.param("x\r forged", id="a carriage return"),
        pytest.param("\x1b[2J\x1b[31mred", id="terminal escapes"),
        pytest.param("\x9b31mred", id="an 8-bit escape"),
        pytest.param("a\u2028b\u2029c", id="Unicode's own line ends"),
        pytest.param("\u202egnp.exe", id="right-to-left override"),
        pytest.param("a\u200bb\ufeff", id="zero width"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("\ud800", id="a lone surrogate"),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_nobody_forges_or_hides_a_line(stream: io.StringIO, words: str, format_: str) -> None:
    log.configure("info", format_, stream)  # type: ignore[arg-type]
    logging.getLogger("hannun").warning("sender said %s", words)
    written = stream.getvalue()
    assert len(written.splitlines()) == 1
    assert written[:-1].isprintable()
    written.encode("utf-8")


@given(st.text(max_size=300))
def test_escaping_leaves_one_printable_bounded_line(words: str) -> None:
    line = log.escape(words, 100)
    assert len(line) <= 100
    assert len(line.splitlines()) <= 1
    if words.isprintable() and len(words) <= 100:
        assert line == words


def test_a_line_is_bounded(stream: io.StringIO) -> None:
    log.configure("info", "text", stream)
    logging.getLogger("hannun").warning("x" * 1_000_000)
    assert len(stream.getvalue()) < log.LINE_MAX + 200


def test_a_warning_that_repeats_is_said_once_a_minute_with_its_count(stream: io.StringIO, seconds: Seconds) -> None:
    log.configure("info", "text", stream, monotonic_s=seconds)
    for _ in range(41):
        logging.getLogger("hannun").warning("disk is slow")
    assert len(stream.getvalue().splitlines()) == 1
    seconds.now = 61
    logging.getLogger("hannun").warning("disk is slow")
    assert stream.getvalue().splitlines()[1].endswith("disk is slow (and 40 more times since it was last said)")


def test_different_warnings_and_all_infos_are_said(stream: io.StringIO, seconds: Seconds) -> None:
    log.configure("info", "text", stream, monotonic_s=seconds)
    for number in range(5):
        logging.getLogger("hannun").warning("warning %d", number)
        logging.getLogger("hannun").info("the same")
    assert len(stream.getvalue().splitlines()) == 10


def test_a_flood_of_different_warnings_is_forgotten_again(seconds: Seconds) -> None:
    repeats = log.Repeats(seconds)
    for number in range(5 * log.REMEMBERED_MAX):
        record = logging.LogRecord("hannun", logging.WARNING, "", 0, f"w{number}", None, None)
        assert repeats.filter(record)
    assert len(repeats._seen) <= log.REMEMBERED_MAX


def failing() -> None:
    raise ValueError("boom\nforged")


@pytest.mark.parametrize("level", ["info", "debug"])
def test_an_exception_is_named_in_its_line(stream: io.StringIO, level: str) -> None:
    log.configure(level, "text", stream)
    try:
        failing()
    except ValueError:
        logging.getLogger("hannun").exception("it failed")
    first, *rest = stream.getvalue().splitlines()
    if level == "info":
        assert "it failed | ValueError: boom\\nforged (" in first
        assert rest == []
    else:
        assert "it failed" in first
        assert len(rest) > 2
        assert all(line.startswith("  | ") for line in rest), "a forged line inside an exception stays visible"


def test_json_carries_the_traceback_in_its_object(stream: io.StringIO) -> None:
    log.configure("info", "json", stream)
    try:
        failing()
    except ValueError:
        logging.getLogger("hannun").exception("it failed")
    record = json.loads(stream.getvalue())
    assert record["error"].startswith("ValueError: boom")
    assert "in failing" in record["traceback"]


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        pytest.param("debug", 4, 3, id="debug: everything of ours"),
        pytest.param("info", 3, 2, id="info: ours, and the warnings of libraries"),
        pytest.param("warning", 2, 2, id="warning"),
        pytest.param("error", 1, 1, id="error"),
    ],
)
def test_levels(stream: io.StringIO, level: str, ours: int, theirs: int) -> None:
    log.configure(level, "text", stream)
    for name in ("hannun.x", "library"):
        for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(number, "words")
    lines = stream.getvalue().splitlines()
    assert sum(" hannun.x: " in line for line in lines) == ours
    assert sum(" library: " in line for line in lines) == theirs


def test_configuring_twice_does_not_say_things_twice(stream: io.StringIO) -> None:
    log.configure("info", "text", io.StringIO())
    log.configure("info", "text", stream)
    logging.getLogger("hannun").info("once")
    assert len(stream.getvalue().splitlines()) == 1


def test_a_wrong_placeholder_loses_no_words(stream: io.StringIO) -> None:
    log.configure("info", "text", stream)
    logging.getLogger("hannun").info("%d rows", "five")
    assert "%d rows ('five',)" in stream.getvalue()


def test_a_closed_stream_disturbs_nobody(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    closed = io.StringIO()
    log.configure("info", "text", closed)
    closed.close()
    logging.getLogger("hannun").warning("nobody hears this")
    assert capsys.readouterr().err == ""
