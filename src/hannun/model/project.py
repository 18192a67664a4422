"""What a project has chosen for its error events: what is filtered, what is made unreadable, how events are grouped."""

from __future__ import annotations

from dataclasses import dataclass

LEGACY_BROWSERS = (
    "ie9", "ie10", "ie11", "ie_pre_9", "ie", "safari_pre_6", "safari", "opera_pre_15", "opera", "opera_mini_pre_8",
    "opera_mini", "android_pre_4", "android", "edge_pre_79", "edge", "chrome", "firefox", "default",
)  # fmt: skip
"""Sentry's names of the browsers that `InboundFilters.legacy_browsers` may hold."""


@dataclass(frozen=True, slots=True)
class InboundFilters:
    """Which events are dropped on arrival, counted as `filtered`. The defaults are Sentry's.

    `error_messages` and `releases` are globs (`*`, `?`); `ip_addresses` are addresses or networks (`10.0.0.0/8`).
    """

    browser_extensions: bool = False
    localhost: bool = False
    web_crawlers: bool = True
    health_checks: bool = True
    react_hydration: bool = True
    chunk_load_error: bool = True
    legacy_browsers: tuple[str, ...] = ()
    error_messages: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    csp_sources: tuple[str, ...] = ()
    """Blocked or source URIs of CSP reports that say nothing: those of extensions are always among them."""


@dataclass(frozen=True, slots=True)
class ProjectOptions:
    """Frozen and hashable, so what is compiled from one is kept. The defaults are Sentry's.

    `scrub_data` False leaves all as it came, also with rules; `scrub_defaults` is the built-in list of field names and
    value patterns. `safe_fields` are names, or selectors of a place (`extra.card`). `pii_config` is Sentry's
    `relayPiiConfig` as JSON text. `fingerprint_rules` and `stack_rules` are in Sentry's rule languages.
    """

    scrub_data: bool = True
    scrub_defaults: bool = True
    scrub_ips: bool = False
    sensitive_fields: tuple[str, ...] = ()
    safe_fields: tuple[str, ...] = ()
    pii_config: str = ""
    filters: InboundFilters = InboundFilters()
    fingerprint_rules: str = ""
    stack_rules: str = ""
    service: str = ""
    """Which service the events speak of when they do not say so themselves; usually the project's slug."""


DEFAULTS = ProjectOptions()
