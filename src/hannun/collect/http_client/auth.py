"""What a request carries to show who we are: one of basic, authorization or OAuth 2, and `http_headers`."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

import msgspec

from hannun.collect.http_client.answer import Answer, Failure, FetchError
from hannun.collect.http_client.secret import read_secret, read_secret_file
from hannun.config.http_client import HttpClientConfig, OAuth2
from hannun.model.time import Clock

EARLY_S = 10.0
"""A token is renewed this long before it ends (as golang.org/x/oauth2)."""

Pairs = list[tuple[str, str]]
Post = Callable[[Mapping[str, str], bytes], Awaitable[Answer]]


async def credentials(config: HttpClientConfig, tokens: TokenSource | None) -> Pairs:
    """Headers for one request; files are read now. Raises FetchError(SECRET or TOKEN)."""
    headers: Pairs = []
    if config.basic_auth is not None:
        basic = config.basic_auth
        user = read_secret_file(basic.username_file) if basic.username_file is not None else basic.username
        headers.append(("Authorization", basic_header(user, read_secret(basic.password))))
    elif config.authorization is not None:
        spoken = f"{config.authorization.type} {read_secret(config.authorization.credentials)}".strip()
        headers.append(("Authorization", spoken))
    elif tokens is not None:
        headers.append(("Authorization", await tokens.header()))
    for name, entry in config.http_headers.items():
        values = (*entry.values, *entry.secrets, *(read_secret_file(path) for path in entry.files))
        headers.extend((name, value) for value in values)
    return headers


def basic_header(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


class _TokenAnswer(msgspec.Struct):
    access_token: str = ""
    token_type: str = ""
    expires_in: float | str | None = None


@dataclass(frozen=True, slots=True)
class _Token:
    header: str
    secret: str
    until_s: float


class TokenSource:
    """OAuth 2 client credentials (RFC 6749 §4.4). One request for a token at a time; it is kept until it ends."""

    def __init__(self, config: OAuth2, post: Post, clock: Clock) -> None:
        self._config = config
        self._post = post
        self._clock = clock
        self._token: _Token | None = None
        self._lock = asyncio.Lock()
        self._in_body = False

    async def header(self) -> str:
        """`Bearer …`. Raises FetchError."""
        async with self._lock:
            secret = read_secret(self._config.client_secret)
            token = self._token
            # A secret that was rotated asks for a token of its own.
            if token is None or token.secret != secret or self._clock.monotonic_s() >= token.until_s:
                token = self._token = await self._fetch(secret)
            return token.header

    def refused(self) -> None:
        """The server answered 401: the next request asks for a new token."""
        self._token = None

    async def _fetch(self, secret: str) -> _Token:
        answer = await self._ask(secret)
        # Servers disagree where client id and secret belong, and refuse the other way: try both, remember which.
        if answer.status in (400, 401, 403):
            self._in_body = not self._in_body
            answer = await self._ask(secret)
        if not 200 <= answer.status < 300:
            self._in_body = False
            raise FetchError(
                Failure.TOKEN,
                f"oauth2: cannot fetch token: {answer.status} {answer.reason}".rstrip(),
                f"check client_id, client_secret and scopes for {self._config.token_url}",
            )
        return self._read(answer, secret)

    async def _ask(self, secret: str) -> Answer:
        form = {"grant_type": "client_credentials", **self._config.endpoint_params}
        if self._config.scopes:
            form["scope"] = " ".join(self._config.scopes)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._in_body:
            form |= {"client_id": self._config.client_id, "client_secret": secret}
        else:
            headers["Authorization"] = basic_header(quote_plus(self._config.client_id), quote_plus(secret))
        return await self._post(headers, urlencode(form).encode())

    def _read(self, answer: Answer, secret: str) -> _Token:
        try:
            told = msgspec.json.decode(answer.body, type=_TokenAnswer)
            lasts_s = float(told.expires_in) if told.expires_in is not None else float("inf")
        except (msgspec.MsgspecError, ValueError) as err:
            raise FetchError(Failure.TOKEN, f"oauth2: cannot parse the token's JSON: {err}") from err
        if not told.access_token or any(sign in told.access_token for sign in "\r\n\0"):
            raise FetchError(Failure.TOKEN, "oauth2: server response missing access_token")
        kind = "Bearer" if told.token_type.lower() in ("", "bearer") else told.token_type
        until_s = self._clock.monotonic_s() + max(0.0, lasts_s - EARLY_S)
        return _Token(f"{kind} {told.access_token}", secret, until_s)
