"""Values -> YAML text, in the form in which Go programs print it; and how secrets are kept out of it."""

from __future__ import annotations

from typing import Any

import yaml

from hannun.config.http_client import HIDDEN
from hannun.config.prometheus.scalars import redacted

_SECRET_WORDS = ("password", "secret", "token", "credentials", "key", "authorization")
_SENT_TO_PROXY = "proxy_connect_header"
_NO_SECRETS = ("_file", "_ref", "token_url", "key_file")


class Flow(tuple[str, ...]):
    """A list that is printed on one line: `[a, b]`."""

    __slots__ = ()


def dump(tree: Any) -> str:
    text: str = yaml.dump(
        tree, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=1 << 20, allow_unicode=True
    )
    return text


def hide(value: Any, key: str = "") -> Any:
    """`value` with what stands below telling keys as `<secret>`, and passwords in URLs as `xxxxx`."""
    if isinstance(value, dict):
        # What is sent to a proxy is secret whatever its header is called.
        return {name: hide(inner, key if key == _SENT_TO_PROXY else str(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return [hide(inner, key) for inner in value]
    lowered = key.lower()
    if value and (key == _SENT_TO_PROXY or _is_secret(lowered)):
        return HIDDEN
    return redacted(value) if isinstance(value, str) and "://" in value else value


def _is_secret(key: str) -> bool:
    return any(word in key for word in _SECRET_WORDS) and not key.endswith(_NO_SECRETS)


_BASE: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_BASE):  # type: ignore[misc]
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _flow(dumper: Any, data: Flow) -> Any:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", list(data), flow_style=True)


def _text(dumper: Any, data: str) -> Any:
    """Go's rule: quotes where the words would be read as something else than words, a block for many lines."""
    tag = dumper.resolve(yaml.ScalarNode, data, (True, False))
    style = "|" if "\n" in data else None if tag == "tag:yaml.org,2002:str" and data else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(Flow, _flow)
_Dumper.add_representer(str, _text)
