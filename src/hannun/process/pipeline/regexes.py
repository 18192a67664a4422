"""Regexes of a pipeline: RE2 over bytes, compiled when the pipeline is built."""

from __future__ import annotations

from typing import Any

from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.functions.regexes import compile_regex
from hannun.process.pipeline.options import Options


def compiled(options: Options, key: str, pattern: str) -> Any:
    """`search(bytes)` of it. Raises ConfigError with RE2's words."""
    try:
        return compile_regex(pattern)
    except FunctionError as err:
        raise options.wrong(f"`{key}`: {err}", f"`{key}` 정규식을 읽을 수 없습니다: {err}") from err


def encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def decode(data: bytes | None) -> str:
    return "" if data is None else data.decode("utf-8", "replace")


def named_groups(regex: Any) -> list[tuple[int, str]]:
    return sorted((index, decode(name)) for name, index in regex.groupindex.items())
