"""Loki's push, protobuf and JSON, straight into columns.

Each form has two decoders with one meaning: a plain one that a reader checks the format against, and one that scans
with compiled code. A property test holds them together. The columns are those of every other receiver of lines, too.
"""

from hannun.wire.loki.columns import ColumnsBuilder, Pairs, PushColumns
from hannun.wire.loki.encode import encode, labels_text
from hannun.wire.loki.fast import FastDecoder
from hannun.wire.loki.json_fast import JsonDecoder
from hannun.wire.loki.json_plain import PlainJsonDecoder
from hannun.wire.loki.labels import read_labels
from hannun.wire.loki.limits import PushLimits
from hannun.wire.loki.plain import PlainDecoder
from hannun.wire.loki.warming import warm

__all__ = [
    "ColumnsBuilder",
    "FastDecoder",
    "JsonDecoder",
    "Pairs",
    "PlainDecoder",
    "PlainJsonDecoder",
    "PushColumns",
    "PushLimits",
    "encode",
    "labels_text",
    "read_labels",
    "warm",
]
