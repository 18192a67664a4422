"""The common form of logs, metrics and spans of newer SDKs: `{"version": 2, "items": […], "ingest_settings": {…}}`."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from hannun.model.errors import TooLarge, WireError
from hannun.model.identity import Identity
from hannun.model.sentry_items import AttributeValue
from hannun.wire.sentry import fields
from hannun.wire.sentry.jsons import Payload, load

ENTRIES_MAX = 10_000
Attributes = Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a batch comes from, as far as the request tells. `service`: where the entries name none."""

    service: str = ""
    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """`infer_ip`, `infer_user_agent`: the sender asks that the server fills these in."""

    entries: list[dict[str, Any]]
    infer_ip: bool = False
    infer_user_agent: bool = False

    def attributes(self, entry: Mapping[str, Any], origin: Origin) -> dict[str, AttributeValue]:
        """Of one entry, with what the server knows of its sender where that is asked for."""
        read = fields.attributes(entry.get("attributes"))
        if self.infer_ip or read.get("user.ip_address") == "{{auto}}" or read.get("client.address") == "{{auto}}":
            _fill(read, "client.address", origin.address)
            if read.get("user.ip_address") == "{{auto}}":
                read["user.ip_address"] = origin.address
        if self.infer_user_agent:
            _fill(read, "user_agent.original", origin.user_agent)
        return read


def decode(payload: Payload, what: str) -> Batch:
    """A bare list of entries, or one alone, is taken too. Raises WireError, and TooLarge beyond `ENTRIES_MAX`."""
    found = load(payload, what)
    if isinstance(found, list):
        found = {"items": found}
    if not isinstance(found, dict):
        raise WireError(f"{what}: expected a JSON object")
    entries = fields.objects(found["items"]) if "items" in found else [found]
    if len(entries) > ENTRIES_MAX:
        raise TooLarge(f"{what}: {len(entries)} entries; at most {ENTRIES_MAX} are taken")
    settings = fields.mapping(found.get("ingest_settings"))
    return Batch(entries, settings.get("infer_ip") == "auto", settings.get("infer_user_agent") == "auto")


def identity(attributes: Attributes, service: str) -> Identity:
    """Who an entry speaks of, by the attributes that SDKs and OpenTelemetry write."""
    return Identity(
        service=first(attributes, ("service.name",)) or service,
        environment=first(attributes, ("sentry.environment", "deployment.environment.name", "deployment.environment")),
        host=first(attributes, ("server.address", "host.name")),
        release=first(attributes, ("sentry.release", "service.version")),
    )


def first(attributes: Attributes, names: tuple[str, ...]) -> str:
    """The first that is a text, trimmed; "" when there is none."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()[: fields.TEXT_LENGTH_MAX]
    return ""


def _fill(read: MutableMapping[str, AttributeValue], name: str, value: str) -> None:
    if value and read.get(name, "{{auto}}") == "{{auto}}":
        read[name] = value
