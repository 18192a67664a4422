"""GET for the services that are asked over HTTP: blocking, bounded, one deadline for the whole answer."""

from __future__ import annotations

import time
from typing import Any

from hannun.collect.services.registry import words
from hannun.config.services import ServiceUrl

BODY_BYTES_MAX = 16 << 20


class HttpStatus(Exception):
    """An answer that is none of 200."""

    def __init__(self, status: int, path: str) -> None:
        super().__init__(f"{path}: HTTP status {status}")
        self.status = status


class Asker:
    """Keeps its connection. Redirects are not followed: they would carry the login elsewhere."""

    def __init__(self, url: ServiceUrl, password: str, timeout_s: float) -> None:
        import httpx

        self._timeout_s = timeout_s
        self._client = httpx.Client(
            base_url=f"{'http' if url.tls == 'off' else 'https'}://{url.instance}",
            auth=(url.user, password) if url.user or password else None,
            timeout=timeout_s,
            trust_env=False,
            verify=_trust(url),
            headers={"User-Agent": "Hannun"},
        )

    def get(self, path: str, bytes_max: int = BODY_BYTES_MAX) -> bytes:
        """Raises HttpStatus, TimeoutError, ValueError for a body over `bytes_max`, and httpx's errors."""
        deadline_s = time.monotonic() + self._timeout_s
        with self._client.stream("GET", path) as answer:
            if answer.status_code != 200:
                raise HttpStatus(answer.status_code, path.partition("?")[0])
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > bytes_max:
                    raise ValueError(f"{path.partition('?')[0]}: answer larger than {bytes_max >> 10} KiB")
                if time.monotonic() > deadline_s:
                    raise TimeoutError
        return bytes(body)

    def close(self) -> None:
        self._client.close()


def _trust(url: ServiceUrl) -> Any:
    if url.tls == "off":
        # Building a context costs 25 ms and a megabyte for the trust store, which plain HTTP has no use for.
        return False
    import ssl

    context = ssl.create_default_context(cafile=url.ca_file)
    if url.tls != "verified":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def explain(err: BaseException, *, missing: str, login: str) -> str:
    """`missing` and `login` say what to do about 404 and about 401 or 403."""
    import httpx

    match err:
        case HttpStatus(status=404):
            return f"{err}; {missing}"
        case HttpStatus(status=401 | 403):
            return f"{err}; {login}"
        case httpx.TimeoutException():
            return "no answer in time"
        case httpx.ConnectError():
            return words(_root(err))
        case _:
            return words(err)


def _root(err: BaseException) -> BaseException:
    """httpx and httpcore wrap what the socket said."""
    seen = 0
    while (err.__cause__ or err.__context__) is not None and seen < 8:
        err = err.__cause__ or err.__context__  # type: ignore[assignment]
        seen += 1
    return err
