"""`ip("…")`: an address of a range somewhere in a text. Finds candidates as Loki does, without a regex."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from hannun.model.errors import BadQuery

# Four more characters must follow the start of an IPv4 address and five that of an IPv6 address.
_HINT = re.compile(r"(?P<four>[0-9](?:\...|.\..|..\.))|(?=.{5})(?:::[0-9a-fA-F]|[0-9a-fA-F]{1,4}:)", re.DOTALL)
_FOUR = re.compile(r"[0-9.]*")
_SIX = re.compile(r"[0-9a-fA-F:.]*")
_ADDRESS_CHARACTERS_MAX = 45


@dataclass(frozen=True, slots=True)
class IpRange:
    """Addresses of one version from `first` to `last`, both included."""

    version: int
    first: int
    last: int

    def holds(self, text: str) -> bool:
        """Whether `text` is one of its addresses."""
        if len(text) > _ADDRESS_CHARACTERS_MAX:
            return False
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        return address.version == self.version and self.first <= int(address) <= self.last

    def found_in(self, text: str) -> bool:
        """Whether one of its addresses stands anywhere in `text`."""
        at = 0
        while (hint := _HINT.search(text, at)) is not None:
            start = hint.start()
            span = (_FOUR if hint["four"] else _SIX).match(text, start)
            assert span is not None  # it may be empty
            if self.holds(span.group()):
                return True
            at = span.end() + 1
        return False


def parse_range(pattern: str) -> IpRange:
    """An address, `a-b` or a CIDR. Raises BadQuery with Loki's words."""
    try:
        if "-" in pattern:
            low, _, high = pattern.partition("-")
            first, last = ipaddress.ip_address(low.strip()), ipaddress.ip_address(high.strip())
            if first.version == last.version and int(first) <= int(last):
                return IpRange(first.version, int(first), int(last))
        elif "/" in pattern:
            network = ipaddress.ip_network(pattern, strict=False)
            return IpRange(network.version, int(network.network_address), int(network.broadcast_address))
        else:
            address = ipaddress.ip_address(pattern)
            return IpRange(address.version, int(address), int(address))
    except ValueError:
        pass
    raise BadQuery(f'ip: invalid pattern: "{pattern}"')
