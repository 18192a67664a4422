"""Whether a project's options can be used as they are written, said before they are saved."""

from __future__ import annotations

from ipaddress import ip_network

from hannun.model.errors import ConfigError
from hannun.model.project import LEGACY_BROWSERS, ProjectOptions
from hannun.model.text import Text
from hannun.process.grouping import GroupingRules
from hannun.process.inbound import globs
from hannun.process.scrubbing.fields import FIELD_CHARACTERS_MAX, FIELDS_MAX
from hannun.process.scrubbing.pii import config

ENTRIES_MAX = FIELDS_MAX
ENTRY_CHARACTERS_MAX = FIELD_CHARACTERS_MAX


def check(options: ProjectOptions) -> None:
    """Raises ConfigError for the first option that cannot be read; its words name it."""
    filters = options.filters
    lists = {
        "sensitive_fields": options.sensitive_fields,
        "safe_fields": options.safe_fields,
        "error_messages": filters.error_messages,
        "releases": filters.releases,
        "ip_addresses": filters.ip_addresses,
        "csp_sources": filters.csp_sources,
    }
    for name, entries in lists.items():
        if len(entries) > ENTRIES_MAX or any(len(entry) > ENTRY_CHARACTERS_MAX for entry in entries):
            raise ConfigError(
                Text(
                    en=f"`{name}` has at most {ENTRIES_MAX} entries of at most {ENTRY_CHARACTERS_MAX} characters",
                    ko=f"`{name}`에는 {ENTRY_CHARACTERS_MAX}자 이하의 항목을 {ENTRIES_MAX}개까지 적을 수 있습니다",
                )
            )
    for name in ("error_messages", "releases", "csp_sources"):
        if any(entry.strip() for entry in lists[name]) and globs.compiled(lists[name]) is None:
            raise ConfigError(
                Text(
                    en=f"`{name}` is too large all together: shorten its entries or leave some out",
                    ko=f"`{name}` 전체가 너무 큽니다. 항목을 줄이거나 몇 개를 빼 주세요",
                )
            )
    for address in filters.ip_addresses:
        try:
            ip_network(address.strip(), strict=False)
        except ValueError as err:
            raise ConfigError(
                Text(
                    en=f"`ip_addresses`: {address} is no address and no network, like 203.0.113.7 or 10.0.0.0/8",
                    ko=f"`ip_addresses`: {address}은(는) 주소나 네트워크가 아닙니다. 예: 203.0.113.7, 10.0.0.0/8",
                )
            ) from err
    names = ", ".join(LEGACY_BROWSERS)
    for browser in filters.legacy_browsers:
        if browser not in LEGACY_BROWSERS:
            raise ConfigError(
                Text(
                    en=f"`legacy_browsers`: {browser} is not known. Known: {names}",
                    ko=f"`legacy_browsers`: {browser}은(는) 알 수 없는 이름입니다. 쓸 수 있는 이름: {names}",
                )
            )
    if options.pii_config.strip():
        config.parse(options.pii_config)
    GroupingRules.parse(options.fingerprint_rules, options.stack_rules)
