"""Bodies of the store endpoint: one bare event, in any of the wrappings that SDKs used over the years.

JSON as it is; JSON as base64, mostly of a zlib stream (Raven); and either of them in the form field `sentry_data`.
`Content-Encoding` was undone before.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from hannun.model.errors import WireError
from hannun.wire.compression import decompress
from hannun.wire.sentry.envelope import Envelope, Item

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}\s*")
_FORM = b"sentry_data="


def parse(body: bytes, *, bytes_max: int) -> Envelope:
    """As an envelope of one item. Raises WireError; TooLarge beyond `bytes_max` after decompression."""
    return Envelope({}, (Item("event", {"type": "event"}, unwrapped(body, bytes_max=bytes_max)),))


def unwrapped(body: bytes, *, bytes_max: int) -> bytes:
    """The JSON itself."""
    text = body.strip()
    if not text:
        raise WireError("empty body")
    if text[:1] in b"{[":
        return text
    if (at := _field(text)) >= 0:
        end = text.find(b"&", at)
        value = text[at : len(text) if end < 0 else end]
        text = unquote_to_bytes(value.replace(b"+", b" "))
        if text.lstrip()[:1] == b"{":
            return text
        # A plus sign of base64 that nobody escaped came out as a space, perhaps the last one.
        text = text.strip(b"\r\n").replace(b" ", b"+")
    return _decoded(text, bytes_max)


def _field(text: bytes) -> int:
    """Where the value of the form field begins, -1 when there is none."""
    if text.startswith(_FORM):
        return len(_FORM)
    at = text.find(b"&" + _FORM)
    return at + 1 + len(_FORM) if at >= 0 else -1


def _decoded(text: bytes, bytes_max: int) -> bytes:
    packed = text
    if text[:1] != b"\x78":
        if not _BASE64.fullmatch(text):
            raise WireError("event: neither JSON nor base64")
        try:
            packed = base64.b64decode(
                text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4), altchars=_altchars(text)
            )
        except (binascii.Error, ValueError) as err:
            raise WireError(f"event: broken base64: {str(err)[:100]}") from err
    if packed[:1] == b"{":
        return packed
    return decompress(packed, ["deflate"], limit_bytes=bytes_max, setting="Sentry's limit of an event")


def _altchars(text: bytes) -> bytes | None:
    return b"-_" if b"-" in text or b"_" in text else None
