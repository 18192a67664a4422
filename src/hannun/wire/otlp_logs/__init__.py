"""OTLP's log records, protobuf and JSON, mapped to streams and lines as Loki maps them.

Some resource attributes name the stream, all others and those of scope and record become structured metadata. The
mapping can be changed as Loki's `otlp_config` changes it.
"""

from hannun.wire.otlp_logs.answer import failure, success
from hannun.wire.otlp_logs.fast import FastDecoder
from hannun.wire.otlp_logs.mapping import INDEX_LABELS, OtlpMapping, Rule, decode_json, decode_protobuf
from hannun.wire.otlp_logs.warming import warm

__all__ = [
    "INDEX_LABELS",
    "FastDecoder",
    "OtlpMapping",
    "Rule",
    "decode_json",
    "decode_protobuf",
    "failure",
    "success",
    "warm",
]
