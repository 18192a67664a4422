"""The engine's error codes in our own classes, so that callers decide by class and people read what to do."""

from __future__ import annotations

import re

from hannun.model.errors import (
    DiskFull,
    ExecutionError,
    HannunError,
    QueryCanceled,
    QueryTimeout,
    StoreLost,
    StoreUnavailable,
)
from hannun.model.text import Text

_CODE = re.compile(r"Code: (\d+)\. DB::(?:\w*Exception|ErrnoException): (.*)", re.DOTALL)
_NO_SPACE = re.compile(r"No space left|Disk quota exceeded|NOT_ENOUGH_SPACE|errno: (?:28|122)\b")
_READ_ONLY = re.compile(r"Read-only file system|Permission denied|errno: (?:30|13|1)\b")

MEMORY_LIMIT = 241
OUT_OF_MEMORY = {241, 173}
TIMEOUT = {159, 160}
CANCELED = {394, 734}
NO_SPACE = 243
ABORTED = 236
_ENDED = re.compile(r"shutting down due to a fatal error")
SYSTEM_FAULTS = {1001, 1000, 76, 75, 74, 73, 243}

NO_MEMORY = Text(
    en="the store is out of memory for this; try again, ask for less, or raise --memory",
    ko="저장소의 메모리가 부족합니다. 다시 시도하거나, 조회 범위를 줄이거나, --memory 값을 올려 주세요",
)
NO_DISK = Text(
    en="the disk is full; free space or lower --retention",
    ko="디스크가 가득 찼습니다. 공간을 비우거나 --retention 값을 줄여 주세요",
)
LOST = Text(
    en="the store's engine has ended itself; the server must be started again",
    ko="저장소 엔진이 스스로 종료되었습니다. 서버를 다시 시작해야 합니다",
)
NOT_WRITABLE = Text(
    en="the data directory cannot be written: {why}",
    ko="데이터 디렉터리에 쓸 수 없습니다: {why}",
)


def code_of(message: str) -> int:
    """The engine's error code, 0 when the text carries none."""
    found = _CODE.search(message)
    return int(found.group(1)) if found else 0


def translate(message: str, *, writing: bool = False) -> HannunError:
    """The error to raise for what the engine said."""
    found = _CODE.search(message)
    code, words = (int(found.group(1)), found.group(2)) if found else (0, message)
    words = words.strip().splitlines()[0][:500] if words.strip() else "no reason given"
    if code == ABORTED and _ENDED.search(words):
        return StoreLost(LOST)
    if code in OUT_OF_MEMORY or "std::bad_alloc" in message:
        return StoreUnavailable(NO_MEMORY)
    if code in TIMEOUT:
        return QueryTimeout("query timed out in expression evaluation")
    if code in CANCELED:
        return QueryCanceled("query was canceled in expression evaluation")
    if _NO_SPACE.search(message) or code == NO_SPACE:
        return DiskFull(NO_DISK)
    if code in SYSTEM_FAULTS and _READ_ONLY.search(message):
        return StoreUnavailable(NOT_WRITABLE.with_(why=words.replace("{", "(").replace("}", ")")))
    if writing or code in SYSTEM_FAULTS:
        return StoreUnavailable(f"the engine refused a statement (code {code}): {words}")
    return ExecutionError(f"the engine refused the query (code {code}): {words}")
