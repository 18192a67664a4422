"""Protocol counters of TCP, UDP, IP and ICMP, those that node_exporter shows by default."""

from __future__ import annotations

import contextlib
import re

from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

# node_exporter's default, with the three fields that later releases and the common dashboard added (TCPOFOQueue,
# TCPRcvQDrop, MaxConn).
FIELDS = re.compile(
    r"^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)"
    r"|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)"
    r"|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab|MaxConn)"
    r"|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$"
)
_IPV6 = re.compile(r"^(Ip6|Icmp6|Udp6|UdpLite6)(.+)$")


def parse_pairs(text: str) -> dict[str, str]:
    """/proc/net/{netstat,snmp}: a line of names, then one of numbers, each beginning with the protocol."""
    found: dict[str, str] = {}
    lines = text.splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        protocol, _, rest = names.partition(":")
        found.update(
            (f"{protocol}_{name}", value)
            for name, value in zip(rest.split(), values.partition(":")[2].split(), strict=False)
        )
    return found


def parse_snmp6(text: str) -> dict[str, str]:
    """/proc/net/snmp6: `Ip6InOctets  128` -> {"Ip6_InOctets": "128"}."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        split = _IPV6.match(name.split("\t")[0])
        if split is not None:
            found[f"{split[1]}_{split[2]}"] = (value or line.partition("\t")[2]).strip()
    return found


@collector("netstat")
def netstat(roots: Roots) -> list[Family]:
    told = parse_pairs(roots.proc("net/netstat")) | parse_pairs(roots.proc("net/snmp"))
    with contextlib.suppress(FileNotFoundError):  # IPv6 may be switched off.
        told |= parse_snmp6(roots.proc("net/snmp6"))
    return [
        Family.single(f"node_netstat_{key}", "unknown", f"Statistic {key.replace('_', '', 1)}.", float(value))
        for key, value in told.items()
        if FIELDS.match(key)
    ]
