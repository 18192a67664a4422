"""Whom it happened to. Addresses are filled in as Sentry does; where on earth they are is left out on purpose."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from hannun.model.event import EventUser
from hannun.process.events.facts import EventFacts
from hannun.process.events.limits import CONTEXT, DATA, NAME
from hannun.process.events.remarks import INVALID, Remarks
from hannun.process.events.shapes import Field, Shape, text
from hannun.process.identity import known

AUTO = "{{auto}}"
_FILLED_BY_DEFAULT = frozenset({"javascript", "cocoa", "objc"})
"""Platforms on which the peer is the visitor: their older SDKs say nothing and expect the address."""


def _read_ip(value: Any, path: str, remarks: Remarks) -> str | None:
    if isinstance(value, str):
        if value == AUTO:
            return AUTO
        if (address := valid_ip(value)) or not value.strip():
            return address or None
    remarks.add(INVALID, path, "expected an IP address", value)
    return None


def valid_ip(value: str) -> str:
    """The address in its plain form, or ""."""
    value = value.strip().strip("[]")
    if not value or len(value) > 64:
        return ""
    try:
        return str(ip_address(value.partition("%")[0]))
    except ValueError:
        return ""


_KNOWN = {
    "id": text(NAME),
    "email": text(NAME),
    "username": text(NAME),
    "name": text(NAME),
    "segment": text(NAME),
    "ip_address": Field(_read_ip, None),
}
USER = Shape("User", _KNOWN, {"geo": DATA, "data": CONTEXT})


def read_user(raw: Any, remarks: Remarks) -> dict[str, Any]:
    """The user as told; attributes of the sender's own making stand in `data`."""
    if not isinstance(raw, dict):
        if raw is not None:
            remarks.add(INVALID, "user", "expected an object", raw)
        return {}
    plain = {key: item for key, item in raw.items() if key in USER.fields}
    kept = dict(USER.read(plain, "user", remarks))
    own = {key: item for key, item in raw.items() if key not in USER.fields and item is not None}
    if own:
        told = kept.get("data")
        data = {**own, **told} if isinstance(told, dict) else own if told is None else {**own, "data": told}
        kept["data"] = CONTEXT.read(data, "user.data", remarks)
    return {key: item for key, item in kept.items() if item != ""}


def with_address(user: dict[str, Any], event: dict[str, Any], facts: EventFacts) -> dict[str, Any]:
    """`user` with the address that the wire knows, where the sender asked for it or expects it."""
    told = user.get("ip_address", "")
    wanted = told == AUTO
    settings = (event.get("sdk") or {}).get("settings")
    infer = settings.get("infer_ip") if isinstance(settings, dict) else None
    if not told:
        environment = (event.get("request") or {}).get("env")
        remote = environment.get("REMOTE_ADDR") if isinstance(environment, dict) else None
        if isinstance(remote, str) and remote != AUTO and (address := valid_ip(remote)):
            return {**user, "ip_address": address}
        wanted = infer == "auto" or (infer is None and event.get("platform") in _FILLED_BY_DEFAULT)
    if not wanted:
        return user
    address = valid_ip(facts.client_ip) if infer != "never" else ""
    without = {key: item for key, item in user.items() if key != "ip_address"}
    return {**without, "ip_address": address} if address else without


def user_of(event: dict[str, Any]) -> EventUser:
    """The columns by which users are counted and searched."""
    user = event.get("user") or {}
    return EventUser(
        id=known(user.get("id", "")),
        email=user.get("email", ""),
        username=user.get("username", ""),
        ip=user.get("ip_address", ""),
    )
