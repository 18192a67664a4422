"""alerting: to which Alertmanagers alerts are sent, and what is relabeled before."""

from __future__ import annotations

from hannun.config.complaint import quote
from hannun.config.prometheus.discovery import read_discoveries
from hannun.config.prometheus.http_client import read_client
from hannun.config.prometheus.model import AlertmanagerConfig
from hannun.config.prometheus.promtool import check_manager
from hannun.config.prometheus.relabel import read_rules
from hannun.config.prometheus.scrape import check_addresses
from hannun.config.prometheus.section import Section
from hannun.model.relabel import RelabelRule


def read_alerting(top: Section, *, legacy: bool) -> tuple[tuple[AlertmanagerConfig, ...], tuple[RelabelRule, ...]]:
    """The Alertmanagers and the rules that hold for all of them."""
    section = top.section("alerting", "config.plain")
    if section is None:
        return (), ()
    relabel = read_rules(section, "alert_relabel_configs", "alert relabeling rule", legacy=legacy)
    managers = tuple(
        _manager(inner, legacy=legacy) for inner in section.sections("alertmanagers", "config.AlertmanagerConfig")
    )
    section.close()
    return managers, relabel


def _manager(section: Section, *, legacy: bool) -> AlertmanagerConfig:
    manager = AlertmanagerConfig(
        timeout_ms=section.duration("timeout", 10_000),
        path_prefix=section.text("path_prefix", "/"),
        scheme=section.text("scheme", "http"),
        client=read_client(section),
        relabel=read_rules(section, "relabel_configs", "Alertmanager target relabeling rule", legacy=legacy),
        alert_relabel=read_rules(section, "alert_relabel_configs", "Alertmanager alert relabeling rule", legacy=legacy),
        discoveries=read_discoveries(section, legacy=legacy),
    )
    _api_version(section)
    section.unused("sigv4", "requests are not signed for AWS", "AWS 서명을 붙이지 않습니다")
    check_addresses(section, manager.relabel, manager.discoveries)
    if section.source.notes.strict:
        check_manager(section, manager)
    section.close()
    return manager


def _api_version(section: Section) -> None:
    version = section.text("api_version") if "api_version" in section else "v2"
    if version == "v1":
        section.source.odd(
            section.line_of("api_version"),
            "Alertmanagers speak v2 since 2019; v1 is read as v2",
            "v1은 더 이상 없는 API이므로 v2로 읽습니다",
            promtool="expected Alertmanager api version to be one of [v2] but got v1",
        )
    elif version != "v2":
        section.refuse(
            "api_version",
            f"expected Alertmanager api version to be one of [v2] but got {quote(version)}",
            f"{quote(version)}: api_version은 v2로 적어 주세요",
        )
