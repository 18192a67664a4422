"""blackbox_exporter's probes: http, tcp, icmp, dns and grpc, with its modules, metric names and phases.

One file per prober, registered beside its code (`registry`). Follows blackbox_exporter 0.28; what 0.23 (Debian) tells
is a subset of it. Third-party clients are imported by the probe that needs them.
"""

from hannun.collect.probe.prober import Prober
from hannun.collect.probe.stand_in import stand_ins

__all__ = ["Prober", "stand_ins"]
