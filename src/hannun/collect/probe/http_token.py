"""OAuth 2 tokens of modules: kept between probes, because a token server must not be asked at every probe."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.collect.http_client import Answer, make_client
from hannun.collect.http_client.auth import TokenSource
from hannun.config.http_client import HttpClientConfig
from hannun.model.time import SystemClock

SOURCES_MAX = 128
TOKEN_TIMEOUT_S = 10.0
TOKEN_BYTES_MAX = 1 << 20
_SOURCES: dict[int, tuple[HttpClientConfig, TokenSource]] = {}


def token_source(config: HttpClientConfig) -> TokenSource | None:
    """One per config value; a reload makes new values and so asks for new tokens. Call on the event loop."""
    if config.oauth2 is None:
        return None
    known = _SOURCES.get(id(config))
    if known is not None:
        return known[1]
    if len(_SOURCES) >= SOURCES_MAX:
        _SOURCES.clear()
    oauth2 = config.oauth2
    own = HttpClientConfig(tls=oauth2.tls, proxy=oauth2.proxy)

    async def post(headers: Mapping[str, str], body: bytes) -> Answer:
        client = make_client(own, timeout_s=TOKEN_TIMEOUT_S)
        try:
            return await client.request(
                "POST", oauth2.token_url, headers=headers, content=body, body_bytes_max=TOKEN_BYTES_MAX
            )
        finally:
            await client.close()

    made = TokenSource(oauth2, post, SystemClock())
    # The config is kept beside it, so that its id cannot come to mean another one.
    _SOURCES[id(config)] = (config, made)
    return made
