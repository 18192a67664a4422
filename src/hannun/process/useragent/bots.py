"""Crawlers, link previews and monitors: programs that visit, not people."""

from __future__ import annotations

import re

_NAMED = re.compile(
    r"(?i)\b(googlebot(?:-\w+)?|adsbot-google(?:-mobile)?|mediapartners-google|google-inspectiontool|apis-google|feedfetcher-google|"
    r"google-read-aloud|googleother|bingbot|bingpreview|adidxbot|msnbot|yeti|naverbot|daum(?:oa)?|kakaotalk-scrap|"
    r"zumbot|yandex\w*bot|yandexmobilebot|baiduspider|duckduckbot|slurp|applebot|facebookexternalhit|facebot|"
    r"meta-externalagent|twitterbot|linkedinbot|slackbot(?:-linkexpanding)?|slack-imgproxy|discordbot|telegrambot|whatsapp|"
    r"pinterestbot|redditbot|skypeuripreview|embedly|ahrefsbot|semrushbot|mj12bot|dotbot|petalbot|seznambot|"
    r"bytespider|gptbot|chatgpt-user|oai-searchbot|claudebot|claude-web|anthropic-ai|perplexitybot|ccbot|amazonbot|"
    r"amazonadbot|archive\.org_bot|ia_archiver|sogou \w+ spider|exabot|screaming frog|uptimerobot|pingdom\w*|"
    r"statuscake|newrelicpinger|datadogsynthetics|betterstack|better uptime bot|googlehc|kube-probe|elb-healthchecker|"
    r"calibre|gomezagent|lighthouse|ptst|headlesschrome|phantomjs|w3c_validator|censysinspect|zgrab|expanse)\b"
)
_SUSPECT = re.compile(r"(?i)(?:bot|crawl(?:er)?|spider|scraper)(?:[/\s;,)+\-]|$)")
_NOT_A_BOT = re.compile(r"(?i)cubot")
"""Cubot makes phones."""


def bot_name(text: str) -> str:
    """The name as it calls itself, or ""."""
    if match := _NAMED.search(text):
        return match[1]
    if _SUSPECT.search(text) and not _NOT_A_BOT.search(text):
        return next((word for word in re.findall(r"[\w.\-]{2,64}", text) if _SUSPECT.search(word)), "bot")
    return ""
