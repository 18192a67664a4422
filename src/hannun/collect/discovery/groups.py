"""Lists of target groups as files and HTTP endpoints write them: JSON or YAML bytes -> TargetGroups. Pure.

`[{"targets": ["host:9100"], "labels": {"env": "prod"}}]`, as in Prometheus, but a key that we do not know is passed
over instead of refusing the list: people keep notes in such files, and stale targets are worse than an odd key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from hannun.collect.discovery.labels import ADDRESS
from hannun.config import yaml
from hannun.config.complaint import Refused, quote
from hannun.config.yaml import Map, Node, Scalar, Seq
from hannun.model.errors import WireError
from hannun.model.target import TargetGroup

SHAPE = 'expected [{"targets": ["host:port"], "labels": {"name": "value"}}]'
BODY_BYTES_MAX = 16 << 20
TARGETS_MAX = 100_000
LABELS_MAX = 1_000
"""Of one group. Bounds of one list; a list beyond them is refused whole, because half of one would look like a loss."""


class _Written(msgspec.Struct):
    targets: list[str] | None = None
    labels: dict[str, str] | None = None


_JSON = msgspec.json.Decoder(list[_Written] | None)


def from_json(body: bytes, source: str, meta: Mapping[str, str]) -> list[TargetGroup]:
    """Groups named `source:0`, `source:1` …, each with the labels `meta` besides its own. Raises WireError."""
    _check_size(body)
    try:
        written = _JSON.decode(body) or []
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as err:
        raise WireError(f"not a list of target groups: {err}", SHAPE) from None
    return _groups(written, source, meta)


def from_yaml(body: bytes, source: str, meta: Mapping[str, str]) -> list[TargetGroup]:
    """As `from_json`; an error names the line."""
    _check_size(body)
    try:
        root = yaml.load(body, source).root
    except Refused as err:
        raise WireError(str(err)) from None
    if root is None or (isinstance(root, Scalar) and root.is_null):
        return []
    return _groups(_walk(root), source, meta)


def _check_size(body: bytes) -> None:
    if len(body) > BODY_BYTES_MAX:
        raise WireError(f"larger than {BODY_BYTES_MAX >> 20} MiB", "split the list into several")


def _walk(root: Node) -> Iterator[_Written]:
    if not isinstance(root, Seq):
        raise WireError(f"line {root.line}: not a list of target groups", SHAPE)
    for item in root:
        if not isinstance(item, Map):
            raise WireError(f"line {item.line}: not a target group", SHAPE)
        yield _Written(_texts(item.get("targets")), _label_map(item.get("labels")))


def _texts(node: Node | None) -> list[str]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return []
    if not isinstance(node, Seq):
        raise WireError(f"line {node.line}: targets is not a list", SHAPE)
    return [_text(item) for item in node]


def _label_map(node: Node | None) -> dict[str, str]:
    if node is None or (isinstance(node, Scalar) and node.is_null):
        return {}
    if not isinstance(node, Map):
        raise WireError(f"line {node.line}: labels is not a mapping", SHAPE)
    return {entry.key: _text(entry.value) for entry in node}


def _text(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise WireError(f"line {node.line}: not a text", SHAPE)
    return "" if node.is_null else node.text


def _groups(written: Iterable[_Written], source: str, meta: Mapping[str, str]) -> list[TargetGroup]:
    groups: list[TargetGroup] = []
    count = 0
    for at, group in enumerate(written):
        targets, labels = group.targets or [], group.labels or {}
        count += len(targets)
        if count > TARGETS_MAX:
            raise WireError(f"more than {TARGETS_MAX:,} targets", "split the list into several")
        if len(labels) > LABELS_MAX:
            raise WireError(f"group {at} has more than {LABELS_MAX:,} labels")
        for name in labels:
            if not name:
                raise WireError(f"group {at} has a label without a name")
        for text in (*targets, *labels, *labels.values()):
            _check_text(text)
        addresses = tuple({ADDRESS: target} for target in targets)
        groups.append(TargetGroup(f"{source}:{at}", addresses, {**labels, **meta}))
    return groups


def _check_text(text: str) -> None:
    """Lone surrogates (JSON can write them) are no text, and nothing downstream could encode them."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise WireError(f"{quote(text)} is not valid Unicode") from None
