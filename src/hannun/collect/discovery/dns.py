"""dns_sd_configs: the records of one type behind each of a few names.

A name that does not exist has no targets; a name that could not be asked (timeout, SERVFAIL) keeps those it had,
whatever the other names answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hannun.collect.discovery.labels import ADDRESS, join_host_port
from hannun.collect.discovery.poll import PartlyFailed, PolledDiscovery, reason
from hannun.collect.discovery.registry import discoverer
from hannun.config.prometheus.model import DnsSd
from hannun.model.target import TargetGroup

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

LOOKUP_S = 10.0
AT_ONCE = 16
META = "__meta_dns_"


def system_resolver() -> Resolver:
    """As the machine is set up now; made anew for each round, because resolv.conf changes with the network."""
    from dns.asyncresolver import Resolver

    return Resolver(configure=True)


class CannotAsk(Exception):
    """A name for which no server gave a usable answer."""


@discoverer(DnsSd)
class DnsDiscovery(PolledDiscovery):
    def __init__(self, config: DnsSd, resolver: Callable[[], Resolver] = system_resolver) -> None:
        super().__init__("DNS", config.refresh_ms)
        self._config = config
        self._resolver = resolver
        self._known: dict[str, TargetGroup] = {}

    async def ask(self) -> Sequence[TargetGroup]:
        resolver = await asyncio.to_thread(self._resolver)  # reads a file
        places = asyncio.Semaphore(AT_ONCE)

        async def look_up(name: str) -> str:
            async with places:
                try:
                    self._known[name] = TargetGroup(name, await self._targets(resolver, name), {})
                except CannotAsk as err:
                    return str(err)
                return ""

        failures = [why for why in await asyncio.gather(*map(look_up, self._config.names)) if why]
        groups = [self._known[name] for name in self._config.names if name in self._known]
        if failures:
            why = "; ".join(failures[:3])
            raise PartlyFailed(why, groups) if groups else CannotAsk(why)
        return groups

    async def _targets(self, resolver: Resolver, name: str) -> tuple[dict[str, str], ...]:
        import dns.exception
        import dns.resolver

        try:
            answer = await resolver.resolve(
                name, self._config.type, search=True, lifetime=LOOKUP_S, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError, UnicodeError) as err:
            raise CannotAsk(f"{name}: {reason(err)}") from None
        found = (self._target(name, record) for record in answer)
        # Servers turn the order round with every answer; the targets are the same.
        return tuple(sorted(found, key=lambda target: target[ADDRESS]))

    def _target(self, name: str, record: Any) -> dict[str, str]:
        labels = {f"{META}name": name}
        match self._config.type:
            case "SRV":
                host, port = record.target.to_text(), int(record.port)
                labels |= {f"{META}srv_record_target": host, f"{META}srv_record_port": str(port)}
            case "MX":
                host, port = record.exchange.to_text(), self._config.port
                labels[f"{META}mx_record_target"] = host
            case "NS":
                host, port = record.target.to_text(), self._config.port
                labels[f"{META}ns_record_target"] = host
            case "A" | "AAAA":
                host, port = record.address, self._config.port
        # Rooted names end in a dot, which nobody writes in a target.
        return {ADDRESS: join_host_port(host.rstrip("."), port), **labels}
