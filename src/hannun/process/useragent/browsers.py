"""Browsers and apps that show pages, by their tokens. First match wins."""

from __future__ import annotations

import re

_VERSION = r"(\d{1,9}(?:\.\d{1,9}){0,3})"


def _token(name: str, token: str) -> tuple[str, re.Pattern[str]]:
    return name, re.compile(rf"(?:{token})[/ :]v?{_VERSION}")


RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    # Apps whose pages open inside them: in Korea most visits from a messenger or a portal come this way.
    _token("KakaoTalk", r"KAKAOTALK|KakaoTalk"),
    _token("KakaoStory", r"KAKAOSTORY"),
    (
        "NAVER",
        re.compile(rf"NAVER\((?:inapp|higgs)[^)]*?;\s*(?:search|cafe|blog|nid|map|\w+)[^)]*?;\s*\d+;\s*{_VERSION}"),
    ),
    ("NAVER", re.compile(r"NAVER\((?:inapp|higgs)()")),
    _token("Daum", r"DaumApps|DaumDevice"),
    _token("Band", r"BAND"),
    _token("LINE", r"\bLine"),
    _token("Instagram", r"Instagram"),
    ("Facebook", re.compile(rf"FBAV/{_VERSION}")),
    ("Facebook", re.compile(r"\[FB(?:AN|_IAB)()")),
    _token("Snapchat", r"Snapchat"),
    _token("TikTok", r"musical_ly_|BytedanceWebview|trill_"),
    _token("WeChat", r"MicroMessenger"),
    _token("Google", r"GSA"),
    _token("Electron", r"Electron"),
    # Built on Chromium, or claiming to be.
    _token("Whale", r"Whale"),
    _token("Samsung Internet", r"SamsungBrowser"),
    _token("Edge", r"Edg|EdgA|EdgiOS|Edge"),
    _token("Opera Mini", r"Opera Mini"),
    _token("Opera Touch", r"OPT|OPX"),
    _token("Opera Mobile", r"Opera Mobi"),
    _token("Opera", r"OPR|OPiOS"),
    _token("Yandex Browser", r"YaBrowser"),
    _token("Vivaldi", r"Vivaldi"),
    _token("Brave", r"Brave"),
    _token("UC Browser", r"UCBrowser|UBrowser"),
    _token("MIUI Browser", r"MiuiBrowser"),
    _token("Huawei Browser", r"HuaweiBrowser"),
    _token("DuckDuckGo", r"DuckDuckGo|Ddg"),
    _token("QQ Browser", r"MQQBrowser|QQBrowser"),
    _token("Firefox iOS", r"FxiOS"),
    _token("Firefox Mobile", r"(?<=Mobile; rv:)\d[\d.]{0,20}\) Gecko/\d[\d.]{0,20} Firefox"),
    _token("Firefox", r"Firefox|Minefield"),
    _token("SeaMonkey", r"SeaMonkey"),
    _token("Chrome Mobile iOS", r"CriOS"),
    ("Android WebView", re.compile(rf"Android .{{0,200}}; wv\).{{0,100}}Chrome/{_VERSION}")),
    ("Chrome Mobile", re.compile(rf"Android .{{0,300}}Chrome/{_VERSION} Mobile")),
    _token("Chromium", r"Chromium"),
    _token("Chrome", r"Chrome"),
    ("IE", re.compile(rf"MSIE {_VERSION}")),
    ("IE", re.compile(rf"Trident/.{{0,200}}rv:{_VERSION}")),
    ("IE", re.compile(r"Trident/7()")),
    ("Opera", re.compile(rf"Opera/9.{{0,200}}Version/{_VERSION}")),
    ("Opera", re.compile(rf"Opera[/ ]{_VERSION}")),
    ("Android", re.compile(rf"Android .{{0,200}}Version/{_VERSION}")),
    ("Mobile Safari", re.compile(rf"(?:iPhone|iPad|iPod).{{0,200}}Version/{_VERSION}")),
    ("Mobile Safari UI/WKWebView", re.compile(r"(?:iPhone|iPad|iPod).{0,200}AppleWebKit/()")),
    ("Safari", re.compile(rf"Version/{_VERSION}.{{0,100}}Safari/")),
    ("Apple Mail", re.compile(rf"Macintosh.{{0,100}}AppleWebKit/{_VERSION} \(KHTML, like Gecko\)$")),
    # Programs without a page.
    _token("Python Requests", r"python-requests"),
    _token("Python httpx", r"python-httpx"),
    _token("aiohttp", r"aiohttp"),
    _token("Python urllib", r"Python-urllib"),
    _token("Go HTTP client", r"Go-http-client"),
    _token("Node.js fetch", r"node-fetch|undici"),
    ("Node.js fetch", re.compile(r"^node()$")),
    _token("axios", r"axios"),
    _token("okhttp", r"okhttp"),
    _token("Dart", r"Dart"),
    _token("CFNetwork", r"CFNetwork"),
    _token("Apache HttpClient", r"Apache-HttpClient"),
    _token("Java", r"Java|Java-http-client"),
    _token("curl", r"curl"),
    _token("Wget", r"Wget"),
    _token("Postman", r"PostmanRuntime"),
)


def browser_of(text: str) -> tuple[str, str]:
    """Name and version, each "" when unknown."""
    for name, rule in RULES:
        if match := rule.search(text):
            return name, match[1]
    return "", ""
