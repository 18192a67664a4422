"""Files beside events: listed, read back byte by byte, once however often they are sent."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import Any

import pytest

from hannun.model.attachment import StoredAttachment
from hannun.model.budget import Budget
from hannun.model.errors import NotFound
from hannun.model.sentry_items import Attachment
from hannun.store.attachments import AttachmentStore
from hannun.store.engine import ChdbEngine

NOW_MS = 1_800_000_000_000
EVENT = "ab" * 16
ONE = Attachment(1, EVENT, "log.txt", "event.attachment", "text/plain", NOW_MS, b"hello")


class Bench:
    def __init__(self, engine: ChdbEngine, writing: Any, clock: Any) -> None:
        self.store = AttachmentStore(engine, writing.writer, clock=clock)
        self.writing = writing

    def put(self, *values: Attachment) -> None:
        self.writing.run(self.store.write(values))

    def names(self, event: str = EVENT) -> list[str]:
        return [one.name for one in self.store.list(1, event, Budget())]


@pytest.fixture
def bench(engine: ChdbEngine, writing: Any, clock: Any) -> Bench:
    return Bench(engine, writing, clock)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_file_is_listed_and_read(bench: Bench) -> None:
    bench.put(ONE)
    told = StoredAttachment("log.txt", "event.attachment", "text/plain", 5, sha(b"hello"), NOW_MS)
    assert bench.store.list(1, EVENT, Budget()) == [told]
    assert bench.store.read(1, EVENT, told.sha256, Budget()) == (told, b"hello")


def test_the_same_file_sent_again_is_one(bench: Bench) -> None:
    bench.put(ONE, ONE)
    bench.put(replace(ONE, received_ms=NOW_MS + 5))
    bench.put(replace(ONE, name="other.txt"), replace(ONE, data=b"changed"))
    assert bench.names() == ["log.txt", "log.txt", "other.txt"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes(range(256)) * 40, id="every byte"),
        pytest.param(b"\x00\xff\xfe", id="no text"),
        pytest.param(os.urandom(3 << 20), id="3 MiB of noise"),
    ],
)
def test_bytes_come_back_as_they_were(bench: Bench, data: bytes) -> None:
    bench.put(replace(ONE, data=data))
    assert bench.store.read(1, EVENT, sha(data), Budget())[1] == data


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\x00b", "x\r\nset-cookie: a", "결제.png", "\ud800", "';--", "\\N"]
)
def test_names_are_text_and_nothing_else(bench: Bench, name: str) -> None:
    bench.put(replace(ONE, name=name, kind="\ud800", content_type="text/html\r\n"))
    assert bench.names() == [name.encode("utf-8", "replace").decode()]


@pytest.mark.parametrize(
    ("project", "event", "digest"),
    [
        pytest.param(2, EVENT, sha(b"hello"), id="another project"),
        pytest.param(1, "cd" * 16, sha(b"hello"), id="another event"),
        pytest.param(1, EVENT, sha(b"other"), id="another file"),
        pytest.param(1, EVENT, "../x", id="no digest"),
        pytest.param(1, "'; --", sha(b"hello"), id="no event id"),
    ],
)
def test_what_is_not_there_is_not_found(bench: Bench, project: int, event: str, digest: str) -> None:
    bench.put(ONE)
    with pytest.raises(NotFound):
        bench.store.read(project, event, digest, Budget())
