"""The HTTP request in which it happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from hannun.process.events.limits import BODY, DATA, HEADERS, MESSAGE, NAME, PATH
from hannun.process.events.pairs import of_cookies, of_query, pairs_of
from hannun.process.events.plain import shortened
from hannun.process.events.remarks import INVALID, TOO_LONG, TOO_MANY, Remarks
from hannun.process.events.shapes import Shape, as_text, text

REQUEST = Shape(
    "Request",
    {
        "method": text(NAME),
        "protocol": text(NAME),
        "fragment": text(PATH),
        "inferred_content_type": text(NAME),
        "api_target": text(NAME),
    },
    {"data": BODY, "env": DATA},
)
_OWN = ("url", "query_string", "headers", "cookies")
_JSON_CHARACTERS_MAX = 131_072
_FORM = "application/x-www-form-urlencoded"


def read_request(raw: Any, remarks: Remarks) -> dict[str, Any] | None:
    """`url` without query and fragment, `query_string`, `headers` and `cookies` as lists of pairs of strings.

    Header names are written `Like-This`. A body of JSON or a form that came as text is read (`inferred_content_type`).
    """
    if not isinstance(raw, dict):
        if raw is not None:
            remarks.add(INVALID, "request", "expected an object", raw)
        return None
    kept = dict(REQUEST.read({key: item for key, item in raw.items() if key not in _OWN}, "request", remarks))
    if method := kept.get("method"):
        kept["method"] = method.strip().upper()
    query = raw.get("query_string")
    if (url := raw.get("url")) is not None and (read := _URL.read(url, "request.url", remarks)) is not None:
        bare, url_query, fragment = _apart(read)
        kept["url"] = bare
        query = url_query if query in (None, "", [], {}) else query
        if fragment and not kept.get("fragment"):
            kept["fragment"] = fragment
    if query is not None and (pairs := _query(query, remarks)):
        kept["query_string"] = pairs
    headers, cookie_line = _headers(raw.get("headers"), remarks)
    if headers:
        kept["headers"] = headers
    cookies = raw.get("cookies")
    if cookies in (None, "", [], {}) and cookie_line:
        cookies = cookie_line
    if cookies is not None and (pairs := _cookies(cookies, remarks)):
        kept["cookies"] = pairs
    return _with_body(kept) or None


_URL = text(8192)


def _apart(url: str) -> tuple[str, str, str]:
    """`url`, query and fragment. What is no URL (a path of many colons, a broken IPv6 address) stays whole."""
    before, _, fragment = url.partition("#")
    bare, _, query = before.partition("?")
    try:
        urlsplit(bare)
    except ValueError:
        return shortened(url, PATH), "", ""
    return shortened(bare, PATH), query, shortened(fragment, PATH)


def _query(raw: Any, remarks: Remarks) -> list[list[str]]:
    if isinstance(raw, str):
        raw = of_query(raw, HEADERS)
    return _pairs(raw, "request.query_string", PATH, remarks)


def _cookies(raw: Any, remarks: Remarks) -> list[list[str]]:
    if isinstance(raw, str):
        raw = of_cookies(raw, HEADERS)
    return _pairs(raw, "request.cookies", PATH, remarks)


def _headers(raw: Any, remarks: Remarks) -> tuple[list[list[str]], str]:
    """The headers and the line of cookies among them: those are shown as cookies, once."""
    if raw is None:
        return [], ""
    kept: list[list[str]] = []
    cookie_line = ""
    for name, value in _pairs(raw, "request.headers", MESSAGE, remarks):
        if name.lower() == "cookie" and "=" in value:
            cookie_line = cookie_line or value
            continue
        kept.append([_header_name(name), value])
    return kept, cookie_line


def _header_name(name: str) -> str:
    return "-".join([part[:1].upper() + part[1:].lower() for part in name.split("-")])


def _pairs(raw: Any, path: str, longest: int, remarks: Remarks) -> list[list[str]]:
    if type(raw) is list and all(
        type(pair) is list
        and len(pair) == 2
        and type(pair[0]) is type(pair[1]) is str
        and len(pair[0]) <= NAME
        and len(pair[1]) <= longest
        for pair in raw[: HEADERS + 1]
    ):
        read: list[list[str]] = raw
    else:
        pairs = pairs_of(raw)
        if pairs is None:
            remarks.add(INVALID, path, "expected an object or pairs", raw)
            return []
        read = []
        for key, value in pairs:
            if len(read) > HEADERS:
                break
            read.append([_line(key, NAME, path, remarks), _line(value, longest, f"{path}.{key}", remarks)])
    if len(read) > HEADERS:
        remarks.add(TOO_MANY, path, f"kept the first {HEADERS}")
        return read[:HEADERS]
    return read


def _line(raw: Any, longest: int, path: str, remarks: Remarks) -> str:
    if isinstance(raw, list) and raw and all(isinstance(one, str) for one in raw):
        raw = ", ".join(raw[:HEADERS]) if len(raw) > 1 else raw[0]
    written = raw if isinstance(raw, str) else "" if raw is None else as_text(raw)
    if written is None:
        written = orjson.dumps(raw).decode()
    if len(written) > longest:
        remarks.add(TOO_LONG, path, f"cut to {longest} of {len(written)} characters")
        return shortened(written, longest)
    return written


def _with_body(kept: dict[str, Any]) -> dict[str, Any]:
    """A body that came as text is shown as what it is."""
    data = kept.get("data")
    if not isinstance(data, str) or not data or "inferred_content_type" in kept:
        return kept
    declared = next((value for name, value in kept.get("headers", ()) if name == "Content-Type"), "")
    declared = declared.partition(";")[0].strip().lower()
    if data[0] in "{[" and len(data) <= _JSON_CHARACTERS_MAX:
        try:
            read = orjson.loads(data)
        except ValueError:
            return kept
        bounded = BODY.read(read, "request.data", Remarks())
        return {**kept, "data": bounded, "inferred_content_type": declared or "application/json"}
    if declared == _FORM and "=" in data:
        fields: dict[str, Any] = {}
        for key, value in of_query(data, HEADERS):
            fields.setdefault(key, value)
        return {**kept, "data": fields, "inferred_content_type": declared}
    return kept


def header(event: Mapping[str, Any], name: str) -> str:
    """The first header of that name (`Like-This`) in a normalised event, or ""."""
    for key, value in (event.get("request") or {}).get("headers") or ():
        if key == name:
            return str(value)
    return ""
