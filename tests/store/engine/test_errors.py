"""What the engine says, as the error that callers decide by."""

from __future__ import annotations

import pytest

from hannun.model.errors import (
    DiskFull,
    ExecutionError,
    HannunError,
    QueryCanceled,
    QueryTimeout,
    StoreUnavailable,
)
from hannun.store.engine.errors import code_of, translate


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("Code: 241. DB::Exception: (total) memory limit exceeded", StoreUnavailable, id="out of memory"),
        pytest.param("Code: 159. DB::Exception: Timeout exceeded: elapsed 51 ms", QueryTimeout, id="deadline"),
        pytest.param(
            "Streaming query failed: Code: 394. DB::Exception: Query was cancelled.", QueryCanceled, id="killed"
        ),
        pytest.param("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space", DiskFull, id="reserve"),
        pytest.param(
            "Code: 1001. DB::Exception: std::__1::ios_base::failure: No space left on device", DiskFull, id="full disk"
        ),
        pytest.param(
            "Code: 76. DB::ErrnoException: Cannot open file /x: , errno: 30, strerror: Read-only file system",
            StoreUnavailable,
            id="read-only",
        ),
        pytest.param("Code: 62. DB::Exception: Syntax error: failed at position 7", ExecutionError, id="wrong SQL"),
        pytest.param("something without a code", ExecutionError, id="no code"),
        pytest.param("", ExecutionError, id="no words"),
        pytest.param("std::bad_alloc", StoreUnavailable, id="allocation"),
    ],
)
def test_errors_of_questions(message: str, expected: type[HannunError]) -> None:
    found = translate(message)
    assert type(found) is expected
    assert "\n" not in str(found)
    assert found.say("ko")


def test_any_other_failure_of_a_write_is_to_be_sent_again() -> None:
    assert isinstance(translate("Code: 60. DB::Exception: Table t does not exist", writing=True), StoreUnavailable)


def test_words_with_braces_are_shown_as_they_are() -> None:
    message = "Code: 76. DB::ErrnoException: Cannot open {file}: errno: 13, strerror: Permission denied"
    assert "(file)" in translate(message).say("ko")


def test_codes() -> None:
    assert code_of("Code: 241. DB::Exception: x") == 241
    assert code_of("no code") == 0
