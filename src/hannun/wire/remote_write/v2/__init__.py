"""Prometheus remote write 2.0: `io.prometheus.write.v2.Request` straight into columns.

A request names every distinct text once, in a table of symbols, and series, exemplars and metadata refer to them. As
for 1.0 there are two decoders with one meaning, `plain` and `fast`. Start and creation timestamps are read over, as
Prometheus does unless a feature flag asks for zero samples.
"""

from hannun.wire.remote_write.v2.encode import TimeSeries, Told, encode
from hannun.wire.remote_write.v2.fast import FastDecoder, warm
from hannun.wire.remote_write.v2.plain import PlainDecoder

__all__ = ["FastDecoder", "PlainDecoder", "TimeSeries", "Told", "encode", "warm"]
