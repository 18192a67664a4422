"""A route of the own API together with the words that its OpenAPI page says about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hannun.model.access import Access
from hannun.model.http import Endpoint, Handler

BASE = "/api/hannun/v1"


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kind` is a JSON type. Parameters of the path stand in braces there and are not repeated here."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is below BASE."""

    method: str
    path: str
    handler: Handler
    access: Access
    text: str
    parameters: tuple[Parameter, ...] = ()
    body: dict[str, str] = field(default_factory=dict)
    """Fields of the JSON body and what they mean."""

    def endpoint(self) -> Endpoint:
        return Endpoint(self.method, BASE + self.path, self.handler, self.access)
