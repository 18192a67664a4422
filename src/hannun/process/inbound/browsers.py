"""What browsers report that is not the site's doing: extensions, and browsers too old to be supported."""

from __future__ import annotations

import re
from typing import Any

from hannun.process.useragent import Agent

_SAYS = re.compile(
    r"top\.GLOBALS|originalCreateNotification|canvas\.contentDocument|MyApp_RemoveAllHighlights|http://tt\.epicplay\.com|"
    r"Can't find variable: ZiteReader|jigsaw is not defined|ComboSearch is not defined|http://loading\.retry\.widdit\.com|"
    r"atomicFindClose|fb_xd_fragment|bmi_SafeAddOnload|EBCallBackMessageReceived|conduitPage|"
    r"Script error\. \(:0\)|_gCrWeb|instantSearchSDKJSBridgeClearHighlight|SymBrowser_ModifyWindowOpenWithProxy|"
    r"__firefox__|webkit-masked-url|Extension context invalidated|chrome\.runtime\.sendMessage|"
    r"Cannot redefine property: (?:ethereum|googletag)|Talisman extension|"
    r"Could not establish connection\. Receiving end does not exist|Non-Error promise rejection captured with value: "
    r"Object Not Found Matching Id|kakaotalk:\d|window\.webkit\.messageHandlers",
    re.IGNORECASE,
)
_STANDS_IN = re.compile(
    r"graph\.facebook\.com|connect\.facebook\.net|eatdifferent\.com\.woopra-ns\.com|static\.woopra\.com/js/woopra\.js|"
    r"^(?:chrome|moz|ms-browser|safari|safari-web|opera)-extension:|^(?:file:///)?resource://|webkit-masked-url:|"
    r"127\.0\.0\.1:4001/isrunning|webappstoolbarba\.texthelp\.com/|metrics\.itunes\.apple\.com\.edgesuite\.net/|"
    r"kaspersky-labs\.com",
    re.IGNORECASE,
)
_FRAMES = 50
_EXTENSION_URI = re.compile(
    r"^(?:(?:chrome|moz|ms-browser|safari|safari-web|opera)-extension|resource|about|data|blob):?", re.IGNORECASE
)

_OLDEST: dict[str, int] = {"IE": 12, "Edge": 110, "Chrome": 110, "Chrome Mobile": 110, "Firefox": 110, "Safari": 15,
    "Mobile Safari": 15, "Opera": 99, "Opera Mini": 35, "Android": 4}  # fmt: skip
"""The first major version that still is no legacy browser."""
_IDS: dict[str, tuple[tuple[str, ...], int | None]] = {
    "ie": (("IE",), None),
    "ie_pre_9": (("IE",), 9),
    "safari": (("Safari", "Mobile Safari"), None),
    "safari_pre_6": (("Safari", "Mobile Safari"), 6),
    "opera": (("Opera",), None),
    "opera_pre_15": (("Opera",), 15),
    "opera_mini": (("Opera Mini",), None),
    "opera_mini_pre_8": (("Opera Mini",), 8),
    "android": (("Android",), None),
    "android_pre_4": (("Android",), 4),
    "edge": (("Edge",), None),
    "edge_pre_79": (("Edge",), 79),
    "chrome": (("Chrome", "Chrome Mobile"), None),
    "firefox": (("Firefox",), None),
}
_IE_EXACTLY = {"ie9": 9, "ie10": 10, "ie11": 11}


def is_extension(value: str, frames: list[dict[str, Any]]) -> bool:
    """Whether the last exception was thrown by something that a visitor installed."""
    if value and _SAYS.search(value[:8192]):
        return True
    return any(_STANDS_IN.search(frame.get("abs_path") or frame.get("filename") or "") for frame in frames[-_FRAMES:])


def is_extension_uri(uri: str) -> bool:
    """Whether a CSP report blames something of the browser's own."""
    return _EXTENSION_URI.match(uri) is not None


def is_legacy(agent: Agent, chosen: tuple[str, ...]) -> bool:
    """Whether the visitor's browser is one of those that the project chose to ignore. `default`: all of them."""
    major = agent.major
    if not chosen or major is None:
        return False
    for one in chosen:
        if (exact := _IE_EXACTLY.get(one)) is not None:
            if agent.browser == "IE" and major == exact:
                return True
        elif one == "default":
            if major < _OLDEST.get(agent.browser, 0):
                return True
        elif one in _IDS:
            names, before = _IDS[one]
            oldest = _OLDEST.get(agent.browser, 0) if before is None else before
            if agent.browser in names and major < oldest:
                return True
    return False
