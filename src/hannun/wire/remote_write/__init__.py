"""Prometheus remote write 1.0: `prometheus.WriteRequest` straight into columns.

Two decoders with one meaning: `plain` walks field by field and is what a reader checks the format against; `fast` scans
with compiled code and remembers series by the raw bytes of their labels, so that a known series costs one lookup.
A property test holds them together. Both only note where native histograms lie; `histograms` reads them.

Series without a name, with doubled label names or broken UTF-8 are left out and counted, and the rest of the request
is taken: real Prometheus does so for 1.0, and a 400 would make the sender throw the good neighbours away.
"""

from hannun.wire.remote_write.columns import Refused, WriteColumns
from hannun.wire.remote_write.encode import Sample, encode
from hannun.wire.remote_write.fast import FastDecoder
from hannun.wire.remote_write.histograms import Histograms
from hannun.wire.remote_write.labels import Refusal, SeriesLimits
from hannun.wire.remote_write.limits import RequestLimits
from hannun.wire.remote_write.plain import PlainDecoder
from hannun.wire.remote_write.warming import warm

__all__ = [
    "FastDecoder",
    "Histograms",
    "PlainDecoder",
    "Refusal",
    "Refused",
    "RequestLimits",
    "Sample",
    "SeriesLimits",
    "WriteColumns",
    "encode",
    "warm",
]
