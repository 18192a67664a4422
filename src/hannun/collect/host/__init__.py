"""This machine as node_exporter would tell it: names, types, labels and help of its default Linux collectors.

Reads /proc and /sys itself, needs no privilege, and starts nothing. One file per collector; see `registry`.
"""

from hannun.collect.host.collector import HostCollector
from hannun.collect.host.registry import COLLECTORS, NoData, Options, collector
from hannun.collect.host.roots import Roots

__all__ = ["COLLECTORS", "HostCollector", "NoData", "Options", "Roots", "collector"]
