"""Whatever stopped a request, in the words that Go's HTTP client and so Prometheus have for it."""

from __future__ import annotations

import re
import ssl

from hannun.collect.http_client.answer import Failure, FetchError
from hannun.collect.http_client.dial import causes
from hannun.collect.http_client.url import Url

_NO_STATUS_LINE = re.compile(r"illegal status line: bytearray\(b(['\"])(.*)\1\)")


def verb(method: str) -> str:
    """`Get` for GET."""
    return method.capitalize()


def failure_of(err: Exception, method: str, url: Url) -> Exception:
    """`err` as a FetchError; a timeout, and what is no failure of the network, as it is."""
    import httpcore

    asked = f'{verb(method)} "{url}"'
    if isinstance(err, TimeoutError):
        return err  # Our own deadline: told by whoever set it.
    for cause in causes(err):
        if isinstance(cause, FetchError):
            return FetchError(cause.failure, f"{asked}: {cause.what}", cause.hint)
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message or str(cause)
            return FetchError(Failure.TLS, f"{asked}: tls: failed to verify certificate: x509: {reason}")
    for cause in causes(err):
        if isinstance(cause, ssl.SSLError):
            return FetchError(Failure.TLS, f"{asked}: tls: {cause.reason or cause}")
    if isinstance(err, httpcore.TimeoutException):
        return TimeoutError(str(err))
    if isinstance(err, httpcore.ProxyError):
        return FetchError(Failure.UNREACHABLE, f"{asked}: proxy: {err}")
    if isinstance(err, httpcore.LocalProtocolError):  # Its words may hold what we send.
        return FetchError(Failure.BROKEN, f"{asked}: the request cannot be sent as HTTP")
    if isinstance(err, httpcore.NetworkError | httpcore.ProtocolError | httpcore.UnsupportedProtocol | OSError):
        return FetchError(Failure.BROKEN, f"{asked}: {_go_words(str(err)) or type(err).__name__}")
    if isinstance(err, ValueError | ExceptionGroup):  # h11 and h2 refuse what cannot be sent or read with these.
        return FetchError(Failure.BROKEN, f"{asked}: {err}")
    return err


def _go_words(said: str) -> str:
    """What the HTTP library says of an answer that is none, as Go says it."""
    if said.startswith("Server disconnected"):
        return "EOF"
    return _NO_STATUS_LINE.sub(r'malformed HTTP response "\2"', said)
