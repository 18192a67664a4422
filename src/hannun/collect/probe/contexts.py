"""TLS contexts of modules, kept between probes: reading the trust store costs tens of milliseconds of CPU each time.

A context is made anew when one of its files was replaced, and once an hour for the system's own trust store. Sessions
are never resumed, so every probe shows a whole handshake.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence

from hannun.collect.http_client.tls import Stamp, make_context, stamp
from hannun.config.http_client import TlsConfig

KEPT_MAX = 64
FRESH_S = 3_600.0
_Key = tuple[int, tuple[str, ...]]
_KEPT: dict[_Key, tuple[TlsConfig, Stamp, float, ssl.SSLContext]] = {}


async def context_for(config: TlsConfig, alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """Raises FetchError(TLS) for files that cannot be used. Call on the event loop."""
    key = (id(config), tuple(alpn))
    known = _KEPT.get(key)
    now = await asyncio.to_thread(stamp, config) if _has_files(config) else ()
    if known is not None and known[1] == now and time.monotonic() - known[2] < FRESH_S:
        return known[3]
    made = await asyncio.to_thread(make_context, config)
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if len(_KEPT) >= KEPT_MAX:
        _KEPT.clear()
    # The config is kept beside it, so that its id cannot come to mean another one.
    _KEPT[key] = (config, now, time.monotonic(), made)
    return made


def _has_files(config: TlsConfig) -> bool:
    return any((config.ca_file, config.cert_file, config.key_file, config.key.file))
