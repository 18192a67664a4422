"""Native histograms as senders write them: spans of buckets with deltas or counts -> the model, and back.

`raw` is what every format says (remote write, protobuf pages, storage files) and the rules that Prometheus holds it
to; `message` reads and writes the protobuf messages, `classic` makes one of a classic histogram's series. Facts:
prometheus.io/docs/specs/native_histograms.
"""

from hannun.wire.native_histogram.classic import from_classic
from hannun.wire.native_histogram.message import EXPOSED, SENT, encode, read_message
from hannun.wire.native_histogram.raw import RESET_HINTS, BadHistogram, RawHistogram, RawSide, checked, spans_of

__all__ = [
    "EXPOSED",
    "RESET_HINTS",
    "SENT",
    "BadHistogram",
    "RawHistogram",
    "RawSide",
    "checked",
    "encode",
    "from_classic",
    "read_message",
    "spans_of",
]
