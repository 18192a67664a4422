"""User-Agents that visitors of today send, and what is read of them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hannun.process.useragent import Agent, parse

CHROMIUM = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
ANDROID = "Mozilla/5.0 (Linux; Android 13; SM-S918N Build/TP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WIN = "Windows >=10"


@pytest.mark.parametrize(
    ("text", "browser", "system", "device"),
    [
        (f"{CHROMIUM} Chrome/130.0.0.0 Safari/537.36", "Chrome 130.0.0.0", WIN, ""),
        (f"{CHROMIUM} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91", "Edge 120.0.2210.91", WIN, ""),
        (f"{CHROMIUM} Chrome/51.0 Safari/537.36 Edge/14.14393", "Edge 14.14393", WIN, ""),
        (f"{CHROMIUM} Chrome/118.0.0.0 Whale/3.23.214.10 Safari/537.36", "Whale 3.23.214.10", WIN, ""),
        (f"{CHROMIUM} Chrome/119.0.0.0 Safari/537.36 OPR/105.0.0.0", "Opera 105.0.0.0", WIN, ""),
        ("Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.16", "Opera 12.16", "Windows 7", ""),
        ("Mozilla/5.0 (Windows NT 10.0; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox 121.0", WIN, ""),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/2010 Firefox/121.0", "Firefox 121.0", "Ubuntu", ""),
        ("Mozilla/5.0 (Android 14; Mobile; rv:121.0) Gecko/1 Firefox/121.0", "Firefox Mobile 121.0", "Android 14", ""),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "IE 11.0", "Windows 7", ""),
        ("Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)", "IE 9.0", "Windows 7", ""),
        (f"{MAC} Version/17.2 Safari/605.1.15", "Safari 17.2", "Mac OS X >=10.15.7", "Mac"),
        (f"{IPHONE} Version/17.2 Mobile/15E148 Safari/604.1", "Mobile Safari 17.2", "iOS 17.2", "iPhone"),
        (f"{IPHONE} CriOS/120.0.6099 Mobile/15E148 Safari/604.1", "Chrome Mobile iOS 120.0.6099", "iOS 17.2", "iPhone"),
        (f"{IPHONE} FxiOS/121.0 Mobile/15E148 Safari/605.1.15", "Firefox iOS 121.0", "iOS 17.2", "iPhone"),
        (f"{IPHONE} Mobile/15E148", "Mobile Safari UI/WKWebView", "iOS 17.2", "iPhone"),
        (f"{IPHONE} Mobile/15E148 KAKAOTALK 10.4.5", "KakaoTalk 10.4.5", "iOS 17.2", "iPhone"),
        (f"{IPHONE} Mobile/15E148 NAVER(inapp; search; 1410; 12.3.6; 14PRO)", "NAVER 12.3.6", "iOS 17.2", "iPhone"),
        (f"{IPHONE} Mobile/1 [FBAN/FBIOS;FBAV/438.0.0.33.118;FBDV/i]", "Facebook 438.0.0.33", "iOS 17.2", "iPhone"),
        (f"{ANDROID} Chrome/120.0.6099.144 Mobile Safari/537.36;KAKAOTALK 2410450", "KakaoTalk 2410450", "Android 13",
         "Samsung SM-S918N"),
        (f"{ANDROID} Chrome/120.0.6099.144 Mobile Safari/537.36 NAVER(inapp; search; 1410; 12.3.6)", "NAVER 12.3.6",
         "Android 13", "Samsung SM-S918N"),
        (f"{ANDROID} Chrome/120.0.6099.144 Mobile Safari/537.36", "Android WebView 120.0.6099.144", "Android 13",
         "Samsung SM-S918N"),
        ("Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-G991N) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 "
         "Chrome/115.0.0.0 Mobile Safari/537.36", "Samsung Internet 23.0", "Android 13", "Samsung SM-G991N"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36",
         "Chrome Mobile 120.0.0.0", "Android 10", "Generic Android Device"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/119.0.0.0 Safari/537.36",
         "Chrome 119.0.0.0", "Chrome OS 14541.0.0", ""),
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Version/16.6 Mobile/15E148 "
         "Safari/604.1", "Mobile Safari 16.6", "iOS 16.6", "iPad"),
        ("curl/8.1.2", "curl 8.1.2", "", ""),
        ("python-requests/2.31.0", "Python Requests 2.31.0", "", ""),
        ("okhttp/4.12.0", "okhttp 4.12.0", "", ""),
        ("", "", "", ""),
        ("한눈", "", "", ""),
    ],
    ids=lambda one: one[-40:] if isinstance(one, str) else None,
)  # fmt: skip
def test_browsers_systems_and_devices(text: str, browser: str, system: str, device: str) -> None:
    agent = parse(text)
    assert f"{agent.browser} {agent.browser_version}".strip() == browser
    assert f"{agent.os} {agent.os_version}".strip() == system
    assert agent.device == device
    assert not agent.bot


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
        ("Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)", "Yeti"),
        ("facebookexternalhit/1.1", "facebookexternalhit"),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)", "GPTBot"),
        ("kube-probe/1.30", "kube-probe"),
        ("ELB-HealthChecker/2.0", "ELB-HealthChecker"),
        ("MyShopCrawler/1.0", "MyShopCrawler"),
    ],
)
def test_programs_that_visit(text: str, name: str) -> None:
    assert parse(text) == Agent(browser=name, bot=True)


def test_a_cubot_is_a_phone() -> None:
    text = "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/90.0 Mobile Safari/537.36"
    assert not parse(text).bot


@pytest.mark.parametrize(("version", "major"), [("120.0.1", 120), ("", None), ("x.1", None)])
def test_major(version: str, major: int | None) -> None:
    assert Agent(browser_version=version).major == major


@given(
    st.text()
    | st.lists(st.sampled_from(["Android ", "; ", "Version/", "Chrome/1", "(", "iPhone", "rv:", "Opera/9"])).map(
        "".join
    )
)
def test_any_text_is_read(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    "part", ["Android ", "iPhone ", "Opera/9", "Trident/", "NAVER(inapp; ", "FBAV/", "Mobile; rv:1"]
)
def test_a_megabyte_costs_no_more_than_its_beginning(part: str) -> None:
    parse("warm")
    start = time.thread_time()
    parse(part * (1_000_000 // len(part)))
    assert time.thread_time() - start < 0.2
