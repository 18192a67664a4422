"""Promtail's HTTP: /ready, /targets, /service-discovery, /config, /metrics. In its words, under its prefix and port."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.model.access import Access
from hannun.model.http import Endpoint, lang_of
from hannun.model.tail import Pairs, Tailed, TailTarget
from hannun.model.text import Lang, Text
from hannun.wire.exposition import TEXT_CONTENT_TYPE, encode_text

PREFIX = "/promtail"
TARGETS_MAX = 5_000
"""Shown on one page; the rest is counted."""


def routes(tailed: Tailed) -> list[Endpoint]:
    """Under /promtail and on port 9080; at the root these paths belong to others."""

    async def ready(_: Request) -> Response:
        why = tailed.not_ready()
        return PlainTextResponse(f"{why or 'Ready'}\n", 500 if why else 200)

    async def targets(request: Request) -> Response:
        found = tailed.targets()
        if _wants_json(request):
            return JSONResponse({"targets": [_as_json(one) for one in found if one.kind != "dropped"]})
        return HTMLResponse(targets_page([one for one in found if one.kind != "dropped"], lang_of(request)))

    async def discovery(request: Request) -> Response:
        found = tailed.targets()
        if _wants_json(request):
            return JSONResponse({"targets": [_as_json(one) for one in found]})
        return HTMLResponse(discovery_page(found, lang_of(request)))

    async def config(_: Request) -> Response:
        return PlainTextResponse(tailed.config_yaml())

    async def metrics(request: Request) -> Response:
        page = encode_text(tailed.families())
        return respond(pack([page], gzip=accepts_gzip(request)), media_type=TEXT_CONTENT_TYPE)

    async def home(_: Request) -> Response:
        return RedirectResponse("targets", 302)

    return [
        Endpoint("GET", "/ready", ready, Access.PUBLIC, PREFIX, at_root=False),
        Endpoint("GET", "/targets", targets, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/service-discovery", discovery, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/config", config, Access.ADMIN, PREFIX, at_root=False),
        Endpoint("GET", "/metrics", metrics, Access.VIEW, PREFIX, at_root=False),
        Endpoint("GET", "/", home, Access.VIEW, PREFIX, at_root=False),
    ]


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "").lower()


def _as_json(one: TailTarget) -> dict[str, object]:
    return {
        "job": one.job,
        "type": one.kind,
        "ready": one.ready,
        "name": one.name,
        "labels": dict(one.labels),
        "discoveredLabels": dict(one.discovered),
        "position": one.at,
        "why": one.why,
    }


_TITLE = Text(en="Targets", ko="타겟")
_DISCOVERY = Text(en="Service discovery", ko="서비스 디스커버리")
_NOTHING = Text(en="Nothing is tailed.", ko="읽고 있는 로그가 없습니다.")
_MORE = Text(en="{count} more are not shown.", ko="{count}개는 표시하지 않았습니다.")
_READY = Text(en="ready", ko="읽는 중")
_COUNTS = Text(en="{ready} of {all} ready", ko="{all}개 중 {ready}개 읽는 중")
_HEADS = (
    Text(en="Type", ko="종류"),
    Text(en="Ready", ko="상태"),
    Text(en="Source", ko="대상"),
    Text(en="Labels", ko="라벨"),
    Text(en="Position", ko="위치"),
)
_FOUND_HEADS = (
    Text(en="Discovered labels", ko="찾은 라벨"),
    Text(en="Target labels", ko="타겟 라벨"),
    Text(en="What becomes of it", ko="결과"),
)


def targets_page(found: Iterable[TailTarget], lang: Lang) -> str:
    """One table per job."""

    def row(one: TailTarget) -> tuple[str, ...]:
        return one.kind, one.why or _READY.say(lang), one.name, _shown(one.labels), one.at

    return _page(_TITLE, _HEADS, found, row, lang)


def discovery_page(found: Iterable[TailTarget], lang: Lang) -> str:
    def row(one: TailTarget) -> tuple[str, ...]:
        return _shown(one.discovered), _shown(one.labels), one.why or _READY.say(lang)

    return _page(_DISCOVERY, _FOUND_HEADS, found, row, lang)


def _page(title: Text, heads: tuple[Text, ...], found: Iterable[TailTarget], row: object, lang: Lang) -> str:
    assert callable(row)
    jobs: dict[str, list[TailTarget]] = {}
    everything = list(found)
    for one in everything[:TARGETS_MAX]:
        jobs.setdefault(one.job, []).append(one)
    head = "".join(f"<th>{each.say(lang)}</th>" for each in heads)
    parts: list[str] = []
    for job, targets in sorted(jobs.items()):
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row(one))}</tr>" for one in targets)
        count = _COUNTS.say(lang, ready=sum(one.ready for one in targets), all=len(targets))
        parts.append(f"<h2>{escape(job)} ({count})</h2><table><tr>{head}</tr>{rows}</table>")
    if not parts:
        parts.append(f"<p>{_NOTHING.say(lang)}</p>")
    if len(everything) > TARGETS_MAX:
        parts.append(f"<p>{_MORE.say(lang, count=len(everything) - TARGETS_MAX)}</p>")
    links = " · ".join(
        f'<a href="{link}">{words.say(lang) if isinstance(words, Text) else words}</a>'
        for link, words in (("targets", _TITLE), ("service-discovery", _DISCOVERY), ("config", "config"))
    )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Promtail: {title.say(lang)}</title>'
        f"</head><body><h1>{title.say(lang)}</h1><p>{links}</p>{''.join(parts)}</body></html>"
    )


def _shown(labels: Pairs) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in labels)
