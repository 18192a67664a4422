"""The built UI: its files by exact name, and its page for the first segments that the UI owns.

All files are read once at start into a map, so no path in a request ever becomes a path on the disk. The page is not
a catch-all: a tool that probes an unknown path must get a real 404, not a 200 with HTML.
"""

from __future__ import annotations

import hashlib
import html
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hannun.model.access import Access
from hannun.model.errors import ConfigError
from hannun.model.http import Endpoint, Handler, lang_of
from hannun.model.text import Lang, Text

FOLDER = Path(__file__).parent / "static"
FIRST_SEGMENTS = ("", "hosts", "explore", "logs", "errors", "targets", "cardinality", "status", "settings", "login")
BYTES_MAX = 64 << 20
_PRECOMPRESSED = {".br": "br", ".gz": "gzip"}
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".html": "text/html",
    ".txt": "text/plain",
    ".ico": "image/x-icon",
}
PAGE_HEADERS = {
    # Nothing from elsewhere, no inline script or style, not inside a frame. The UI is built and tested under it.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class File:
    """`encoded` holds the precompressed forms by Content-Encoding, best first."""

    content: bytes
    media_type: str
    etag: str
    immutable: bool
    encoded: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Static:
    """`index` is the built page, None when the UI was not built. `files` by path below the base: "assets/a-1.js"."""

    index: str | None
    files: dict[str, File]

    @staticmethod
    def read(folder: Path = FOLDER) -> Static:
        """Everything that stands in the folder now; source maps and links that lead out of it are left out."""
        index = folder / "index.html"
        if not index.is_file():
            return Static(None, {})
        return Static(index.read_text(encoding="utf-8"), dict(_files(folder)))


def routes(static: Static, *, base: str, first_segments: tuple[str, ...] = FIRST_SEGMENTS) -> list[Endpoint]:
    async def page(request: Request) -> Response:
        lang = lang_of(request)
        if static.index is None:
            return HTMLResponse(_not_built(lang), 503, headers=PAGE_HEADERS)
        return HTMLResponse(render(static.index, base=base, lang=lang), headers=PAGE_HEADERS)

    def asset_of(file: File) -> Handler:
        async def asset(request: Request) -> Response:
            return _of_file(file, request.headers.get("accept-encoding", ""), request.headers.get("if-none-match", ""))

        return asset

    endpoints = [Endpoint("GET", f"/{name}", asset_of(file), Access.PUBLIC) for name, file in static.files.items()]
    for segment in first_segments:
        endpoints.append(Endpoint("GET", f"/{segment}", page, Access.PUBLIC))
        if segment:
            endpoints.append(Endpoint("GET", f"/{segment}/{{rest:path}}", page, Access.PUBLIC))
    return endpoints


def render(index: str, *, base: str, lang: Lang) -> str:
    """The page with its language and the base of its relative URLs."""
    page = re.sub(r"<html\b[^>]*>", f'<html lang="{lang}">', index, count=1)
    page = re.sub(r"<base\b[^>]*>", "", page)
    head = f'<base href="{html.escape(base, quote=True)}/">'
    # <base> must stand before the first relative URL of the page.
    return re.sub(r"<head\b[^>]*>", lambda found: found[0] + head, page, count=1)


def _of_file(file: File, accept_encoding: str, if_none_match: str) -> Response:
    headers = {
        "cache-control": _FOREVER if file.immutable else "no-cache",
        "etag": file.etag,
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    if file.encoded:
        headers["vary"] = "accept-encoding"
    if file.etag in if_none_match:
        return Response(status_code=304, headers=headers)
    content = file.content
    for encoding, packed in file.encoded:
        if accepts(accept_encoding, encoding):
            headers["content-encoding"], content = encoding, packed
            break
    return Response(content, headers=headers, media_type=file.media_type)


def accepts(header: str, encoding: str) -> bool:
    """Whether `Accept-Encoding` names the encoding and does not rule it out with q=0."""
    for part in header.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        if name.strip() == encoding:
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _files(folder: Path) -> Iterator[tuple[str, File]]:
    total, root = 0, folder.resolve()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        ours = path.is_file() and path.resolve().is_relative_to(root) and "{" not in name
        if not ours or path.suffix in (".map", *_PRECOMPRESSED) or name == "index.html":
            continue
        content = path.read_bytes()
        total += len(content)
        if total > BYTES_MAX:
            raise ConfigError(_TOO_MUCH.with_(folder=folder, mebibytes=BYTES_MAX >> 20))
        packed = ((encoding, path.with_name(path.name + suffix)) for suffix, encoding in _PRECOMPRESSED.items())
        media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        yield (
            name,
            File(
                content,
                media_type,
                f'"{hashlib.sha256(content).hexdigest()[:20]}"',
                # Vite puts a hash of the content into the name of everything in assets/.
                immutable=name.startswith("assets/"),
                encoded=tuple((encoding, file.read_bytes()) for encoding, file in packed if file.is_file()),
            ),
        )


def _not_built(lang: Lang) -> str:
    title, words = html.escape(_NO_UI.say(lang)), html.escape(_BUILD_IT.say(lang))
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Hannun</title></head>'
        f"<body><h1>{title}</h1><p>{words}</p><pre>make setup</pre></body></html>"
    )


_NO_UI = Text(en="The page is not built yet", ko="화면이 아직 빌드되지 않았습니다")
_BUILD_IT = Text(
    en="The server runs and takes data. Build the page in the source folder and restart:",
    ko="서버는 동작하며 데이터를 받고 있습니다. 소스 폴더에서 화면을 빌드한 뒤 다시 시작하세요:",
)
_TOO_MUCH = Text(
    en="{folder} holds more than {mebibytes} MiB; build the page again with make setup",
    ko="{folder}: 파일이 {mebibytes} MiB를 넘습니다. make setup 으로 화면을 다시 빌드하세요",
)
