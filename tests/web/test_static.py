from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hannun.model.errors import ConfigError
from hannun.web import static
from hannun.web.site import Site
from hannun.web.static import Static, accepts, render

Build = Any
INDEX = (
    '<!doctype html>\n<html lang="ko">\n  <head>\n  <script type="module" src="./assets/a-1.js"></script></head></html>'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built UI, beside a file that must stay unseen."""
    (tmp_path / "secret.txt").write_text("secret")
    built = tmp_path / "static"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(INDEX)
    (built / "assets" / "a-1.js").write_text("let a = 1;" * 300)
    (built / "assets" / "a-1.js.br").write_bytes(b"packed by brotli")
    (built / "assets" / "a-1.js.gz").write_bytes(b"packed by gzip")
    (built / "assets" / "a-1.js.map").write_text("{}")
    (built / "favicon.svg").write_text("<svg/>")
    (built / "link.txt").symlink_to(tmp_path / "secret.txt")
    return built


async def test_the_page_knows_its_language_and_its_base(build: Build, folder: Path) -> None:
    site = Site(external_url="http://localhost:8800/watch")
    async with build(site, static=Static.read(folder)).client() as client:
        for path in ("/watch/", "/watch/hosts", "/watch/explore?expr=up", "/watch/hosts/box/cpu"):
            answer = await client.get(path, headers={"accept-language": "ko"})
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert '<html lang="ko">' in answer.text
            assert answer.text.index('<base href="/watch/">') < answer.text.index("./assets/a-1.js")
        assert '<html lang="en">' in (await client.get("/watch/", headers={"accept-language": "en"})).text


async def test_the_page_is_held_in_by_its_headers(build: Build, folder: Path) -> None:
    async with build(static=Static.read(folder)).client() as client:
        answer = await client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "type_", "cache"),
    [
        ("/assets/a-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
    ],
)
async def test_files_by_their_exact_names(build: Build, folder: Path, path: str, type_: str, cache: str) -> None:
    async with build(static=Static.read(folder)).client() as client:
        answer = await client.get(path, headers={"accept-encoding": ""})
        assert (answer.status_code, answer.headers["content-type"]) == (200, type_)
        assert answer.headers["cache-control"] == cache
        assert "sandbox" in answer.headers["content-security-policy"], "a file opened as a page can run nothing"
        again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "encoding", "body"),
    [
        ("gzip, br", "br", b"packed by brotli"),
        ("gzip", "gzip", b"packed by gzip"),
        ("gzip, br;q=0", "gzip", b"packed by gzip"),
        ("identity", None, b"let a = 1;" * 300),
    ],
)
async def test_precompressed_forms(build: Build, folder: Path, asked: str, encoding: str | None, body: bytes) -> None:
    async with (
        build(static=Static.read(folder)).client() as client,
        client.stream("GET", "/assets/a-1.js", headers={"accept-encoding": asked}) as answer,
    ):
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["vary"] == "accept-encoding"
        assert b"".join([piece async for piece in answer.aiter_raw()]) == body


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/assets",
        "/assets/",
        "/assets/a-1.js.map",
        "/assets/a-1.js.br",
        "/assets/../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets%2fa-1.js",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/....//secret.txt",
        "//secret.txt",
        "/assets//a-1.js",
        "/assets/a-1.js/",
        "/assets/a-1.js%00.png",
        "/assets;/a-1.js",
        "/C:/secret.txt",
        "/\\\\server\\share",
        "/link.txt",
        "/secret.txt",
        "/ASSETS/a-1.js",
    ],
)
async def test_no_other_path_is_a_file(build: Build, folder: Path, path: str) -> None:
    from hannun.web.routing import Routes

    endpoints = static.routes(Static.read(folder), base="")
    assert Routes(endpoints).find("GET", path) is None


@pytest.mark.parametrize("path", ["/login/..%2f..%2fsecret.txt", "/hosts/%2e%2e/%2e%2e/secret.txt"])
async def test_below_a_page_is_only_the_page(build: Build, folder: Path, path: str) -> None:
    async with build(static=Static.read(folder)).client() as client:
        assert "secret" not in (await client.get(path)).text


async def test_an_unbuilt_ui_says_how_to_build_it(build: Build, tmp_path: Path) -> None:
    async with build(static=Static.read(tmp_path / "nothing")).client() as client:
        english = await client.get("/")
        korean = await client.get("/", headers={"accept-language": "ko"})
        assert (english.status_code, korean.status_code) == (503, 503)
        assert "make setup" in english.text
        assert "빌드" in korean.text
        assert (await client.get("/api/hannun/v1/session")).status_code == 200


def test_a_folder_of_more_than_its_bound_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static, "BYTES_MAX", 10)
    with pytest.raises(ConfigError, match="make setup"):
        Static.read(folder)


def test_a_base_that_is_there_already_is_replaced() -> None:
    page = render('<html><head class="x"><base href="/old/"></head></html>', base="/a&b", lang="en")
    assert page == '<html lang="en"><head class="x"><base href="/a&amp;b/"></head></html>'


@pytest.mark.parametrize(
    ("header", "encoding", "accepted"),
    [
        ("gzip", "gzip", True),
        ("GZIP;q=0.5, br", "gzip", True),
        ("gzip;q=0", "gzip", False),
        ("gzip; q=0.0", "gzip", False),
        ("xgzip", "gzip", False),
        ("", "gzip", False),
        ("*", "gzip", False),
    ],
)
def test_what_accept_encoding_allows(header: str, encoding: str, accepted: bool) -> None:
    assert accepts(header, encoding) is accepted
