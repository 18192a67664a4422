"""One HTTP route as `receive/` and `api/` declare it and `web/` serves it.

A product's routes answer at the root and under its prefix; `web/` mounts both and a test refuses duplicates.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` in Starlette's form (`/api/v1/label/{name}/values`). `prefix` is the product's ("/prometheus") or ""."""

    method: str
    path: str
    handler: Handler
    access: Access
    prefix: str = ""
    at_root: bool = True
