"""Parameters of a query API: the URL's and, for a form, the body's.

The body's come first, as Go's `FormValue` has it; lists such as `match[]` merge both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from hannun.api.limits import ApiLimits
from hannun.model.errors import HannunError, TooLarge, WireError

FORM = "application/x-www-form-urlencoded"


class SlowForm(HannunError):
    """The body did not arrive in time (408)."""


@dataclass(frozen=True, slots=True)
class Form:
    """Every value of every parameter, in order."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str, default: str = "") -> str:
        """The first value of `name`."""
        found = self.values.get(name)
        return found[0] if found else default

    def many(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    def flag(self, name: str) -> bool:
        return self.one(name) not in ("", "0", "false")


async def read_form(request: Request, limits: ApiLimits) -> Form:
    """Raises WireError for text that is not a form, TooLarge, SlowForm, ClientDisconnect."""
    sources = [request.scope.get("query_string", b"")]
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in ("POST", "PUT", "PATCH") and media == FORM:
        sources.insert(0, await read_text(request, limits))
    values: dict[str, list[str]] = {}
    for source in sources:
        try:
            pairs = parse_qsl(
                source.decode("utf-8", "replace"),
                keep_blank_values=True,
                max_num_fields=limits.form_fields_max,
                errors="replace",
            )
        except ValueError as err:
            raise WireError(f"error parsing form values: {err}") from err
        for name, value in pairs:
            values.setdefault(name, []).append(value)
    return Form(values)


async def read_text(request: Request, limits: ApiLimits) -> bytes:
    """The body, bounded in size and time. Raises as `read_form`."""
    chunks: list[bytes] = []
    # Refused by what is announced, before a byte is read: a length that lies is told by the bytes themselves.
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdecimal() and float(announced) > limits.form_bytes_max:
        raise _too_large(limits)
    size = 0
    try:
        async with asyncio.timeout(limits.form_timeout_s):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limits.form_bytes_max:
                    raise _too_large(limits)
                if not message.get("more_body", False):
                    return b"".join(chunks)
    except TimeoutError as err:
        raise SlowForm(f"the body did not arrive within {limits.form_timeout_s:g} s") from err


def _too_large(limits: ApiLimits) -> TooLarge:
    return TooLarge(f"the body of a query is longer than {limits.form_bytes_max} bytes")
