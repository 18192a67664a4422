"""JSON as SDKs write it -> plain values that can be written as JSON again.

The fast parser takes what is correct. What it refuses is mended and read again by the tolerant one: bytes that are no
UTF-8, half surrogates, control characters inside strings, NaN and Infinity, numbers beyond a double. A number that no
double can hold becomes the text that was sent, so that a page can still show it. Of two equal keys the last one wins.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson

from hannun.model.errors import WireError

Payload = bytes | memoryview
NUMBER_LENGTH_MAX = 64
_ESCAPED = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def load(payload: Payload, what: str = "payload") -> Any:
    """Raises WireError, with `what` in its words. At most 1,024 levels deep; strings hold no half surrogates."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _load_leniently(bytes(payload), what)


def load_object(payload: Payload, what: str = "payload") -> dict[str, Any]:
    """As `load`; anything but an object is a WireError."""
    found = load(payload, what)
    if not isinstance(found, dict):
        raise WireError(f"{what}: expected a JSON object")
    return found


def dumped(value: Any) -> str:
    """What `load` gave, as compact JSON; what is nested beyond 254 levels is named only."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return '"[too deep]"'


def _load_leniently(payload: bytes, what: str) -> Any:
    text = payload.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if "\\u" in text:
        text = _ESCAPED.sub(_whole, text)
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as err:
        raise WireError(f"{what}: not JSON at character {err.pos}: {err.msg[:100]}") from err
    except RecursionError as err:
        raise WireError(f"{what}: JSON is nested too deep") from err


def _whole(found: re.Match[str]) -> str:
    """A half surrogate becomes the replacement character; pairs and escaped backslashes stay."""
    escape = found[0]
    return "\\ufffd" if len(escape) == 6 else escape


def _float(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits[:NUMBER_LENGTH_MAX]


def _int(digits: str) -> int | float | str:
    # Beyond 64 bits as the fast parser has it; `int` itself takes quadratic time for long ones.
    if len(digits) <= 20 and -(2**63) <= (number := int(digits)) < 2**64:
        return number
    return _float(digits)


_DECODER = json.JSONDecoder(strict=False, parse_float=_float, parse_int=_int, parse_constant=str)
