"""Who really calls, when a reverse proxy stands in between. Pure.

`X-Forwarded-*` is believed only from peers of `--trusted-proxies`. The caller is the right-most hop that is not
itself a trusted proxy: everything to the left of it was written by the caller and may be a lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hannun.web.site import Address, Network, parse_address, within

Headers = Sequence[tuple[bytes, bytes]]
HOPS_MAX = 32
_FORWARDED = frozenset((b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"forwarded"))


@dataclass(frozen=True, slots=True)
class Caller:
    """`address` None: not known (a test, a socket file). `host` is the Host header that the browser sent.

    `by_unknown_proxy`: the request carries forwarding headers of a proxy that we were not told to trust.
    """

    address: Address | None
    scheme: str
    host: str
    by_unknown_proxy: bool = False


def header(headers: Headers, name: bytes) -> str | None:
    """The first value of a header, Latin-1 as it came."""
    return next((value.decode("latin-1") for found, value in headers if found == name), None)


def caller(peer: str | None, scheme: str, headers: Headers, trusted: tuple[Network, ...]) -> Caller:
    """`peer` is the other end of the socket; `headers` names are lower case."""
    address = parse_address(peer) if peer else None
    host = header(headers, b"host") or ""
    if not within(address, trusted):
        return Caller(address, scheme, host, by_unknown_proxy=any(name in _FORWARDED for name, _ in headers))
    forwarded_scheme = (_last(headers, b"x-forwarded-proto") or scheme).lower()
    return Caller(
        address=_forwarded_address(address, headers, trusted),
        scheme=forwarded_scheme if forwarded_scheme in ("http", "https") else scheme,
        host=_last(headers, b"x-forwarded-host") or host,
    )


def _forwarded_address(peer: Address | None, headers: Headers, trusted: tuple[Network, ...]) -> Address | None:
    # Several X-Forwarded-For headers are one list in the order they stand (RFC 9110 §5.3).
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    hops = ",".join(lines).split(",") if lines else []
    address = peer
    for hop in reversed(hops[-HOPS_MAX:]):
        found = _hop(hop)
        if found is None:
            # A hop that no proxy of ours would write: what stands left of it is not to be believed either.
            return address
        address = found
        if not within(address, trusted):
            return address
    return address


def _hop(text: str) -> Address | None:
    """`203.0.113.9`, `203.0.113.9:4711`, `2001:db8::1`, `[2001:db8::1]:4711`."""
    hop = text.strip().strip('"')
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    return parse_address(hop)


def _last(headers: Headers, name: bytes) -> str | None:
    # The nearest proxy writes last; a value further left came with the request.
    lines = [value.decode("latin-1") for found, value in headers if found == name]
    return ",".join(lines).rsplit(",", 1)[-1].strip() if lines else None
