"""blackbox_exporter's HTTP: `/probe`, its own metrics, its config, the last probes. Its answers are in its own words.

A probe makes this server speak to an address that the caller chose. Only an admin may choose any; for the others
addresses that this machine alone can reach are refused and the log keeps the target's words to itself (`trusted`).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.model.access import Access, Role
from hannun.model.errors import HannunError, Overloaded
from hannun.model.http import Endpoint, lang_of, principal_of
from hannun.model.probe import Prober, ProbeRefused, ProbeRequest, ProbeResult
from hannun.model.text import Lang, Text
from hannun.wire.exposition import TEXT_CONTENT_TYPE, encode_text

PREFIX = "/blackbox"
TIMEOUT_HEADER = "x-prometheus-scrape-timeout-seconds"
Reload = Callable[[], Awaitable[None]]


def routes(prober: Prober, reload: Reload) -> list[Endpoint]:
    """`reload` reads blackbox.yml again and raises HannunError when the old one stays."""

    async def probe(request: Request) -> Response:
        query = request.query_params
        try:
            timeout_s = scrape_timeout_s(request.headers.get(TIMEOUT_HEADER, ""))
        except ValueError as err:
            return _refusal(500, f"Failed to parse timeout from Prometheus header: {err}")
        asked = ProbeRequest(
            target=query.get("target", ""),
            module=query.get("module", ""),
            hostname=query.get("hostname", ""),
            scrape_timeout_s=timeout_s,
            trusted=principal_of(request).role is Role.ADMIN,
        )
        try:
            result = await prober.probe(asked)
        except ProbeRefused as err:
            return _refusal(400, str(err.what))
        except Overloaded as err:
            return _refusal(503, str(err.what), {"retry-after": str(err.retry_after_s)})
        if query.get("debug") == "true":
            return PlainTextResponse(debug_text(result, prober.config_yaml(result.module)))
        return _page(request, encode_text(result.families))

    async def metrics(request: Request) -> Response:
        return _page(request, encode_text(prober.families()))

    async def config(_: Request) -> Response:
        return PlainTextResponse(prober.config_yaml())

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("Healthy")

    async def do_reload(_: Request) -> Response:
        try:
            await reload()
        except HannunError as err:
            return _refusal(500, f"failed to reload config: {err}")
        return Response()

    async def only_post(_: Request) -> Response:
        return PlainTextResponse("This endpoint requires a POST request.\n", 405, {"allow": "POST"})

    async def home(request: Request) -> Response:
        return HTMLResponse(home_page(prober.recent(), lang_of(request)))

    async def logs(request: Request) -> Response:
        wanted = request.query_params.get("id", "")
        if not (wanted.isascii() and wanted.isdecimal()):
            return _refusal(500, "Invalid probe id")
        found = next((one for one in prober.recent() if str(one.id) == wanted), None)
        if found is None:
            return _refusal(404, f"Probe id {wanted[:20]} not found")
        return PlainTextResponse(debug_text(found, prober.config_yaml(found.module)))

    return [
        Endpoint("GET", "/probe", probe, Access.VIEW, PREFIX),
        Endpoint("GET", "/metrics", metrics, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/config", config, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/-/healthy", healthy, Access.PUBLIC, PREFIX, at_root=False),
        Endpoint("POST", "/-/reload", do_reload, Access.ADMIN, PREFIX, at_root=False),
        Endpoint("GET", "/-/reload", only_post, Access.PUBLIC, PREFIX, at_root=False),
        Endpoint("GET", "/logs", logs, Access.ADMIN, PREFIX, at_root=False),
        Endpoint("GET", "/", home, Access.VIEW, PREFIX, at_root=False),
    ]


def scrape_timeout_s(header: str) -> float:
    """0 when the scraper did not say. Raises ValueError in Go's words."""
    if not header:
        return 0.0
    try:
        found = float(header)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f'strconv.ParseFloat: parsing "{header[:40]}": invalid syntax')
    return found


def debug_text(result: ProbeResult, config: str) -> str:
    """What `debug=true` shows."""
    metrics = encode_text(result.families).decode()
    return (
        f"Logs for the probe:\n{result.log}\n\n\nMetrics that would have been returned:\n{metrics}\n\n\n"
        f"Module configuration:\n{config}"
    )


def _page(request: Request, page: bytes) -> Response:
    return respond(pack([page], gzip=accepts_gzip(request)), media_type=TEXT_CONTENT_TYPE)


def _refusal(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    """As Go's `http.Error`."""
    return PlainTextResponse(f"{words}\n", status, {"x-content-type-options": "nosniff", **(headers or {})})


_RECENT = Text(en="Recent probes", ko="최근 프로브")
_METRICS = Text(en="Metrics", ko="메트릭")
_CONFIG = Text(en="Configuration", ko="설정")
_NONE = Text(en="Nothing was probed yet.", ko="아직 실행한 프로브가 없습니다.")
_TRY = Text(en="Probe an address like this:", ko="프로브는 이렇게 실행합니다:")
_HEADS = (
    Text(en="Module", ko="모듈"),
    Text(en="Target", ko="대상"),
    Text(en="Result", ko="결과"),
    Text(en="Log", ko="로그"),
)
_RESULTS = {True: Text(en="Success", ko="성공"), False: Text(en="Failure", ko="실패")}


def home_page(recent: Iterable[ProbeResult], lang: Lang) -> str:
    """Links are relative, so that they hold under any prefix and behind any proxy."""
    rows = [
        f"<tr><td>{escape(one.module)}</td><td>{escape(one.target)}</td><td>{_RESULTS[one.success].say(lang)}</td>"
        f'<td><a href="logs?{urlencode({"id": one.id})}">{_HEADS[3].say(lang)}</a></td></tr>'
        for one in recent
    ]
    heads = "".join(f"<th>{head.say(lang)}</th>" for head in _HEADS)
    table = f"<table><tr>{heads}</tr>{''.join(rows)}</table>" if rows else f"<p>{_NONE.say(lang)}</p>"
    example = "probe?target=example.org&amp;module=http_2xx"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Blackbox Exporter</title></head><body>'
        f'<h1>Blackbox Exporter</h1><p>{_TRY.say(lang)} <a href="{example}">{example}</a>, '
        f'<a href="{example}&amp;debug=true">debug=true</a></p>'
        f'<p><a href="metrics">{_METRICS.say(lang)}</a> · <a href="config">{_CONFIG.say(lang)}</a></p>'
        f"<h2>{_RECENT.say(lang)}</h2>{table}</body></html>"
    )
