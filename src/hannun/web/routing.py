"""Which endpoint answers a method and a path. Pure: a table built once, looked up per request.

Paths are split at the slashes of the *undecoded* path and decoded segment by segment. So `a%2Fb` is one segment with
a slash in it, never two, and no spelling of a path reaches another endpoint than the one whose access is checked.
A doubled or trailing slash, `.` and `..` are segments like any other: they match only what an endpoint spelled so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from hannun.model.http import AnyEndpoint, SocketEndpoint

_PARAM = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)(?::(int|path))?\}")
SEGMENTS_MAX = 64


@dataclass(frozen=True, slots=True)
class Found:
    """`params` holds decoded strings (ints for `{x:int}`)."""

    endpoint: AnyEndpoint
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """The path is known, the method is not."""

    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`parts` are literals (str) or parameters; a `path` parameter is last and takes the rest, slashes included."""

    parts: tuple[str | _Param, ...]
    methods: dict[str, AnyEndpoint] = field(default_factory=dict)

    @property
    def takes_rest(self) -> bool:
        last = self.parts[-1]
        return isinstance(last, _Param) and last.kind == "path"

    def match(self, segments: list[str]) -> dict[str, object] | None:
        parts = self.parts
        params: dict[str, object] = {}
        for index, part in enumerate(parts):
            if isinstance(part, str):
                if segments[index] != part:
                    return None
            elif part.kind == "path":
                params[part.name] = "/".join(segments[index:])
            elif segments[index] == "" or (part.kind == "int" and not _is_int(segments[index])):
                return None
            else:
                params[part.name] = int(segments[index]) if part.kind == "int" else segments[index]
        return params


@dataclass(frozen=True, slots=True)
class _Param:
    name: str
    kind: str  # "" | int | path


class Routes:
    """Raises ValueError when two endpoints answer the same method and path.

    `product` is the prefix of the product that owns the root in this table, as on its classic port: its routes stand at
    the root too, and another's route of the same method and path gives way.
    """

    def __init__(self, endpoints: Iterable[AnyEndpoint], *, product: str = "") -> None:
        self._exact: dict[str, dict[str, AnyEndpoint]] = {}
        self._patterns: dict[int, list[_Pattern]] = {}
        self._rest: list[_Pattern] = []
        everything = list(endpoints)
        at_home = [endpoint for endpoint in everything if product and endpoint.prefix == product]
        taken = {(endpoint.method, endpoint.path) for endpoint in at_home}
        for endpoint in at_home:
            self._add(endpoint, endpoint.path)
        for endpoint in everything:
            for path in paths_of(endpoint):
                if (endpoint.method, path) not in taken:
                    self._add(endpoint, path)
        for patterns in (*self._patterns.values(), self._rest):
            # More literals first, so that /users/me is not taken for /users/{id}.
            patterns.sort(key=lambda pattern: [isinstance(part, _Param) for part in pattern.parts])
        self._rest.sort(key=lambda pattern: -len(pattern.parts))

    def _add(self, endpoint: AnyEndpoint, path: str) -> None:
        assert path.startswith("/"), f"{path}: a path begins with a slash"
        parts = tuple(_part(segment) for segment in path[1:].split("/"))
        if all(isinstance(part, str) for part in parts):
            methods = self._exact.setdefault(path, {})
        else:
            methods = self._pattern(parts).methods
        if endpoint.method in methods:
            raise ValueError(f"{endpoint.method} {path} is answered twice: {methods[endpoint.method]} and {endpoint}")
        methods[endpoint.method] = endpoint

    def _pattern(self, parts: tuple[str | _Param, ...]) -> _Pattern:
        pattern = _Pattern(parts)
        siblings = self._rest if pattern.takes_rest else self._patterns.setdefault(len(parts), [])
        for known in siblings:
            if _shape(known.parts) == _shape(parts):
                if known.parts != parts:
                    raise ValueError(f"{known.parts} and {parts} match the same paths under other names")
                return known
        siblings.append(pattern)
        return pattern

    def find(self, method: str, raw_path: str) -> Found | WrongMethod | None:
        """`raw_path` is the request target's path, still percent-encoded. HEAD is answered by GET.

        The method of a WebSocket is `SocketEndpoint.method`; no request can spell it, so none reaches one.
        """
        segments = [_decoded(segment) for segment in raw_path[1:].split("/", SEGMENTS_MAX)]
        if len(segments) > SEGMENTS_MAX or not raw_path.startswith("/"):
            return None
        allowed: set[str] = set()
        if not any("/" in segment for segment in segments):
            methods = self._exact.get("/" + "/".join(segments))
            if methods is not None:
                if (endpoint := _by_method(methods, method)) is not None:
                    return Found(endpoint, {})
                allowed |= methods.keys()
        candidates = self._patterns.get(len(segments), [])
        rest = [pattern for pattern in self._rest if len(pattern.parts) <= len(segments)]
        for pattern in (*candidates, *rest):
            params = pattern.match(segments)
            if params is not None:
                if (endpoint := _by_method(pattern.methods, method)) is not None:
                    return Found(endpoint, params)
                allowed |= pattern.methods.keys()
        allowed.discard(SocketEndpoint.method)
        return WrongMethod(_sorted_methods(allowed)) if allowed else None


def paths_of(endpoint: AnyEndpoint) -> tuple[str, ...]:
    """Every path at which the endpoint answers: at the root and under its product's prefix."""
    roots = (endpoint.path,) if endpoint.at_root or not endpoint.prefix else ()
    prefixed = (endpoint.prefix + endpoint.path,) if endpoint.prefix else ()
    return roots + prefixed


def _part(segment: str) -> str | _Param:
    found = _PARAM.fullmatch(segment)
    if found is None:
        assert "{" not in segment, f"{segment}: a parameter is a whole segment"
        return segment
    return _Param(found[1], found[2] or "")


def _shape(parts: tuple[str | _Param, ...]) -> tuple[object, ...]:
    return tuple(part if isinstance(part, str) else ("parameter", part.kind) for part in parts)


def _decoded(segment: str) -> str:
    return unquote_to_bytes(segment).decode("utf-8", "replace") if "%" in segment else segment


def _is_int(text: str) -> bool:
    return len(text) <= 18 and text.isascii() and text.isdecimal()


def _by_method(methods: Mapping[str, AnyEndpoint], method: str) -> AnyEndpoint | None:
    found = methods.get(method)
    return methods.get("GET") if found is None and method == "HEAD" else found


def _sorted_methods(methods: set[str]) -> tuple[str, ...]:
    return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
