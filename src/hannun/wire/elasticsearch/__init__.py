"""Elasticsearch's bulk requests and single documents -> columns.

Two decoders with one meaning: a plain one that a reader checks the format against, and one that scans with compiled
code. A property test holds them together.
"""

from hannun.wire.elasticsearch.fast import BulkDecoder
from hannun.wire.elasticsearch.plain import Bulk, Item, decode_bulk, decode_document
from hannun.wire.elasticsearch.warming import warm

__all__ = ["Bulk", "BulkDecoder", "Item", "decode_bulk", "decode_document", "warm"]
