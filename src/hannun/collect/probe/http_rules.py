"""What makes an answer good or bad: status codes, versions, patterns on headers and body. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from hannun.collect.probe.http_trip import Reply
from hannun.collect.probe.report import Report
from hannun.collect.probe.text import compiled
from hannun.config.blackbox.model import HttpProbe


def status_is_valid(config: HttpProbe, status: int, report: Report) -> bool:
    if config.valid_status_codes:
        if status in config.valid_status_codes:
            return True
        wanted = " ".join(map(str, config.valid_status_codes))
        report.say("Invalid HTTP response status code", status_code=status, valid_status_codes=f"[{wanted}]")
        return False
    if 200 <= status < 300:
        return True
    report.say("Invalid HTTP response status code, wanted 2xx", status_code=status)
    return False


def version_is_valid(config: HttpProbe, version: str, report: Report) -> bool:
    if not config.valid_http_versions or version in config.valid_http_versions:
        return True
    report.fail("Invalid HTTP version number", version=version)
    return False


def has_header_rules(config: HttpProbe) -> bool:
    return bool(config.fail_if_header_matches or config.fail_if_header_not_matches)


def has_body_rules(config: HttpProbe) -> bool:
    return bool(config.fail_if_body_matches_regexp or config.fail_if_body_not_matches_regexp)


def headers_are_good(config: HttpProbe, reply: Reply, report: Report) -> bool:
    for rule in config.fail_if_header_matches:
        values = reply.values(rule.header)
        if not values and not rule.allow_missing:
            report.fail("Missing required header", header=rule.header)
            return False
        if any(compiled(rule.regexp).search(value) for value in values):
            report.fail("Header matched regular expression", header=rule.header, regexp=rule.regexp)
            return False
    for rule in config.fail_if_header_not_matches:
        values = reply.values(rule.header)
        if not values and rule.allow_missing:
            continue
        if not values:
            report.fail("Missing required header", header=rule.header)
            return False
        if not any(compiled(rule.regexp).search(value) for value in values):
            report.fail("Header did not match regular expression", header=rule.header, regexp=rule.regexp)
            return False
    return True


def broken_body_rule(config: HttpProbe, body: bytes) -> tuple[str, str] | None:
    """(what is wrong, the pattern), None when the body is good. Linear in the body: call it in a thread when long."""
    text = body.decode("utf-8", "replace")
    return _first(text, config.fail_if_body_matches_regexp, wanted=False) or _first(
        text, config.fail_if_body_not_matches_regexp, wanted=True
    )


def _first(text: str, patterns: Sequence[str], *, wanted: bool) -> tuple[str, str] | None:
    said = "Body did not match regular expression" if wanted else "Body matched regular expression"
    for pattern in patterns:
        if bool(compiled(pattern).search(text)) is not wanted:
            return said, pattern
    return None
