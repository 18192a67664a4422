"""What stopped a request is told in Go's words, which users know from Prometheus."""

from __future__ import annotations

import httpcore
import pytest

from hannun.collect.http_client.answer import Failure, FetchError
from hannun.collect.http_client.url import Url
from hannun.collect.http_client.words import failure_of

URL = Url.parse("http://app:9/metrics")


@pytest.mark.parametrize(
    ("err", "words"),
    [
        pytest.param(
            httpcore.RemoteProtocolError(r"illegal status line: bytearray(b'\x15\x03\x01\x00\x02\x02')"),
            r'malformed HTTP response "\x15\x03\x01\x00\x02\x02"',
            id="TLS where HTTP was asked",
        ),
        pytest.param(
            httpcore.RemoteProtocolError("Server disconnected without sending a response."), "EOF", id="no answer"
        ),
        pytest.param(httpcore.RemoteProtocolError("Receive buffer too long"), "Receive buffer too long", id="others"),
        pytest.param(httpcore.ReadError(""), "ReadError", id="without words"),
    ],
)
def test_an_answer_that_is_none(err: Exception, words: str) -> None:
    found = failure_of(err, "GET", URL)
    assert isinstance(found, FetchError)
    assert found.failure is Failure.BROKEN
    assert str(found) == f'Get "http://app:9/metrics": {words}'


def test_timeouts_are_told_by_whoever_set_them() -> None:
    assert isinstance(failure_of(httpcore.ReadTimeout("slow"), "GET", URL), TimeoutError)
